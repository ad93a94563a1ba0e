//! A model on a picture: which kernel computes which layer ([`plan`]), and the forward pass ([`Engine`]).

mod engine;
pub mod plan;
pub mod scalar;

pub use engine::{Engine, softmax};

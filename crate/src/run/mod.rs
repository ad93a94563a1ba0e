//! A model on a picture: which kernel computes which layer ([`plan`]), whether it can be relied on ([`self_check`]), and the
//! forward pass ([`Engine`]).

mod engine;
pub mod plan;
pub mod scalar;
pub mod self_check;

pub use engine::{Engine, softmax};

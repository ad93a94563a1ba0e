//! A model on a picture: which kernel computes which layer ([`plan`]), whether it can be relied on ([`self_check`]), the
//! forward pass ([`Engine`]), and how fast the machine could be ([`speed`]).

mod engine;
pub mod plan;
pub mod scalar;
pub mod self_check;
pub mod speed;

pub use engine::{Engine, Method, softmax};

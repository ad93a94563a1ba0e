//! A model on a picture: which kernel computes which layer ([`plan`]), whether it can be relied on ([`self_check`]), the
//! forward pass and the backward pass ([`Engine`]), and how fast the machine could be ([`speed`]).

mod backward;
mod engine;
pub mod plan;
pub mod scalar;
pub mod self_check;
pub mod speed;

pub use crate::kernels::gradient::Rule;
pub use backward::Target;
pub use engine::{Engine, Method, softmax};

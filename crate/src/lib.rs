//! VGG networks with int8 weights and SIMD, in the browser.

pub mod model;
pub mod network;

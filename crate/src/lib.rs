//! VGG networks with int8 weights and SIMD, in the browser. The operators are the crate [`kernels`].

#![deny(unsafe_code)]

pub mod look;
pub mod model;
pub mod network;
pub mod picture;
pub mod run;
#[cfg(all(target_arch = "wasm32", feature = "web"))]
pub mod web;

pub use vgglass_kernels as kernels;

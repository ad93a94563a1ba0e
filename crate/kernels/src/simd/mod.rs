//! A 128-bit vector as a token: the few operations that the kernels are written in, once.
//!
//! Three tokens implement [`Simd`]: [`Simd128`] (WebAssembly), [`Sse2`] (x86-64, so that the same loops run and are
//! tested natively) and [`Portable`] (arrays; for other machines and Miri). All give the same bits: the
//! integer operations wrap, the float ones are single IEEE 754 operations, never fused.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod vector;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use portable::Portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::Simd128;
#[cfg(target_arch = "x86_64")]
pub use sse2::Sse2;
pub use vector::{DotI8, Simd};

/// The best token of this build.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub type Best = Simd128;
#[cfg(target_arch = "x86_64")]
pub type Best = Sse2;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub type Best = Portable;

//! One file an operator: first its scalar definition, plain to read, then the vector one, which must equal it in
//! every element. All `unsafe` code is in this crate, which alone is compiled for speed: what uses it calls a [`backend`].
//!
//! | file | operator |
//! |---|---|
//! | [`conv`] | convolution, any kernel, stride and padding: packed once, run by one of the kernels below |
//! | [`direct`] | convolution by implicit GEMM |
//! | [`winograd`] | 3×3 convolution by exact integer Winograd, F(2×2) and F(4×4) |
//! | [`gemm`] | the micro-kernel under both |
//! | [`linear`] | fully connected layers |
//! | [`pool`], [`lrn`] | max-pooling, local response normalisation |
//! | [`gradient`] | the way back through all of them |
//! | [`backend`] | all of these for one vector, as an engine calls them |
//! | [`parallel`] | loops shared between threads |
//! | [`requantise`] | i32 accumulators to u7 activations |
//! | [`tensor`], [`shape`] | the layout of activations; extents and windows |
//! | [`source`], [`scratch`] | what a convolution reads; the working memory that all operators share |
//! | [`int8`] | weights as they lie in a file |
//! | [`peak`] | the loop that measures what the instruction can do at most |
//! | [`simd`] | the vector operations that all are written in |

#![allow(clippy::needless_range_loop, reason = "the row and column of a tile index several arrays at once")]

pub mod backend;
pub mod conv;
pub mod direct;
pub mod gemm;
pub mod gradient;
pub mod int8;
pub mod linear;
pub mod lrn;
pub mod parallel;
pub mod peak;
pub mod pool;
pub mod requantise;
pub mod scratch;
pub mod shape;
pub mod simd;
pub mod source;
pub mod tensor;
pub mod winograd;

//! The kernels compiled for one vector: what an engine calls, so that whoever links this crate compiles none of their loops
//! anew, under other flags.

use super::conv::Conv;
use super::gradient::{ConvBackward, Gradient};
use super::linear::Linear;
use super::lrn::Lrn;
use super::scratch::Scratch;
use super::shape::{Shape, Window};
use super::simd::{Best, Simd};
use super::source::Source;
use super::tensor::{Activations, GradientSteps};
use super::{peak, pool};

/// The kernels for one vector, and the loops that measure its instructions.
pub struct Backend {
    /// [`Conv::run`].
    pub conv: fn(&Conv, Source, &mut Scratch, &mut Activations),
    /// [`Conv::accumulators`].
    pub accumulators: fn(&Conv, Source, &mut Scratch) -> (Vec<i32>, usize),
    /// [`pool::run`].
    pub max_pool: fn(&Activations, Window, &mut Scratch, &mut Activations),
    /// [`Lrn::run`].
    pub lrn: fn(Lrn, &Activations, &mut Scratch, &mut Activations),
    /// [`Linear::run`].
    pub linear: fn(&Linear, &Activations, &mut Scratch, &mut Vec<i32>),
    /// [`ConvBackward::run`].
    pub conv_backward: fn(&ConvBackward, &Gradient, f32, Shape, &mut GradientSteps, &mut Scratch, &mut Gradient),
    /// [`peak::dot_i16`].
    pub peak_i16: fn(u32, i32) -> (u64, i32),
    /// [`peak::dot_i8`].
    pub peak_i8: fn(u32, i32) -> (u64, i32),
}

impl Backend {
    pub const fn of<S: Simd>() -> Self {
        Backend {
            conv: Conv::run::<S>,
            accumulators: Conv::accumulators::<S>,
            max_pool: pool::run::<S>,
            lrn: Lrn::run::<S>,
            linear: Linear::run::<S>,
            conv_backward: ConvBackward::run::<S>,
            peak_i16: peak::dot_i16::<S>,
            peak_i8: peak::dot_i8::<S>,
        }
    }
}

/// The kernels for [`Best`].
pub static BEST: Backend = Backend::of::<Best>();

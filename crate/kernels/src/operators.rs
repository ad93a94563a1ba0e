//! The operators compiled for one vector: what an engine calls, so that whoever links this crate compiles none of its loops
//! anew, under other flags.

use super::conv::{Conv, Scratch, Source};
use super::linear::Linear;
use super::lrn::Lrn;
use super::shape::Window;
use super::simd::{Best, Simd};
use super::tensor::Activations;
use super::{peak, pool};

/// The operators for one vector.
pub struct Operators {
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
    /// [`peak::dot_i16`].
    pub peak_i16: fn(u32, i32) -> (u64, i32),
    /// [`peak::dot_i8`].
    pub peak_i8: fn(u32, i32) -> (u64, i32),
}

impl Operators {
    pub const fn of<S: Simd>() -> Self {
        Operators {
            conv: Conv::run::<S>,
            accumulators: Conv::accumulators::<S>,
            max_pool: pool::run::<S>,
            lrn: Lrn::run::<S>,
            linear: Linear::run::<S>,
            peak_i16: peak::dot_i16::<S>,
            peak_i8: peak::dot_i8::<S>,
        }
    }
}

/// The operators for [`Best`].
pub static BEST: Operators = Operators::of::<Best>();

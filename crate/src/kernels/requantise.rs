//! From i32 accumulators to the next layer's u7: `clamp(round_ties_even(acc * multiplier), 0, 127)`.
//!
//! The same three f32 operations in scalar and vector code, so the same bits everywhere: convert, multiply,
//! clamp; then rounding by adding 1.5·2^23, which leaves the integer in the low bits of the float (ties to
//! even, the default rounding of IEEE 754).

use super::{parallel::Shared, simd::Simd, tensor::Writer};

/// Largest activation.
pub const MAX: f32 = 127.0;
/// 1.5 · 2^23: the spacing of floats is 1 here.
const MAGIC: f32 = 12_582_912.0;

/// The definition.
pub fn requantise(acc: i32, multiplier: f32) -> u8 {
    round_u7(acc as f32 * multiplier)
}

/// Clamp to 0..=127 and round, ties to even. `x` is not NaN.
pub fn round_u7(x: f32) -> u8 {
    x.clamp(0.0, MAX).round_ties_even() as u8
}

/// [`round_u7`] of four lanes, as i32x4.
#[inline(always)]
pub fn round_u7_vector<S: Simd>(x: S::V) -> S::V {
    let clamped = S::max_f32(S::min_f32(x, S::splat_f32(MAX)), S::zero());
    S::sub_i32(S::add_f32(clamped, S::splat_f32(MAGIC)), S::splat_i32(MAGIC.to_bits() as i32))
}

/// What is done with the accumulators of four neighbouring output channels at a cell.
pub(super) trait Epilogue<S: Simd>: Copy + Sync {
    /// What four channels share at all cells.
    type Lane: Copy;
    /// # Safety
    /// `channel` is a multiple of 4 below the padded channel count of the layer.
    unsafe fn lane(self, channel: usize) -> Self::Lane;
    /// # Safety
    /// As [`Self::lane`]; the cell is inside the output.
    unsafe fn put(self, lane: Self::Lane, channel: usize, y: usize, x: usize, acc: S::V);
}

/// Adds the bias, requantises (ReLU is the clamp at zero) and writes activations.
#[derive(Clone, Copy)]
pub(super) struct Requantise<'a> {
    /// Padded with zeros to a multiple of the kernel's channels.
    pub multiplier: &'a [f32],
    pub bias: &'a [i32],
    pub out: Writer<'a>,
}

impl<S: Simd> Epilogue<S> for Requantise<'_> {
    type Lane = (S::V, S::V);
    #[inline(always)]
    unsafe fn lane(self, channel: usize) -> (S::V, S::V) {
        debug_assert!(channel + 4 <= self.multiplier.len() && channel + 4 <= self.bias.len());
        // SAFETY: four elements from `channel` exist in both, by the caller.
        unsafe {
            (S::load(self.multiplier.as_ptr().add(channel).cast()), S::load(self.bias.as_ptr().add(channel).cast()))
        }
    }
    #[inline(always)]
    unsafe fn put(self, (multiplier, bias): (S::V, S::V), channel: usize, y: usize, x: usize, acc: S::V) {
        let scaled = S::mul_f32(S::to_f32(S::add_i32(acc, bias)), multiplier);
        // SAFETY: the cell is inside, by the caller; channel blocks are padded to 32.
        unsafe { S::store_u8x4(self.out.at(channel, y, x), round_u7_vector::<S>(scaled)) }
    }
}

/// Adds the bias and keeps the accumulators, `[cell][channel]`: what pre-activation views read.
#[derive(Clone, Copy)]
pub(super) struct Keep<'a> {
    pub bias: &'a [i32],
    pub out: Shared<i32>,
    pub width: usize,
    /// Channels of a cell, padded.
    pub channels: usize,
}

impl<S: Simd> Epilogue<S> for Keep<'_> {
    type Lane = S::V;
    #[inline(always)]
    unsafe fn lane(self, channel: usize) -> S::V {
        // SAFETY: four elements from `channel` exist, by the caller.
        unsafe { S::load(self.bias.as_ptr().add(channel).cast()) }
    }
    #[inline(always)]
    unsafe fn put(self, bias: S::V, channel: usize, y: usize, x: usize, acc: S::V) {
        // SAFETY: the cell is inside and the channels are padded, by the caller.
        unsafe { S::store(self.out.at((y * self.width + x) * self.channels + channel).cast(), S::add_i32(acc, bias)) }
    }
}

//! From i32 accumulators to the next layer's u7: `clamp(round_ties_even(acc * multiplier), 0, 127)`.
//!
//! The same f32 operations in scalar and vector code, so the same bits everywhere: convert, multiply, clamp at zero;
//! then rounding by adding 1.5·2^23, which leaves the integer in the low bits of the float (ties to even, the default
//! rounding of IEEE 754). Floats too large for that still compare like their bits, and narrowing to i8 saturates: that
//! is the clamp at 127.

use super::{
    parallel::Shared,
    simd::Simd,
    tensor::{BLOCK, Writer},
};

/// Largest activation.
pub const MAX: f32 = 127.0;
/// 1.5 · 2^23: the spacing of floats is 1 here.
pub(super) const MAGIC: f32 = 12_582_912.0;

/// The definition.
pub fn requantise(acc: i32, multiplier: f32) -> u8 {
    round_u7(acc as f32 * multiplier)
}

/// Clamp to 0..=127 and round, ties to even. `x` is not NaN.
pub fn round_u7(x: f32) -> u8 {
    x.clamp(0.0, MAX).round_ties_even() as u8
}

/// [`round_u7`] of sixteen f32, as bytes.
#[inline(always)]
pub fn round_u7_vector<S: Simd>(x: [S::V; 4]) -> S::V {
    S::narrow_i8(x.map(|x| {
        let rounded = S::add_f32(S::max_f32(x, S::zero()), S::splat_f32(MAGIC));
        S::sub_i32(rounded, S::splat_i32(MAGIC.to_bits() as i32))
    }))
}

/// What is done with the accumulators of output cells.
#[derive(Clone, Copy)]
pub(super) enum Epilogue<'a> {
    Requantise(Requantise<'a>),
    Keep(Keep<'a>),
}

/// An [`Epilogue`] that is known. A vector has four neighbouring channels of a cell.
pub(super) trait Put<S: Simd>: Copy {
    /// What four channels share at all cells.
    type Lane: Copy;
    /// # Safety
    /// `channel` is a multiple of 4 below the padded channel count of the layer.
    unsafe fn lane(self, channel: usize) -> Self::Lane;
    /// Four channels at the first `cells` of up to four cells in a row.
    /// # Safety
    /// As [`Self::lane`]; those cells are inside the output.
    unsafe fn put_row(self, lane: Self::Lane, channel: usize, y: usize, x: usize, cells: usize, acc: [S::V; 4]);
    /// Sixteen channels at a cell.
    /// # Safety
    /// As [`Self::lane`], `channel` a multiple of 16; the cell is inside the output.
    unsafe fn put_cell(self, lanes: &[Self::Lane; 4], channel: usize, y: usize, x: usize, acc: [S::V; 4]);
}

/// Adds the bias, requantises (ReLU is the clamp at zero) and writes activations.
#[derive(Clone, Copy)]
pub(super) struct Requantise<'a> {
    /// Padded with zeros to a multiple of the kernel's channels.
    pub multiplier: &'a [f32],
    pub bias: &'a [i32],
    pub out: Writer<'a>,
}

#[inline(always)]
fn scaled<S: Simd>((multiplier, bias): (S::V, S::V), acc: S::V) -> S::V {
    S::mul_f32(S::to_f32(S::add_i32(acc, bias)), multiplier)
}

impl<S: Simd> Put<S> for Requantise<'_> {
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
    unsafe fn put_row(self, lane: (S::V, S::V), channel: usize, y: usize, x: usize, cells: usize, acc: [S::V; 4]) {
        let q = round_u7_vector::<S>(acc.map(|acc| scaled::<S>(lane, acc)));
        // SAFETY: the cells are inside, by the caller; channel blocks are padded to 32.
        unsafe {
            let to = self.out.at(channel, y, x);
            S::store_lane32::<0>(to, q);
            if cells > 1 {
                S::store_lane32::<1>(to.add(BLOCK), q);
            }
            if cells > 2 {
                S::store_lane32::<2>(to.add(2 * BLOCK), q);
            }
            if cells > 3 {
                S::store_lane32::<3>(to.add(3 * BLOCK), q);
            }
        }
    }
    #[inline(always)]
    unsafe fn put_cell(self, lanes: &[(S::V, S::V); 4], channel: usize, y: usize, x: usize, acc: [S::V; 4]) {
        let q = round_u7_vector::<S>(std::array::from_fn(|i| scaled::<S>(lanes[i], acc[i])));
        // SAFETY: as in `put_row`.
        unsafe { S::store(self.out.at(channel, y, x), q) }
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

impl<S: Simd> Put<S> for Keep<'_> {
    type Lane = S::V;
    #[inline(always)]
    unsafe fn lane(self, channel: usize) -> S::V {
        // SAFETY: four elements from `channel` exist, by the caller.
        unsafe { S::load(self.bias.as_ptr().add(channel).cast()) }
    }
    #[inline(always)]
    unsafe fn put_row(self, bias: S::V, channel: usize, y: usize, x: usize, cells: usize, acc: [S::V; 4]) {
        for (i, acc) in acc.into_iter().enumerate().take(cells) {
            let at = (y * self.width + x + i) * self.channels + channel;
            // SAFETY: the cells are inside and the channels are padded, by the caller.
            unsafe { S::store(self.out.at(at).cast(), S::add_i32(acc, bias)) }
        }
    }
    #[inline(always)]
    unsafe fn put_cell(self, bias: &[S::V; 4], channel: usize, y: usize, x: usize, acc: [S::V; 4]) {
        for (i, (acc, &bias)) in acc.into_iter().zip(bias).enumerate() {
            let at = (y * self.width + x) * self.channels + channel + 4 * i;
            // SAFETY: as in `put_row`.
            unsafe { S::store(self.out.at(at).cast(), S::add_i32(acc, bias)) }
        }
    }
}

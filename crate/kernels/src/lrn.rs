//! Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3).
//!
//! With u7 inputs of scale s, `b = s q / (k + alpha s² S)^(3/4)`, where S, the sum of q² over the channel and two
//! neighbours at each side, is an exact integer. The power is two square roots and a product, all single IEEE
//! operations, so scalar and vector give the same bits.

use super::requantise::{round_u7, round_u7_vector};
use super::scratch::{Bytes, Scratch};
use super::simd::Simd;
use super::tensor::{Activations, BLOCK, blocks, whole_lines};
use ndarray::{Array3, ArrayView3};

/// Channels in the window: the channel itself and two at each side.
pub const N: usize = 5;
pub const K: f32 = 2.0;
/// Factor on the sum, which is *not* divided by [`N`].
pub const ALPHA: f32 = 1e-4;

/// Channels at each side of the window.
pub(super) const SIDE: usize = N / 2;

/// The numbers of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lrn {
    /// `alpha · scale_in²`.
    alpha: f32,
    /// `scale_in / scale_out`.
    gain: f32,
}

impl Lrn {
    pub fn new(scale_in: f32, scale_out: f32) -> Self {
        Lrn { alpha: ALPHA * scale_in * scale_in, gain: scale_in / scale_out }
    }

    /// The definition, of one value `q` with sum of squares `squares`.
    fn value(self, q: u8, squares: i32) -> u8 {
        let t = squares as f32 * self.alpha + K;
        let root = t.sqrt();
        round_u7(f32::from(q) * self.gain / (root * root.sqrt()))
    }

    /// The definition, `[C, H, W]`.
    pub fn plain(self, input: ArrayView3<u8>) -> Array3<u8> {
        let channels = input.dim().0;
        Array3::from_shape_fn(input.dim(), |(c, y, x)| {
            let window = c.saturating_sub(SIDE)..(c + SIDE + 1).min(channels);
            let squares = window.map(|c| i32::from(input[[c, y, x]]).pow(2)).sum();
            self.value(input[[c, y, x]], squares)
        })
    }

    /// What [`Lrn::run`] takes.
    pub fn bytes_for(channels: usize) -> Bytes {
        Bytes { each: whole_lines(4 * (2 * blocks(channels) * BLOCK + 2 * SIDE) as u64), ..Bytes::default() }
    }

    /// [`Lrn::plain`] of packed activations, four channels at a time.
    pub fn run<S: Simd>(self, input: &Activations, scratch: &mut Scratch, out: &mut Activations) {
        let shape = input.shape();
        assert_eq!(shape, out.shape());
        let padded = blocks(shape.channels) * BLOCK;
        let length = 2 * padded + 2 * SIDE;
        for local in &mut scratch.locals {
            local.sums.reserve(length);
        }
        let writer = out.writer();
        scratch.team.each(&mut scratch.locals, shape.height, |local, y| {
            // q² of all channels of a cell, with zeros at both ends for the window; then q itself.
            let squares = &mut local.sums[..length];
            squares.fill(0);
            for x in 0..shape.width {
                for block in 0..blocks(shape.channels) {
                    let cell = &input.data()[input.index(block, y as isize, x as isize)..][..BLOCK];
                    for (c, &q) in (block * BLOCK..).zip(cell) {
                        squares[SIDE + c] = i32::from(q).pow(2);
                        squares[padded + 2 * SIDE + c] = i32::from(q);
                    }
                }
                for c in (0..padded).step_by(4) {
                    let window = &squares[c..c + 4 + 2 * SIDE];
                    let q = &squares[padded + 2 * SIDE + c..][..4];
                    // SAFETY: every load is inside the slices just taken; the cell is inside the output.
                    unsafe {
                        let mut sum = S::zero();
                        for i in 0..N {
                            sum = S::add_i32(sum, S::load(window.as_ptr().add(i).cast()));
                        }
                        let t = S::add_f32(S::mul_f32(S::to_f32(sum), S::splat_f32(self.alpha)), S::splat_f32(K));
                        let root = S::sqrt_f32(t);
                        let q = S::mul_f32(S::to_f32(S::load(q.as_ptr().cast())), S::splat_f32(self.gain));
                        let b = S::div_f32(q, S::mul_f32(root, S::sqrt_f32(root)));
                        S::store_lane32::<0>(writer.at(c, y, x), round_u7_vector::<S>([b; 4]));
                    }
                }
            }
        });
    }
}

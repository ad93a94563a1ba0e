//! Fully connected layers: one product of an i8 matrix and a u7 vector, bound by how fast weights are read.

use super::int8::Int8;
use super::parallel::Shared;
use super::scratch::{Bytes, Scratch};
use super::shape::Shape;
use super::simd::Simd;
use super::tensor::{Activations, whole_lines};

/// The definition: `acc[o] = bias[o] + sum_k weight[o][k] * input[k]`, weights `[outputs, inputs]`.
pub fn linear(input: &[u8], weight: &[i8], bias: &[i32]) -> Vec<i32> {
    let rows = weight.chunks_exact(input.len());
    rows.zip(bias)
        .map(|(row, &bias)| {
            let products = row.iter().zip(input).map(|(&w, &x)| i32::from(w) * i32::from(x));
            products.fold(bias, i32::wrapping_add)
        })
        .collect()
}

/// Outputs computed together, so that an input is loaded once for all of them.
const ROWS: usize = 8;
/// Outputs that one thread takes at a time.
const SHARE: usize = 32;
/// Inputs that one step takes.
const STEP: usize = 16;

/// A fully connected layer. Its weights are used as they lie in the model, `[output][C][h][w]`: nearly all of VGG's are
/// here, and a packed copy would double the memory. The input, which is small, is laid out to match.
pub struct Linear {
    input: Shape,
    weights: Int8,
    bias: Vec<i32>,
    dot_i8: bool,
}

impl Linear {
    /// A layer over inputs of this shape; `weights` is `[outputs, C*h*w]`. `dot_i8`: multiply by [`Simd::dot_i8`].
    pub fn new(input: Shape, weights: Int8, bias: &[i32], dot_i8: bool) -> Self {
        assert_eq!(weights.len(), input.values() * bias.len());
        Linear { input, weights, bias: bias.to_vec(), dot_i8 }
    }

    /// What [`Linear::run`] takes; its sums have `places` times the outputs' bytes beside it.
    pub fn bytes_for(inputs: usize, places: u64) -> Bytes {
        Bytes { shared: whole_lines(inputs.next_multiple_of(STEP) as u64 * places + 1), ..Bytes::default() }
    }

    /// Whether it multiplies by [`Simd::dot_i8`].
    pub fn is_narrow(&self) -> bool {
        self.dot_i8
    }

    /// Bytes of weights.
    pub fn bytes(&self) -> usize {
        self.weights.len()
    }

    /// Accumulators with bias at every place where the layer's window fits into `input`, `[place][output]`, into `acc`.
    pub fn run<S: Simd>(&self, input: &Activations, scratch: &mut Scratch, acc: &mut Vec<i32>) {
        if self.dot_i8 {
            self.run_by::<S, true>(input, scratch, acc);
        } else {
            self.run_by::<S, false>(input, scratch, acc);
        }
    }

    fn run_by<S: Simd, const DOT_I8: bool>(&self, input: &Activations, scratch: &mut Scratch, acc: &mut Vec<i32>) {
        let Shape { height, width, channels } = input.shape();
        assert_eq!(channels, self.input.channels);
        let (down, across) = (height + 1 - self.input.height, width + 1 - self.input.width);
        let (inputs, outputs) = (self.input.values(), self.bias.len());
        let padded = inputs.next_multiple_of(STEP);
        scratch.panel.reserve((padded * down * across).div_ceil(2));
        let vector: &mut [u8] = bytemuck::cast_slice_mut(&mut scratch.panel);
        for place in 0..down * across {
            let to = &mut vector[place * padded..][..inputs];
            gather(input, self.input, (place / across, place % across), to);
        }
        acc.clear();
        acc.resize(outputs * down * across, 0);
        let vector: &[u8] = bytemuck::cast_slice(&scratch.panel);
        let sums = Shared(acc.as_mut_ptr());
        scratch.team.each(&mut scratch.locals, outputs.div_ceil(SHARE), |_, share| {
            let add = |o: usize, place: usize, sum: i32| {
                // SAFETY: inside `acc`, and every output belongs to one share.
                unsafe { sums.at(place * outputs + o).write(sum.wrapping_add(self.bias[o])) };
            };
            let first = share * SHARE;
            let weights = &self.weights[first * inputs..(first + SHARE).min(outputs) * inputs];
            for (group, weights) in weights.chunks(ROWS * inputs).enumerate() {
                let first = first + group * ROWS;
                for place in 0..down * across {
                    let vector = &vector[place * padded..][..inputs];
                    if weights.len() == ROWS * inputs {
                        for (o, sum) in (first..).zip(dots::<S, ROWS, DOT_I8>(weights, vector)) {
                            add(o, place, sum);
                        }
                    } else {
                        for (o, row) in (first..).zip(weights.chunks_exact(inputs)) {
                            add(o, place, dots::<S, 1, DOT_I8>(row, vector)[0]);
                        }
                    }
                }
            }
        });
    }
}

/// The cells of `window` at (`y`, `x`), `[C][h][w]`.
fn gather(input: &Activations, window: Shape, (y, x): (usize, usize), to: &mut [u8]) {
    for (channel, map) in to.chunks_exact_mut(window.cells()).enumerate() {
        for (cell, to) in map.iter_mut().enumerate() {
            *to = input.get(channel, y + cell / window.width, x + cell % window.width);
        }
    }
}

/// `R` rows of weights, each times the vector.
#[inline(never)]
fn dots<S: Simd, const R: usize, const DOT_I8: bool>(weights: &[i8], vector: &[u8]) -> [i32; R] {
    let k = vector.len();
    assert_eq!(weights.len(), R * k);
    let whole = k / STEP * STEP;
    let mut acc = [S::zero(); R];
    for i in (0..whole).step_by(STEP) {
        // SAFETY: 16 values from `i` exist in the vector and in each of the rows.
        unsafe {
            let x = vector.as_ptr().add(i);
            let (whole, low, high) = (S::load(x), S::load_u8x8(x), S::load_u8x8(x.add(8)));
            for (r, acc) in acc.iter_mut().enumerate() {
                let w = weights.as_ptr().add(r * k + i);
                *acc = if DOT_I8 {
                    S::dot_i8(*acc, S::load(w.cast()), whole)
                } else {
                    let products =
                        S::add_i32(S::dot_i16(S::load_i8x8(w), low), S::dot_i16(S::load_i8x8(w.add(8)), high));
                    S::add_i32(*acc, products)
                };
            }
        }
    }
    std::array::from_fn(|r| {
        let rest = weights[r * k + whole..][..k - whole].iter().zip(&vector[whole..]);
        let rest = rest.map(|(&w, &x)| i32::from(w) * i32::from(x));
        rest.chain(S::lanes_i32(acc[r])).fold(0, i32::wrapping_add)
    })
}

//! Fully connected layers: one product of an i8 matrix and a u7 vector, bound by how fast weights are read.

use super::simd::Simd;
use super::tensor::{Activations, Aligned, BLOCK, blocks};
use crate::network::Shape;

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
const ROWS: usize = 4;

/// A fully connected layer with its weights in the order of [`Activations`]: `[output][C/32][k][k][32]` i8.
pub struct Linear {
    input: Shape,
    weights: Aligned<i8>,
    bias: Vec<i32>,
}

impl Linear {
    /// Packs `weight` `[outputs, C*k*k]` (C, H, W order) for inputs of this shape.
    pub fn new(input: Shape, weight: &[i8], bias: &[i32]) -> Self {
        assert_eq!(weight.len(), input.values() * bias.len());
        let padded = blocks(input.channels) * BLOCK * input.cells();
        let mut weights = Aligned::zeroed(bias.len().next_multiple_of(ROWS) * padded);
        let cells = input.cells();
        for (row, packed) in weight.chunks_exact(input.values()).zip(weights.chunks_exact_mut(padded)) {
            for (c, values) in row.chunks_exact(cells).enumerate() {
                for (cell, &value) in values.iter().enumerate() {
                    packed[(c / BLOCK * cells + cell) * BLOCK + c % BLOCK] = value;
                }
            }
        }
        Linear { input, weights, bias: bias.to_vec() }
    }

    /// Bytes of packed weights.
    pub fn bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// Accumulators with bias at every place where the layer's window fits into `input`, `[place][output]`, into `acc`.
    pub fn run<S: Simd>(&self, input: &Activations, vector: &mut Aligned<i16>, acc: &mut Vec<i32>) {
        let Shape { height, width, channels } = input.shape();
        assert_eq!(channels, self.input.channels);
        let (down, across) = (height + 1 - self.input.height, width + 1 - self.input.width);
        let padded = blocks(channels) * BLOCK * self.input.cells();
        let outputs = self.bias.len();
        vector.reserve(padded * down * across);
        for place in 0..down * across {
            let to = &mut vector[place * padded..][..padded];
            gather::<S>(input, self.input, (place / across, place % across), to);
        }
        acc.clear();
        acc.resize(outputs * down * across, 0);
        for (group, weights) in self.weights.chunks_exact(ROWS * padded).enumerate() {
            let first = group * ROWS;
            for place in 0..down * across {
                let sums = rows::<S>(weights, &vector[place * padded..][..padded]);
                for (o, sum) in (first..outputs).zip(sums) {
                    acc[place * outputs + o] = sum.wrapping_add(self.bias[o]);
                }
            }
        }
    }
}

/// The cells of `window` at (`y`, `x`), widened, `[C/32][h][w][32]`.
fn gather<S: Simd>(input: &Activations, window: Shape, (y, x): (usize, usize), to: &mut [i16]) {
    let mut runs = to.chunks_exact_mut(window.width * BLOCK);
    for block in 0..blocks(window.channels) {
        for row in 0..window.height {
            let to = runs.next().expect("one run a block and row");
            let from = &input.data()[input.index(block, (y + row) as isize, x as isize)..][..to.len()];
            for (to, from) in to.chunks_exact_mut(8).zip(from.chunks_exact(8)) {
                // SAFETY: eight bytes are read, eight i16 written.
                unsafe { S::store(to.as_mut_ptr().cast(), S::load_u8x8(from.as_ptr())) };
            }
        }
    }
}

/// Four rows of weights times one vector.
#[inline(never)]
fn rows<S: Simd>(weights: &[i8], vector: &[i16]) -> [i32; ROWS] {
    let k = vector.len();
    assert!(k.is_multiple_of(16) && weights.len() == ROWS * k);
    let mut acc = [S::zero(); ROWS];
    for i in (0..k).step_by(16) {
        // SAFETY: 16 values from `i` exist in the vector and in each of the four rows, asserted above.
        unsafe {
            let (x0, x1) = (S::load(vector.as_ptr().add(i).cast()), S::load(vector.as_ptr().add(i + 8).cast()));
            for (r, acc) in acc.iter_mut().enumerate() {
                let w = weights.as_ptr().add(r * k + i);
                let products = S::add_i32(S::dot_i16(S::load_i8x8(w), x0), S::dot_i16(S::load_i8x8(w.add(8)), x1));
                *acc = S::add_i32(*acc, products);
            }
        }
    }
    acc.map(|v| S::lanes_i32(v).into_iter().fold(0, i32::wrapping_add))
}

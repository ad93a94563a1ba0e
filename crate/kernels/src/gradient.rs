//! The way back: from what a change of an operator's outputs is worth to what a change of its inputs is worth.
//!
//! Between layers a [`Gradient`] is f32, in real units. Rounding is passed straight through (Bengio et al. 2013): an output is
//! differentiated as if it were the real number that it stands for. ReLU lets pass where the output is not zero, and so
//! where it was clamped at 127, too: that is taken for a rounding like any other.
//!
//! A convolution takes a gradient in whole steps ([`GradientSteps`]), as many as leave its sums exact ([`most_steps`]), and is
//! another convolution, by the kernels of the way there. All else is single IEEE operations in a fixed order. So the
//! result is the same, bit for bit, for every vector and any number of threads.

use super::conv::{self, Algorithm, Conv};
use super::gemm;
use super::int8::Int8;
use super::lrn::{self, ALPHA, K, SIDE};
use super::parallel::Shared;
use super::requantise::MAGIC;
use super::scratch::{Bytes, Scratch};
use super::shape::{Shape, Window};
use super::simd::Simd;
use super::source::Source;
use super::tensor::{Activations, Aligned, BLOCK, GradientSteps};
use ndarray::{Array3, ArrayView3, ArrayView4};

/// The definition of a convolution's: `gradient` `[C_out, H', W']`, `weight` `[C_out, C_in, k, k]`; sums of the inputs
/// `[C_in, H, W]`.
pub fn conv_backward(
    gradient: ArrayView3<i16>,
    weight: ArrayView4<i8>,
    window: Window,
    (height, width): (usize, usize),
) -> Array3<i32> {
    let (_, channels, kernel, _) = weight.dim();
    let mut sums = Array3::zeros((channels, height, width));
    for ((o, y, x), &g) in gradient.indexed_iter() {
        for ky in 0..kernel {
            for kx in 0..kernel {
                let (iy, ix) = (window.start(y) + ky as isize, window.start(x) + kx as isize);
                if iy < 0 || ix < 0 || iy as usize >= height || ix as usize >= width {
                    continue;
                }
                for c in 0..channels {
                    let sum: &mut i32 = &mut sums[[c, iy as usize, ix as usize]];
                    *sum = sum.wrapping_add(i32::from(g) * i32::from(weight[[o, c, ky, kx]]));
                }
            }
        }
    }
    sums
}

/// The definition of max-pooling's: the gradient goes to the largest cell of the window, of equals to the first.
pub fn max_pool_backward(input: ArrayView3<u8>, gradient: ArrayView3<f32>, window: Window) -> Array3<f32> {
    let mut inputs = Array3::zeros(input.raw_dim());
    for ((c, y, x), &g) in gradient.indexed_iter() {
        let cells = (0..window.kernel).flat_map(|ky| (0..window.kernel).map(move |kx| (ky, kx)));
        let cells = cells.map(|(ky, kx)| [c, y * window.stride + ky, x * window.stride + kx]);
        let largest = cells.reduce(|best, cell| if input[cell] > input[best] { cell } else { best });
        inputs[largest.expect("a window has cells")] += g;
    }
    inputs
}

/// The definition of a fully connected layer's: `gradient` by output, `weight` `[outputs, inputs]`; sums by input, in the order
/// of the outputs.
pub fn linear_backward(gradient: &[f32], weight: &[i8], inputs: usize) -> Vec<f32> {
    let mut sums = vec![0.0; inputs];
    for (&g, row) in gradient.iter().zip(weight.chunks_exact(inputs)) {
        for (sum, &w) in sums.iter_mut().zip(row) {
            *sum += f32::from(w) * g;
        }
    }
    sums
}

/// The definition of LRN's at one cell, by channel: `q` and the gradient of the outputs; `scale_in` is the inputs'.
///
/// With `t = K + alpha Σ a²`, `b = a t^(-3/4)`: `∂L/∂a_i = g_i t_i^(-3/4) - 3/2 alpha a_i Σ_j g_j a_j t_j^(-7/4)`.
pub fn lrn_backward(q: &[u8], gradient: &[f32], scale_in: f32) -> Vec<f32> {
    let channels = q.len();
    let window = |c: usize| c.saturating_sub(SIDE)..(c + SIDE + 1).min(channels);
    let real = |c: usize| f32::from(q[c]) * scale_in;
    let squares = |c: usize| window(c).map(|c| i32::from(q[c]).pow(2)).sum::<i32>() as f32;
    let terms: Vec<_> = (0..channels).map(|c| lrn_terms(squares(c), real(c), scale_in, gradient[c])).collect();
    (0..channels).map(|c| terms[c].0 - 1.5 * ALPHA * real(c) * window(c).map(|c| terms[c].1).sum::<f32>()).collect()
}

/// `g t^(-3/4)` and `g a t^(-7/4)` of a channel; `squares` is the sum of q².
fn lrn_terms(squares: f32, a: f32, scale_in: f32, g: f32) -> (f32, f32) {
    let t = squares * (ALPHA * scale_in * scale_in) + K;
    let root = t.sqrt();
    let passed = g / (root * root.sqrt());
    (passed, passed * a / t)
}

/// What a change of each of a layer's values is worth, f32, `[cell][channel]`.
#[derive(Clone, Default)]
pub struct Gradient {
    shape: Shape,
    values: Aligned<f32>,
}

impl Gradient {
    /// Zeros of this shape, in the same memory where that is enough.
    pub fn reset(&mut self, shape: Shape) {
        self.reserve(shape);
        self.shape = shape;
        self.all_mut().fill(0.0);
    }

    /// Makes room for values of this shape.
    pub fn reserve(&mut self, shape: Shape) {
        self.values.reserve(shape.cells() * stride(shape.channels));
    }

    /// Extent of the values.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The channels of a cell, which cells are counted row by row.
    pub fn cell(&self, cell: usize) -> &[f32] {
        let Shape { channels, .. } = self.shape();
        &self.values[cell * stride(channels)..][..channels]
    }

    pub fn cell_mut(&mut self, cell: usize) -> &mut [f32] {
        let Shape { channels, .. } = self.shape();
        &mut self.values[cell * stride(channels)..][..channels]
    }

    /// Zeros one channel.
    pub fn clear(&mut self, channel: usize) {
        (0..self.shape().cells()).for_each(|cell| self.cell_mut(cell)[channel] = 0.0);
    }

    /// To plain `[C, H, W]`.
    pub fn to_plain(&self) -> Array3<f32> {
        let Shape { channels, height, width } = self.shape();
        Array3::from_shape_fn((channels, height, width), |(c, y, x)| self.cell(y * width + x)[c])
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.values.bytes()
    }

    /// Bytes that this shape takes.
    pub fn bytes_for(shape: Shape) -> u64 {
        4 * (shape.cells() * stride(shape.channels)) as u64
    }

    fn all_mut(&mut self) -> &mut [f32] {
        let length = self.shape().cells() * stride(self.shape().channels);
        &mut self.values[..length]
    }
}

/// Values from one cell to the next.
fn stride(channels: usize) -> usize {
    channels.next_multiple_of(gemm::CHANNELS)
}

/// How ReLU passes gradients on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Where the output is not zero.
    Gradient,
    /// There, and only if the gradient is positive (guided backpropagation, Springenberg et al. 2015).
    Guided,
}

/// Takes the gradient of a layer's `outputs` to that of its sums, through ReLU, each channel times its `scale`. Returns
/// the largest magnitude.
pub fn through_relu(gradient: &mut Gradient, outputs: &Activations, scale: &[f32], rule: Rule) -> f32 {
    let Shape { channels, width, .. } = outputs.shape();
    assert!(gradient.shape() == outputs.shape() && scale.len() == channels);
    let floor = if rule == Rule::Guided { 0.0 } else { f32::NEG_INFINITY };
    let mut largest = [0.0f32; BLOCK];
    for cell in 0..outputs.shape().cells() {
        let values = gradient.cell_mut(cell);
        for (block, (values, scale)) in values.chunks_mut(BLOCK).zip(scale.chunks(BLOCK)).enumerate() {
            let at = outputs.index(block, (cell / width) as isize, (cell % width) as isize);
            let outputs = &outputs.data()[at..at + BLOCK];
            for (((value, &scale), &q), largest) in values.iter_mut().zip(scale).zip(outputs).zip(&mut largest) {
                let passed = if q > 0 { larger(*value, floor) } else { 0.0 };
                *value = passed * scale;
                *largest = larger(*largest, value.abs());
            }
        }
    }
    largest.into_iter().fold(0.0, larger)
}

/// Of two that are no NaN. `f32::max` is a call of a function in wasm.
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// A convolution's way back, its weights packed.
pub struct ConvBackward {
    /// Stride 1 over gradients that lie `window.stride` apart.
    conv: Conv,
    window: Window,
    most_steps: f32,
}

/// Steps, at most, that leave every sum of a convolution exact: over `weights`, those that meet in one sum. F(2×2)'s are below
/// `4 · steps · Σ|w|`, which must be below 2^31, and its V, of up to four times as many, is i16.
pub fn most_steps<'a>(weights: impl Iterator<Item = &'a [i8]>) -> i16 {
    let size = |weights: &[i8]| weights.iter().map(|w| i64::from(w.unsigned_abs())).sum::<i64>();
    let most = weights.map(size).max().unwrap_or_default();
    (((1 << 29) - 1) / most.max(1)).clamp(1, 8191) as i16
}

impl ConvBackward {
    /// Of the convolution with `weight` `[C_out, C_in, k, k]`; padding is below the kernel's size.
    pub fn new(window: Window, in_channels: usize, out_channels: usize, weight: &[i8]) -> Self {
        let taps = window.kernel * window.kernel;
        assert!(weight.len() == out_channels * in_channels * taps && window.pad < window.kernel);
        // What was an output is an input, and the kernel is turned round.
        let mut turned = vec![0; weight.len()];
        for (o, weight) in weight.chunks_exact(in_channels * taps).enumerate() {
            for (c, kernel) in weight.chunks_exact(taps).enumerate() {
                let to = &mut turned[(c * out_channels + o) * taps..][..taps];
                to.iter_mut().zip(kernel.iter().rev()).for_each(|(to, &w)| *to = w);
            }
        }
        let most_steps = f32::from(most_steps(turned.chunks_exact(out_channels * taps)));
        // Another factor at every output is no part of it.
        let (bias, multiplier) = (vec![0; in_channels], vec![1.0; in_channels]);
        let algorithm = if window == Algorithm::SAME3X3 { Algorithm::WinogradF2 } else { Algorithm::Direct };
        let conv = Conv::new(algorithm, false, Self::back(window), out_channels, &turned, &bias, &multiplier);
        ConvBackward { conv, window, most_steps }
    }

    /// Bytes of packed weights.
    pub fn bytes(&self) -> usize {
        self.conv.bytes()
    }

    /// What [`ConvBackward::new`] and [`ConvBackward::run`] take.
    pub fn bytes_for(window: Window, input: Shape, output: Shape) -> Bytes {
        conv::bytes(false, Self::back(window), output.channels, input)
    }

    /// Bytes of the steps that [`ConvBackward::run`] lays out.
    pub fn steps_for(window: Window, input: Shape, output: Shape) -> u64 {
        GradientSteps::bytes_for(Self::apart(window, input, output.channels), Self::back(window).pad)
    }

    /// The window over the outputs' gradients, laid out with `window.stride` between them.
    fn back(window: Window) -> Window {
        Window { kernel: window.kernel, stride: 1, pad: window.kernel - 1 - window.pad }
    }

    /// Extent of those; behind the last output there may be inputs that no window reaches.
    fn apart(window: Window, input: Shape, channels: usize) -> Shape {
        let side = |side: usize| side + 2 * window.pad + 1 - window.kernel;
        Shape { channels, height: side(input.height), width: side(input.width) }
    }

    /// From the gradient of the sums, none larger than `largest`, to that of the inputs, whose extent is `input`.
    pub fn run<S: Simd>(
        &self,
        gradient: &Gradient,
        largest: f32,
        input: Shape,
        steps: &mut GradientSteps,
        scratch: &mut Scratch,
        inputs: &mut Gradient,
    ) {
        inputs.reset(input);
        let inverse = self.most_steps / largest;
        if !inverse.is_finite() {
            return;
        }
        self.lay(gradient, inverse, input, steps);
        let sums: &mut [i32] = bytemuck::cast_slice_mut(inputs.all_mut());
        self.conv.accumulate::<S>(Source::Gradients(steps), scratch, sums);
        let step = largest / self.most_steps;
        for sum in sums {
            *sum = (*sum as f32 * step).to_bits() as i32;
        }
    }

    /// Rounds a gradient to whole steps, of which there are `inverse` in one, and lays it out, `window.stride` apart.
    fn lay(&self, gradient: &Gradient, inverse: f32, input: Shape, steps: &mut GradientSteps) {
        let stride = self.window.stride;
        let Shape { channels, height, width } = gradient.shape();
        let apart = Self::apart(self.window, input, channels);
        assert!((height - 1) * stride < apart.height && (width - 1) * stride < apart.width);
        steps.reset(apart, Self::back(self.window).pad);
        for cell in 0..height * width {
            let (y, x) = (cell / width * stride, cell % width * stride);
            for (block, values) in gradient.cell(cell).chunks(BLOCK).enumerate() {
                let to = steps.block_mut(block, y, x);
                for (to, &value) in to.iter_mut().zip(values) {
                    // As `round_u7_vector` rounds: ties go to the even one.
                    *to = ((value * inverse + MAGIC).to_bits() as i32 - MAGIC.to_bits() as i32) as i16;
                }
            }
        }
    }
}

/// [`max_pool_backward`] of packed activations.
pub fn pool(input: &Activations, gradient: &Gradient, window: Window, inputs: &mut Gradient) {
    inputs.reset(input.shape());
    let Shape { channels, width, .. } = gradient.shape();
    let row = input.shape().width;
    for cell in 0..gradient.shape().cells() {
        let (y, x) = (cell / width * window.stride, cell % width * window.stride);
        for first in (0..channels).step_by(BLOCK) {
            let (mut largest, mut place) = ([0u8; BLOCK], [0u8; BLOCK]);
            for i in 0..window.kernel * window.kernel {
                let (y, x) = (y + i / window.kernel, x + i % window.kernel);
                let at = input.index(first / BLOCK, y as isize, x as isize);
                let values = &input.data()[at..at + BLOCK];
                for ((&value, largest), place) in values.iter().zip(&mut largest).zip(&mut place) {
                    *place = if value > *largest { i as u8 } else { *place };
                    *largest = value.max(*largest);
                }
            }
            let gradient = &gradient.cell(cell)[first..channels.min(first + BLOCK)];
            for (c, (&g, &place)) in gradient.iter().zip(&place).enumerate() {
                let place = usize::from(place);
                let to = (y + place / window.kernel) * row + x + place % window.kernel;
                inputs.cell_mut(to)[first + c] += g;
            }
        }
    }
}

/// [`lrn_backward`] of packed activations.
pub fn lrn(input: &Activations, gradient: &Gradient, scale_in: f32, scratch: &mut Scratch, inputs: &mut Gradient) {
    inputs.reset(input.shape());
    let Shape { channels, width, .. } = input.shape();
    // Of each channel, with zeros at both ends for the window: squares; then the second of the definition's terms.
    let padded = channels + 2 * SIDE;
    scratch.panel.reserve(4 * padded);
    let both: &mut [f32] = &mut bytemuck::cast_slice_mut(&mut scratch.panel)[..2 * padded];
    both.fill(0.0);
    let (squares, terms) = both.split_at_mut(padded);
    for cell in 0..input.shape().cells() {
        let q = |c: usize| f32::from(input.get(c, cell / width, cell % width));
        // Exact: five squares are below 2^24.
        (0..channels).for_each(|c| squares[SIDE + c] = q(c) * q(c));
        let (from, to) = (gradient.cell(cell), inputs.cell_mut(cell));
        for c in 0..channels {
            let term = lrn_terms(squares[c..c + lrn::N].iter().sum(), q(c) * scale_in, scale_in, from[c]);
            (to[c], terms[SIDE + c]) = term;
        }
        for c in 0..channels {
            to[c] -= 1.5 * ALPHA * (q(c) * scale_in) * terms[c..c + lrn::N].iter().sum::<f32>();
        }
    }
}

/// Outputs that are taken together, so that a sum is loaded once for all of them.
const ROWS: usize = 8;
/// Inputs that one thread takes at a time.
const SHARE: usize = 2048;

/// [`linear_backward`] at every place of `gradient`, through ReLU, times scale; sums over the places that a value belongs to.
/// `weights` is `[output][C][h][w]`, `window` the extent of what an output reads.
pub fn linear(
    weights: &Int8,
    window: Shape,
    gradient: &Gradient,
    input: Shape,
    scratch: &mut Scratch,
    inputs: &mut Gradient,
) {
    inputs.reset(input);
    let count = window.values();
    let across = gradient.shape().width;
    let Scratch { team, panel, locals } = scratch;
    panel.reserve(2 * count);
    for place in 0..gradient.shape().cells() {
        let sums: &mut [f32] = &mut bytemuck::cast_slice_mut(panel)[..count];
        let outputs = gradient.cell(place);
        let shared = Shared(sums.as_mut_ptr());
        team.each(locals, count.div_ceil(SHARE), |_, share| {
            let (first, end) = (share * SHARE, count.min((share + 1) * SHARE));
            // SAFETY: inside the sums, and every share has its own part.
            let sums = unsafe { std::slice::from_raw_parts_mut(shared.at(first), end - first) };
            sums.fill(0.0);
            // What is zero adds nothing: most outputs are, behind ReLU.
            let mut rows = outputs.iter().enumerate().filter(|(_, g)| **g != 0.0);
            let row = |o: usize| &weights[o * count + first..o * count + end];
            loop {
                let mut some = [(&[][..], 0.0); ROWS];
                let found = some.iter_mut().zip(&mut rows).map(|(to, (o, &g))| *to = (row(o), g)).count();
                if found == ROWS {
                    add_rows(sums, some);
                    continue;
                }
                some[..found].iter().for_each(|&one| add_rows(sums, [one]));
                break;
            }
        });
        let Shape { height, width, .. } = window;
        let (y, x) = (place / across, place % across);
        for cell in 0..height * width {
            let to = inputs.cell_mut((y + cell / width) * input.width + x + cell % width);
            for (to, &sum) in to.iter_mut().zip(sums[cell..].iter().step_by(height * width)) {
                *to += sum;
            }
        }
    }
}

/// Adds rows of weights, each times its gradient, one after the other.
#[inline(never)]
fn add_rows<const R: usize>(sums: &mut [f32], rows: [(&[i8], f32); R]) {
    let rows = rows.map(|(row, g)| (&row[..sums.len()], g));
    for (i, sum) in sums.iter_mut().enumerate() {
        let mut all = *sum;
        for (row, g) in rows {
            all += f32::from(row[i]) * g;
        }
        *sum = all;
    }
}

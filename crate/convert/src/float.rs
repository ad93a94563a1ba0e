//! A network in float, whole in memory: what int8 is measured against.
//!
//! Batch norm is folded on reading (Ioffe & Szegedy, ICML 2015): `w' = w * gamma / sqrt(var + eps)`,
//! `b' = beta + (b - mean) * gamma / sqrt(var + eps)`.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, s};
use vgglass::kernels::lrn;
use vgglass::model::Preprocess;
use vgglass::network::{INPUT_CHANNELS, Kind, Layer, Network, NetworkError, Shape, Window};

use crate::error::Error;
use crate::import::{self, Sink};
use crate::plan::{Hints, Naming, Plan};

/// A network with float weights, batch norm folded.
#[derive(Clone, Debug)]
pub struct FloatModel {
    pub network: Network,
    pub naming: Naming,
    /// At the size at which it runs, the native one to begin with; the input first.
    pub layers: Vec<Layer>,
    /// One per weighted layer, in order.
    pub weights: Vec<FloatWeights>,
    pub preprocess: Preprocess,
}

/// Weights of a layer, `[C_out, C_in, k, k]`, and bias, `[C_out]`; the input is normalised as [`Preprocess`] says.
#[derive(Clone, Debug)]
pub struct FloatWeights {
    pub name: String,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Sink for Vec<FloatWeights> {
    fn row(&mut self, layer: usize, _: usize, weights: &[f32]) {
        self[layer].weight.extend_from_slice(weights);
    }

    fn biases(&mut self, layer: usize, biases: Vec<f32>) {
        self[layer].bias = biases;
    }
}

impl FloatModel {
    /// Reads float weights of any format out of a whole file.
    pub fn from_bytes(bytes: &[u8], hints: &Hints) -> Result<Self, Error> {
        Self::read(bytes.len() as u64, hints, import::of_slice(bytes))
    }

    /// Reads float weights of any format. `read` gives the bytes of a range.
    pub fn read(
        length: u64,
        hints: &Hints,
        mut read: impl FnMut(Range<u64>) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let (_, plan) = import::plan(length, hints, &mut read)?;
        let name = |layer: &Layer| FloatWeights { name: layer.name.clone(), weight: Vec::new(), bias: Vec::new() };
        let mut weights: Vec<_> = plan.layers.iter().filter(|layer| layer.weighted()).map(name).collect();
        import::import(&plan, read, &mut weights)?;
        let Plan { network, naming, preprocess, layers, .. } = plan;
        Ok(FloatModel { network, naming, layers, weights, preprocess })
    }

    /// Runs on `size`×`size` pixels from now on.
    pub fn set_size(&mut self, size: usize) -> Result<(), NetworkError> {
        self.layers = self.network.layers_at(size)?;
        Ok(())
    }

    /// Runs a batch of pictures, RGB bytes `[pictures][size][size][3]`, and returns the logits, `[pictures][classes]`; above
    /// the native size the mean of the class score map (section 3.2 of the paper).
    /// `see` is shown every layer's output, `[channel][picture][y][x]`, with the layer's index; the input is the first.
    pub fn run(&self, rgb: &[u8], mut see: impl FnMut(usize, &[f32])) -> Vec<f32> {
        let mut values = self.input(rgb);
        let pictures = rgb.len() / self.layers[0].output.values();
        see(0, &values);
        let mut weights = self.weights.iter();
        for (index, layer) in self.layers.iter().enumerate().skip(1) {
            values = match layer.kind {
                Kind::Input => unreachable!("the input is layer 0"),
                Kind::Conv(window) | Kind::Fc { window, .. } => {
                    let weights = weights.next().expect("every weighted layer has weights");
                    let relu = !matches!(layer.kind, Kind::Fc { relu: false, .. });
                    convolution(layer, window, weights, relu, &values, pictures)
                }
                Kind::Lrn => normalise(layer.output.channels, &values),
                Kind::MaxPool(window) => max_pool(layer, window, &values, pictures),
            };
            see(index, &values);
        }
        let (classes, cells) = (self.network.classes, values.len() / self.network.classes / pictures.max(1));
        let mean = |i: usize| {
            let place = (i % classes * pictures + i / classes) * cells;
            values[place..][..cells].iter().sum::<f32>() / cells as f32
        };
        (0..pictures * classes).map(mean).collect()
    }

    /// Normalised pixels, `[channel][picture][y][x]`.
    fn input(&self, rgb: &[u8]) -> Vec<f32> {
        let Preprocess { mean, std } = self.preprocess;
        let plane = |c: usize| {
            rgb.iter().skip(c).step_by(INPUT_CHANNELS).map(move |&v| (f32::from(v) / 255.0 - mean[c]) / std[c])
        };
        (0..INPUT_CHANNELS).flat_map(plane).collect()
    }
}

/// Convolution as a matrix product over gathered windows ("im2col"), then bias and ReLU.
/// `[C_in][picture][y][x]` to `[C_out][picture][y][x]`.
fn convolution(
    layer: &Layer,
    window: Window,
    weights: &FloatWeights,
    relu: bool,
    input: &[f32],
    pictures: usize,
) -> Vec<f32> {
    /// Gathered values at a time: a part that stays in the cache.
    const PART: usize = 1 << 19;
    let fan_in = layer.fan_in();
    let outputs = layer.output.channels;
    let columns = pictures * layer.output.cells();
    let part = (PART / fan_in).clamp(16, columns.max(16));
    let mut values: Vec<f32> = weights.bias.iter().flat_map(|&bias| std::iter::repeat_n(bias, columns)).collect();
    let mut gathered = vec![0.0; fan_in * part];
    let matrix = ArrayView2::from_shape((outputs, fan_in), &weights.weight).expect("one weight for each");
    let mut all = ArrayViewMut2::from_shape((outputs, columns), &mut values).expect("one row an output channel");
    for start in (0..columns).step_by(part) {
        let count = part.min(columns - start);
        gather(layer, window, input, pictures, start..start + count, &mut gathered[..fan_in * count]);
        let windows = ArrayView2::from_shape((fan_in, count), &gathered[..fan_in * count]).expect("just cut");
        general_mat_mul(1.0, &matrix, &windows, 1.0, &mut all.slice_mut(s![.., start..start + count]));
    }
    if relu {
        values.iter_mut().for_each(|value| *value = value.max(0.0));
    }
    values
}

/// Window values of the output cells `columns` (counted over pictures), `[C_in * k * k][columns]`; zeros outside.
fn gather(
    layer: &Layer,
    window: Window,
    input: &[f32],
    pictures: usize,
    columns: std::ops::Range<usize>,
    gathered: &mut [f32],
) {
    let Shape { height, width, .. } = layer.input;
    let (out_cells, out_width) = (layer.output.cells(), layer.output.width);
    let places: Vec<_> = columns
        .map(|column| {
            let (picture, cell) = (column / out_cells, column % out_cells);
            (picture * height * width, cell / out_width * window.stride, cell % out_width * window.stride)
        })
        .collect();
    for (row, line) in gathered.chunks_exact_mut(places.len()).enumerate() {
        let (channel, tap) = (row / (window.kernel * window.kernel), row % (window.kernel * window.kernel));
        let (dy, dx) = (tap / window.kernel, tap % window.kernel);
        let plane = &input[channel * pictures * height * width..][..pictures * height * width];
        for (value, &(picture, y, x)) in line.iter_mut().zip(&places) {
            // Left of or above the picture the subtraction wraps to a large number, outside as well.
            let (y, x) = ((y + dy).wrapping_sub(window.pad), (x + dx).wrapping_sub(window.pad));
            *value = if y < height && x < width { plane[picture + y * width + x] } else { 0.0 };
        }
    }
}

/// Local response normalisation over channels; see [`lrn`].
fn normalise(channels: usize, input: &[f32]) -> Vec<f32> {
    let plane = input.len() / channels;
    let mut output = Vec::with_capacity(input.len());
    for c in 0..channels {
        let near = c.saturating_sub(lrn::N / 2)..(c + lrn::N / 2 + 1).min(channels);
        output.extend((0..plane).map(|i| {
            let squares: f32 = near.clone().map(|n| input[n * plane + i].powi(2)).sum();
            input[c * plane + i] / (lrn::K + lrn::ALPHA * squares).powf(0.75)
        }));
    }
    output
}

fn max_pool(layer: &Layer, window: Window, input: &[f32], pictures: usize) -> Vec<f32> {
    let Shape { channels, height, width } = layer.output;
    let mut output = Vec::with_capacity(pictures * layer.output.values());
    for plane in input.chunks_exact(layer.input.cells()).take(channels * pictures) {
        for y in 0..height {
            for x in 0..width {
                let rows = (0..window.kernel).flat_map(|dy| {
                    let start = (y * window.stride + dy) * layer.input.width + x * window.stride;
                    &plane[start..start + window.kernel]
                });
                output.push(rows.copied().fold(f32::NEG_INFINITY, f32::max));
            }
        }
    }
    output
}

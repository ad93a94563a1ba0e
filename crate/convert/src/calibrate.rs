//! Scales of activations from pictures, by the integer kernels themselves: no layer is ever computed in float. Weights are
//! [asked for](Calibrator::wanted) when their turn comes, and of a fully connected layer a part at a time.
//!
//! Pictures go through the network together, layer by layer. A layer's sums, as integers, times the scale of its input and of the
//! channel are its real outputs, whose histogram gives the scale; with it the layer is computed once more, and the next layer
//! sees what it will see when the network runs.

use std::collections::VecDeque;
use std::ops::Range;

use vgglass::kernels::backend::BEST;
use vgglass::kernels::conv::{Algorithm, Conv};
use vgglass::kernels::linear::Linear;
use vgglass::kernels::lrn::{self, Lrn};
use vgglass::kernels::parallel::Team;
use vgglass::kernels::requantise::requantise;
use vgglass::kernels::scratch::Scratch;
use vgglass::kernels::simd::{Best, Simd};
use vgglass::kernels::source::Source;
use vgglass::kernels::tensor::{Activations, Picture};
use vgglass::model::{Card, Class, Model};
use vgglass::network::{Kind, Layer, Window, halo};
use vgglass::run::{plan, self_check};

use crate::quantise::{ActivationRange, Histogram, activation_scale};
use crate::stream::{Changed, Quantised};

/// Weights of a fully connected layer that are asked for at once.
const PART: usize = 8 << 20;

/// Rows of a weighted layer, counted among those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    pub layer: usize,
    pub rows: Range<usize>,
}

/// Finds the scales of a network's activations.
pub struct Calibrator {
    quantised: Quantised,
    range: ActivationRange,
    /// What the next layer reads, for each picture: pixels or, behind the first layer, activations.
    pixels: VecDeque<Picture>,
    outputs: VecDeque<Activations>,
    /// Layers done, the input being one.
    done: usize,
    /// Of the weighted layers, in units of their sums; of the last one, which may not be done, those of the rows that came.
    biases: Vec<Vec<i32>>,
    /// For each picture, a fully connected layer's outputs as far as their rows have come.
    sums: Vec<Vec<i32>>,
    /// Scale of what the next layer reads.
    scale_in: f32,
    scales: Vec<f32>,
    scratch: Scratch,
}

impl Calibrator {
    /// `rgb`: bytes `[pictures][size][size][3]` at the native size, at least one picture. Two layers' outputs of all pictures are
    /// in memory: at 224x224 some 4 MB a picture.
    pub fn new(quantised: Quantised, rgb: &[u8], range: ActivationRange) -> Self {
        let size = quantised.network.input_size;
        let mean = quantised.preprocess.rounded_mean();
        let halo = halo(&quantised.layers, 0);
        let picture = |rgb: &[u8]| {
            let mut picture = Picture::new(size, size, halo);
            picture.fill(rgb, mean);
            picture
        };
        let pixels = rgb.chunks_exact(size * size * 3).map(picture).collect();
        Calibrator {
            quantised,
            range,
            pixels,
            outputs: VecDeque::new(),
            done: 1,
            biases: vec![Vec::new()],
            sums: Vec::new(),
            scale_in: 1.0,
            scales: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Computes on these threads from now on; at first on the caller's alone.
    pub fn set_team(&mut self, team: Team) {
        self.scratch.set_team(team);
    }

    /// Which weights are needed next; `None` when all layers are done.
    pub fn wanted(&self) -> Option<Rows> {
        let layer = self.quantised.layers.get(self.done)?;
        let (first, outputs) = (self.biases.last()?.len(), layer.output.channels);
        let most = if matches!(layer.kind, Kind::Fc { .. }) { (PART / layer.fan_in()).max(1) } else { outputs };
        Some(Rows { layer: self.biases.len() - 1, rows: first..outputs.min(first + most) })
    }

    /// Multiply-adds of the layers that are done, of all.
    pub fn progress(&self) -> (u64, u64) {
        let macs = |layers: &[Layer]| layers.iter().map(Layer::macs).sum();
        (macs(&self.quantised.layers[..self.done]), macs(&self.quantised.layers))
    }

    /// Name of the layer whose turn it is; `None` when all are done.
    pub fn layer(&self) -> Option<&str> {
        self.quantised.layers.get(self.done).map(|layer| layer.name.as_str())
    }

    /// Goes on with the weights that are [wanted](Calibrator::wanted), `[row][C_in, k, k]`. Gives rows that are other ones from
    /// now on.
    pub fn give(&mut self, mut weights: Vec<i8>) -> Changed {
        let Some(Rows { layer: weighted, rows }) = self.wanted() else { return Vec::new() };
        let (bias, changed) = self.quantised.fit(weighted, rows.clone(), &mut weights, self.scale_in);
        let layer = self.quantised.layers[self.done].clone();
        let halo = halo(&self.quantised.layers, self.done);
        match layer.kind {
            Kind::Conv(window) => self.convolution(&layer, window, halo, &weights, &bias),
            // The last layer's outputs are real: nothing of it has to be known but its biases.
            Kind::Fc { relu, .. } if relu => self.fully_connected(&layer, halo, weights, &bias, rows.end),
            _ => {}
        }
        self.biases[weighted].extend(bias);
        if rows.end == layer.output.channels {
            self.done += 1;
            self.biases.push(Vec::new());
            self.without_weights();
        }
        changed
    }

    /// The model, when all layers are done. `weights` are all that were given, changed ones as they are now; they may be left
    /// out where [`Model::head`] alone is of use.
    pub fn finish(self, weights: Vec<Vec<i8>>, classes: Vec<Class>, card: Card) -> Model {
        self.quantised.fitted(weights, self.biases, &self.scales, classes, card)
    }

    /// Does layers up to the next one that has weights.
    fn without_weights(&mut self) {
        while let Some(layer) = self.quantised.layers.get(self.done).filter(|layer| !layer.weighted()).cloned() {
            let halo = halo(&self.quantised.layers, self.done);
            match layer.kind {
                Kind::MaxPool(window) => self.each(|input, scratch| {
                    let mut output = Activations::new(layer.output, halo);
                    (BEST.max_pool)(input, window, scratch, &mut output);
                    output
                }),
                Kind::Lrn => self.lrn(&layer, halo),
                _ => {}
            }
            self.done += 1;
        }
    }

    /// Replaces each picture's activations.
    fn each(&mut self, mut layer: impl FnMut(&Activations, &mut Scratch) -> Activations) {
        for _ in 0..self.outputs.len() {
            if let Some(input) = self.outputs.pop_front() {
                self.outputs.push_back(layer(&input, &mut self.scratch));
            }
        }
    }

    /// The scale of a layer with these outputs, which is the next one's input's.
    fn found(&mut self, histogram: &Histogram) -> f32 {
        let scale = activation_scale(histogram, self.range);
        self.scales.push(scale);
        self.scale_in = scale;
        scale
    }

    /// Real value of a step of each channel's sums.
    fn units(&self) -> Vec<f32> {
        self.quantised.channels[self.biases.len() - 1].scale.iter().map(|scale| self.scale_in * scale).collect()
    }

    fn convolution(&mut self, layer: &Layer, window: Window, halo: usize, weights: &[i8], bias: &[i32]) {
        let from_picture = self.done == 1;
        let algorithm = plan::convolution(layer, from_picture, weights, Best::dot_i8_as(), self_check::usable);
        let units = self.units();
        let mut conv = Conv::new(algorithm, from_picture, window, layer.input.channels, weights, bias, &units);
        let mut histogram = Histogram::new();
        let mut see = |source: Source, scratch: &mut Scratch| {
            let (sums, stride) = (BEST.accumulators)(&conv, source, scratch);
            for cell in sums.chunks_exact(stride) {
                histogram.add(cell.iter().zip(&units).map(|(&sum, unit)| (sum as f32 * unit).max(0.0)));
            }
        };
        for picture in &self.pixels {
            see(Source::Picture(picture), &mut self.scratch);
        }
        for activations in &self.outputs {
            see(Source::Activations(activations), &mut self.scratch);
        }
        let scale = self.found(&histogram);
        conv.set_multiplier(&units.iter().map(|unit| unit / scale).collect::<Vec<_>>());
        let run = |source: Source, scratch: &mut Scratch| {
            let mut output = Activations::new(layer.output, halo);
            (BEST.conv)(&conv, source, scratch, &mut output);
            output
        };
        self.each(|input, scratch| run(Source::Activations(input), scratch));
        while let Some(picture) = self.pixels.pop_front() {
            self.outputs.push_back(run(Source::Picture(&picture), &mut self.scratch));
        }
    }

    /// Rows up to `end` of a layer.
    fn fully_connected(&mut self, layer: &Layer, halo: usize, weights: Vec<i8>, bias: &[i32], end: usize) {
        let linear = Linear::new(layer.input, weights.into(), bias, self_check::usable(Algorithm::DirectI8));
        self.sums.resize(self.outputs.len(), Vec::new());
        let mut part = Vec::new();
        for (input, sums) in self.outputs.iter().zip(&mut self.sums) {
            (BEST.linear)(&linear, input, &mut self.scratch, &mut part);
            sums.extend(&part);
        }
        if end < layer.output.channels {
            return;
        }
        let units = self.units();
        let all = std::mem::take(&mut self.sums);
        let mut histogram = Histogram::new();
        for sums in &all {
            histogram.add(sums.iter().zip(&units).map(|(&sum, unit)| (sum as f32 * unit).max(0.0)));
        }
        let scale = self.found(&histogram);
        let outputs = all.iter().map(|sums| {
            let mut output = Activations::new(layer.output, halo);
            for (c, (&sum, unit)) in sums.iter().zip(&units).enumerate() {
                output.set(c, 0, 0, requantise(sum, unit / scale));
            }
            output
        });
        self.outputs = outputs.collect();
    }

    fn lrn(&mut self, layer: &Layer, halo: usize) {
        let scale_in = self.scale_in;
        let mut histogram = Histogram::new();
        for activations in &self.outputs {
            let plain = activations.to_plain().mapv(|q| f32::from(q) * scale_in);
            let channels = layer.output.channels;
            for c in 0..channels {
                let near = c.saturating_sub(lrn::N / 2)..(c + lrn::N / 2 + 1).min(channels);
                let cells = plain.slice(ndarray::s![c, .., ..]);
                histogram.add(cells.indexed_iter().map(|((y, x), value)| {
                    let squares: f32 = near.clone().map(|n| plain[[n, y, x]].powi(2)).sum();
                    value / (lrn::K + lrn::ALPHA * squares).powf(0.75)
                }));
            }
        }
        let lrn = Lrn::new(scale_in, self.found(&histogram));
        self.each(|input, scratch| {
            let mut output = Activations::new(layer.output, halo);
            (BEST.lrn)(lrn, input, scratch, &mut output);
            output
        });
    }
}

/// [`Calibrator`] on weights that are all in memory.
pub fn calibrate(
    quantised: Quantised,
    mut weights: Vec<Vec<i8>>,
    rgb: &[u8],
    range: ActivationRange,
    classes: Vec<Class>,
    card: Card,
) -> Model {
    let mut calibrator = Calibrator::new(quantised, rgb, range);
    while let Some(Rows { layer, rows }) = calibrator.wanted() {
        let all = &mut weights[layer];
        let outputs = calibrator.quantised.channels[layer].scale.len();
        let fan_in = all.len() / outputs.max(1);
        let changed = calibrator.give(all[rows.start * fan_in..rows.end * fan_in].to_vec());
        for (row, weights) in changed {
            all[row * fan_in..][..fan_in].copy_from_slice(&weights);
        }
    }
    calibrator.finish(weights, classes, card)
}

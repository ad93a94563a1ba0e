//! Scales of activations from pictures, by the integer kernels themselves: no layer is ever computed in float, and only one has
//! its weights unpacked.
//!
//! Pictures go through the network together, layer by layer. A layer's sums, as integers, times the scale of its input and of the
//! channel are its real outputs, whose histogram gives the scale; with it the layer is computed once more, and the next layer
//! sees what it will see when the network runs.

use std::collections::VecDeque;

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
use crate::stream::Quantised;

/// Finds the scales of a network's activations.
pub struct Calibrator {
    quantised: Quantised,
    range: ActivationRange,
    /// What the next layer reads, for each picture: pixels or, behind the first layer, activations.
    pixels: VecDeque<Picture>,
    outputs: VecDeque<Activations>,
    /// Layers done, the input being one, and of them those with weights.
    done: usize,
    weighted: usize,
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
            weighted: 0,
            scale_in: 1.0,
            scales: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Computes on these threads from now on; at first on the caller's alone.
    pub fn set_team(&mut self, team: Team) {
        self.scratch.set_team(team);
    }

    /// Layers that are done, of how many; the input counts as one.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.quantised.layers.len())
    }

    /// Does the next layer; false when all were done.
    pub fn step(&mut self) -> bool {
        let index = self.done;
        let Some(layer) = self.quantised.layers.get(index).cloned() else { return false };
        let halo = halo(&self.quantised.layers, index);
        match layer.kind {
            Kind::Input => {}
            Kind::MaxPool(window) => self.each(|input, scratch| {
                let mut output = Activations::new(layer.output, halo);
                (BEST.max_pool)(input, window, scratch, &mut output);
                output
            }),
            Kind::Lrn => self.lrn(&layer, halo),
            Kind::Conv(window) => self.convolution(&layer, window, halo),
            Kind::Fc { relu, .. } => self.fully_connected(&layer, relu, halo),
        }
        self.weighted += usize::from(layer.weighted());
        self.done += 1;
        true
    }

    /// The model, after the last [`Calibrator::step`].
    pub fn finish(mut self, classes: Vec<Class>, card: Card) -> Model {
        while self.step() {}
        self.quantised.model(&self.scales, classes, card)
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
        self.quantised.channels[self.weighted].scale.iter().map(|scale| self.scale_in * scale).collect()
    }

    fn convolution(&mut self, layer: &Layer, window: Window, halo: usize) {
        let from_picture = self.done == 1;
        let bias = self.quantised.fit(self.weighted, self.scale_in);
        let weights = &self.quantised.weights[self.weighted];
        let algorithm = plan::convolution(layer, from_picture, weights, Best::dot_i8_as(), self_check::usable);
        let units = self.units();
        let mut conv = Conv::new(algorithm, from_picture, window, layer.input.channels, weights, &bias, &units);
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

    fn fully_connected(&mut self, layer: &Layer, relu: bool, halo: usize) {
        let bias = self.quantised.fit(self.weighted, self.scale_in);
        if !relu {
            // The last layer's outputs are real.
            return;
        }
        let weights = self.quantised.weights[self.weighted].clone();
        let linear = Linear::new(layer.input, weights, &bias, self_check::usable(Algorithm::DirectI8));
        let units = self.units();
        let mut histogram = Histogram::new();
        let mut sums = Vec::new();
        for activations in &self.outputs {
            (BEST.linear)(&linear, activations, &mut self.scratch, &mut sums);
            histogram.add(sums.iter().zip(&units).map(|(&sum, unit)| (sum as f32 * unit).max(0.0)));
        }
        let scale = self.found(&histogram);
        self.each(|input, scratch| {
            (BEST.linear)(&linear, input, scratch, &mut sums);
            let mut output = Activations::new(layer.output, halo);
            for (c, (&sum, unit)) in sums.iter().zip(&units).enumerate() {
                output.set(c, 0, 0, requantise(sum, unit / scale));
            }
            output
        });
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

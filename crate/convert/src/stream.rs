//! Rows of float weights to int8, each as it comes: what remains of a network of 553 MB is 138 MB, which may lie elsewhere.
//!
//! A row's scale needs nothing but the row. Biases stay real until the scales of the activations are known (see
//! [`crate::calibrate`]), for they are in units of them.

use std::ops::Range;

use vgglass::model::{Card, Class, Model, Preprocess, Weights};
use vgglass::network::{INPUT_CHANNELS, Layer, Network};

use crate::import::Sink;
use crate::plan::Plan;
use crate::quantise::{Pixels, WeightRange, integer_bias, quantise_row, scale_for_bias};

/// Keeps int8 rows.
pub trait Store {
    /// Weights of one output channel, `[C_in, k, k]`; rows of a layer come in order, layers in the order of the file.
    fn row(&mut self, layer: usize, row: usize, weights: &[i8]);
}

/// One list for each weighted layer.
impl Store for Vec<Vec<i8>> {
    fn row(&mut self, layer: usize, _: usize, weights: &[i8]) {
        self[layer].extend_from_slice(weights);
    }
}

/// A layer's scales and real biases, by output channel.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    pub scale: Vec<f32>,
    /// The first layer's are those for pixels (see [`vgglass::model::Weights::scale`]).
    pub bias: Vec<f64>,
}

/// Quantises rows and gives them to a [`Store`].
pub struct Quantiser<S> {
    range: WeightRange,
    pixels: Pixels,
    /// Weights that a channel of the first layer has for each colour.
    taps: usize,
    channels: Vec<Channels>,
    row: Vec<i8>,
    store: S,
}

impl<S: Store> Quantiser<S> {
    pub fn new(plan: &Plan, range: WeightRange, store: S) -> Self {
        let mut weighted = plan.layers.iter().filter(|layer| layer.weighted());
        let taps = weighted.next().map_or(1, |layer| layer.fan_in() / INPUT_CHANNELS);
        let channels = vec![Channels::default(); plan.sources.len()];
        Quantiser { range, pixels: Pixels::new(&plan.preprocess), taps, channels, row: Vec::new(), store }
    }

    /// What keeps the rows.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// What was kept, and scales and biases of the weighted layers.
    pub fn finish(self) -> (S, Vec<Channels>) {
        (self.store, self.channels)
    }
}

impl<S: Store> Sink for Quantiser<S> {
    fn row(&mut self, layer: usize, row: usize, weights: &[f32]) {
        let channels = &mut self.channels[layer];
        let for_pixels = (layer == 0).then(|| self.pixels.row(weights, self.taps));
        let (weights, rest) = for_pixels.as_ref().map_or((weights, 0.0), |(weights, rest)| (weights, *rest));
        let (integers, scale) = quantise_row(weights, self.range, 0.0);
        self.row.clear();
        self.row.extend(integers);
        channels.scale.push(scale);
        channels.bias.push(rest);
        self.store.row(layer, row, &self.row);
    }

    fn biases(&mut self, layer: usize, biases: Vec<f32>) {
        for (sum, bias) in self.channels[layer].bias.iter_mut().zip(biases) {
            *sum += f64::from(bias);
        }
    }
}

/// A network in int8 whose biases are real, and whose weights lie elsewhere.
#[derive(Clone, Debug)]
pub struct Quantised {
    pub network: Network,
    pub preprocess: Preprocess,
    /// At the native size, the input first.
    pub layers: Vec<Layer>,
    /// One for each weighted layer.
    pub channels: Vec<Channels>,
}

/// Rows of a layer whose weights were rounded again: row, weights.
pub type Changed = Vec<(usize, Vec<i8>)>;

impl Quantised {
    pub fn new(plan: Plan, channels: Vec<Channels>) -> Self {
        let Plan { network, preprocess, layers, .. } = plan;
        Quantised { network, preprocess, layers, channels }
    }

    /// Biases of rows of a weighted layer whose input has this scale. Where a channel's weights are so small that its bias
    /// would not fit, its scale grows, and its weights, now of fewer steps, are rounded again.
    pub(crate) fn fit(
        &mut self,
        weighted: usize,
        rows: Range<usize>,
        weights: &mut [i8],
        scale_in: f32,
    ) -> (Vec<i32>, Changed) {
        let Channels { scale, bias } = &mut self.channels[weighted];
        let fan_in = weights.len() / rows.len().max(1);
        let (mut biases, mut changed) = (Vec::with_capacity(rows.len()), Vec::new());
        for (row, weights) in rows.zip(weights.chunks_exact_mut(fan_in.max(1))) {
            let least = scale_for_bias(bias[row], scale_in);
            if least > f64::from(scale[row]) {
                let real: Vec<f32> = weights.iter().map(|&q| f32::from(q) * scale[row]).collect();
                let (integers, larger) = quantise_row(&real, WeightRange::Maximum, least);
                weights.iter_mut().zip(integers).for_each(|(q, integer)| *q = integer);
                scale[row] = larger;
                changed.push((row, weights.to_vec()));
            }
            biases.push(integer_bias(bias[row], scale_in, scale[row]));
        }
        (biases, changed)
    }

    /// The model of these weights, with these scales of activations, one for each layer that rescales.
    pub fn model(
        mut self,
        mut weights: Vec<Vec<i8>>,
        activation_scales: &[f32],
        classes: Vec<Class>,
        card: Card,
    ) -> Model {
        let mut scales = activation_scales.iter();
        let mut biases = Vec::new();
        // The input is in pixels.
        let mut scale_in = 1.0;
        for index in 0..self.layers.len() {
            if self.layers[index].weighted() {
                let weighted = biases.len();
                let outputs = self.layers[index].output.channels;
                biases.push(self.fit(weighted, 0..outputs, &mut weights[weighted], scale_in).0);
            }
            if self.layers[index].rescales() {
                scale_in = *scales.next().expect("every layer that rescales has a scale");
            }
        }
        self.fitted(weights, biases, activation_scales, classes, card)
    }

    /// The model, of biases that fit.
    pub(crate) fn fitted(
        self,
        weights: Vec<Vec<i8>>,
        biases: Vec<Vec<i32>>,
        activation_scales: &[f32],
        classes: Vec<Class>,
        card: Card,
    ) -> Model {
        let Quantised { network, preprocess, layers, channels } = self;
        let named = layers.iter().filter(|layer| layer.weighted());
        let numbers = weights.into_iter().zip(biases).zip(channels);
        let weights = named.zip(numbers).map(|(layer, ((weight, bias), channels))| {
            let name = layer.name.clone();
            Weights { name, weight: weight.into(), scale: channels.scale, bias }
        });
        let weights = weights.collect();
        let rescaling = layers.iter().filter(|layer| layer.rescales()).map(|layer| layer.name.clone());
        let activation_scales = rescaling.zip(activation_scales.iter().copied()).collect();
        Model { network, preprocess, weights, activation_scales, classes, card }
    }
}

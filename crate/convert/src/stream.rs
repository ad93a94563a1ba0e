//! Rows of float weights to int8, each as it comes: what remains of a network of 553 MB is 138 MB, which may lie elsewhere.
//!
//! A row's scale needs nothing but the row. Biases stay real until the scales of the activations are known (see
//! [`crate::calibrate`]), for they are in units of them.

use vgglass::model::{Card, Class, Int8, Model, Preprocess, Weights};
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

/// A network in int8 whose biases are real.
#[derive(Clone, Debug)]
pub struct Quantised {
    pub network: Network,
    pub preprocess: Preprocess,
    /// At the native size, the input first.
    pub layers: Vec<Layer>,
    /// One for each weighted layer.
    pub weights: Vec<Int8>,
    pub channels: Vec<Channels>,
}

impl Quantised {
    pub fn new(plan: Plan, (weights, channels): (Vec<Vec<i8>>, Vec<Channels>)) -> Self {
        let Plan { network, preprocess, layers, .. } = plan;
        Quantised { network, preprocess, layers, weights: weights.into_iter().map(Int8::from).collect(), channels }
    }

    /// Scales and biases of a weighted layer whose input has this scale. Where a channel's weights are so small that its bias
    /// would not fit, its scale grows, and its weights, now of fewer steps, are rounded again.
    pub(crate) fn fit(&mut self, weighted: usize, scale_in: f32) -> Vec<i32> {
        let Channels { scale, bias } = &mut self.channels[weighted];
        let weights = &mut self.weights[weighted];
        let fan_in = weights.len() / scale.len().max(1);
        let mut changed = None;
        for (c, (scale, &bias)) in scale.iter_mut().zip(bias.iter()).enumerate() {
            let least = scale_for_bias(bias, scale_in);
            if least <= f64::from(*scale) {
                continue;
            }
            let row = &mut changed.get_or_insert_with(|| weights.to_vec())[c * fan_in..][..fan_in];
            let real: Vec<f32> = row.iter().map(|&q| f32::from(q) * *scale).collect();
            let (integers, larger) = quantise_row(&real, WeightRange::Maximum, least);
            row.iter_mut().zip(integers).for_each(|(q, integer)| *q = integer);
            *scale = larger;
        }
        if let Some(changed) = changed {
            *weights = changed.into();
        }
        bias.iter().zip(scale).map(|(&bias, scale)| integer_bias(bias, scale_in, *scale)).collect()
    }

    /// The model with these scales of activations, one for each layer that rescales.
    pub fn model(mut self, activation_scales: &[f32], classes: Vec<Class>, card: Card) -> Model {
        let mut scales = activation_scales.iter();
        let mut named = Vec::new();
        let mut fitted = Vec::new();
        // The input is in pixels.
        let mut scale_in = 1.0;
        for index in 0..self.layers.len() {
            if self.layers[index].weighted() {
                fitted.push((self.layers[index].name.clone(), self.fit(fitted.len(), scale_in)));
            }
            if self.layers[index].rescales() {
                scale_in = *scales.next().expect("every layer that rescales has a scale");
                named.push((self.layers[index].name.clone(), scale_in));
            }
        }
        let Quantised { network, preprocess, weights, channels, .. } = self;
        let weights = fitted.into_iter().zip(weights).zip(channels);
        let weights = weights
            .map(|(((name, bias), weight), channels)| Weights { name, weight, scale: channels.scale, bias })
            .collect();
        Model { network, preprocess, weights, activation_scales: named, classes, card }
    }
}

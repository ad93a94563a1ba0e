//! The forward pass, layer by layer. Every layer's output is kept: a view may ask for any of them.

use super::backward::Backward;
use super::{plan, self_check};
use crate::kernels::backend::{BEST, Backend};
use crate::kernels::conv::{Algorithm, Conv};
use crate::kernels::linear::Linear;
use crate::kernels::lrn::{K, Lrn};
use crate::kernels::parallel::Team;
use crate::kernels::requantise::{MAX, requantise};
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Best, Simd};
use crate::kernels::source::Source;
use crate::kernels::tensor::{Activations, Picture};
use crate::model::file::limits;
use crate::model::{Model, Preprocess, Weights};
use crate::network::{self, INPUT_CHANNELS, Kind, Layer, Network, NetworkError, Shape};

/// How a layer is computed.
pub struct Method {
    /// Of the kernel, as the page and the benchmarks show it.
    pub name: String,
    pub algorithm: &'static str,
    /// Integers that the instruction takes which does the multiply-adds, `i16` or `i8`: its rate is that of
    /// [`peak`](crate::kernels::peak)'s loop. `None` where nothing is multiplied and added.
    pub instruction: Option<&'static str>,
    /// Multiplications of the definition in place of which one is done.
    pub gain: f64,
}

/// An operator ready to run, its weights packed.
enum Runnable {
    Input,
    Conv(Conv),
    Lrn(Lrn),
    MaxPool,
    /// `multiplier[c]` takes accumulators to the next layer's u7, or to logits in the last layer.
    Fc {
        linear: Linear,
        multiplier: Vec<f32>,
    },
}

/// A network ready to run.
pub struct Engine {
    network: Network,
    preprocess: Preprocess,
    size: usize,
    pub(super) layers: Vec<Layer>,
    runnables: Vec<Runnable>,
    /// Real value of one step of every layer's output; 1 for the input (pixels) and for the logits.
    pub(super) scales: Vec<f32>,
    /// The model's weights, which views show; `None` where a layer has none.
    pub(super) weights: Vec<Option<Weights>>,
    picture: Picture,
    /// Output of every layer but the input (a stand-in without cells) and fc8 (likewise: see `logits`).
    pub(super) outputs: Vec<Activations>,
    /// fc8, `[place][class]`.
    logits: Vec<f32>,
    /// Layers whose output belongs to the present picture.
    pub(super) done: usize,
    /// Channels (layer, channel) that give zeros, in order.
    pub(super) off: Vec<(usize, usize)>,
    pub(super) scratch: Scratch,
    acc: Vec<i32>,
    pre: Option<PreActivations>,
    pub(super) backward: Backward,
}

/// Kept for views, of one layer at a time.
struct PreActivations {
    layer: usize,
    /// `[cell][channel]`, real units.
    values: Vec<f32>,
    /// Channels of a cell, padded.
    stride: usize,
}

impl Engine {
    /// Packs the weights of a checked model.
    pub fn new(model: &Model) -> Result<Self, NetworkError> {
        let layers = model.network.layers()?;
        let mut model_weights = model.weights.iter();
        let mut activation_scales = model.activation_scales.iter().map(|&(_, scale)| scale);
        let mut runnables = Vec::with_capacity(layers.len());
        let mut scales = Vec::with_capacity(layers.len());
        let mut kept_weights = vec![None; layers.len()];
        let last = layers.len() - 1;
        let dot_i8 = self_check::usable(Algorithm::DirectI8);
        let mut scale_in = 1.0;
        for (index, layer) in layers.iter().enumerate() {
            let scale_out = match layer.kind {
                Kind::Input | Kind::MaxPool(_) => scale_in,
                _ if index == last => 1.0,
                _ => activation_scales.next().expect("the model has a scale for every layer that rescales"),
            };
            let runnable = match layer.kind {
                Kind::Input => Runnable::Input,
                Kind::MaxPool(_) => Runnable::MaxPool,
                Kind::Lrn => Runnable::Lrn(Lrn::new(scale_in, scale_out)),
                Kind::Conv(_) | Kind::Fc { .. } => {
                    let weights = model_weights.next().expect("the model has weights for every weighted layer");
                    kept_weights[index] = Some(weights.clone());
                    let multiplier = multipliers(scale_in, &weights.scale, scale_out);
                    if let Kind::Conv(window) = layer.kind {
                        let algorithm = plan::convolution(
                            layer,
                            index == 1,
                            &weights.weight,
                            Best::dot_i8_as(),
                            self_check::usable,
                        );
                        let channels = layer.input.channels;
                        Runnable::Conv(Conv::new(
                            algorithm,
                            index == 1,
                            window,
                            channels,
                            &weights.weight,
                            &weights.bias,
                            &multiplier,
                        ))
                    } else {
                        Runnable::Fc {
                            linear: Linear::new(layer.input, weights.weight.clone(), &weights.bias, dot_i8),
                            multiplier,
                        }
                    }
                }
            };
            runnables.push(runnable);
            scales.push(scale_out);
            scale_in = scale_out;
        }
        let mut engine = Engine {
            network: model.network.clone(),
            preprocess: model.preprocess,
            size: 0,
            layers: Vec::new(),
            runnables,
            scales,
            weights: kept_weights,
            picture: Picture::new(0, 0, 0),
            outputs: Vec::new(),
            logits: Vec::new(),
            done: 0,
            off: Vec::new(),
            scratch: Scratch::default(),
            acc: Vec::new(),
            pre: None,
            backward: Backward::default(),
        };
        engine.set_size(model.network.input_size)?;
        Ok(engine)
    }

    /// Makes room for pictures of `size`×`size` pixels: the native size, or a larger one at which the network runs
    /// as a fully convolutional net and fc8 is a class score map (section 3.2 of the paper).
    pub fn set_size(&mut self, size: usize) -> Result<(), NetworkError> {
        if size == self.size {
            return Ok(());
        }
        let layers = self.network.layers_at(size)?;
        let halo = |index| network::halo(&layers, index);
        let none = Shape { channels: 0, height: 0, width: 0 };
        let last = layers.len() - 1;
        let shape = |index: usize| if index == 0 || index == last { none } else { layers[index].output };
        // First what there was is given back: together they would be more than was checked.
        self.outputs = Vec::new();
        self.pre = None;
        self.picture = Picture::new(size, size, halo(0));
        self.outputs = (0..layers.len()).map(|index| Activations::new(shape(index), halo(index))).collect();
        self.layers = layers;
        self.size = size;
        self.done = 0;
        Ok(())
    }

    pub fn network(&self) -> &Network {
        &self.network
    }
    /// Present side of the input, in pixels.
    pub fn size(&self) -> usize {
        self.size
    }
    /// Layers at the present size, the input first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
    /// Layers computed for the present picture; the input counts as one.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Computes on these threads from now on; at first on the caller's alone.
    pub fn set_team(&mut self, team: Team) {
        self.scratch.set_team(team);
    }

    /// Gives the network a picture: RGB bytes, `[size][size][3]`.
    pub fn set_picture(&mut self, rgb: &[u8]) {
        self.picture.fill(rgb, self.preprocess.rounded_mean());
        self.done = 1;
        self.pre = None;
    }

    /// Computes the next layer and returns its index; `None` when all are done or there is no picture.
    pub fn step(&mut self) -> Option<usize> {
        self.step_with(&BEST)
    }

    /// Computes all layers that are left.
    pub fn run(&mut self) {
        while self.step().is_some() {}
    }

    /// Computes the layers `first..end` as often as is said, each time from what is kept of the layer before them.
    /// What was computed after them is forgotten.
    pub fn repeat(&mut self, first: usize, end: usize, times: u32) {
        assert!(0 < first && first <= self.done && end <= self.layers.len());
        for _ in 0..times {
            self.forget_from(first);
            while self.done < end {
                self.step();
            }
        }
    }

    /// [`Engine::step`] by kernels for another vector.
    pub fn step_with(&mut self, backend: &Backend) -> Option<usize> {
        let index = self.done;
        if index == 0 || index == self.layers.len() {
            return None;
        }
        let (before, from) = self.outputs.split_at_mut(index);
        let (input, output) = (&before[index - 1], &mut from[0]);
        match &self.runnables[index] {
            Runnable::Input => unreachable!("the input is layer 0"),
            Runnable::Conv(conv) => {
                let source = if index == 1 { Source::Picture(&self.picture) } else { Source::Activations(input) };
                (backend.conv)(conv, source, &mut self.scratch, output);
            }
            Runnable::Lrn(lrn) => (backend.lrn)(*lrn, input, &mut self.scratch, output),
            Runnable::MaxPool => {
                let window = self.layers[index].window().expect("pooling has a window");
                (backend.max_pool)(input, window, &mut self.scratch, output);
            }
            Runnable::Fc { linear, multiplier } => {
                (backend.linear)(linear, input, &mut self.scratch, &mut self.acc);
                let width = self.layers[index].output.width;
                if index + 1 == self.layers.len() {
                    self.logits.clear();
                    self.logits.extend(self.acc.iter().zip(multiplier.iter().cycle()).map(|(&acc, m)| acc as f32 * m));
                } else {
                    for (place, row) in self.acc.chunks_exact(multiplier.len()).enumerate() {
                        for (c, (&acc, &m)) in row.iter().zip(multiplier).enumerate() {
                            output.set(c, place / width, place % width, requantise(acc, m));
                        }
                    }
                }
            }
        }
        for &(_, channel) in self.off.iter().filter(|off| off.0 == index) {
            self.outputs[index].clear(channel);
        }
        self.done += 1;
        Some(index)
    }

    /// Switches a channel off, so that it gives zeros, or on again. What was computed from it is forgotten: the next
    /// [`Engine::step`] computes `layer`. The input and the logits have no switch.
    pub fn switch_channel(&mut self, layer: usize, channel: usize, on: bool) {
        assert!(self.is_quantised(layer) && channel < self.layers[layer].output.channels);
        match (on, self.off.binary_search(&(layer, channel))) {
            (true, Ok(at)) => drop(self.off.remove(at)),
            (false, Err(at)) => self.off.insert(at, (layer, channel)),
            _ => return,
        }
        self.forget_from(layer);
    }

    /// Switches all channels on.
    pub fn switch_all_on(&mut self) {
        if let Some((layer, _)) = std::mem::take(&mut self.off).first() {
            self.forget_from(*layer);
        }
    }

    /// Channels (layer, channel) that are switched off, in order.
    pub fn switched_off(&self) -> impl Iterator<Item = (usize, usize)> {
        self.off.iter().copied()
    }

    /// Replaces one activation (0..=127) of a computed layer, until that layer is computed again. The next
    /// [`Engine::step`] computes the layer after it.
    pub fn set_value(&mut self, layer: usize, channel: usize, y: usize, x: usize, q: u8) {
        assert!(self.is_quantised(layer) && layer < self.done && f32::from(q) <= MAX);
        self.outputs[layer].set(channel, y, x, q);
        self.forget_from(layer + 1);
    }

    fn forget_from(&mut self, layer: usize) {
        self.done = self.done.min(layer);
        if self.pre.as_ref().is_some_and(|pre| pre.layer >= layer) {
            self.pre = None;
        }
    }

    /// Measures activation scales on one picture, layer by layer, for a network without biases (which are in units of
    /// the scales before them). Returns the scales of the layers that rescale, in order.
    pub fn calibrate(&mut self, rgb: &[u8]) -> Vec<f32> {
        /// Room above the largest value seen.
        const HEADROOM: f32 = 1.2;
        self.set_picture(rgb);
        let last = self.layers.len() - 1;
        for index in 1..self.layers.len() {
            let scale_in = self.scales[index - 1];
            let scale_out = if index == last {
                1.0
            } else {
                let scale = match self.compute_pre_activations(index) {
                    Some((values, _)) => values.into_iter().fold(0.0, f32::max) * HEADROOM / MAX,
                    // The normalised value is largest without neighbours: K^(-3/4) of the input.
                    None if self.layers[index].kind == Kind::Lrn => scale_in * K.powf(-0.75),
                    None => scale_in,
                };
                // A layer that is always zero needs a scale all the same.
                if scale > 0.0 { scale.clamp(*limits::SCALE.start(), *limits::SCALE.end()) } else { 1.0 }
            };
            let multipliers = multipliers(scale_in, self.weight_scales(index), scale_out);
            match &mut self.runnables[index] {
                Runnable::Conv(conv) => conv.set_multiplier(&multipliers),
                Runnable::Fc { multiplier, .. } => *multiplier = multipliers,
                Runnable::Lrn(lrn) => *lrn = Lrn::new(scale_in, scale_out),
                Runnable::Input | Runnable::MaxPool => {}
            }
            self.scales[index] = scale_out;
            self.step();
        }
        self.done = 0;
        let rescaled = self.layers.iter().zip(&self.scales).filter(|(layer, _)| layer.rescales());
        rescaled.map(|(_, &scale)| scale).collect()
    }

    /// How a layer is computed; `None` for the input.
    pub fn method(&self, layer: usize) -> Option<Method> {
        let products = |is_narrow| Some(if is_narrow { "i8" } else { "i16" });
        let (algorithm, name, instruction, gain) = match &self.runnables[layer] {
            Runnable::Input => return None,
            Runnable::Conv(conv) => {
                let algorithm = conv.algorithm();
                let id = match algorithm {
                    Algorithm::Direct | Algorithm::DirectI8 => "direct",
                    Algorithm::WinogradF2 => "winograd-f2",
                    Algorithm::WinogradF4 => "winograd-f4",
                };
                (id, algorithm.name(), products(algorithm.is_narrow()), algorithm.gain())
            }
            Runnable::Lrn(_) => ("lrn", "LRN f32", None, 1.0),
            Runnable::MaxPool => ("max-pool", "max u8", None, 1.0),
            Runnable::Fc { linear, .. } => ("matrix-vector", "matrix–vector i8", products(linear.is_narrow()), 1.0),
        };
        Some(Method { name: format!("{name} · {}", Best::NAME), algorithm, instruction, gain })
    }

    /// Class score map: fc8's logits, `[place][class]`, places row by row. One place at the native size.
    pub fn score_map(&self) -> &[f32] {
        &self.logits
    }

    /// Logits of the picture: the score map's mean over places.
    pub fn logits(&self) -> Vec<f32> {
        let classes = self.network.classes;
        let places = self.logits.len() / classes;
        if places == 1 {
            return self.logits.clone();
        }
        let sum = |class: usize| self.logits.iter().skip(class).step_by(classes).sum::<f32>();
        (0..classes).map(|class| sum(class) / places as f32).collect()
    }

    /// Real value of one step of a layer's output.
    pub fn scale(&self, layer: usize) -> f32 {
        self.scales[layer]
    }

    /// Output of a layer that is kept as u7: all but the input and fc8.
    pub fn activations(&self, layer: usize) -> Option<&Activations> {
        self.is_quantised(layer).then(|| &self.outputs[layer])
    }

    /// Whether a layer's output is u7.
    pub fn is_quantised(&self, layer: usize) -> bool {
        layer > 0 && layer + 1 < self.layers.len()
    }

    /// The model's weights of a layer that has some.
    pub fn weights(&self, layer: usize) -> Option<&Weights> {
        self.weights[layer].as_ref()
    }

    /// Real value of one weight step, per channel; empty where a layer has no weights.
    fn weight_scales(&self, layer: usize) -> &[f32] {
        self.weights(layer).map_or(&[], |weights| &weights.scale)
    }

    /// Integer behind one value: u7, pixel minus mean (input) or `None` for logits, which are real.
    pub fn integer(&self, layer: usize, channel: usize, y: usize, x: usize) -> Option<i32> {
        if layer == 0 {
            let at = self.picture.index(y as isize, x as isize) + channel;
            return Some(self.picture.data()[at].into());
        }
        Some(self.activations(layer)?.get(channel, y, x).into())
    }

    /// One value of a layer's output: pixel minus mean, activation or logit.
    pub fn value(&self, layer: usize, channel: usize, y: usize, x: usize) -> f32 {
        match self.integer(layer, channel, y, x) {
            Some(q) => q as f32 * self.scales[layer],
            None => self.logits[(y * self.layers[layer].output.width + x) * self.network.classes + channel],
        }
    }

    /// One map of a layer's output, row by row.
    pub fn map(&self, layer: usize, channel: usize) -> Vec<f32> {
        if let Some(activations) = self.activations(layer) {
            return activations.map(channel).into_iter().map(|q| f32::from(q) * self.scales[layer]).collect();
        }
        let Shape { height, width, .. } = self.layers[layer].output;
        let cells = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
        cells.map(|(y, x)| self.value(layer, channel, y, x)).collect()
    }

    /// Computes what [`Engine::pre_activations`] returns for this layer, from the layer's kept input.
    pub fn keep_pre_activations(&mut self, layer: usize) {
        if self.pre.as_ref().is_none_or(|pre| pre.layer != layer) {
            // First those of another layer are given back.
            self.pre = None;
            let computed = self.compute_pre_activations(layer);
            self.pre = computed.map(|(values, stride)| PreActivations { layer, values, stride });
        }
    }

    /// A layer's sums with bias in real units, before ReLU, `[cell][channel]`, and the distance between cells. `None`
    /// if the layer has no weights or they were not kept by [`Engine::keep_pre_activations`].
    pub fn pre_activations(&self, layer: usize) -> Option<(&[f32], usize)> {
        let pre = self.pre.as_ref().filter(|pre| pre.layer == layer)?;
        Some((&pre.values, pre.stride))
    }

    fn compute_pre_activations(&mut self, layer: usize) -> Option<(Vec<f32>, usize)> {
        let input = &self.outputs[layer.checked_sub(1)?];
        let (acc, channels) = match &self.runnables[layer] {
            Runnable::Conv(conv) => {
                let source = if layer == 1 { Source::Picture(&self.picture) } else { Source::Activations(input) };
                (BEST.accumulators)(conv, source, &mut self.scratch)
            }
            Runnable::Fc { linear, multiplier } => {
                (BEST.linear)(linear, input, &mut self.scratch, &mut self.acc);
                (self.acc.clone(), multiplier.len())
            }
            _ => return None,
        };
        let scales = multipliers(self.scales[layer - 1], self.weight_scales(layer), 1.0);
        let real = |(i, acc): (usize, i32)| scales.get(i % channels).map_or(0.0, |scale| acc as f32 * scale);
        Some((acc.into_iter().enumerate().map(real).collect(), channels))
    }

    /// Bytes of packed weights.
    pub fn weight_bytes(&self) -> usize {
        let bytes = |runnable: &Runnable| match runnable {
            Runnable::Conv(conv) => conv.bytes(),
            Runnable::Fc { linear, .. } => linear.bytes(),
            _ => 0,
        };
        self.runnables.iter().map(bytes).sum()
    }

    /// Bytes of activations and working memory.
    pub fn activation_bytes(&self) -> usize {
        let outputs: usize = self.outputs.iter().map(Activations::bytes).sum();
        outputs + self.picture.bytes() + self.scratch.bytes() + self.backward.bytes()
    }

    /// RGB bytes of what the network sees, `[size][size][3]`.
    pub fn rgb(&self) -> Vec<u8> {
        let mean = self.preprocess.rounded_mean();
        let plain = self.picture.to_plain();
        let values = (0..self.size * self.size).flat_map(|cell| (0..INPUT_CHANNELS).map(move |c| (c, cell)));
        values.map(|(c, cell)| (plain[[c, cell / self.size, cell % self.size]] + mean[c]) as u8).collect()
    }
}

/// What takes a layer's accumulators to its output, per channel; `scale_out` 1 gives real values.
fn multipliers(scale_in: f32, weight_scales: &[f32], scale_out: f32) -> Vec<f32> {
    weight_scales.iter().map(|scale| scale_in * scale / scale_out).collect()
}

/// `softmax(logits / temperature)`.
pub fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exp: Vec<f32> = logits.iter().map(|logit| ((logit - most) / temperature).exp()).collect();
    let sum: f32 = exp.iter().sum();
    exp.into_iter().map(|e| e / sum).collect()
}

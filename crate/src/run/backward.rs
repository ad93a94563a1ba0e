//! The backward pass: what a change of any layer's values, or of the pixels, would be worth to something that the network says.
//!
//! It is of the network that runs: of its int8 weights, its stored activations, its channels that are off (see
//! [`crate::kernels::gradient`] for what rounding and ReLU do). Only the layers between are gone through.

use super::engine::Engine;
use crate::kernels::backend::{BEST, Backend};
use crate::kernels::gradient::{self, ConvBackward, Gradient, Rule};
use crate::kernels::tensor::GradientSteps;
use crate::network::{Kind, Memory, NetworkError, Shape};

/// What is differentiated.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A sum of the logits, each of them times its factor. Of a class score map, each place's share of the mean.
    Logits(&'a [f32]),
    /// The mean of a channel's values.
    Channel { layer: usize, channel: usize },
    /// One value.
    Value { layer: usize, channel: usize, y: usize, x: usize },
}

/// Memory of the backward pass, which grows to the need of the largest layer and stays.
#[derive(Default)]
pub(super) struct Backward {
    /// By layer; packed when they are first passed.
    convs: Vec<Option<ConvBackward>>,
    /// Of the layer that was reached, and of the one behind it.
    here: Gradient,
    before: Gradient,
    steps: GradientSteps,
}

impl Backward {
    pub fn bytes(&self) -> usize {
        let convs: usize = self.convs.iter().flatten().map(ConvBackward::bytes).sum();
        convs + self.here.bytes() + self.before.bytes() + self.steps.bytes()
    }
}

impl Engine {
    /// The gradient of `target` with respect to the outputs of layer `to`, in real units of both; of the input (`to` is 0), to
    /// pixels, in grey levels. All layers of the target must be [done](Engine::done), and `to` must not lie behind it.
    ///
    /// # Errors
    /// Where the network alone takes nearly all the memory that a network may take.
    pub fn backward(&mut self, target: Target, to: usize, rule: Rule) -> Result<&Gradient, NetworkError> {
        self.backward_with(target, to, rule, &BEST)
    }

    /// [`Engine::backward`] by kernels for another vector.
    pub fn backward_with(
        &mut self,
        target: Target,
        to: usize,
        rule: Rule,
        backend: &Backend,
    ) -> Result<&Gradient, NetworkError> {
        Memory::check_backward(&self.layers)?;
        let mut index = match target {
            Target::Logits(_) => self.layers.len() - 1,
            Target::Channel { layer, .. } | Target::Value { layer, .. } => layer,
        };
        assert!(index < self.done && to <= index);
        // They change places at every layer: whichever has the largest another time is large enough.
        for layer in &self.layers[to..=index] {
            self.backward.here.reserve(layer.output);
            self.backward.before.reserve(layer.output);
        }
        self.seed(target, index);
        while index > to {
            self.step_back(index, rule, backend);
            index -= 1;
        }
        Ok(&self.backward.here)
    }

    /// The target's gradient with respect to the outputs of its own layer.
    fn seed(&mut self, target: Target, layer: usize) {
        let here = &mut self.backward.here;
        let shape = self.layers[layer].output;
        here.reset(shape);
        let share = 1.0 / shape.cells() as f32;
        match target {
            Target::Logits(factors) => {
                assert_eq!(factors.len(), shape.channels);
                for place in 0..shape.cells() {
                    here.cell_mut(place).iter_mut().zip(factors).for_each(|(to, factor)| *to = factor * share);
                }
            }
            Target::Channel { channel, .. } => (0..shape.cells()).for_each(|cell| here.cell_mut(cell)[channel] = share),
            Target::Value { channel, y, x, .. } => here.cell_mut(y * shape.width + x)[channel] = 1.0,
        }
    }

    /// From the gradient of a layer's outputs to that of its inputs.
    fn step_back(&mut self, index: usize, rule: Rule, backend: &Backend) {
        let layer = &self.layers[index];
        let input = &self.outputs[index - 1];
        let Backward { convs, here, before, steps } = &mut self.backward;
        let shape = layer.input;
        for &(_, channel) in self.off.iter().filter(|off| off.0 == index) {
            here.clear(channel);
        }
        match layer.kind {
            Kind::Input => unreachable!("the input is layer 0"),
            Kind::MaxPool(window) => gradient::pool(input, here, window, before),
            Kind::Lrn => gradient::lrn(input, here, self.scales[index - 1], &mut self.scratch, before),
            Kind::Conv(window) => {
                let weights = self.weights[index].as_ref().expect("a convolution has weights");
                convs.resize_with(self.layers.len(), || None);
                let conv = convs[index].get_or_insert_with(|| {
                    ConvBackward::new(window, shape.channels, layer.output.channels, &weights.weight)
                });
                let largest = gradient::through_relu(here, &self.outputs[index], &weights.scale, rule);
                (backend.conv_backward)(conv, here, largest, shape, steps, &mut self.scratch, before);
            }
            Kind::Fc { window, relu } => {
                let weights = self.weights[index].as_ref().expect("a fully connected layer has weights");
                if relu {
                    gradient::through_relu(here, &self.outputs[index], &weights.scale, rule);
                } else {
                    for place in 0..here.shape().cells() {
                        here.cell_mut(place).iter_mut().zip(&weights.scale).for_each(|(g, scale)| *g *= scale);
                    }
                }
                let read = Shape { height: window.kernel, width: window.kernel, ..shape };
                gradient::linear(&weights.weight, read, here, shape, &mut self.scratch, before);
            }
        }
        std::mem::swap(here, before);
    }
}

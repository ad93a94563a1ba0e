//! Bytes that a network takes when it runs, from its layers alone: what is asked for is refused before it is allocated.

use super::{Kind, Layer, NetworkError, limits};
use crate::kernels::conv;
use crate::kernels::gemm;
use crate::kernels::gradient::{ConvBackward, Gradient};
use crate::kernels::linear::Linear;
use crate::kernels::lrn::Lrn;
use crate::kernels::scratch::Bytes;
use crate::kernels::tensor::{Activations, Picture};

/// Bytes, by what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Weights as they lie in a file, and beside them as the kernels read them, at most.
    pub weights: u64,
    /// Values of all layers with their halos, and the picture's.
    pub values: u64,
    /// Of the kernels, for every thread.
    pub working: u64,
    /// Of views: one layer's sums.
    pub views: u64,
}

impl Memory {
    /// What these layers take on so many threads.
    pub fn of(layers: &[Layer], threads: usize) -> Self {
        /// Scale, bias and multiplier of a channel, in the model and beside the packed weights.
        const CHANNEL: u64 = 16;
        let mut memory = Memory::default();
        let mut working = Bytes::default();
        let mut sums = 0;
        for (index, layer) in layers.iter().enumerate() {
            let cells = layer.output.cells() as u64;
            let is_last = index + 1 == layers.len();
            memory.weights += layer.parameters() + CHANNEL * layer.output.channels as u64;
            memory.values += match layer.kind {
                Kind::Input => Picture::bytes_for(layer.output.height, layer.output.width, halo(layers, index)),
                // The logits, which are real.
                _ if is_last => 4 * layer.values(),
                _ => Activations::bytes_for(layer.output, halo(layers, index)),
            };
            let (need, channels) = match layer.kind {
                Kind::Input | Kind::MaxPool(_) => continue,
                Kind::Lrn => (Lrn::bytes_for(layer.input.channels), 0),
                Kind::Conv(window) => {
                    let need = conv::bytes(index == 1, window, layer.input.channels, layer.output);
                    (need, layer.output.channels.next_multiple_of(gemm::CHANNELS))
                }
                Kind::Fc { .. } => {
                    sums = sums.max(4 * layer.values());
                    (Linear::bytes_for(layer.fan_in(), cells), layer.output.channels)
                }
            };
            memory.weights += need.weights;
            memory.views = memory.views.max(4 * cells * channels as u64);
            working = working.or(need);
        }
        memory.working = working.shared + working.each * threads as u64 + sums;
        memory
    }

    /// Whether the backward pass through these layers may be begun.
    pub fn check_backward(layers: &[Layer]) -> Result<(), NetworkError> {
        let found = Memory::of(layers, limits::THREADS).total() + Memory::of_backward(layers, limits::THREADS);
        let size = layers[0].output.height;
        if found <= limits::MEMORY {
            Ok(())
        } else {
            Err(NetworkError::Memory { size, expected: limits::MEMORY, found })
        }
    }

    /// What the backward pass through these layers takes beside that.
    pub fn of_backward(layers: &[Layer], threads: usize) -> u64 {
        let (mut weights, mut gradient, mut steps) = (0, 0, 0);
        let mut working = Bytes::default();
        for layer in &layers[1..] {
            gradient = gradient.max(Gradient::bytes_for(layer.output)).max(Gradient::bytes_for(layer.input));
            if let Kind::Conv(window) = layer.kind {
                let need = ConvBackward::bytes_for(window, layer.input, layer.output);
                weights += need.weights;
                steps = steps.max(ConvBackward::steps_for(window, layer.input, layer.output));
                working = working.or(need);
            } else if let Kind::Fc { .. } = layer.kind {
                working.shared = working.shared.max(4 * layer.fan_in() as u64);
            }
        }
        weights + 2 * gradient + steps + working.shared + working.each * threads as u64
    }

    pub fn total(&self) -> u64 {
        self.weights + self.values + self.working + self.views
    }
}

/// Cells around a layer's output: the padding of the layer that reads it.
pub fn halo(layers: &[Layer], index: usize) -> usize {
    match layers.get(index + 1).map(|next| next.kind) {
        Some(Kind::Conv(window)) => window.pad,
        _ => 0,
    }
}

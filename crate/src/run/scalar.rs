//! The whole forward pass and the whole backward pass by the operators' definitions, on plain `[C, H, W]` arrays: the oracle
//! of [`super::Engine`].

use super::{Rule, Target};
use crate::kernels::conv::{conv, relu_u7};
use crate::kernels::gradient::{conv_backward, linear_backward, lrn_backward, max_pool_backward, most_steps};
use crate::kernels::linear::linear;
use crate::kernels::lrn::Lrn;
use crate::kernels::pool::max_pool;
use crate::kernels::requantise::requantise;
use crate::model::Model;
use crate::network::{Kind, NetworkError, Shape};
use ndarray::{Array1, Array3, ArrayView4, Axis, s};

/// Outputs of all layers at the native size.
pub struct Outputs {
    /// One per layer but the last: `[C, H, W]`; the input's place is taken by an empty array.
    pub activations: Vec<Array3<u8>>,
    pub logits: Vec<f32>,
}

/// Runs `model` on RGB bytes, `[size][size][3]`.
pub fn forward(model: &Model, rgb: &[u8]) -> Result<Outputs, NetworkError> {
    let size = model.network.input_size;
    let mean = model.preprocess.rounded_mean();
    let picture = Array3::from_shape_fn((3, size, size), |(c, y, x)| i16::from(rgb[(y * size + x) * 3 + c]) - mean[c]);
    let layers = model.network.layers()?;
    let mut outputs = Outputs { activations: vec![Array3::zeros((0, 0, 0))], logits: Vec::new() };
    let mut weights = model.weights.iter();
    let mut scales = model.activation_scales.iter().map(|&(_, scale)| scale);
    let mut scale_in = 1.0;
    for (index, layer) in layers.iter().enumerate().skip(1) {
        let input = &outputs.activations[index - 1];
        let shape = (layer.output.channels, layer.output.height, layer.output.width);
        let output = match layer.kind {
            Kind::Input => unreachable!("the input is layer 0"),
            Kind::MaxPool(window) => max_pool(input.view(), window),
            Kind::Lrn => {
                let scale_out = scales.next().expect("checked model");
                let lrn = Lrn::new(scale_in, scale_out);
                scale_in = scale_out;
                lrn.plain(input.view())
            }
            Kind::Conv(window) => {
                let weights = weights.next().expect("checked model");
                let dims = (layer.output.channels, layer.input.channels, window.kernel, window.kernel);
                let weight = ArrayView4::from_shape(dims, &weights.weight).expect("checked model");
                let acc = if index == 1 {
                    conv(picture.view(), weight, &weights.bias, window)
                } else {
                    conv(input.view(), weight, &weights.bias, window)
                };
                let scale_out = scales.next().expect("checked model");
                let multiplier: Vec<f32> = weights.scale.iter().map(|scale| scale_in * scale / scale_out).collect();
                scale_in = scale_out;
                relu_u7(&acc, &multiplier)
            }
            Kind::Fc { relu, .. } => {
                let weights = weights.next().expect("checked model");
                let flat: Vec<u8> = input.iter().copied().collect();
                let acc = linear(&flat, &weights.weight, &weights.bias);
                let real = acc.iter().zip(&weights.scale);
                if !relu {
                    outputs.logits = real.map(|(&acc, scale)| acc as f32 * (scale_in * scale)).collect();
                    break;
                }
                let scale_out = scales.next().expect("checked model");
                let q = real.map(|(&acc, scale)| requantise(acc, scale_in * scale / scale_out)).collect();
                scale_in = scale_out;
                Array3::from_shape_vec(shape, q).expect("one value an output")
            }
        };
        outputs.activations.push(output);
    }
    Ok(outputs)
}

/// Gradients of `target` with respect to the outputs of every layer up to the target's, the input first, `[C, H, W]`. At the
/// native size; `outputs` is [`forward`]'s.
pub fn backward(
    model: &Model,
    outputs: &Outputs,
    target: Target,
    rule: Rule,
) -> Result<Vec<Array3<f32>>, NetworkError> {
    let layers = model.network.layers()?;
    let shape = |index: usize| {
        let Shape { channels, height, width } = layers[index].output;
        (channels, height, width)
    };
    let (from, first) = match target {
        Target::Logits(factors) => {
            let from = layers.len() - 1;
            (from, Array3::from_shape_fn(shape(from), |(c, ..)| factors[c]))
        }
        Target::Channel { layer, channel } => {
            let cells = layers[layer].output.cells() as f32;
            let mean = |(c, ..): (usize, usize, usize)| if c == channel { 1.0 / cells } else { 0.0 };
            (layer, Array3::from_shape_fn(shape(layer), mean))
        }
        Target::Value { layer, channel, y, x } => {
            let mut one = Array3::zeros(shape(layer));
            one[[channel, y, x]] = 1.0;
            (layer, one)
        }
    };
    let mut scales = vec![1.0];
    let mut named = model.activation_scales.iter();
    for layer in &layers[1..] {
        let scale = if layer.rescales() { named.next().map(|&(_, scale)| scale) } else { scales.last().copied() };
        scales.push(scale.expect("checked model"));
    }
    let mut gradients = vec![first];
    let mut weights =
        model.weights.iter().rev().skip(layers[from + 1..].iter().filter(|layer| layer.weighted()).count());
    for index in (1..=from).rev() {
        let layer = &layers[index];
        let input = &outputs.activations[index - 1];
        let gradient = gradients.last().expect("the first is there");
        // Through ReLU, where there is one.
        let masked = |scale: &[f32], relu: bool| {
            Array3::from_shape_fn(gradient.raw_dim(), |(c, y, x)| {
                let g = gradient[[c, y, x]];
                let passes = !relu || outputs.activations[index][[c, y, x]] > 0;
                let g = if relu && rule == Rule::Guided { g.max(0.0) } else { g };
                if passes { g * scale[c] } else { 0.0 }
            })
        };
        let of_inputs = match layer.kind {
            Kind::Input => unreachable!("the input is layer 0"),
            Kind::MaxPool(window) => max_pool_backward(input.view(), gradient.view(), window),
            Kind::Lrn => {
                let mut of_inputs = Array3::zeros(input.raw_dim());
                for ((y, x), _) in input.index_axis(Axis(0), 0).indexed_iter() {
                    let q: Vec<u8> = input.slice(s![.., y, x]).to_vec();
                    let g: Vec<f32> = gradient.slice(s![.., y, x]).to_vec();
                    let cell = Array1::from_vec(lrn_backward(&q, &g, scales[index - 1]));
                    of_inputs.slice_mut(s![.., y, x]).assign(&cell);
                }
                of_inputs
            }
            Kind::Conv(window) => {
                let weights = weights.next().expect("checked model");
                let (outputs, inputs) = (layer.output.channels, layer.input.channels);
                let dims = (outputs, inputs, window.kernel, window.kernel);
                let weight = ArrayView4::from_shape(dims, &weights.weight).expect("checked model");
                let by_input: Vec<Vec<i8>> =
                    (0..inputs).map(|c| weight.slice(s![.., c, .., ..]).iter().copied().collect()).collect();
                let most = f32::from(most_steps(by_input.iter().map(Vec::as_slice)));
                let masked = masked(&weights.scale, true);
                let largest = masked.iter().fold(0.0f32, |largest, g| largest.max(g.abs()));
                let inverse = most / largest;
                let size = (layer.input.height, layer.input.width);
                if inverse.is_finite() {
                    let steps = masked.mapv(|g| (g * inverse).round_ties_even() as i16);
                    let step = largest / most;
                    conv_backward(steps.view(), weight, window, size).mapv(|sum| sum as f32 * step)
                } else {
                    Array3::zeros((inputs, size.0, size.1))
                }
            }
            Kind::Fc { relu, .. } => {
                let weights = weights.next().expect("checked model");
                let masked = masked(&weights.scale, relu);
                let flat: Vec<f32> = masked.iter().copied().collect();
                let Shape { channels, height, width } = layer.input;
                let sums = linear_backward(&flat, &weights.weight, layer.input.values());
                Array3::from_shape_vec((channels, height, width), sums).expect("one an input")
            }
        };
        gradients.push(of_inputs);
    }
    gradients.reverse();
    Ok(gradients)
}

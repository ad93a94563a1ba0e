//! The whole forward pass by the operators' definitions, on plain `[C, H, W]` arrays: the oracle of [`super::Engine`].

use crate::kernels::conv::{conv, relu_u7};
use crate::kernels::linear::linear;
use crate::kernels::lrn::Lrn;
use crate::kernels::pool::max_pool;
use crate::kernels::requantise::requantise;
use crate::model::Model;
use crate::network::{Kind, NetworkError};
use ndarray::{Array3, ArrayView4};

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

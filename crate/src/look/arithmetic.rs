//! One output value worked out: what its window covers, the weights on it, and what becomes of their sum.

use crate::run::Engine;
use serde::Serialize;

/// The numbers behind one value of a convolution or fully connected layer:
/// `sum = bias + Σ patch·weights`, `pre = sum · input_scale · weight_scale`, `q = clamp(round(pre / output_scale), 0, 127)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arithmetic {
    pub kernel: usize,
    pub stride: usize,
    pub pad: usize,
    pub input_channels: usize,
    /// First row and column of the window in the layer's input; negative in the padding.
    pub y0: isize,
    pub x0: isize,
    /// Integers under the window, `[C_in][k][k]`, zero outside the map.
    #[serde(skip)]
    pub patch: Vec<i16>,
    /// Integer weights, `[C_in][k][k]`.
    #[serde(skip)]
    pub weights: Vec<i8>,
    pub bias: i32,
    pub sum: i32,
    pub input_scale: f32,
    pub weight_scale: f32,
    pub output_scale: f32,
    /// Real value before ReLU.
    pub pre: f32,
    /// What is stored; `None` for logits, which are real.
    pub q: Option<i32>,
    pub value: f32,
}

/// Works out `channel` at (`y`, `x`) of a computed layer; `None` where a layer has no weights.
pub fn arithmetic(engine: &Engine, layer: usize, channel: usize, y: usize, x: usize) -> Option<Arithmetic> {
    let this = &engine.layers()[layer];
    let weights = engine.weights(layer)?;
    let window = this.window()?;
    let (y0, x0) = (window.start(y), window.start(x));
    let input = this.input;
    let inside = |start: isize, k: usize, cells: usize| {
        start.checked_add_unsigned(k).filter(|&i| (0..cells as isize).contains(&i))
    };
    let mut patch = Vec::with_capacity(this.fan_in());
    for c in 0..input.channels {
        for ky in 0..window.kernel {
            for kx in 0..window.kernel {
                let cell = inside(y0, ky, input.height).zip(inside(x0, kx, input.width));
                let q = cell.and_then(|(y, x)| engine.integer(layer - 1, c, y as usize, x as usize));
                patch.push(q.unwrap_or(0) as i16);
            }
        }
    }
    let weight = &weights.weight[channel * patch.len()..][..patch.len()];
    let products = patch.iter().zip(weight).map(|(&q, &w)| i32::from(q) * i32::from(w));
    let sum = products.fold(weights.bias[channel], i32::wrapping_add);
    let (input_scale, weight_scale) = (engine.scale(layer - 1), weights.scale[channel]);
    Some(Arithmetic {
        kernel: window.kernel,
        stride: window.stride,
        pad: window.pad,
        input_channels: input.channels,
        y0,
        x0,
        weights: weight.to_vec(),
        patch,
        bias: weights.bias[channel],
        sum,
        input_scale,
        weight_scale,
        output_scale: engine.scale(layer),
        pre: sum as f32 * (input_scale * weight_scale),
        q: engine.integer(layer, channel, y, x),
        value: engine.value(layer, channel, y, x),
    })
}

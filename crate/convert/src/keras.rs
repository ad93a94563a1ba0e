//! Keras's tensors as PyTorch has them.
//!
//! Keras stores kernels `[kh, kw, in, out]` and matrices `[in, out]`, under `LAYER/LAYER_W_1:0` (2016), `LAYER/LAYER/kernel:0` and
//! the like. Here they become views `[out, in, kh, kw]` and `[out, in]` called `LAYER.weight`, and `LAYER.bias`.

use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, Tensor};

pub(crate) fn as_pytorch(mut catalogue: Catalogue) -> Catalogue {
    let mut tensors = BTreeMap::new();
    for (path, tensor) in std::mem::take(&mut catalogue.tensors) {
        // Models saved whole have their weights a level down.
        let path = path.strip_prefix("model_weights/").unwrap_or(&path);
        let name = match path.split_once('/') {
            Some((layer, rest)) => format!("{layer}.{}", part(layer, rest)),
            None => path.to_owned(),
        };
        tensors.insert(name, transposed(tensor));
    }
    catalogue.tensors = tensors;
    catalogue
}

/// `weight` or `bias`; another name as it is.
fn part<'a>(layer: &str, rest: &'a str) -> &'a str {
    let last = rest.rsplit('/').next().unwrap_or(rest);
    let last = last.strip_prefix(layer).unwrap_or(last).trim_start_matches('_');
    match last.split([':', '_']).next() {
        Some("W" | "kernel") => "weight",
        Some("b" | "bias") => "bias",
        _ => rest,
    }
}

fn transposed(mut tensor: Tensor) -> Tensor {
    let order: &[usize] = match tensor.shape.len() {
        2 => &[1, 0],
        4 => &[3, 2, 0, 1],
        _ => return tensor,
    };
    tensor.shape = order.iter().map(|&d| tensor.shape[d]).collect();
    tensor.strides = order.iter().map(|&d| tensor.strides[d]).collect();
    tensor
}

/// The first matrix, whose inputs are counted `[side, side, channels]`, as a convolution by a window.
pub(crate) fn window(mut tensor: Tensor, channels: usize, side: usize) -> Tensor {
    if let &[out, between] = tensor.strides.as_slice() {
        let (channels_of_row, channel) = ((channels * side) as u64 * between, channels as u64 * between);
        tensor.shape = vec![tensor.shape[0], channels, side, side];
        tensor.strides = vec![out, between, channels_of_row, channel];
    }
    tensor
}

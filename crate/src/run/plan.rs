//! Which kernel computes which layer. One function decides, and says why.

use crate::kernels::conv::Algorithm;
use crate::network::{Kind, Layer, Shape, Window};

/// The algorithm for a convolution over `input`, with weights `[C_out, C_in, k, k]`.
///
/// Multiply-adds decide: F(4×4) needs a quarter, F(2×2) 4/9 of the direct sum's. Both pay for transforms, which
/// are shared by all channels of the other side, so a few channels (conv1_1 and its three colours) stay direct; and a
/// map no larger than F(2×2)'s tile wastes three quarters of an F(4×4) tile.
pub fn convolution(layer: &Layer, from_picture: bool, weight: &[i8]) -> Algorithm {
    /// Channels on both sides below which transforms cost more than they save.
    const FEW: usize = 16;
    let Kind::Conv(window) = layer.kind else { return Algorithm::Direct };
    let Shape { channels: out_channels, height, width } = layer.output;
    if from_picture
        || layer.input.channels < FEW
        || out_channels < FEW
        || window != (Window { kernel: 3, stride: 1, pad: 1 })
    {
        return Algorithm::Direct;
    }
    let small = height.max(width) <= 2;
    let by_cost = if small {
        [Algorithm::WinogradF2, Algorithm::WinogradF4]
    } else {
        [Algorithm::WinogradF4, Algorithm::WinogradF2]
    };
    let applies = |algorithm: &Algorithm| algorithm.applies(window, weight, out_channels);
    by_cost.into_iter().find(applies).unwrap_or(Algorithm::Direct)
}

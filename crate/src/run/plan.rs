//! Which kernel computes which layer. One function decides, and says why.

use crate::kernels::conv::Algorithm;
use crate::network::{Kind, Layer};

/// The algorithm for a convolution with weights `[C_out, C_in, k, k]`: the cheapest of those that are exact for them and
/// `usable` at all (see [`super::self_check::usable`]).
pub fn convolution(layer: &Layer, from_picture: bool, weight: &[i8], usable: impl Fn(Algorithm) -> bool) -> Algorithm {
    /// Channels on both sides below which the transforms, which the other side shares, cost more than they save.
    const FEW: usize = 16;
    let Kind::Conv(window) = layer.kind else { return Algorithm::Direct };
    if from_picture {
        return Algorithm::Direct;
    }
    let few = layer.input.channels < FEW || layer.output.channels < FEW;
    let candidates = Algorithm::ALL.into_iter().filter(|&algorithm| match algorithm {
        Algorithm::Direct | Algorithm::DirectI8 => usable(algorithm),
        Algorithm::WinogradF2 | Algorithm::WinogradF4 => {
            !few && usable(algorithm) && algorithm.applies(window, weight, layer.output.channels)
        }
    });
    candidates.min_by_key(|&algorithm| cost(algorithm, layer)).unwrap_or(Algorithm::Direct)
}

/// Cost of a 3×3 convolution, in multiply-adds for each pair of an input and an output channel.
///
/// Multiply-adds decide on large maps: F(4×4) does 36 for 16 cells, F(2×2) 16 for 4, the direct sum 9 for each. On
/// small maps reading the weights decides, since each is used for few cells: their i16 stream in at a rate of one
/// for about [`WEIGHT_READ`] multiply-adds, and F(4×4) has four times as many as the direct sum.
fn cost(algorithm: Algorithm, layer: &Layer) -> usize {
    /// Multiply-adds in the time that one packed weight takes to arrive from memory (25 GMAC/s, 10 GB/s).
    const WEIGHT_READ: usize = 5;
    let tiles = |side: usize| layer.output.height.div_ceil(side) * layer.output.width.div_ceil(side);
    let (positions, rows) = match algorithm {
        Algorithm::WinogradF4 => (36, tiles(4)),
        Algorithm::WinogradF2 => (16, tiles(2)),
        Algorithm::Direct | Algorithm::DirectI8 => (9, tiles(1)),
    };
    // The micro-kernel computes two rows at once: a lone one costs as much.
    let rows = rows.next_multiple_of(2);
    match algorithm {
        // Where the instruction is three of the machine's (no VNNI), it does four thirds of the work in the same time; and its
        // weights are half as long.
        Algorithm::DirectI8 => positions * (rows * 3 / 4 + WEIGHT_READ / 2),
        _ => positions * (rows + WEIGHT_READ),
    }
}

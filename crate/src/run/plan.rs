//! Which kernel computes which layer. One function decides, and says why.

use crate::kernels::conv::Algorithm;
use crate::kernels::simd::DotI8;
use crate::network::{Kind, Layer};

/// The algorithm for a convolution with weights `[C_out, C_in, k, k]`: the cheapest of those that are exact for them and
/// `usable` at all (see [`super::self_check::usable`]), on a machine that multiplies i8 by `dot_i8`.
pub fn convolution(
    layer: &Layer,
    from_picture: bool,
    weight: &[i8],
    dot_i8: DotI8,
    usable: impl Fn(Algorithm) -> bool,
) -> Algorithm {
    /// Channels on both sides below which the transforms, which the other side shares, cost more than they save. (A pixel's
    /// three channels are transformed as one.)
    const FEW: usize = 16;
    let Kind::Conv(window) = layer.kind else { return Algorithm::Direct };
    let few = (layer.input.channels < FEW && !from_picture) || layer.output.channels < FEW;
    let cost = |algorithm| cost(algorithm, layer, dot_i8);
    // The last are mostly the cheapest: so few others are asked whether they apply, which takes a look at all weights.
    Algorithm::ALL.into_iter().rev().fold(Algorithm::Direct, |best, algorithm| {
        let is_winograd = matches!(algorithm, Algorithm::WinogradF2 | Algorithm::WinogradF4);
        let is_better = cost(algorithm) < cost(best)
            && usable(algorithm)
            && (algorithm.takes_pictures() || !from_picture)
            && !(is_winograd && few)
            && algorithm.applies(window, weight, layer.output.channels);
        if is_better { algorithm } else { best }
    })
}

/// Cost of a 3×3 convolution, in multiply-adds for each pair of an input and an output channel.
///
/// Multiply-adds decide on large maps: F(4×4) does 36 for 16 cells, F(2×2) 16 for 4, the direct sum 9 for each. On
/// small maps it decides what the weights cost, since each is used for few cells: those of the direct sum are read, those of
/// Winograd's are made (see [`crate::kernels::winograd`]).
fn cost(algorithm: Algorithm, layer: &Layer, dot_i8: DotI8) -> usize {
    /// Multiply-adds in the time that one packed weight takes to arrive from memory (25 GMAC/s, 10 GB/s).
    const READ: usize = 5;
    /// Multiply-adds in the time that U of a pair takes (2.5 ns for F(4×4), 39 GMAC/s).
    const MAKE_F4: usize = 98;
    const MAKE_F2: usize = 50;
    let tiles = |side: usize| layer.output.height.div_ceil(side) * layer.output.width.div_ceil(side);
    // The micro-kernel computes two rows at once: a lone one costs as much.
    let rows = |side: usize| tiles(side).next_multiple_of(2);
    match algorithm {
        Algorithm::WinogradF4 => 36 * rows(4) + MAKE_F4,
        Algorithm::WinogradF2 => 16 * rows(2) + MAKE_F2,
        Algorithm::Direct => 9 * (rows(1) + READ),
        // Its weights are half as long.
        Algorithm::DirectI8 => 9 * (rows(1) * 12 / dot_i8.speed() + READ / 2),
    }
}

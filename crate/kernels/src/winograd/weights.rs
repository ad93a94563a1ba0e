//! U, the transformed weights.
//!
//! # Where U is
//! U of F(4×4) has eight times the bytes of the int8 weights. Of a small layer it is kept, and stays in a cache. Of a
//! larger one it would come from memory, for a batch of tiles that soon has done all it can do with it; there U is made
//! of the int8 weights again for every batch, a piece at a time that stays in the second-level cache: faster where tiles
//! are few, as fast where they are many, and a large network takes 100 MB less.

use super::tile::Tile;
use crate::gemm;
use crate::simd::Simd;
use crate::tensor::{Aligned, BLOCK, blocks};

/// Output channels whose sums are kept at once: `36 positions × tiles × 64` i32 stay in the cache.
pub(super) const CHUNK: usize = 64;
/// Pairs of an input and an output channel from which on U is made when it is needed: F(4×4)'s has 2.4 MB then.
const MANY_PAIRS: usize = 32 * 1024;
/// Input channels for which it is made at once, for 16 output channels: 150 kB of F(4×4)'s.
pub(super) const MADE_INPUTS: usize = 128;
/// Values of a position of U made at once. A constant, so that 36 addresses are one and 36 offsets.
pub(super) const MADE_STRIDE: usize = MADE_INPUTS * gemm::CHANNELS + 2 * SKEW;
/// Weights of one input channel and one tile of output channels.
pub(super) const TILE_WEIGHTS: usize = 9 * gemm::CHANNELS;
/// Values that a pixel takes in V: three, and one that meets zero weights.
pub(super) const PIXEL: usize = 4;
/// Spare i16 and i32 between positions, a cache line, so that positions do not fall on the same cache set.
pub(super) const SKEW: usize = 16;
/// Weights that one step of [`gemm`] takes: 16 output channels, two input channels.
const STEP: usize = 2 * gemm::CHANNELS;

/// Whether U of a layer is kept, or made when it is needed.
pub(super) fn is_kept(from_picture: bool, channels: usize, out_channels: usize) -> bool {
    from_picture || channels * out_channels < MANY_PAIRS
}

/// Values of a row of V.
pub(super) fn k_padded(from_picture: bool, channels: usize) -> usize {
    if from_picture { PIXEL } else { blocks(channels) * BLOCK }
}

/// Weights `[C_out, C_in, 3, 3]` as [`super::run()`] takes them: U, or what it is made of.
pub(crate) fn pack<S: Simd, T: Tile>(
    weight: &[i8],
    from_picture: bool,
    channels: usize,
    out_channels: usize,
) -> Aligned<i16> {
    let k_padded = k_padded(from_picture, channels);
    let plain = pack_plain(weight, k_padded, channels, out_channels);
    if is_kept(from_picture, channels, out_channels) {
        pack_u::<S, T>(bytemuck::cast_slice(&plain), k_padded, out_channels.next_multiple_of(gemm::CHANNELS))
    } else {
        plain
    }
}

/// Where U of a position and of a tile's output channels, `channel` the first, begins in what [`pack_u`] returns.
pub(super) fn u_index<T: Tile>(position: usize, channel: usize, k_padded: usize, out_padded: usize) -> usize {
    let chunk = channel / CHUNK * CHUNK;
    let chunk_channels = CHUNK.min(out_padded - chunk);
    (chunk * T::IN * T::IN + position * chunk_channels + channel - chunk) * k_padded
}

/// U of what [`pack_plain`] returns, `[C_out/64][IN²][64/16][C_in/2][16][2]`.
fn pack_u<S: Simd, T: Tile>(plain: &[i8], k_padded: usize, out_padded: usize) -> Aligned<i16> {
    let positions = T::IN * T::IN;
    let mut packed = Aligned::zeroed(positions * k_padded * out_padded);
    let mut made: Aligned<i16> = Aligned::zeroed(positions * MADE_STRIDE);
    for channel in (0..out_padded).step_by(gemm::CHANNELS) {
        for first in (0..k_padded).step_by(MADE_INPUTS) {
            let inputs = MADE_INPUTS.min(k_padded - first);
            let at = channel / gemm::CHANNELS * k_padded + first;
            make_u::<S, T>(&plain[at * TILE_WEIGHTS..][..inputs * TILE_WEIGHTS], &mut made);
            let values = inputs * gemm::CHANNELS;
            for position in 0..positions {
                let to = u_index::<T>(position, channel, k_padded, out_padded) + first * gemm::CHANNELS;
                packed[to..][..values].copy_from_slice(&made[position * MADE_STRIDE..][..values]);
            }
        }
    }
    packed
}

/// The weights themselves, bytes `[C_out/16][C_in/2][9][16][2]`.
fn pack_plain(weight: &[i8], k_padded: usize, channels: usize, out_channels: usize) -> Aligned<i16> {
    let out_padded = out_channels.next_multiple_of(gemm::CHANNELS);
    let mut packed = Aligned::zeroed(9 * k_padded * out_padded / 2);
    let bytes: &mut [i8] = bytemuck::cast_slice_mut(&mut packed);
    for (o, weight) in weight.chunks_exact(channels * 9).enumerate() {
        for (c, g) in weight.as_chunks::<9>().0.iter().enumerate() {
            let at = gemm::weight_index(o, c, k_padded, 2);
            let (step, lane) = (at / STEP, at % STEP);
            for (tap, &g) in g.iter().enumerate() {
                bytes[(step * 9 + tap) * STEP + lane] = g;
            }
        }
    }
    packed
}

/// U of 16 output channels and of input channels whose weights are `[k/2][9][16][2]`: `[IN²][k/2][16][2]`, positions at
/// every [`MADE_STRIDE`].
#[inline(never)]
pub(super) fn make_u<S: Simd, T: Tile>(weights: &[i8], u: &mut [i16]) {
    assert!(weights.len() <= MADE_INPUTS * TILE_WEIGHTS && u.len() >= T::IN * T::IN * MADE_STRIDE);
    for (step, weights) in weights.chunks_exact(9 * STEP).enumerate() {
        for lane in (0..STEP).step_by(8) {
            let mut half = [[S::zero(); 3]; 6];
            for x in 0..3 {
                // SAFETY: eight of the `9 * STEP` weights.
                let g = |y: usize| unsafe { S::load_i8x8(weights.as_ptr().add((3 * y + x) * STEP + lane)) };
                let column = T::weight::<S>([g(0), g(1), g(2)]);
                for y in 0..T::IN {
                    half[y][x] = column[y];
                }
            }
            for (y, half) in half.into_iter().enumerate().take(T::IN) {
                let row = T::weight::<S>(half);
                for (x, &v) in row.iter().enumerate().take(T::IN) {
                    let at = (y * T::IN + x) * MADE_STRIDE + step * STEP + lane;
                    // SAFETY: steps end within a position's stride, positions within `u`, by the lengths asserted.
                    unsafe { S::store(u.as_mut_ptr().add(at).cast(), v) };
                }
            }
        }
    }
}

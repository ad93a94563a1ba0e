//! All tiles of a layer, in batches: V of a batch, M as a matrix product at every position, Y.

use super::tile::Tile;
use super::transform::{transform_input, transform_output, transform_pixels};
use super::weights::{CHUNK, MADE_INPUTS, MADE_STRIDE, SKEW, TILE_WEIGHTS, is_kept, k_padded, make_u, u_index};
use crate::gemm::{self, Rows, gemm};
use crate::parallel::Shared;
use crate::requantise::{Epilogue, Put};
use crate::scratch::{Bytes, Scratch};
use crate::shape::Shape;
use crate::simd::Simd;
use crate::source::Source;
use crate::tensor::{Aligned, BLOCK, Blocked, Value, blocks};
use std::ops::Range;

/// Bytes of transformed input kept at once, if that is enough tiles.
const PANEL: usize = 256 * 1024;
/// Tiles kept at once.
const LEAST_TILES: usize = 28;
const MOST_TILES: usize = 64;
/// Batches for each thread that keep all busy to the end; with fewer the threads share every batch.
const BATCHES_EACH: usize = 4;
/// Tiles of a picture kept at once: V and U are small, and the sums stay near.
const PICTURE_TILES: usize = 16;

/// What a convolution takes.
pub(crate) fn bytes<T: Tile>(from_picture: bool, channels: usize, out: Shape) -> Bytes {
    let (positions, k_padded) = ((T::IN * T::IN) as u64, k_padded(from_picture, channels));
    let is_kept = is_kept(from_picture, channels, out.channels);
    let at_once = tiles_at_once::<T>(from_picture, k_padded, is_kept, out) as u64;
    let pairs = k_padded as u64 * out.channels.next_multiple_of(gemm::CHANNELS) as u64;
    let panel = 2 * positions * (at_once * k_padded as u64 + 2 * SKEW as u64);
    let sums = 4 * positions * (at_once * CHUNK as u64 + SKEW as u64);
    let made = if is_kept { 0 } else { 2 * positions * MADE_STRIDE as u64 };
    // The panel is shared or each thread's own, and once it was the one it stays when the number of threads changes.
    Bytes { weights: if is_kept { 2 * positions } else { 9 } * pairs, shared: panel, each: panel + sums + made }
}

/// Tiles of a batch.
fn tiles_at_once<T: Tile>(from_picture: bool, k_padded: usize, is_kept: bool, out: Shape) -> usize {
    let tiles = out.width.div_ceil(T::OUT) * out.height.div_ceil(T::OUT);
    let most = if from_picture { PICTURE_TILES } else { most_tiles(T::IN * T::IN * k_padded * 2, is_kept) };
    // Even batches, and rows in pairs as the micro-kernel takes them.
    tiles.div_ceil(tiles.div_ceil(most)).next_multiple_of(2)
}

/// Runs the convolution over all cells of `out`; `input` has a halo of one.
pub(crate) fn run<S: Simd, T: Tile>(
    input: Source,
    weights: &Aligned<i16>,
    out: Shape,
    scratch: &mut Scratch,
    epilogue: Epilogue,
) {
    let positions = T::IN * T::IN;
    let channels = input.shape().channels;
    let k_padded = k_padded(input.is_picture(), channels);
    let across = out.width.div_ceil(T::OUT);
    let tiles = across * out.height.div_ceil(T::OUT);
    let is_kept = is_kept(input.is_picture(), channels, out.channels);
    let at_once = tiles_at_once::<T>(input.is_picture(), k_padded, is_kept, out);
    let work = Work {
        input,
        k_padded,
        weights,
        is_kept,
        out,
        v_stride: at_once * k_padded + 2 * SKEW,
        m_stride: at_once * CHUNK + SKEW,
    };
    let (panel, sums) = (positions * work.v_stride, positions * work.m_stride);
    let batches = tiles.div_ceil(at_once);
    let batch = |i: usize| Batch { first: i * at_once, count: at_once.min(tiles - i * at_once), across };
    let out_padded = out.channels.next_multiple_of(gemm::CHANNELS);
    let Scratch { team, panel: shared, locals } = scratch;
    for local in &mut *locals {
        local.sums.reserve(sums);
        if !is_kept {
            local.weights.reserve(positions * MADE_STRIDE);
        }
    }
    if batches >= BATCHES_EACH * team.threads() || team.threads() == 1 {
        for local in &mut *locals {
            local.panel.reserve(panel);
        }
        team.each(locals, batches, |local, i| {
            work.transform_inputs::<S, T>(batch(i), 0..batch(i).count, Shared(local.panel.as_mut_ptr()));
            for chunk in (0..out_padded).step_by(CHUNK) {
                let channels = chunk..(chunk + CHUNK).min(out_padded);
                work.multiply::<S, T>(batch(i), channels.clone(), &local.panel, &mut local.sums, &mut local.weights);
                work.finish::<S, T>(batch(i), channels, &local.sums, epilogue);
            }
        });
        return;
    }
    // Few batches: the threads share each, first its tiles, then its output channels.
    shared.reserve(panel);
    let unit = [CHUNK, CHUNK / 2].into_iter().find(|unit| out_padded.div_ceil(*unit) >= 2 * team.threads());
    let unit = unit.unwrap_or(gemm::CHANNELS);
    for batch in (0..batches).map(batch) {
        let share = batch.count.div_ceil(2 * team.threads());
        let to = Shared(shared.as_mut_ptr());
        team.each(locals, batch.count.div_ceil(share), |_, i| {
            work.transform_inputs::<S, T>(batch, i * share..((i + 1) * share).min(batch.count), to);
        });
        team.each(locals, out_padded.div_ceil(unit), |local, i| {
            let channels = i * unit..((i + 1) * unit).min(out_padded);
            work.multiply::<S, T>(batch, channels.clone(), shared, &mut local.sums, &mut local.weights);
            work.finish::<S, T>(batch, channels, &local.sums, epilogue);
        });
    }
}

/// A convolution under way.
struct Work<'a> {
    input: Source<'a>,
    /// Input channels, padded.
    k_padded: usize,
    weights: &'a Aligned<i16>,
    /// Whether the weights are U.
    is_kept: bool,
    out: Shape,
    /// Values between positions, of V and of the sums.
    v_stride: usize,
    m_stride: usize,
}

impl Work<'_> {
    /// V of these rows of a batch, `[IN²][rows][C]`.
    #[inline(never)]
    fn transform_inputs<S: Simd, T: Tile>(&self, batch: Batch, rows: Range<usize>, panel: Shared<i16>) {
        for (i, y, x) in batch.places::<T>(rows) {
            let row = i * self.k_padded;
            debug_assert!(row + self.k_padded <= self.v_stride);
            // SAFETY: the panel has `IN²` positions of `v_stride` values, and each row belongs to one thread.
            let panel = unsafe { panel.at(row) };
            match self.input {
                // SAFETY: as above.
                Source::Picture(picture) => unsafe {
                    transform_pixels::<S, T>(picture, y, x, panel, self.v_stride);
                },
                Source::Activations(input) => self.transform_blocks::<S, T, u8>(input, y, x, panel),
                Source::Gradients(input) if T::TAKES_GRADIENTS => {
                    self.transform_blocks::<S, T, i16>(input, y, x, panel);
                }
                Source::Gradients(_) => unreachable!("their steps do not fit this tile"),
            }
        }
    }

    /// V of a tile; `panel` has its row at every position.
    #[inline(always)]
    fn transform_blocks<S: Simd, T: Tile, V: Value>(&self, input: &Blocked<V>, y: usize, x: usize, panel: *mut i16) {
        for block in 0..blocks(input.shape().channels) {
            // SAFETY: the row has all blocks.
            unsafe {
                transform_input::<S, T, V>(input, block, y, x, panel.add(block * BLOCK), self.v_stride);
            }
        }
    }

    /// M of a batch for output `channels`, whole tiles of [`gemm`] that lie in one chunk. `made` has room for U.
    fn multiply<S: Simd, T: Tile>(
        &self,
        batch: Batch,
        channels: Range<usize>,
        panel: &[i16],
        sums: &mut [i32],
        made: &mut [i16],
    ) {
        let positions = T::IN * T::IN;
        let k_padded = self.k_padded;
        let chunk = channels.start / CHUNK * CHUNK;
        let tiles = channels.clone().step_by(gemm::CHANNELS);
        if self.is_kept {
            let out_padded = self.out.channels.next_multiple_of(gemm::CHANNELS);
            for position in 0..positions {
                for channel in tiles.clone() {
                    let w = u_index::<T>(position, channel, k_padded, out_padded);
                    let w = &self.weights[w..][..gemm::CHANNELS * k_padded];
                    self.product::<S>(batch, position, 0..k_padded, panel, w, &mut sums[channel - chunk..]);
                }
            }
        } else {
            let weights: &[i8] = bytemuck::cast_slice(self.weights);
            for channel in tiles {
                for first in (0..k_padded).step_by(MADE_INPUTS) {
                    let inputs = first..k_padded.min(first + MADE_INPUTS);
                    let at = channel / gemm::CHANNELS * k_padded;
                    make_u::<S, T>(&weights[(at + first) * TILE_WEIGHTS..(at + inputs.end) * TILE_WEIGHTS], made);
                    for position in 0..positions {
                        let w = &made[position * MADE_STRIDE..][..gemm::CHANNELS * inputs.len()];
                        self.product::<S>(batch, position, inputs.clone(), panel, w, &mut sums[channel - chunk..]);
                    }
                }
            }
        }
    }

    /// What `inputs` give to M at one position, for 16 output channels, the first of `sums`; `w` is their U.
    fn product<S: Simd>(
        &self,
        batch: Batch,
        position: usize,
        inputs: Range<usize>,
        panel: &[i16],
        w: &[i16],
        sums: &mut [i32],
    ) {
        let k_padded = self.k_padded;
        let panel = &panel[position * self.v_stride..][..self.v_stride];
        let sums = &mut sums[position * self.m_stride..];
        assert!(batch.count * k_padded <= panel.len() && inputs.end <= k_padded);
        assert!(w.len() == gemm::CHANNELS * inputs.len() && (batch.count - 1) * CHUNK + gemm::CHANNELS <= sums.len());
        let rows = Rows { stride: k_padded, k: inputs.len(), count: batch.count };
        // SAFETY: `count` rows of the panel have the inputs, `w` is one tile of them, and the sums have as many rows.
        unsafe {
            let panel = panel.as_ptr().add(inputs.start);
            gemm::<S, i16>(panel, rows, w.as_ptr(), sums.as_mut_ptr(), CHUNK, inputs.start > 0);
        }
    }

    /// Y of a batch and of `channels`, given to the epilogue; `sums` is `[IN²][rows][64]`.
    fn finish<S: Simd, T: Tile>(&self, batch: Batch, channels: Range<usize>, sums: &[i32], epilogue: Epilogue) {
        match epilogue {
            Epilogue::Requantise(put) => self.transform_outputs::<S, T>(batch, channels, sums, put),
            Epilogue::Keep(put) => self.transform_outputs::<S, T>(batch, channels, sums, put),
        }
    }

    #[inline(never)]
    fn transform_outputs<S: Simd, T: Tile>(
        &self,
        batch: Batch,
        channels: Range<usize>,
        sums: &[i32],
        put: impl Put<S>,
    ) {
        for (i, y, x) in batch.places::<T>(0..batch.count) {
            for channel in channels.clone().step_by(4) {
                let sums = &sums[i * CHUNK + channel % CHUNK..];
                transform_output::<S, T>(sums, self.m_stride, channel, y, x, self.out, put);
            }
        }
    }
}

/// Tiles transformed at once for a layer whose tiles have so many bytes of V.
///
/// U passes over a batch. While it comes from the caches, batches are as large as V and the sums leave room for in the
/// second level; where it is made, that costs more than a V that spills to the third level.
fn most_tiles(v_bytes: usize, is_kept: bool) -> usize {
    let least = if is_kept { LEAST_TILES } else { MOST_TILES };
    (PANEL / v_bytes).clamp(least, MOST_TILES)
}

/// Tiles `first..first + count` of an output map with `across` tiles in a row.
#[derive(Clone, Copy)]
struct Batch {
    first: usize,
    count: usize,
    across: usize,
}

impl Batch {
    /// Some rows of the panel, each with the first output cell of its tile.
    fn places<T: Tile>(self, rows: Range<usize>) -> impl Iterator<Item = (usize, usize, usize)> {
        rows.map(move |i| (i, (self.first + i) / self.across * T::OUT, (self.first + i) % self.across * T::OUT))
    }
}

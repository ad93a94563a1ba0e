//! 3×3 convolution of stride 1 by Winograd's minimal filtering (Lavin & Gray, CVPR 2016), in exact integers.
//!
//! ```text
//! for every tile of OUT×OUT output cells:            U = G g Gᵀ       once, at load
//!     V = Bᵀ d B       for every input channel       d: (OUT+2)×(OUT+2) inputs
//!     M = Σ_c U_c · V_c  at each of the (OUT+2)² positions, a matrix product over tiles
//!     Y = Aᵀ M A       for every output channel
//! ```
//! F(2×2) does 16 multiply-adds for 4 outputs (2.25 times fewer than the direct sum's 36), F(4×4) 36 for 16 (4 times).
//!
//! # Why it is exact
//! F(4×4)'s G has denominators 4, 6 and 24. Here G's rows are scaled to integers and A's columns take the inverse, up
//! to a common factor: `Aᵀ M A` is `9·2^(e_i + e_j)` times the direct sum, e = 3 2 1 1. All sums wrap modulo 2^32; there
//! 9 has the inverse 954437177, and an arithmetic shift by `e_i + e_j` (at most 6) ends it. The result is the
//! direct sum whenever that is below 2^25 in magnitude, which [`F4::exact`] checks from the weights.
//! |V| ≤ 127·(8·8 + 2·2) = 8,636 and |U| ≤ 127·7·7 = 6,223 fit i16.
//!
//! Of a picture, |V| ≤ 255·10·10 = 25,500, and the direct sum of 27 products is far below the bound whatever the weights.
//!
//! # Where U is
//! U of F(4×4) has eight times the bytes of the int8 weights. Of a small layer it is kept, and stays in a cache. Of a
//! larger one it would come from memory, for a batch of tiles that soon has done all it can do with it; there U is made
//! of the int8 weights again for every batch, a piece at a time that stays in the second-level cache: faster where tiles
//! are few, as fast where they are many, and a large network takes 100 MB less.

use super::conv::{Scratch, Source};
use super::gemm::{self, Rows, gemm};
use super::parallel::Shared;
use super::requantise::{Epilogue, Put};
use super::shape::{INPUT_CHANNELS, Shape};
use super::simd::Simd;
use super::tensor::{Activations, Aligned, BLOCK, Picture, blocks};
use std::ops::Range;

/// Output channels whose sums are kept at once: `36 positions × tiles × 64` i32 stay in the cache.
const CHUNK: usize = 64;
/// Bytes of transformed input kept at once, if that is enough tiles.
const PANEL: usize = 256 * 1024;
/// Tiles kept at once.
const LEAST_TILES: usize = 28;
const MOST_TILES: usize = 64;
/// Batches for each thread that keep all busy to the end; with fewer the threads share every batch.
const BATCHES_EACH: usize = 4;
/// Pairs of an input and an output channel from which on U is made when it is needed: F(4×4)'s has 2.4 MB then.
const MANY_PAIRS: usize = 32 * 1024;
/// Input channels for which it is made at once, for 16 output channels: 150 kB of F(4×4)'s.
const MADE_INPUTS: usize = 128;
/// Values of a position of U made at once. A constant, so that 36 addresses are one and 36 offsets.
const MADE_STRIDE: usize = MADE_INPUTS * gemm::CHANNELS + 2 * SKEW;
/// Weights of one input channel and one tile of output channels.
const TILE_WEIGHTS: usize = 9 * gemm::CHANNELS;
/// Values that a pixel takes in V: three, and one that meets zero weights.
const PIXEL: usize = 4;
/// Tiles of a picture kept at once: V and U are small, and the sums stay near.
const PICTURE_TILES: usize = 16;
/// Spare i16 and i32 between positions, a cache line, so that positions do not fall on the same cache set.
const SKEW: usize = 16;

/// A tile size: its transforms.
pub(super) trait Tile {
    /// Output cells of one side.
    const OUT: usize;
    /// Input cells of one side.
    const IN: usize = Self::OUT + 2;
    /// Whether results are exact for these weights `[C_in, 3, 3]` of one output channel.
    fn exact(weight: &[i8]) -> bool;
    /// G along one axis of i16x8.
    fn weight<S: Simd>(g: [S::V; 3]) -> [S::V; 6];
    /// Bᵀ along one axis of i16x8.
    fn input<S: Simd>(d: &[S::V]) -> [S::V; 6];
    /// Aᵀ along one axis of i32x4.
    fn output<S: Simd>(m: &[S::V]) -> [S::V; 4];
    /// Takes the common factor off result (`I`, `J`).
    fn scale<S: Simd, const I: usize, const J: usize>(y: S::V) -> S::V;
}

/// F(2×2, 3×3): G doubled, so results carry a factor 4; every partial sum is below `4·127·127·9·C_in`.
pub(super) struct F2;

impl Tile for F2 {
    const OUT: usize = 2;

    /// The direct sum must leave room for the factor 4.
    fn exact(weight: &[i8]) -> bool {
        bound(weight) < 1 << 29
    }
    /// ```text
    /// G = 2  0  0
    ///     1  1  1
    ///     1 -1  1
    ///     0  0  2
    /// ```
    #[inline(always)]
    fn weight<S: Simd>([a, b, c]: [S::V; 3]) -> [S::V; 6] {
        let (sub, add) = (S::sub_i16, S::add_i16);
        let ends = add(a, c);
        [add(a, a), add(ends, b), sub(ends, b), add(c, c), S::zero(), S::zero()]
    }
    #[inline(always)]
    fn input<S: Simd>(d: &[S::V]) -> [S::V; 6] {
        let (sub, add) = (S::sub_i16, S::add_i16);
        [sub(d[0], d[2]), add(d[1], d[2]), sub(d[2], d[1]), sub(d[1], d[3]), S::zero(), S::zero()]
    }
    #[inline(always)]
    fn output<S: Simd>(m: &[S::V]) -> [S::V; 4] {
        let (sub, add) = (S::sub_i32, S::add_i32);
        [add(add(m[0], m[1]), m[2]), sub(sub(m[1], m[2]), m[3]), S::zero(), S::zero()]
    }
    #[inline(always)]
    fn scale<S: Simd, const I: usize, const J: usize>(y: S::V) -> S::V {
        S::shr_i32::<2>(y)
    }
}

/// F(4×4, 3×3), interpolated at 0, ±1, ±2 and ∞.
pub(super) struct F4;

impl Tile for F4 {
    const OUT: usize = 4;

    fn exact(weight: &[i8]) -> bool {
        bound(weight) < 1 << 25
    }
    /// ```text
    /// G =  1  0  0
    ///     -1 -1 -1
    ///     -1  1 -1
    ///      1  2  4
    ///      1 -2  4
    ///      0  0  1
    /// ```
    #[inline(always)]
    fn weight<S: Simd>([a, b, c]: [S::V; 3]) -> [S::V; 6] {
        let (sub, add) = (S::sub_i16, S::add_i16);
        let twice = add(b, b);
        let minus = sub(b, add(a, c));
        let far = add(a, S::shl_i16::<2>(c));
        [a, sub(minus, twice), minus, add(far, twice), sub(far, twice), c]
    }
    /// ```text
    /// Bᵀ =  4  0 -5  0  1  0
    ///       0 -4 -4  1  1  0
    ///       0  4 -4 -1  1  0
    ///       0 -2 -1  2  1  0
    ///       0  2 -1 -2  1  0
    ///       0  4  0 -5  0  1
    /// ```
    #[inline(always)]
    fn input<S: Simd>(d: &[S::V]) -> [S::V; 6] {
        let (sub, add) = (S::sub_i16, S::add_i16);
        let even = sub(d[4], S::shl_i16::<2>(d[2]));
        let odd = sub(d[3], S::shl_i16::<2>(d[1]));
        let d42 = sub(d[4], d[2]);
        let d31 = sub(d[3], d[1]);
        let twice = add(d31, d31);
        [
            add(S::shl_i16::<2>(sub(d[0], d[2])), d42),
            add(even, odd),
            sub(even, odd),
            add(d42, twice),
            sub(d42, twice),
            sub(sub(d[5], d[3]), S::shl_i16::<2>(d31)),
        ]
    }
    /// ```text
    /// Aᵀ = 6  4  4  1  1  0      rows carry 24, 12, 6, 6: that is 3·2^e, squared 9·2^(e_i + e_j)
    ///      0  2 -2  1 -1  0
    ///      0  1  1  1  1  0
    ///      0  1 -1  2 -2  6
    /// ```
    #[inline(always)]
    fn output<S: Simd>(m: &[S::V]) -> [S::V; 4] {
        let (sub, add) = (S::sub_i32, S::add_i32);
        let (s12, d12) = (add(m[1], m[2]), sub(m[1], m[2]));
        let (s34, d34) = (add(m[3], m[4]), sub(m[3], m[4]));
        [
            add(add(add(m[0], m[0]), S::shl_i32::<2>(add(m[0], s12))), s34),
            add(add(d12, d12), d34),
            add(s12, s34),
            add(add(d12, add(d34, d34)), add(add(m[5], m[5]), S::shl_i32::<2>(m[5]))),
        ]
    }
    #[inline(always)]
    fn scale<S: Simd, const I: usize, const J: usize>(y: S::V) -> S::V {
        /// 1/9 modulo 2^32.
        const NINTH: i32 = 954_437_177;
        const E: [u32; 4] = [3, 2, 1, 1];
        let y = S::mul_i32(y, S::splat_i32(NINTH));
        match E[I] + E[J] {
            2 => S::shr_i32::<2>(y),
            3 => S::shr_i32::<3>(y),
            4 => S::shr_i32::<4>(y),
            5 => S::shr_i32::<5>(y),
            _ => S::shr_i32::<6>(y),
        }
    }
}

/// Largest magnitude of the direct sum over u7 inputs, without the bias: of the positive weights or of the negative ones.
fn bound(weight: &[i8]) -> i64 {
    // Parts of which a sum fits into i16: a vector has eight of them.
    const PART: usize = 256;
    let (mut size, mut sum) = (0, 0);
    for part in weight.chunks(PART) {
        size += i32::from(part.iter().map(|&w| i16::from(w).abs()).sum::<i16>());
        sum += i32::from(part.iter().map(|&w| i16::from(w)).sum::<i16>());
    }
    127 * i64::from((size + sum.abs()) / 2)
}

/// Whether U of a layer is kept, or made when it is needed.
fn is_kept(from_picture: bool, channels: usize, out_channels: usize) -> bool {
    from_picture || channels * out_channels < MANY_PAIRS
}

/// Values of a row of V.
fn k_padded(from_picture: bool, channels: usize) -> usize {
    if from_picture { PIXEL } else { blocks(channels) * BLOCK }
}

/// Weights `[C_out, C_in, 3, 3]` as [`run`] takes them: U, or what it is made of.
pub(super) fn pack<S: Simd, T: Tile>(
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

/// U of what [`pack_plain`] returns, `[C_out/64][IN²][64/16][C_in/2][16][2]`.
fn pack_u<S: Simd, T: Tile>(plain: &[i8], k_padded: usize, out_padded: usize) -> Aligned<i16> {
    let positions = T::IN * T::IN;
    let mut packed = Aligned::zeroed(positions * k_padded * out_padded);
    let mut made: Aligned<i16> = Aligned::zeroed(positions * MADE_STRIDE);
    for channel in (0..out_padded).step_by(gemm::CHANNELS) {
        let chunk = channel / CHUNK * CHUNK;
        let chunk_channels = CHUNK.min(out_padded - chunk);
        for first in (0..k_padded).step_by(MADE_INPUTS) {
            let inputs = MADE_INPUTS.min(k_padded - first);
            let at = channel / gemm::CHANNELS * k_padded + first;
            make_u::<S, T>(&plain[at * TILE_WEIGHTS..][..inputs * TILE_WEIGHTS], &mut made);
            let values = inputs * gemm::CHANNELS;
            for position in 0..positions {
                let to = (chunk * positions + position * chunk_channels + channel - chunk) * k_padded;
                packed[to + first * gemm::CHANNELS..][..values]
                    .copy_from_slice(&made[position * MADE_STRIDE..][..values]);
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

/// Weights that one step of [`gemm`] takes: 16 output channels, two input channels.
const STEP: usize = 2 * gemm::CHANNELS;

/// U of 16 output channels and of input channels whose weights are `[k/2][9][16][2]`: `[IN²][k/2][16][2]`, positions at
/// every [`MADE_STRIDE`].
#[inline(never)]
fn make_u<S: Simd, T: Tile>(weights: &[i8], u: &mut [i16]) {
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

/// Runs the convolution over all cells of `out`; `input` has a halo of one.
pub(super) fn run<S: Simd, T: Tile>(
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
    let most = match input {
        Source::Picture(_) => PICTURE_TILES,
        Source::Activations(_) => most_tiles(positions * k_padded * 2, is_kept),
    };
    // Even batches, and rows in pairs as the micro-kernel takes them.
    let at_once = tiles.div_ceil(tiles.div_ceil(most)).next_multiple_of(2);
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
        let rows = batch.count.div_ceil(2 * team.threads());
        let to = Shared(shared.as_mut_ptr());
        team.each(locals, batch.count.div_ceil(rows), |_, i| {
            work.transform_inputs::<S, T>(batch, i * rows..((i + 1) * rows).min(batch.count), to);
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
            match self.input {
                Source::Picture(picture) => {
                    // SAFETY: the panel has `IN²` positions of `v_stride` values, and each row belongs to one thread.
                    unsafe { transform_pixels::<S, T>(picture, y, x, panel.at(row), self.v_stride) };
                }
                Source::Activations(input) => {
                    for block in 0..blocks(input.shape().channels) {
                        // SAFETY: as above.
                        unsafe {
                            transform_input::<S, T>(input, block, y, x, panel.at(row + block * BLOCK), self.v_stride);
                        }
                    }
                }
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
            let chunk_channels = CHUNK.min(self.out.channels.next_multiple_of(gemm::CHANNELS) - chunk);
            for position in 0..positions {
                for channel in tiles.clone() {
                    let w = (chunk * positions + position * chunk_channels + channel - chunk) * k_padded;
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

/// V of one tile and one block of channels: 32 values to every `stride` of `panel`.
///
/// # Safety
/// The values are writable.
#[inline(always)]
unsafe fn transform_input<S: Simd, T: Tile>(
    input: &Activations,
    block: usize,
    y: usize,
    x: usize,
    panel: *mut i16,
    stride: usize,
) {
    let row = input.cols() * BLOCK;
    let from = input.index(block, y as isize - 1, x as isize - 1);
    // The whole tile lies inside, halo and tile room included: the last byte that will be read.
    assert!(from + (T::IN - 1) * (row + BLOCK) + BLOCK <= input.data().len());
    for c in (0..BLOCK).step_by(8) {
        transform_cells::<S, T>(
            // SAFETY: asserted above.
            |i, j| unsafe { S::load_u8x8(input.data().as_ptr().add(from + i * row + j * BLOCK + c)) },
            // SAFETY: writable, by the caller.
            |position, v| unsafe { S::store(panel.add(position * stride + c).cast(), v) },
        );
    }
}

/// As [`transform_input`], of a picture: [`PIXEL`] values, the last of which is another pixel's and meets zero weights.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn transform_pixels<S: Simd, T: Tile>(picture: &Picture, y: usize, x: usize, panel: *mut i16, stride: usize) {
    let row = picture.row();
    let from = picture.index(y as isize - 1, x as isize - 1);
    assert!(from + (T::IN - 1) * (row + INPUT_CHANNELS) + 8 <= picture.data().len());
    transform_cells::<S, T>(
        // SAFETY: asserted above.
        |i, j| unsafe { S::load(picture.data().as_ptr().add(from + i * row + j * INPUT_CHANNELS).cast()) },
        // SAFETY: writable, by the caller.
        |position, v| unsafe { S::store_half(panel.add(position * stride).cast(), v) },
    );
}

/// Bᵀ d B of eight channels: `load` gives d by row and column, `store` takes V by position.
#[inline(always)]
fn transform_cells<S: Simd, T: Tile>(load: impl Fn(usize, usize) -> S::V, store: impl Fn(usize, S::V)) {
    let mut half = [[S::zero(); 6]; 6];
    for j in 0..T::IN {
        let mut d = [S::zero(); 6];
        for (i, d) in d.iter_mut().enumerate().take(T::IN) {
            *d = load(i, j);
        }
        let r = T::input::<S>(&d);
        for i in 0..T::IN {
            half[i][j] = r[i];
        }
    }
    for i in 0..T::IN {
        let r = T::input::<S>(&half[i]);
        for j in 0..T::IN {
            store(i * T::IN + j, r[j]);
        }
    }
}

/// Y of one tile and four channels, put where it belongs. Cells beyond the output are left out.
#[inline(always)]
fn transform_output<S: Simd, T: Tile>(
    sums: &[i32],
    stride: usize,
    channel: usize,
    y: usize,
    x: usize,
    out: Shape,
    put: impl Put<S>,
) {
    assert!((T::IN * T::IN - 1) * stride + 4 <= sums.len());
    let mut half = [[S::zero(); 6]; 4];
    for j in 0..T::IN {
        let mut m = [S::zero(); 6];
        for (i, m) in m.iter_mut().enumerate().take(T::IN) {
            // SAFETY: asserted above.
            *m = unsafe { S::load(sums.as_ptr().add((i * T::IN + j) * stride).cast()) };
        }
        let r = T::output::<S>(&m);
        for i in 0..T::OUT {
            half[i][j] = r[i];
        }
    }
    // SAFETY: the channel is below the padded count.
    let lane = unsafe { put.lane(channel) };
    let (down, across) = (T::OUT.min(out.height - y), T::OUT.min(out.width - x));
    // SAFETY: the first `across` cells of the first `down` rows lie inside the output.
    unsafe {
        put.put_row(lane, channel, y, x, across, row::<S, T, 0>(&half));
        if down > 1 {
            put.put_row(lane, channel, y + 1, x, across, row::<S, T, 1>(&half));
        }
        if down > 2 {
            put.put_row(lane, channel, y + 2, x, across, row::<S, T, 2>(&half));
        }
        if down > 3 {
            put.put_row(lane, channel, y + 3, x, across, row::<S, T, 3>(&half));
        }
    }
}

/// Row `I` of Y. A constant, so that every shift in [`Tile::scale`] is one.
#[inline(always)]
fn row<S: Simd, T: Tile, const I: usize>(half: &[[S::V; 6]; 4]) -> [S::V; 4] {
    let r = T::output::<S>(&half[I]);
    [T::scale::<S, I, 0>(r[0]), T::scale::<S, I, 1>(r[1]), T::scale::<S, I, 2>(r[2]), T::scale::<S, I, 3>(r[3])]
}

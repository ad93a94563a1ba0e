//! Convolution by implicit GEMM, for any kernel, stride and padding.
//!
//! For a few dozen output cells at a time, what their windows cover is widened into a panel of i16 rows, which
//! stays in the cache while all weights pass over it (the "virtual im2col" of the BLIS school; the panel is
//! never larger than [`PANEL`]).

use super::conv::{Scratch, Source};
use super::gemm::{self, gemm};
use super::requantise::Epilogue;
use super::simd::Simd;
use super::tensor::{Activations, Aligned, BLOCK, Picture, blocks};
use crate::network::{INPUT_CHANNELS, Shape, Window};

/// Bytes of activations in a panel: half of a common second-level cache's 512 kB.
const PANEL: usize = 128 * 1024;
/// More cells than this gain nothing.
const MOST_CELLS: usize = 64;

/// Where input (`c`, `ky`, `kx`) of a window stands in a panel row.
fn k_index(from_picture: bool, channels: usize, kernel: usize, c: usize, ky: usize, kx: usize) -> usize {
    if from_picture {
        (ky * kernel + kx) * channels + c
    } else {
        ((c / BLOCK * kernel + ky) * kernel + kx) * BLOCK + c % BLOCK
    }
}

/// Blocks of 32 inputs in a panel row.
fn row_blocks(from_picture: bool, channels: usize, kernel: usize) -> usize {
    let window = kernel * kernel;
    if from_picture { (channels * window).div_ceil(BLOCK) } else { blocks(channels) * window }
}

/// Weights `[C_out, C_in, k, k]` in the order of [`gemm`].
pub(super) fn pack(
    weight: &[i8],
    from_picture: bool,
    channels: usize,
    kernel: usize,
    out_channels: usize,
) -> Aligned<i16> {
    let k_padded = row_blocks(from_picture, channels, kernel) * BLOCK;
    let mut packed = Aligned::zeroed(out_channels.next_multiple_of(gemm::CHANNELS) * k_padded);
    let mut source = weight.iter();
    for o in 0..out_channels {
        for c in 0..channels {
            for ky in 0..kernel {
                for kx in 0..kernel {
                    let k = k_index(from_picture, channels, kernel, c, ky, kx);
                    packed[gemm::weight_index(o, k, k_padded)] =
                        i16::from(*source.next().expect("checked in Conv::new"));
                }
            }
        }
    }
    packed
}

/// Runs the convolution over all cells of `out`.
pub(super) fn run<S: Simd>(
    source: Source,
    window: Window,
    weights: &Aligned<i16>,
    out: Shape,
    scratch: &mut Scratch,
    epilogue: impl Epilogue<S>,
) {
    let k = row_blocks(source.is_picture(), source.shape().channels, window.kernel) * BLOCK;
    let threads = scratch.team.threads();
    // Several threads: two batches for each at least, so that none waits long.
    let share = if threads == 1 { out.cells() } else { out.cells().div_ceil(2 * threads) };
    let cells_at_once = (PANEL / (2 * k)).clamp(4, MOST_CELLS).min(share);
    for local in &mut scratch.locals {
        // A picture's rows are gathered in whole vectors and may run over by one.
        local.panel.reserve(cells_at_once * k + 16);
        local.sums.reserve(cells_at_once * gemm::CHANNELS);
    }
    scratch.team.each(&mut scratch.locals, out.cells().div_ceil(cells_at_once), |local, batch| {
        let first = batch * cells_at_once;
        let cells = cells_at_once.min(out.cells() - first);
        for i in 0..cells {
            let cell = ((first + i) / out.width, (first + i) % out.width);
            match source {
                // In order: a row may run over into the next.
                Source::Picture(picture) => gather_picture::<S>(picture, window, cell, &mut local.panel[i * k..]),
                Source::Activations(input) => gather::<S>(input, window, cell, &mut local.panel[i * k..][..k]),
            }
        }
        for (tile, weights) in weights.chunks_exact(k * gemm::CHANNELS).enumerate() {
            // SAFETY: the panel holds `cells` rows of `k` inputs, the weights one tile, the sums `cells` rows.
            unsafe {
                let sums = local.sums.as_mut_ptr();
                gemm::<S>(local.panel.as_ptr(), k, cells, weights.as_ptr(), sums, gemm::CHANNELS);
            }
            for quad in 0..gemm::CHANNELS / 4 {
                let channel = tile * gemm::CHANNELS + quad * 4;
                // SAFETY: channels are padded to whole tiles, cells lie inside the output, sums were just written.
                unsafe {
                    let lane = epilogue.lane(channel);
                    for i in 0..cells {
                        let acc = S::load(local.sums.as_ptr().add(i * gemm::CHANNELS + quad * 4).cast());
                        epilogue.put(lane, channel, (first + i) / out.width, (first + i) % out.width, acc);
                    }
                }
            }
        }
    });
}

/// Widens the window at output cell (`y`, `x`) into a row of a panel.
fn gather<S: Simd>(input: &Activations, window: Window, (y, x): (usize, usize), row: &mut [i16]) {
    let kernel = window.kernel;
    let mut to = row.chunks_exact_mut(8);
    for channels in 0..blocks(input.shape().channels) {
        for ky in 0..kernel {
            let from = input.index(channels, window.start(y) + ky as isize, window.start(x));
            let from = &input.data()[from..from + kernel * BLOCK];
            for (from, to) in from.chunks_exact(8).zip(&mut to) {
                // SAFETY: eight bytes are read, eight i16 written.
                unsafe { S::store(to.as_mut_ptr().cast(), S::load_u8x8(from.as_ptr())) };
            }
        }
    }
}

/// As [`gather`], from a picture: three channels lie side by side, so a window's row is one run of values. Whole vectors
/// are copied; what runs over is written again by the next run, or the next row, or meets zero weights.
fn gather_picture<S: Simd>(picture: &Picture, window: Window, (y, x): (usize, usize), row: &mut [i16]) {
    let run = window.kernel * INPUT_CHANNELS;
    let groups = run.next_multiple_of(8);
    for ky in 0..window.kernel {
        let from = picture.index(window.start(y) + ky as isize, window.start(x));
        let from = &picture.data()[from..from + groups];
        for (from, to) in from.chunks_exact(8).zip(row[ky * run..][..groups].chunks_exact_mut(8)) {
            // SAFETY: eight values are read and eight written.
            unsafe { S::store(to.as_mut_ptr().cast(), S::load(from.as_ptr().cast())) };
        }
    }
}

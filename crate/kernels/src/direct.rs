//! Convolution by implicit GEMM, for any kernel, stride and padding.
//!
//! For a few dozen output cells at a time, what their windows cover is laid into a panel of rows, which stays in the
//! cache while all weights pass over it (the "virtual im2col" of the BLIS school; the panel is never larger than
//! [`PANEL`]). Rows are i16, or u7 as activations are where relaxed SIMD multiplies them so.

use super::gemm::{self, Element, Rows, gemm};
use super::requantise::{Epilogue, Put};
use super::scratch::{Bytes, Scratch};
use super::shape::{INPUT_CHANNELS, Shape, Window};
use super::simd::Simd;
use super::source::Source;
use super::tensor::{Aligned, BLOCK, Blocked, Picture, Value, blocks};

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

/// Weights `[C_out, C_in, k, k]` in the order of [`gemm`], for rows of `E`.
pub(super) fn pack<S: Simd, E: Element<S>>(
    weight: &[i8],
    from_picture: bool,
    channels: usize,
    kernel: usize,
    out_channels: usize,
) -> Aligned<i16> {
    let k_padded = row_blocks(from_picture, channels, kernel) * BLOCK;
    let len = out_channels.next_multiple_of(gemm::CHANNELS) * k_padded;
    let mut bytes = Aligned::zeroed(len * size_of::<E::Weight>() / 2);
    let packed: &mut [E::Weight] = bytemuck::cast_slice_mut(&mut bytes);
    let mut source = weight.iter();
    for o in 0..out_channels {
        for c in 0..channels {
            for ky in 0..kernel {
                for kx in 0..kernel {
                    let k = k_index(from_picture, channels, kernel, c, ky, kx);
                    packed[gemm::weight_index(o, k, k_padded, E::INPUTS)] =
                        E::weight(*source.next().expect("checked in Conv::new"));
                }
            }
        }
    }
    bytes
}

/// What a convolution takes, at most; activations that stay u7 take less.
pub(super) fn bytes(from_picture: bool, channels: usize, kernel: usize, out_channels: usize) -> Bytes {
    let k = (row_blocks(from_picture, channels, kernel) * BLOCK) as u64;
    let panel = u64::max(PANEL as u64, 4 * k) + 16;
    Bytes {
        weights: 2 * k * out_channels.next_multiple_of(gemm::CHANNELS) as u64,
        shared: 0,
        each: 2 * panel + (4 * MOST_CELLS * gemm::CHANNELS) as u64,
    }
}

/// Runs the convolution over all cells of `out`; `narrow`: activations stay u7, by [`Simd::dot_i8`].
pub(super) fn run<S: Simd>(
    source: Source,
    narrow: bool,
    window: Window,
    weights: &Aligned<i16>,
    out: Shape,
    scratch: &mut Scratch,
    epilogue: Epilogue,
) {
    let k = row_blocks(source.is_picture(), source.shape().channels, window.kernel) * BLOCK;
    match source {
        Source::Picture(picture) => {
            cells::<S, i16>(k, weights, out, scratch, epilogue, |cell, row| {
                gather_picture::<S>(picture, window, cell, row);
            });
        }
        Source::Activations(input) if narrow => {
            cells::<S, u8>(k, weights, out, scratch, epilogue, |cell, row| {
                gather::<S, _, u8>(input, window, cell, row)
            });
        }
        Source::Activations(input) => {
            cells::<S, i16>(k, weights, out, scratch, epilogue, |cell, row| {
                gather::<S, _, i16>(input, window, cell, row);
            });
        }
        Source::Gradients(input) => {
            cells::<S, i16>(k, weights, out, scratch, epilogue, |cell, row| {
                gather::<S, _, i16>(input, window, cell, row);
            });
        }
    }
}

/// A few dozen cells at a time: `gather` lays a cell's window into the panel from its row on, then all weights pass.
fn cells<S: Simd, E: Element<S>>(
    k: usize,
    weights: &Aligned<i16>,
    out: Shape,
    scratch: &mut Scratch,
    epilogue: Epilogue,
    gather: impl Fn((usize, usize), &mut [E]) + Sync,
) {
    let weights: &[E::Weight] = bytemuck::cast_slice(weights);
    let threads = scratch.team.threads();
    // Several threads: two batches for each at least, so that none waits long.
    let share = if threads == 1 { out.cells() } else { out.cells().div_ceil(2 * threads) };
    let at_once = (PANEL / (size_of::<E>() * k)).clamp(4, MOST_CELLS).min(share);
    for local in &mut scratch.locals {
        // A picture's rows are gathered in whole vectors and may run over by one.
        local.panel.reserve(at_once * k + 16);
        local.sums.reserve(at_once * gemm::CHANNELS);
    }
    scratch.team.each(&mut scratch.locals, out.cells().div_ceil(at_once), |local, batch| {
        let first = batch * at_once;
        let cells = at_once.min(out.cells() - first);
        let cell = |i: usize| ((first + i) / out.width, (first + i) % out.width);
        let panel: &mut [E] = bytemuck::cast_slice_mut(&mut local.panel);
        for i in 0..cells {
            gather(cell(i), &mut panel[i * k..]);
        }
        for (tile, weights) in weights.chunks_exact(k * gemm::CHANNELS).enumerate() {
            // SAFETY: the panel holds `cells` rows of `k` inputs, the weights one tile, the sums `cells` rows.
            unsafe {
                let sums = local.sums.as_mut_ptr();
                let rows = Rows { stride: k, k, count: cells };
                gemm::<S, E>(panel.as_ptr(), rows, weights.as_ptr(), sums, gemm::CHANNELS, false);
            }
            let (sums, channel, cells) = (&local.sums, tile * gemm::CHANNELS, (0..cells).map(cell));
            // SAFETY: channels are padded to whole tiles, cells lie inside the output, sums were just written.
            unsafe {
                match epilogue {
                    Epilogue::Requantise(put) => put_cells::<S>(put, sums, channel, cells),
                    Epilogue::Keep(put) => put_cells::<S>(put, sums, channel, cells),
                }
            }
        }
    });
}

/// Puts 16 channels of `sums` to each of these cells.
///
/// # Safety
/// The channels and the cells are the output's; `sums` has as many rows of [`gemm::CHANNELS`].
// Its own function: V8 keeps what all cells share in registers.
#[inline(never)]
unsafe fn put_cells<S: Simd>(
    put: impl Put<S>,
    sums: &[i32],
    channel: usize,
    cells: impl Iterator<Item = (usize, usize)>,
) {
    // SAFETY: by the caller.
    unsafe {
        let lanes = std::array::from_fn(|i| put.lane(channel + 4 * i));
        for (sums, (y, x)) in sums.chunks_exact(gemm::CHANNELS).zip(cells) {
            let acc = std::array::from_fn(|i| S::load(sums.as_ptr().add(4 * i).cast()));
            put.put_cell(&lanes, channel, y, x, acc);
        }
    }
}

/// Lays the window at output cell (`y`, `x`) into the first row of `panel`.
fn gather<S: Simd, V: Value, E: Row<V>>(input: &Blocked<V>, window: Window, (y, x): (usize, usize), panel: &mut [E]) {
    let kernel = window.kernel;
    let mut to = panel.chunks_exact_mut(8);
    for channels in 0..blocks(input.shape().channels) {
        for ky in 0..kernel {
            let from = input.index(channels, window.start(y) + ky as isize, window.start(x));
            let from = &input.data()[from..from + kernel * BLOCK];
            for (from, to) in from.as_chunks().0.iter().zip(&mut to) {
                E::copy::<S>(from, to);
            }
        }
    }
}

/// What [`gather`] makes of values.
trait Row<V>: Sized {
    fn copy<S: Simd>(from: &[V; 8], to: &mut [Self]);
}

impl Row<u8> for u8 {
    #[inline(always)]
    fn copy<S: Simd>(from: &[u8; 8], to: &mut [u8]) {
        to.copy_from_slice(from);
    }
}

impl<V: Value> Row<V> for i16 {
    #[inline(always)]
    fn copy<S: Simd>(from: &[V; 8], to: &mut [i16]) {
        assert!(to.len() >= 8);
        // SAFETY: eight values are read, eight i16 written.
        unsafe { S::store(to.as_mut_ptr().cast(), V::load8::<S>(from.as_ptr())) };
    }
}

/// As [`gather`], from a picture: three channels lie side by side, so a window's row is one run of values. Whole vectors
/// are copied; what runs over is written again by the next run, or by the next row, or meets zero weights.
fn gather_picture<S: Simd>(picture: &Picture, window: Window, (y, x): (usize, usize), panel: &mut [i16]) {
    let run = window.kernel * INPUT_CHANNELS;
    let groups = run.next_multiple_of(8);
    for ky in 0..window.kernel {
        let from = picture.index(window.start(y) + ky as isize, window.start(x));
        let from = &picture.data()[from..from + groups];
        for (from, to) in from.chunks_exact(8).zip(panel[ky * run..][..groups].chunks_exact_mut(8)) {
            // SAFETY: eight values are read and eight written.
            unsafe { S::store(to.as_mut_ptr().cast(), S::load(from.as_ptr().cast())) };
        }
    }
}

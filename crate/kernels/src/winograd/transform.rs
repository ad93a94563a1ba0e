//! V of a tile's inputs, from wherever they lie, and Y of its sums: both axes.

use super::tile::Tile;
use crate::requantise::Put;
use crate::shape::{INPUT_CHANNELS, Shape};
use crate::simd::Simd;
use crate::tensor::{BLOCK, Blocked, Picture, Value};

/// V of one tile and one block of channels: 32 values to every `stride` of `panel`.
///
/// # Safety
/// The values are writable.
#[inline(always)]
pub(super) unsafe fn transform_input<S: Simd, T: Tile, V: Value>(
    input: &Blocked<V>,
    block: usize,
    y: usize,
    x: usize,
    panel: *mut i16,
    stride: usize,
) {
    let row = input.cols() * BLOCK;
    let from = input.index(block, y as isize - 1, x as isize - 1);
    // The whole tile lies inside, halo and tile room included: the last value that will be read.
    assert!(from + (T::IN - 1) * (row + BLOCK) + BLOCK <= input.data().len());
    for c in (0..BLOCK).step_by(8) {
        transform_cells::<S, T>(
            // SAFETY: asserted above.
            |i, j| unsafe { V::load8::<S>(input.data().as_ptr().add(from + i * row + j * BLOCK + c)) },
            // SAFETY: writable, by the caller.
            |position, v| unsafe { S::store(panel.add(position * stride + c).cast(), v) },
        );
    }
}

/// As [`transform_input`], of a picture: [`PIXEL`](super::weights::PIXEL) values, the last of which is another pixel's
/// and meets zero weights.
///
/// # Safety
/// As there.
#[inline(always)]
pub(super) unsafe fn transform_pixels<S: Simd, T: Tile>(
    picture: &Picture,
    y: usize,
    x: usize,
    panel: *mut i16,
    stride: usize,
) {
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
pub(super) fn transform_output<S: Simd, T: Tile>(
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

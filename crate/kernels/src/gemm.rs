//! The micro-kernel: rows of activations times packed weights, i16·i16 or u7·i8 into i32.
//!
//! ```text
//! for 4·N output channels, for M rows at a time:
//!     accumulators[M][N] = 0                              8 vectors for 2×4: all in registers
//!     for every two (i16) or four (u7) inputs from k:
//!         a[m] = rows[m][k..], four bytes in all lanes    one splat load a row
//!         accumulators[m][n] += dot(a[m], w[k][n])        lane = output channel
//! ```
//! 1. A lane is an output channel, so there are no horizontal sums and the epilogue works on whole vectors.
//! 2. A row lies in one piece, `[rows][k]`: one loop over all of k, and the prefetcher sees one run of addresses.
//! 3. The loop over inputs is not unrolled: V8 has 15 vector registers, and LLVM, given more to schedule, spills.

use super::simd::Simd;

/// Output channels of one tile: four vectors of four.
pub const CHANNELS: usize = 16;
const N: usize = CHANNELS / 4;
/// Rows of one tile.
const M: usize = 2;

/// What rows and weights are made of, and the instruction that multiplies them.
pub(super) trait Element<S: Simd>: bytemuck::Pod {
    type Weight: bytemuck::Pod + Sync;
    /// Inputs whose products one instruction sums in a lane: four bytes of a row.
    const INPUTS: usize;
    fn weight(w: i8) -> Self::Weight;
    /// Lanes of `acc`: plus the products of a row's four bytes, repeated, and weights.
    fn dot(acc: S::V, row: S::V, weights: S::V) -> S::V;
}

/// i16 · i16, two inputs a lane: values of Winograd's transforms, pixels, activations.
impl<S: Simd> Element<S> for i16 {
    type Weight = i16;
    const INPUTS: usize = 2;
    fn weight(w: i8) -> i16 {
        w.into()
    }
    #[inline(always)]
    fn dot(acc: S::V, row: S::V, weights: S::V) -> S::V {
        S::add_i32(acc, S::dot_i16(row, weights))
    }
}

/// u7 · i8, four inputs a lane: activations as they are.
impl<S: Simd> Element<S> for u8 {
    type Weight = i8;
    const INPUTS: usize = 4;
    fn weight(w: i8) -> i8 {
        w
    }
    #[inline(always)]
    fn dot(acc: S::V, row: S::V, weights: S::V) -> S::V {
        S::dot_i8(acc, weights, row)
    }
}

/// Position of weight (`channel`, `k`) in weights packed `[channel/16][k/inputs][16 channels][inputs]`, `k` padded to whole
/// blocks; `inputs` is [`Element::INPUTS`].
pub(super) fn weight_index(channel: usize, k: usize, k_padded: usize, inputs: usize) -> usize {
    ((channel / CHANNELS * k_padded / inputs + k / inputs) * CHANNELS + channel % CHANNELS) * inputs + k % inputs
}

/// Rows of a panel.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Elements from one row to the next.
    pub stride: usize,
    /// Inputs of each.
    pub k: usize,
    pub count: usize,
}

/// `out[r][0..16] = rows[r] · weights` for all rows, i32; `add`: plus what is there.
///
/// # Safety
/// `panel` holds the rows, `k` a multiple of 32; `weights` one tile of 16 channels, `k` inputs; `out` has 16 i32 at every
/// `out_stride` i32, as many times as there are rows.
// Its own function: inlined into a large one, V8's register allocator spills the accumulators.
#[inline(never)]
pub(super) unsafe fn gemm<S: Simd, E: Element<S>>(
    panel: *const E,
    rows: Rows,
    weights: *const E::Weight,
    out: *mut i32,
    out_stride: usize,
    add: bool,
) {
    let mut row = 0;
    // SAFETY: rows `row..row + M` (or the last one) exist in the panel and in the output, by the caller.
    unsafe {
        while row + M <= rows.count {
            tile::<S, E, M>(panel.add(row * rows.stride), rows, weights, out.add(row * out_stride), out_stride, add);
            row += M;
        }
        while row < rows.count {
            tile::<S, E, 1>(panel.add(row * rows.stride), rows, weights, out.add(row * out_stride), out_stride, add);
            row += 1;
        }
    }
}

/// `M` rows of [`gemm`].
#[inline(always)]
unsafe fn tile<S: Simd, E: Element<S>, const M: usize>(
    panel: *const E,
    rows: Rows,
    weights: *const E::Weight,
    out: *mut i32,
    out_stride: usize,
    add: bool,
) {
    let mut acc = [[S::zero(); N]; M];
    if add {
        for (m, row) in acc.iter_mut().enumerate() {
            for (n, v) in row.iter_mut().enumerate() {
                // SAFETY: by the caller.
                *v = unsafe { S::load(out.add(m * out_stride + n * 4).cast()) };
            }
        }
    }
    let mut w = weights.cast::<u8>();
    let mut p = panel.cast::<u8>();
    // SAFETY: the loops stay inside the panel, the weights and the output that the caller vouches for.
    unsafe {
        let row = rows.stride * size_of::<E>();
        let end = p.add(rows.k * size_of::<E>());
        while p < end {
            let mut a = [S::zero(); M];
            for m in 0..M {
                a[m] = S::load_splat32(p.add(m * row));
            }
            for n in 0..N {
                let wv = S::load(w.add(n * 16));
                for m in 0..M {
                    acc[m][n] = E::dot(acc[m][n], a[m], wv);
                }
            }
            p = p.add(4);
            w = w.add(16 * N);
        }
        for (m, row) in acc.iter().enumerate() {
            for (n, &v) in row.iter().enumerate() {
                S::store(out.add(m * out_stride + n * 4).cast(), v);
            }
        }
    }
}

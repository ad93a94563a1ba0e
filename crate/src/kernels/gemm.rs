//! The micro-kernel: rows of activations times packed weights, i16·i16 into i32.
//!
//! ```text
//! for 4·N output channels, for M rows at a time:
//!     accumulators[M][N] = 0                              8 vectors for 2×4: all in registers
//!     for every pair of inputs k, k+1:
//!         a[m] = rows[m][k..k+2], repeated in all lanes   one splat load a row
//!         accumulators[m][n] += dot(a[m], w[k/2][n])      lane = output channel
//! ```
//! 1. A lane is an output channel, so there are no horizontal sums and the epilogue works on whole vectors.
//! 2. A row lies in one piece, `[rows][k]`: one loop over all of k, and the prefetcher sees one run of addresses.
//! 3. The loop over pairs is not unrolled: V8 has 15 vector registers, and LLVM, given more to schedule, spills.

use super::simd::Simd;

/// Output channels of one tile: four vectors of four.
pub(super) const CHANNELS: usize = 16;
const N: usize = CHANNELS / 4;
/// Rows of one tile.
const M: usize = 2;

/// Position of weight (`channel`, `k`) in weights packed `[channel/16][k/2][16 channels][2 k]`, `k` padded to whole blocks.
pub(super) fn weight_index(channel: usize, k: usize, k_padded: usize) -> usize {
    ((channel / CHANNELS * k_padded / 2 + k / 2) * CHANNELS + channel % CHANNELS) * 2 + k % 2
}

/// `out[r][0..16] = rows[r] · weights` for `rows` rows, i32.
///
/// # Safety
/// `panel` holds `[rows][k]` i16, `k` a multiple of 32; `weights` one tile of 16 channels, `k` inputs; `out` has 16 i32
/// at every `out_stride` i32, `rows` times.
// Its own function: inlined into a large one, V8's register allocator spills the accumulators.
#[inline(never)]
pub(super) unsafe fn gemm<S: Simd>(
    panel: *const i16,
    k: usize,
    rows: usize,
    weights: *const i16,
    out: *mut i32,
    out_stride: usize,
) {
    let mut row = 0;
    // SAFETY: rows `row..row + M` (or the last one) exist in the panel and in the output, by the caller.
    unsafe {
        while row + M <= rows {
            tile::<S, M>(panel.add(row * k), k, weights, out.add(row * out_stride), out_stride);
            row += M;
        }
        while row < rows {
            tile::<S, 1>(panel.add(row * k), k, weights, out.add(row * out_stride), out_stride);
            row += 1;
        }
    }
}

/// `M` rows of [`gemm`].
#[inline(always)]
unsafe fn tile<S: Simd, const M: usize>(
    rows: *const i16,
    k: usize,
    weights: *const i16,
    out: *mut i32,
    out_stride: usize,
) {
    let mut acc = [[S::zero(); N]; M];
    let mut w = weights.cast::<u8>();
    let mut p = rows.cast::<u8>();
    // SAFETY: the loops stay inside the panel, the weights and the output that the caller vouches for.
    unsafe {
        let end = p.add(k * 2);
        while p < end {
            let mut a = [S::zero(); M];
            for m in 0..M {
                a[m] = S::load_splat32(p.add(m * k * 2));
            }
            for n in 0..N {
                let wv = S::load(w.add(n * 16));
                for m in 0..M {
                    acc[m][n] = S::add_i32(acc[m][n], S::dot_i16(a[m], wv));
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

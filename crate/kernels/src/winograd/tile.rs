//! The tile sizes F(2×2, 3×3) and F(4×4, 3×3): their transforms along one axis, in integers.
//!
//! # Why it is exact
//! F(4×4)'s G has denominators 4, 6 and 24. Here G's rows are scaled to integers and A's columns take the inverse, up
//! to a common factor: `Aᵀ M A` is `9·2^(e_i + e_j)` times the direct sum, e = 3 2 1 1. All sums wrap modulo 2^32; there
//! 9 has the inverse 954437177, and an arithmetic shift by `e_i + e_j` (at most 6) ends it. The result is the
//! direct sum whenever that is below 2^25 in magnitude, which [`F4::exact`] checks from the weights.
//! |V| ≤ 127·(8·8 + 2·2) = 8,636 and |U| ≤ 127·7·7 = 6,223 fit i16.
//!
//! Of a picture, |V| ≤ 255·10·10 = 25,500, and the direct sum of 27 products is far below the bound whatever the weights.

use crate::simd::Simd;

/// A tile size: its transforms.
pub(crate) trait Tile {
    /// Output cells of one side.
    const OUT: usize;
    /// Input cells of one side.
    const IN: usize = Self::OUT + 2;
    /// Whether it is computed of gradients, too; see [`crate::gradient::most_steps`].
    const TAKES_GRADIENTS: bool;
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
pub(crate) struct F2;

impl Tile for F2 {
    const OUT: usize = 2;
    const TAKES_GRADIENTS: bool = true;

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
pub(crate) struct F4;

impl Tile for F4 {
    const OUT: usize = 4;
    /// V is up to a hundred times as large as what it is made of: 327 steps would be left.
    const TAKES_GRADIENTS: bool = false;

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

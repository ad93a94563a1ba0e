//! The limit beside which speeds are printed: how many multiply-adds a second the instruction under the kernels
//! reaches when nothing is loaded or stored.

use super::simd::Simd;

/// Accumulators in flight: enough to hide the instruction's latency, few enough for V8's 15 registers.
const CHAINS: usize = 12;

/// Runs `iterations` rounds of `dot_i16` and an add on registers; returns the multiply-adds done and a value that
/// depends on all of them. Call it often: an engine optimises a function between calls, not within one.
#[inline(never)]
pub fn dot_i16<S: Simd>(iterations: u32, seed: i32) -> (u64, i32) {
    let mut acc: [S::V; CHAINS] = std::array::from_fn(|i| S::splat_i32(seed.wrapping_mul(i as i32 + 1)));
    let b = S::splat_i32(seed);
    for _ in 0..iterations {
        for i in 0..CHAINS {
            acc[i] = S::add_i32(acc[i], S::dot_i16(acc[(i + 1) % CHAINS], b));
        }
    }
    let sum = acc.into_iter().fold(S::zero(), S::add_i32);
    (u64::from(iterations) * CHAINS as u64 * 8, S::lanes_i32(sum).into_iter().fold(0, i32::wrapping_add))
}

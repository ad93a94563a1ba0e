//! The limits beside which speeds are printed: how many multiply-adds a second the instructions under the kernels
//! reach when nothing is loaded or stored.
//!
//! Each runs rounds of one instruction on registers, and returns the multiply-adds done and a value that depends on all of
//! them. Call it often: an engine optimises a function between calls, not within one.

use super::simd::Simd;

/// Accumulators in flight: enough to hide the instruction's latency, few enough for V8's 15 registers.
const CHAINS: usize = 12;

/// [`Simd::dot_i16`] and an add.
pub fn dot_i16<S: Simd>(iterations: u32, seed: i32) -> (u64, i32) {
    let b = S::splat_i32(seed);
    run::<S, 8>(iterations, seed, |acc, a| S::add_i32(acc, S::dot_i16(a, b)))
}

/// [`Simd::dot_i8`].
pub fn dot_i8<S: Simd>(iterations: u32, seed: i32) -> (u64, i32) {
    let b = S::splat_i32(seed & 0x7f7f_7f7f);
    run::<S, 16>(iterations, seed, |acc, a| S::dot_i8(acc, a, b))
}

#[inline(never)]
fn run<S: Simd, const MACS: u64>(iterations: u32, seed: i32, step: impl Fn(S::V, S::V) -> S::V) -> (u64, i32) {
    let mut acc: [S::V; CHAINS] = std::array::from_fn(|i| S::splat_i32(seed.wrapping_mul(i as i32 + 1)));
    for _ in 0..iterations {
        for i in 0..CHAINS {
            acc[i] = step(acc[i], acc[(i + 1) % CHAINS]);
        }
    }
    let sum = acc.into_iter().fold(S::zero(), S::add_i32);
    (u64::from(iterations) * CHAINS as u64 * MACS, S::lanes_i32(sum).into_iter().fold(0, i32::wrapping_add))
}

//! Bounds on what a file may say. With them no f32 that the engine forms overflows or becomes subnormal: the extreme
//! multiplier is `1e-30`, the extreme logit `2^31 * 1e12`.
//!
//! xtask, which tells the page of them, compiles this file too.

use std::ops::RangeInclusive;

/// Bytes of the header, which holds the class names. Parsing it takes a multiple of this.
pub const HEADER: u64 = 4 << 20;
/// Bytes of a whole file. None within the other limits has more: there are 400 million weights at most, of a byte each.
pub const FILE: u64 = 1 << 29;
/// Bytes of a plain text.
pub const TEXT: usize = 8192;
/// Bytes of a class's id or name.
pub const NAME: usize = 256;
/// Scales of weights and activations.
pub const SCALE: RangeInclusive<f32> = 1e-12..=1e6;
/// Magnitude of a bias. The sum without it is below 2^30 too (see [`crate::network::limits::FAN_IN`]).
pub const BIAS: i32 = 1 << 30;
pub const STD: RangeInclusive<f32> = 1e-3..=1e3;
pub const TEMPERATURE: RangeInclusive<f32> = 1e-2..=1e2;

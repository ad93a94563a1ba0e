//! Largest accepted values of a row's numbers. They keep every product below `usize` on wasm32 and every accumulator below
//! `i32` (see `kernels`), whatever a file says.
//!
//! xtask, which tells the page of them, compiles this file too.

pub const INPUT_SIZE: std::ops::RangeInclusive<usize> = 1..=1024;
pub const CHANNELS: std::ops::RangeInclusive<usize> = 1..=2048;
pub const FC: std::ops::RangeInclusive<usize> = 1..=8192;
pub const CLASSES: std::ops::RangeInclusive<usize> = 1..=22_000;
pub const KERNEL: std::ops::RangeInclusive<usize> = 1..=15;
pub const STRIDE: std::ops::RangeInclusive<usize> = 1..=8;
/// Product of all strides up to a layer.
pub const JUMP: std::ops::RangeInclusive<usize> = 1..=65_536;
pub const MODULES: std::ops::RangeInclusive<usize> = 1..=16;
pub const LAYERS: std::ops::RangeInclusive<usize> = 1..=64;
/// Inputs of one output (`C·k·k`), so that `127 * 127 * inputs` stays below 2^30.
pub const FAN_IN: usize = 66_000;
/// Weights of the whole network.
pub const PARAMETERS: u64 = 400_000_000;
/// Values of all layers for one picture.
pub const VALUES: u64 = 400_000_000;
/// Of random weights.
pub const SEED: u32 = u32::MAX;
/// Threads that compute.
pub const THREADS: usize = 64;
/// Bytes that a network takes on so many threads, as `network::Memory` counts them: 1.5 GiB of the 2 that threads can share
/// in a browser.
pub const MEMORY: u64 = 3 << 29;

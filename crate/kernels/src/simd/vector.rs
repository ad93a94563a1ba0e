//! The operations on a vector, and what differs between machines.

/// What a machine computes [`Simd::dot_i8`] with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DotI8 {
    /// Several instructions: on x86 `pmaddubsw`, `pmaddwd`, `paddd`.
    Several,
    /// One: x86's `vpdpbusd` (AVX-VNNI) or `vpdpbssd`, ARM's `sdot`.
    One,
}

impl DotI8 {
    /// Multiply-adds in the time of twelve by [`Simd::dot_i16`] and an add.
    ///
    /// Three instructions for sixteen multiply-adds are four thirds of two for eight. One was measured at 2.5 times the
    /// rate, by [`crate::peak`] on an Intel Xeon with VNNI. On ARM, where `dot_i16` is three instructions, it may be eight
    /// times; but an engine that makes several of it there gives the same results, so no more is counted on.
    pub fn speed(self) -> usize {
        match self {
            DotI8::Several => 16,
            DotI8::One => 30,
        }
    }
}

/// Operations on one 128-bit vector, seen as i16x8, i32x4, f32x4 or u8x16.
///
/// # Safety
/// The pointer operations read or write as many bytes as their name says, from any alignment.
pub trait Simd: Copy + Send + Sync + 'static {
    /// Vector.
    type V: Copy;
    /// As kernel names show it.
    const NAME: &'static str;

    fn zero() -> Self::V;
    fn splat_i32(x: i32) -> Self::V;
    fn splat_f32(x: f32) -> Self::V;
    fn lanes_i32(v: Self::V) -> [i32; 4];

    /// # Safety
    /// 16 readable bytes.
    unsafe fn load(p: *const u8) -> Self::V;
    /// # Safety
    /// 16 writable bytes.
    unsafe fn store(p: *mut u8, v: Self::V);
    /// The first eight bytes.
    /// # Safety
    /// 8 writable bytes.
    unsafe fn store_half(p: *mut u8, v: Self::V);
    /// Four bytes, repeated four times.
    /// # Safety
    /// 4 readable bytes.
    unsafe fn load_splat32(p: *const u8) -> Self::V;
    /// Eight u8 to i16x8.
    /// # Safety
    /// 8 readable bytes.
    unsafe fn load_u8x8(p: *const u8) -> Self::V;
    /// Eight i8 to i16x8.
    /// # Safety
    /// 8 readable bytes.
    unsafe fn load_i8x8(p: *const i8) -> Self::V;
    /// 32-bit lane `N`.
    /// # Safety
    /// 4 writable bytes.
    unsafe fn store_lane32<const N: usize>(p: *mut u8, v: Self::V);

    fn add_i16(a: Self::V, b: Self::V) -> Self::V;
    fn sub_i16(a: Self::V, b: Self::V) -> Self::V;
    fn shl_i16<const N: u32>(a: Self::V) -> Self::V;
    /// i16x8 · i16x8 to i32x4: products of neighbours summed, exact but for four times `i16::MIN`.
    fn dot_i16(a: Self::V, b: Self::V) -> Self::V;

    /// Whether [`Simd::dot_i8`] is an instruction, and so faster than [`Simd::dot_i16`].
    const DOT_I8: bool;
    /// `acc` plus i8x16 · u7x16 to i32x4: products of four neighbours summed, exact.
    fn dot_i8(acc: Self::V, a: Self::V, b: Self::V) -> Self::V;
    /// What the instruction is on this machine.
    fn dot_i8_as() -> DotI8 {
        DotI8::Several
    }

    fn add_i32(a: Self::V, b: Self::V) -> Self::V;
    fn sub_i32(a: Self::V, b: Self::V) -> Self::V;
    fn mul_i32(a: Self::V, b: Self::V) -> Self::V;
    fn shl_i32<const N: u32>(a: Self::V) -> Self::V;
    /// Arithmetic shift right.
    fn shr_i32<const N: u32>(a: Self::V) -> Self::V;

    /// Four times four i32 to sixteen i8, saturated.
    fn narrow_i8(v: [Self::V; 4]) -> Self::V;
    fn max_u8(a: Self::V, b: Self::V) -> Self::V;

    fn to_f32(v: Self::V) -> Self::V;
    fn add_f32(a: Self::V, b: Self::V) -> Self::V;
    fn mul_f32(a: Self::V, b: Self::V) -> Self::V;
    fn div_f32(a: Self::V, b: Self::V) -> Self::V;
    fn sqrt_f32(a: Self::V) -> Self::V;
    /// Neither operand may be NaN.
    fn max_f32(a: Self::V, b: Self::V) -> Self::V;
}

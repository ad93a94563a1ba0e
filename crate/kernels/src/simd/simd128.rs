//! [`Simd`] with WebAssembly's fixed-width SIMD, and with one instruction of relaxed SIMD where the build has it.

#[cfg(target_feature = "relaxed-simd")]
use super::vector::DotI8;
use super::vector::Simd;
use core::arch::wasm32::*;

/// Token of the WebAssembly vector.
#[derive(Clone, Copy)]
pub struct Simd128;

impl Simd for Simd128 {
    type V = v128;
    const NAME: &'static str = if Self::DOT_I8 { "relaxed SIMD" } else { "simd128" };

    #[inline(always)]
    fn zero() -> v128 {
        i32x4_splat(0)
    }
    #[inline(always)]
    fn splat_i32(x: i32) -> v128 {
        i32x4_splat(x)
    }
    #[inline(always)]
    fn splat_f32(x: f32) -> v128 {
        f32x4_splat(x)
    }
    #[inline(always)]
    fn lanes_i32(v: v128) -> [i32; 4] {
        [i32x4_extract_lane::<0>(v), i32x4_extract_lane::<1>(v), i32x4_extract_lane::<2>(v), i32x4_extract_lane::<3>(v)]
    }

    #[inline(always)]
    unsafe fn load(p: *const u8) -> v128 {
        // SAFETY: 16 readable bytes, by the trait.
        unsafe { v128_load(p.cast()) }
    }
    #[inline(always)]
    unsafe fn store(p: *mut u8, v: v128) {
        // SAFETY: 16 writable bytes, by the trait.
        unsafe { v128_store(p.cast(), v) }
    }
    #[inline(always)]
    unsafe fn store_half(p: *mut u8, v: v128) {
        // SAFETY: 8 writable bytes, by the trait.
        unsafe { v128_store64_lane::<0>(v, p.cast()) }
    }
    #[inline(always)]
    unsafe fn load_splat32(p: *const u8) -> v128 {
        // SAFETY: 4 readable bytes, by the trait.
        unsafe { v128_load32_splat(p.cast()) }
    }
    #[inline(always)]
    unsafe fn load_u8x8(p: *const u8) -> v128 {
        // SAFETY: 8 readable bytes, by the trait.
        unsafe { i16x8_load_extend_u8x8(p) }
    }
    #[inline(always)]
    unsafe fn load_i8x8(p: *const i8) -> v128 {
        // SAFETY: 8 readable bytes, by the trait.
        unsafe { i16x8_load_extend_i8x8(p) }
    }
    #[inline(always)]
    unsafe fn store_lane32<const N: usize>(p: *mut u8, v: v128) {
        // SAFETY: 4 writable bytes, by the trait.
        unsafe { v128_store32_lane::<N>(v, p.cast()) }
    }

    #[inline(always)]
    fn add_i16(a: v128, b: v128) -> v128 {
        i16x8_add(a, b)
    }
    #[inline(always)]
    fn sub_i16(a: v128, b: v128) -> v128 {
        i16x8_sub(a, b)
    }
    #[inline(always)]
    fn shl_i16<const N: u32>(a: v128) -> v128 {
        i16x8_shl(a, N)
    }
    #[inline(always)]
    fn dot_i16(a: v128, b: v128) -> v128 {
        i32x4_dot_i16x8(a, b)
    }

    const DOT_I8: bool = cfg!(target_feature = "relaxed-simd");
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn dot_i8(acc: v128, a: v128, b: v128) -> v128 {
        i32x4_relaxed_dot_i8x16_i7x16_add(a, b, acc)
    }
    /// Told by what relaxed SIMD leaves to the machine: products of numbers that are no u7.
    #[cfg(target_feature = "relaxed-simd")]
    fn dot_i8_as() -> DotI8 {
        // Hidden, so that the machine computes it and not the compiler.
        let (most, ones) = std::hint::black_box((i8x16_splat(127), u8x16_splat(255)));
        match i32x4_extract_lane::<0>(Self::dot_i8(Self::zero(), most, ones)) {
            // Nothing lost between, by unsigned or by signed ones.
            129_540 | -508 => DotI8::One,
            _ => DotI8::Several,
        }
    }
    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn dot_i8(acc: v128, a: v128, b: v128) -> v128 {
        let low = i32x4_dot_i16x8(i16x8_extend_low_i8x16(a), i16x8_extend_low_u8x16(b));
        let high = i32x4_dot_i16x8(i16x8_extend_high_i8x16(a), i16x8_extend_high_u8x16(b));
        let even = i32x4_shuffle::<0, 2, 4, 6>(low, high);
        let odd = i32x4_shuffle::<1, 3, 5, 7>(low, high);
        i32x4_add(acc, i32x4_add(even, odd))
    }

    #[inline(always)]
    fn add_i32(a: v128, b: v128) -> v128 {
        i32x4_add(a, b)
    }
    #[inline(always)]
    fn sub_i32(a: v128, b: v128) -> v128 {
        i32x4_sub(a, b)
    }
    #[inline(always)]
    fn mul_i32(a: v128, b: v128) -> v128 {
        i32x4_mul(a, b)
    }
    #[inline(always)]
    fn shl_i32<const N: u32>(a: v128) -> v128 {
        i32x4_shl(a, N)
    }
    #[inline(always)]
    fn shr_i32<const N: u32>(a: v128) -> v128 {
        i32x4_shr(a, N)
    }

    #[inline(always)]
    fn narrow_i8([a, b, c, d]: [v128; 4]) -> v128 {
        i8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d))
    }
    #[inline(always)]
    fn max_u8(a: v128, b: v128) -> v128 {
        u8x16_max(a, b)
    }

    #[inline(always)]
    fn to_f32(v: v128) -> v128 {
        f32x4_convert_i32x4(v)
    }
    #[inline(always)]
    fn add_f32(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }
    #[inline(always)]
    fn mul_f32(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }
    #[inline(always)]
    fn div_f32(a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }
    #[inline(always)]
    fn sqrt_f32(a: v128) -> v128 {
        f32x4_sqrt(a)
    }
    #[inline(always)]
    fn max_f32(a: v128, b: v128) -> v128 {
        f32x4_pmax(a, b)
    }
}

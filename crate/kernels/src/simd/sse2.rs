//! [`Simd`] with SSE2, which every x86-64 has.

use super::vector::Simd;
use std::arch::x86_64::*;

/// Token of the SSE2 vector.
#[derive(Clone, Copy)]
pub struct Sse2;

/// Calls to intrinsics, which are unsafe where the feature is not named on the function.
macro_rules! sse2 {
    ($($body:tt)*) => {
        // SAFETY: SSE2 is part of x86-64; what is loaded and stored, the trait's callers vouch for.
        unsafe { $($body)* }
    };
}

#[inline(always)]
fn f(v: __m128i) -> __m128 {
    sse2!(_mm_castsi128_ps(v))
}
#[inline(always)]
fn i(v: __m128) -> __m128i {
    sse2!(_mm_castps_si128(v))
}

impl Simd for Sse2 {
    type V = __m128i;
    const NAME: &'static str = "sse2";

    #[inline(always)]
    fn zero() -> __m128i {
        sse2!(_mm_setzero_si128())
    }
    #[inline(always)]
    fn splat_i32(x: i32) -> __m128i {
        sse2!(_mm_set1_epi32(x))
    }
    #[inline(always)]
    fn splat_f32(x: f32) -> __m128i {
        sse2!(i(_mm_set1_ps(x)))
    }
    #[inline(always)]
    fn lanes_i32(v: __m128i) -> [i32; 4] {
        sse2! {
        let lane = |v| _mm_cvtsi128_si32(v);
        [
            lane(v),
            lane(_mm_shuffle_epi32::<0b01>(v)),
            lane(_mm_shuffle_epi32::<0b10>(v)),
            lane(_mm_shuffle_epi32::<0b11>(v)),
        ]
        }
    }

    #[inline(always)]
    unsafe fn load(p: *const u8) -> __m128i {
        sse2!(_mm_loadu_si128(p.cast()))
    }
    #[inline(always)]
    unsafe fn store(p: *mut u8, v: __m128i) {
        sse2!(_mm_storeu_si128(p.cast(), v))
    }
    #[inline(always)]
    unsafe fn store_half(p: *mut u8, v: __m128i) {
        sse2!(_mm_storel_epi64(p.cast(), v))
    }
    #[inline(always)]
    unsafe fn load_splat32(p: *const u8) -> __m128i {
        sse2!(_mm_set1_epi32(p.cast::<i32>().read_unaligned()))
    }
    #[inline(always)]
    unsafe fn load_u8x8(p: *const u8) -> __m128i {
        sse2!(_mm_unpacklo_epi8(_mm_loadl_epi64(p.cast()), _mm_setzero_si128()))
    }
    #[inline(always)]
    unsafe fn load_i8x8(p: *const i8) -> __m128i {
        sse2! {
        let v = _mm_loadl_epi64(p.cast());
        _mm_srai_epi16::<8>(_mm_unpacklo_epi8(v, v))
        }
    }
    #[inline(always)]
    unsafe fn store_lane32<const N: usize>(p: *mut u8, v: __m128i) {
        sse2!(p.cast::<i32>().write_unaligned(Self::lanes_i32(v)[N]))
    }

    #[inline(always)]
    fn add_i16(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_add_epi16(a, b))
    }
    #[inline(always)]
    fn sub_i16(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_sub_epi16(a, b))
    }
    #[inline(always)]
    fn shl_i16<const N: u32>(a: __m128i) -> __m128i {
        sse2!(_mm_sll_epi16(a, _mm_cvtsi32_si128(N as i32)))
    }
    #[inline(always)]
    fn dot_i16(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_madd_epi16(a, b))
    }

    const DOT_I8: bool = false;
    #[inline(always)]
    fn dot_i8(acc: __m128i, a: __m128i, b: __m128i) -> __m128i {
        sse2! {
        let zero = _mm_setzero_si128();
        let low = _mm_madd_epi16(_mm_srai_epi16::<8>(_mm_unpacklo_epi8(a, a)), _mm_unpacklo_epi8(b, zero));
        let high = _mm_madd_epi16(_mm_srai_epi16::<8>(_mm_unpackhi_epi8(a, a)), _mm_unpackhi_epi8(b, zero));
        let even = _mm_shuffle_ps::<0b10_00_10_00>(f(low), f(high));
        let odd = _mm_shuffle_ps::<0b11_01_11_01>(f(low), f(high));
        _mm_add_epi32(acc, _mm_add_epi32(i(even), i(odd)))
        }
    }

    #[inline(always)]
    fn add_i32(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_add_epi32(a, b))
    }
    #[inline(always)]
    fn sub_i32(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_sub_epi32(a, b))
    }
    #[inline(always)]
    fn mul_i32(a: __m128i, b: __m128i) -> __m128i {
        sse2! {
        let even = _mm_mul_epu32(a, b);
        let odd = _mm_mul_epu32(_mm_srli_epi64::<32>(a), _mm_srli_epi64::<32>(b));
        _mm_unpacklo_epi32(_mm_shuffle_epi32::<0b1000>(even), _mm_shuffle_epi32::<0b1000>(odd))
        }
    }
    #[inline(always)]
    fn shl_i32<const N: u32>(a: __m128i) -> __m128i {
        sse2!(_mm_sll_epi32(a, _mm_cvtsi32_si128(N as i32)))
    }
    #[inline(always)]
    fn shr_i32<const N: u32>(a: __m128i) -> __m128i {
        sse2!(_mm_sra_epi32(a, _mm_cvtsi32_si128(N as i32)))
    }

    #[inline(always)]
    fn narrow_i8([a, b, c, d]: [__m128i; 4]) -> __m128i {
        sse2!(_mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)))
    }
    #[inline(always)]
    fn max_u8(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_max_epu8(a, b))
    }

    #[inline(always)]
    fn to_f32(v: __m128i) -> __m128i {
        sse2!(i(_mm_cvtepi32_ps(v)))
    }
    #[inline(always)]
    fn add_f32(a: __m128i, b: __m128i) -> __m128i {
        sse2!(i(_mm_add_ps(f(a), f(b))))
    }
    #[inline(always)]
    fn mul_f32(a: __m128i, b: __m128i) -> __m128i {
        sse2!(i(_mm_mul_ps(f(a), f(b))))
    }
    #[inline(always)]
    fn div_f32(a: __m128i, b: __m128i) -> __m128i {
        sse2!(i(_mm_div_ps(f(a), f(b))))
    }
    #[inline(always)]
    fn sqrt_f32(a: __m128i) -> __m128i {
        sse2!(i(_mm_sqrt_ps(f(a))))
    }
    #[inline(always)]
    fn max_f32(a: __m128i, b: __m128i) -> __m128i {
        sse2!(i(_mm_max_ps(f(a), f(b))))
    }
}

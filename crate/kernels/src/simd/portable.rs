//! [`Simd`] with arrays: what each operation means, in plain Rust.

use super::vector::Simd;

/// Token of the portable vector.
#[derive(Clone, Copy)]
pub struct Portable;

/// The vector's 16 bytes, little-endian lanes.
type V = [u8; 16];

fn i16s(v: V) -> [i16; 8] {
    std::array::from_fn(|i| i16::from_le_bytes([v[2 * i], v[2 * i + 1]]))
}
fn from_i16s(lanes: [i16; 8]) -> V {
    std::array::from_fn(|i| lanes[i / 2].to_le_bytes()[i % 2])
}
fn i32s(v: V) -> [i32; 4] {
    std::array::from_fn(|i| i32::from_le_bytes(std::array::from_fn(|b| v[4 * i + b])))
}
fn from_i32s(lanes: [i32; 4]) -> V {
    std::array::from_fn(|i| lanes[i / 4].to_le_bytes()[i % 4])
}
fn f32s(v: V) -> [f32; 4] {
    i32s(v).map(|bits| f32::from_bits(bits as u32))
}
fn from_f32s(lanes: [f32; 4]) -> V {
    from_i32s(lanes.map(|x| x.to_bits() as i32))
}
fn zip_i16(a: V, b: V, f: impl Fn(i16, i16) -> i16) -> V {
    let (a, b) = (i16s(a), i16s(b));
    from_i16s(std::array::from_fn(|i| f(a[i], b[i])))
}
fn zip_i32(a: V, b: V, f: impl Fn(i32, i32) -> i32) -> V {
    let (a, b) = (i32s(a), i32s(b));
    from_i32s(std::array::from_fn(|i| f(a[i], b[i])))
}
fn zip_f32(a: V, b: V, f: impl Fn(f32, f32) -> f32) -> V {
    let (a, b) = (f32s(a), f32s(b));
    from_f32s(std::array::from_fn(|i| f(a[i], b[i])))
}

impl Simd for Portable {
    type V = V;
    const NAME: &'static str = "portable";

    fn zero() -> V {
        [0; 16]
    }
    fn splat_i32(x: i32) -> V {
        from_i32s([x; 4])
    }
    fn splat_f32(x: f32) -> V {
        from_f32s([x; 4])
    }
    fn lanes_i32(v: V) -> [i32; 4] {
        i32s(v)
    }

    unsafe fn load(p: *const u8) -> V {
        // SAFETY: 16 readable bytes, by the trait.
        unsafe { p.cast::<V>().read_unaligned() }
    }
    unsafe fn store(p: *mut u8, v: V) {
        // SAFETY: 16 writable bytes, by the trait.
        unsafe { p.cast::<V>().write_unaligned(v) }
    }
    unsafe fn store_half(p: *mut u8, v: V) {
        // SAFETY: 8 writable bytes, by the trait.
        unsafe { p.cast::<[u8; 8]>().write_unaligned(std::array::from_fn(|i| v[i])) }
    }
    unsafe fn load_splat32(p: *const u8) -> V {
        // SAFETY: 4 readable bytes, by the trait.
        from_i32s([unsafe { p.cast::<i32>().read_unaligned() }.to_le(); 4])
    }
    unsafe fn load_u8x8(p: *const u8) -> V {
        // SAFETY: 8 readable bytes, by the trait.
        from_i16s(unsafe { p.cast::<[u8; 8]>().read_unaligned() }.map(i16::from))
    }
    unsafe fn load_i8x8(p: *const i8) -> V {
        // SAFETY: 8 readable bytes, by the trait.
        from_i16s(unsafe { p.cast::<[i8; 8]>().read_unaligned() }.map(i16::from))
    }
    unsafe fn store_lane32<const N: usize>(p: *mut u8, v: V) {
        // SAFETY: 4 writable bytes, by the trait.
        unsafe { p.cast::<[u8; 4]>().write_unaligned(i32s(v)[N].to_le_bytes()) }
    }

    fn add_i16(a: V, b: V) -> V {
        zip_i16(a, b, i16::wrapping_add)
    }
    fn sub_i16(a: V, b: V) -> V {
        zip_i16(a, b, i16::wrapping_sub)
    }
    fn shl_i16<const N: u32>(a: V) -> V {
        from_i16s(i16s(a).map(|x| x << N))
    }
    fn dot_i16(a: V, b: V) -> V {
        let (a, b) = (i16s(a).map(i32::from), i16s(b).map(i32::from));
        from_i32s(std::array::from_fn(|i| (a[2 * i] * b[2 * i]).wrapping_add(a[2 * i + 1] * b[2 * i + 1])))
    }

    const DOT_I8: bool = false;
    fn dot_i8(acc: V, a: V, b: V) -> V {
        let acc = i32s(acc);
        let product = |i: usize| i32::from(a[i] as i8) * i32::from(b[i]);
        from_i32s(std::array::from_fn(|lane| (4 * lane..4 * lane + 4).map(product).fold(acc[lane], i32::wrapping_add)))
    }

    fn add_i32(a: V, b: V) -> V {
        zip_i32(a, b, i32::wrapping_add)
    }
    fn sub_i32(a: V, b: V) -> V {
        zip_i32(a, b, i32::wrapping_sub)
    }
    fn mul_i32(a: V, b: V) -> V {
        zip_i32(a, b, i32::wrapping_mul)
    }
    fn shl_i32<const N: u32>(a: V) -> V {
        from_i32s(i32s(a).map(|x| x << N))
    }
    fn shr_i32<const N: u32>(a: V) -> V {
        from_i32s(i32s(a).map(|x| x >> N))
    }

    fn narrow_i8(v: [V; 4]) -> V {
        std::array::from_fn(|i| i32s(v[i / 4])[i % 4].clamp(i8::MIN.into(), i8::MAX.into()) as u8)
    }
    fn max_u8(a: V, b: V) -> V {
        std::array::from_fn(|i| a[i].max(b[i]))
    }

    fn to_f32(v: V) -> V {
        from_f32s(i32s(v).map(|x| x as f32))
    }
    fn add_f32(a: V, b: V) -> V {
        zip_f32(a, b, |x, y| x + y)
    }
    fn mul_f32(a: V, b: V) -> V {
        zip_f32(a, b, |x, y| x * y)
    }
    fn div_f32(a: V, b: V) -> V {
        zip_f32(a, b, |x, y| x / y)
    }
    fn sqrt_f32(a: V) -> V {
        from_f32s(f32s(a).map(f32::sqrt))
    }
    fn max_f32(a: V, b: V) -> V {
        zip_f32(a, b, f32::max)
    }
}

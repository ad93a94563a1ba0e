//! Whether the kernels compute here what they are defined to: asked once, before the first network runs.
//!
//! Relaxed SIMD lets machines differ, engines have had faults, and a wrong sum looks like any other number. A kernel
//! that fails is not planned with (see [`super::plan`]), and the page says so.

use crate::kernels::backend::BEST;
use crate::kernels::conv::{Algorithm, Conv};
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Best, Simd};
use crate::kernels::source::Source;
use crate::kernels::tensor::Activations;
use crate::network::Window;
use ndarray::{Array3, Array4};
use std::sync::OnceLock;

/// Algorithms whose result differs from the definition.
pub fn failed() -> &'static [Algorithm] {
    static FAILED: OnceLock<Vec<Algorithm>> = OnceLock::new();
    FAILED.get_or_init(|| {
        let case = Case::new();
        Algorithm::ALL.into_iter().filter(|&algorithm| !case.is_computed_by(algorithm)).collect()
    })
}

/// Whether the plan may use an algorithm: it is fast in this build, and it works.
pub fn usable(algorithm: Algorithm) -> bool {
    (algorithm != Algorithm::DirectI8 || Best::DOT_I8) && !failed().contains(&algorithm)
}

/// One convolution of a few tiles, whose values reach the ends of their ranges in all combinations.
struct Case {
    input: Array3<u8>,
    weight: Array4<i8>,
    bias: Vec<i32>,
}

impl Case {
    const WINDOW: Window = Window { kernel: 3, stride: 1, pad: 1 };
    /// [`checksum`] of the definition's sums. A test compares: a page that opens should not wait for the definition.
    const EXPECTED: u32 = 3_693_116_933;

    fn new() -> Self {
        let (inputs, outputs, side) = (33, 17, 5);
        let input =
            Array3::from_shape_fn((inputs, side, side), |(c, y, x)| [127, 0, 127, 64, 1][(c + 3 * y + 2 * x) % 5]);
        let weight = Array4::from_shape_fn((outputs, inputs, 3, 3), |(o, c, y, x)| {
            [127, -127, -127, 127, 1, 0, -64][(o + c + 3 * y + x) % 7]
        });
        let bias = (0..outputs as i32).map(|o| o * 1000 - 5000).collect();
        Case { input, weight, bias }
    }

    /// Whether an algorithm gives the sums of the definition.
    fn is_computed_by(&self, algorithm: Algorithm) -> bool {
        let (inputs, height, width) = self.input.dim();
        let flat = self.weight.as_slice().expect("standard layout");
        let multiplier = vec![1.0; self.bias.len()];
        let packed = Conv::new(algorithm, false, Self::WINDOW, inputs, flat, &self.bias, &multiplier);
        let source = Activations::from_plain(self.input.view(), Self::WINDOW.pad);
        let (sums, stride) = (BEST.accumulators)(&packed, Source::Activations(&source), &mut Scratch::default());
        let cells = height * width;
        let plain = (0..self.bias.len()).flat_map(|o| (0..cells).map(move |cell| (o, cell)));
        checksum(plain.map(|(o, cell)| sums[cell * stride + o])) == Self::EXPECTED
    }
}

/// Of sums in their order `[C, H, W]`. Factors are odd, so that no wrong sum goes unnoticed.
fn checksum(sums: impl Iterator<Item = i32>) -> u32 {
    (1u32..).step_by(2).zip(sums).fold(0, |all, (factor, sum)| all.wrapping_add(factor.wrapping_mul(sum as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::conv::conv;

    #[test]
    fn what_is_expected_is_the_definition() {
        let Case { input, weight, bias } = Case::new();
        let sums = conv(input.view(), weight.view(), &bias, Case::WINDOW);
        assert_eq!(checksum(sums.into_iter()), Case::EXPECTED);
    }

    #[test]
    fn one_wrong_sum_is_noticed() {
        assert_ne!(checksum([1, 2, 3].into_iter()), checksum([1, 3, 3].into_iter()));
        assert_ne!(checksum([1, 2, 3].into_iter()), checksum([2, 1, 3].into_iter()));
        let mut case = Case::new();
        case.bias[16] += 1;
        assert!(Algorithm::ALL.into_iter().all(|algorithm| !case.is_computed_by(algorithm)));
    }
}

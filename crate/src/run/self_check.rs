//! Whether the kernels compute here what they are defined to: asked once, before the first network runs.
//!
//! Relaxed SIMD lets machines differ, engines have had faults, and a wrong sum looks like any other number. A kernel
//! that fails is not planned with (see [`super::plan`]), and the page says so.

use crate::kernels::conv::{Algorithm, Conv, Scratch, Source, conv};
use crate::kernels::operators::BEST;
use crate::kernels::simd::{Best, Simd};
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
    window: Window,
    input: Array3<u8>,
    weight: Array4<i8>,
    bias: Vec<i32>,
    expected: Array3<i32>,
}

impl Case {
    fn new() -> Self {
        let window = Window { kernel: 3, stride: 1, pad: 1 };
        let (inputs, outputs, side) = (33, 17, 5);
        let input =
            Array3::from_shape_fn((inputs, side, side), |(c, y, x)| [127, 0, 127, 64, 1][(c + 3 * y + 2 * x) % 5]);
        let weight = Array4::from_shape_fn((outputs, inputs, 3, 3), |(o, c, y, x)| {
            [127, -127, -127, 127, 1, 0, -64][(o + c + 3 * y + x) % 7]
        });
        let bias: Vec<i32> = (0..outputs as i32).map(|o| o * 1000 - 5000).collect();
        let expected = conv(input.view(), weight.view(), &bias, window);
        Case { window, input, weight, bias, expected }
    }

    /// Whether an algorithm gives the sums of the definition.
    fn is_computed_by(&self, algorithm: Algorithm) -> bool {
        let (inputs, _, side) = self.input.dim();
        let flat = self.weight.as_slice().expect("standard layout");
        let multiplier = vec![1.0; self.bias.len()];
        let packed = Conv::new(algorithm, false, self.window, inputs, flat, &self.bias, &multiplier);
        let source = Activations::from_plain(self.input.view(), self.window.pad);
        let (sums, stride) = (BEST.accumulators)(&packed, Source::Activations(&source), &mut Scratch::default());
        self.expected.indexed_iter().all(|((o, y, x), &sum)| sums[(y * side + x) * stride + o] == sum)
    }
}

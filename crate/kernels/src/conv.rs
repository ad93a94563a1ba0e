//! Convolution: the definition, and [`Conv`], which packs a layer's weights for a kernel and runs it.

use super::parallel::Shared;
use super::requantise::{Epilogue, Keep, Requantise, requantise};
use super::scratch::{Bytes, Scratch};
use super::shape::{Shape, Window};
use super::simd::{Best, Simd};
use super::source::Source;
use super::tensor::{Activations, Aligned};
use super::winograd::{F2, F4, Tile};
use super::{direct, gemm, winograd};
use ndarray::{Array3, ArrayView3, ArrayView4, s};

/// The definition. `input` `[C_in, H, W]` (u7 activations or i16 pixels), `weight` `[C_out, C_in, k, k]`, `bias` `[C_out]`;
/// returns the accumulators `[C_out, H', W']`. Cells outside the input are zero.
pub fn conv<T: Copy + Into<i32>>(
    input: ArrayView3<T>,
    weight: ArrayView4<i8>,
    bias: &[i32],
    window: Window,
) -> Array3<i32> {
    let (channels, height, width) = input.dim();
    let (out_channels, ..) = weight.dim();
    let out = |cells| window.output(cells).expect("the window fits");
    let inside =
        |i: usize, k: usize, cells: usize| (i * window.stride + k).checked_sub(window.pad).filter(|&cell| cell < cells);
    Array3::from_shape_fn((out_channels, out(height), out(width)), |(o, y, x)| {
        let mut acc = bias[o];
        for ky in 0..window.kernel {
            let Some(iy) = inside(y, ky, height) else { continue };
            for kx in 0..window.kernel {
                let Some(ix) = inside(x, kx, width) else { continue };
                for c in 0..channels {
                    acc = acc.wrapping_add(input[[c, iy, ix]].into() * i32::from(weight[[o, c, ky, kx]]));
                }
            }
        }
        acc
    })
}

/// [`requantise`] of accumulators `[C, H, W]` by the channel's multiplier: ReLU is the clamp at zero.
pub fn relu_u7(acc: &Array3<i32>, multiplier: &[f32]) -> Array3<u8> {
    let mut out = Array3::zeros(acc.raw_dim());
    for (c, &multiplier) in multiplier.iter().enumerate() {
        out.slice_mut(s![c, .., ..])
            .zip_mut_with(&acc.slice(s![c, .., ..]), |q, &acc| *q = requantise(acc, multiplier));
    }
    out
}

/// How a convolution is computed. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Implicit GEMM: every kernel, stride and padding.
    Direct,
    /// The same by [`Simd::dot_i8`], which relaxed SIMD makes one instruction; not for pictures, which have a sign.
    DirectI8,
    /// Winograd F(2×2, 3×3): 3×3, stride 1, padding 1.
    WinogradF2,
    /// Winograd F(4×4, 3×3): as F(2×2), where every direct sum is below 2^25.
    WinogradF4,
}

impl Algorithm {
    /// What Winograd's algorithms compute.
    pub(super) const SAME3X3: Window = Window { kernel: 3, stride: 1, pad: 1 };

    pub const ALL: [Algorithm; 4] =
        [Algorithm::Direct, Algorithm::DirectI8, Algorithm::WinogradF2, Algorithm::WinogradF4];

    /// Whether the algorithm computes from a picture, too.
    pub fn takes_pictures(self) -> bool {
        self != Algorithm::DirectI8
    }

    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Direct => "direct i16",
            Algorithm::DirectI8 => "direct i8",
            Algorithm::WinogradF2 => "Winograd F(2×2) i16",
            Algorithm::WinogradF4 => "Winograd F(4×4) i16",
        }
    }

    /// Whether it multiplies by [`Simd::dot_i8`].
    pub fn is_narrow(self) -> bool {
        self == Algorithm::DirectI8
    }

    /// Multiplications of the definition in place of which the algorithm does one.
    pub fn gain(self) -> f64 {
        match self {
            Algorithm::Direct | Algorithm::DirectI8 => 1.0,
            Algorithm::WinogradF2 => 36.0 / 16.0,
            Algorithm::WinogradF4 => 144.0 / 36.0,
        }
    }

    /// Whether the algorithm computes this convolution exactly; `weight` is `[C_out, C_in, k, k]`.
    pub fn applies(self, window: Window, weight: &[i8], out_channels: usize) -> bool {
        let same3x3 = window == Self::SAME3X3;
        let exact = |exact: fn(&[i8]) -> bool| weight.chunks_exact(weight.len() / out_channels).all(exact);
        match self {
            Algorithm::Direct | Algorithm::DirectI8 => true,
            Algorithm::WinogradF2 => same3x3 && exact(F2::exact),
            Algorithm::WinogradF4 => same3x3 && exact(F4::exact),
        }
    }
}

/// What a convolution takes at most: which algorithm computes it depends on its weights and on the machine.
pub fn bytes(from_picture: bool, window: Window, in_channels: usize, out: Shape) -> Bytes {
    let direct = direct::bytes(from_picture, in_channels, window.kernel, out.channels);
    if window != Algorithm::SAME3X3 {
        return direct;
    }
    direct.or(winograd::bytes::<F2>(from_picture, in_channels, out)).or(winograd::bytes::<F4>(
        from_picture,
        in_channels,
        out,
    ))
}

/// A convolution with its weights packed.
pub struct Conv {
    window: Window,
    algorithm: Algorithm,
    in_channels: usize,
    out_channels: usize,
    weights: Aligned<i16>,
    /// Padded with zeros to whole tiles of channels.
    bias: Vec<i32>,
    multiplier: Vec<f32>,
}

impl Conv {
    /// Packs `weight` `[C_out, C_in, k, k]` for `algorithm`, which must apply. `from_picture`: the input is a picture,
    /// which the algorithm must take.
    pub fn new(
        algorithm: Algorithm,
        from_picture: bool,
        window: Window,
        in_channels: usize,
        weight: &[i8],
        bias: &[i32],
        multiplier: &[f32],
    ) -> Self {
        let out_channels = bias.len();
        assert_eq!(weight.len(), out_channels * in_channels * window.kernel * window.kernel);
        assert_eq!(multiplier.len(), out_channels);
        assert!(algorithm.takes_pictures() || !from_picture);
        debug_assert!(algorithm.applies(window, weight, out_channels));
        let weights = match algorithm {
            Algorithm::Direct => {
                direct::pack::<Best, i16>(weight, from_picture, in_channels, window.kernel, out_channels)
            }
            Algorithm::DirectI8 => direct::pack::<Best, u8>(weight, false, in_channels, window.kernel, out_channels),
            Algorithm::WinogradF2 => winograd::pack::<Best, F2>(weight, from_picture, in_channels, out_channels),
            Algorithm::WinogradF4 => winograd::pack::<Best, F4>(weight, from_picture, in_channels, out_channels),
        };
        let padded = out_channels.next_multiple_of(gemm::CHANNELS);
        let mut conv = Conv {
            window,
            algorithm,
            in_channels,
            out_channels,
            weights,
            bias: bias.to_vec(),
            multiplier: multiplier.to_vec(),
        };
        conv.bias.resize(padded, 0);
        conv.multiplier.resize(padded, 0.0);
        conv
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Replaces the multipliers, one per output channel.
    pub fn set_multiplier(&mut self, multiplier: &[f32]) {
        self.multiplier[..self.out_channels].copy_from_slice(multiplier);
    }

    /// Bytes of packed weights.
    pub fn bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// Shape of the output over an input of this shape.
    fn output(&self, input: Shape) -> Shape {
        let cells = |cells| self.window.output(cells).expect("the window fits");
        Shape { channels: self.out_channels, height: cells(input.height), width: cells(input.width) }
    }

    /// Convolution, bias, ReLU, requantised into `out`.
    pub fn run<S: Simd>(&self, source: Source, scratch: &mut Scratch, out: &mut Activations) {
        assert_eq!(out.shape(), self.output(source.shape()));
        let epilogue = Requantise { multiplier: &self.multiplier, bias: &self.bias, out: out.writer() };
        self.run_with::<S>(source, scratch, Epilogue::Requantise(epilogue));
    }

    /// The accumulators with bias, before ReLU and requantisation: `[cell][channel]`, channels padded to the
    /// returned count.
    pub fn accumulators<S: Simd>(&self, source: Source, scratch: &mut Scratch) -> (Vec<i32>, usize) {
        let channels = self.bias.len();
        let mut kept = vec![0; self.output(source.shape()).cells() * channels];
        self.accumulate::<S>(source, scratch, &mut kept);
        (kept, channels)
    }

    /// [`Conv::accumulators`] into `sums`, which has room for them.
    pub fn accumulate<S: Simd>(&self, source: Source, scratch: &mut Scratch, sums: &mut [i32]) {
        let shape = self.output(source.shape());
        let channels = self.bias.len();
        assert!(sums.len() >= shape.cells() * channels);
        let epilogue = Keep { bias: &self.bias, out: Shared(sums.as_mut_ptr()), width: shape.width, channels };
        self.run_with::<S>(source, scratch, Epilogue::Keep(epilogue));
    }

    fn run_with<S: Simd>(&self, source: Source, scratch: &mut Scratch, epilogue: Epilogue) {
        let shape = self.output(source.shape());
        assert_eq!(source.shape().channels, self.in_channels);
        assert!(source.halo() == self.window.pad, "the source's halo is the window's padding");
        match self.algorithm {
            Algorithm::WinogradF2 => winograd::run::<S, F2>(source, &self.weights, shape, scratch, epilogue),
            Algorithm::WinogradF4 => winograd::run::<S, F4>(source, &self.weights, shape, scratch, epilogue),
            Algorithm::Direct | Algorithm::DirectI8 => {
                let narrow = self.algorithm == Algorithm::DirectI8;
                direct::run::<S>(source, narrow, self.window, &self.weights, shape, scratch, epilogue);
            }
        }
    }
}

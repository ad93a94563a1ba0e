//! Max-pooling, without padding. Scales pass through: the largest of u7 values is one of them.

use super::scratch::Scratch;
use super::shape::Window;
use super::simd::Simd;
use super::tensor::{Activations, BLOCK, blocks};
use ndarray::{Array3, ArrayView3, s};

/// The definition, `[C, H, W]` to `[C, H', W']`. A last row or column that fills no window is left out.
pub fn max_pool(input: ArrayView3<u8>, window: Window) -> Array3<u8> {
    let (channels, height, width) = input.dim();
    let out = |cells| window.output(cells).expect("the window fits");
    Array3::from_shape_fn((channels, out(height), out(width)), |(c, y, x)| {
        let (y, x) = (y * window.stride, x * window.stride);
        let cells = input.slice(s![c, y..y + window.kernel, x..x + window.kernel]);
        cells.fold(0, |most, &q| most.max(q))
    })
}

/// [`max_pool`] of packed activations, 16 channels at a time.
pub fn run<S: Simd>(input: &Activations, window: Window, scratch: &mut Scratch, out: &mut Activations) {
    let Window { kernel, stride, pad } = window;
    assert_eq!(pad, 0, "pooling windows have no padding");
    let shape = out.shape();
    assert_eq!(Some(shape.height), window.output(input.shape().height));
    assert_eq!(Some(shape.width), window.output(input.shape().width));
    assert_eq!(shape.channels, input.shape().channels);
    let row = input.cols() * BLOCK;
    let writer = out.writer();
    scratch.team.each(&mut scratch.locals, blocks(shape.channels), |_, block| {
        for y in 0..shape.height {
            for x in 0..shape.width {
                let from = input.index(block, (y * stride) as isize, (x * stride) as isize);
                let cells = &input.data()[from..from + (kernel - 1) * (row + BLOCK) + BLOCK];
                for half in [0, 16] {
                    let mut most = S::zero();
                    for ky in 0..kernel {
                        for kx in 0..kernel {
                            // SAFETY: inside `cells`, whose length is that of the window's span.
                            most =
                                S::max_u8(most, unsafe { S::load(cells.as_ptr().add(ky * row + kx * BLOCK + half)) });
                        }
                    }
                    // SAFETY: the cell and the block are inside the output by the bounds of the loops.
                    unsafe { S::store(writer.at(block * BLOCK + half, y, x), most) };
                }
            }
        }
    });
}

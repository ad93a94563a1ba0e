//! Extents: of a tensor, and of the window that slides over it.

/// Colour channels of a picture.
pub const INPUT_CHANNELS: usize = 3;

/// Extent of an activation tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Shape {
    /// Cells of one map.
    pub fn cells(&self) -> usize {
        self.height * self.width
    }
    pub fn values(&self) -> usize {
        self.channels * self.cells()
    }
}

/// A square sliding window; sizes in cells of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    pub kernel: usize,
    pub stride: usize,
    /// Zeros added at each side.
    pub pad: usize,
}

impl Window {
    /// Output cells over `input` cells of one axis; `None` if the window does not fit.
    pub fn output(&self, input: usize) -> Option<usize> {
        Some((input + 2 * self.pad).checked_sub(self.kernel)? / self.stride + 1)
    }

    /// First input cell of one axis under output cell `index`; negative in the padding.
    #[inline(always)]
    pub fn start(&self, index: usize) -> isize {
        (index * self.stride) as isize - self.pad as isize
    }
}

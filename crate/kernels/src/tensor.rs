//! Where values lie in memory.

use super::shape::{INPUT_CHANNELS, Shape};
use super::simd::Simd;
use bytemuck::{Pod, Zeroable};
use ndarray::{Array3, ArrayView3};

/// Channels that lie side by side at a cell. One block of one cell is one row of a GEMM panel.
pub const BLOCK: usize = 32;

/// Blocks for this many channels.
pub const fn blocks(channels: usize) -> usize {
    channels.div_ceil(BLOCK)
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

// SAFETY: 64 plain bytes, no padding, every bit pattern valid.
unsafe impl Zeroable for Line {}
// SAFETY: as above.
unsafe impl Pod for Line {}

/// A zeroed slice that starts at a cache line, so that no vector load straddles two.
#[derive(Clone)]
pub struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    of: std::marker::PhantomData<T>,
}

impl<T: Pod> Aligned<T> {
    pub fn zeroed(len: usize) -> Self {
        let lines = vec![Line([0; 64]); (len * size_of::<T>()).div_ceil(64)];
        Aligned { lines, len, of: std::marker::PhantomData }
    }
    /// Makes room for `len` elements; contents are then unspecified.
    pub fn reserve(&mut self, len: usize) {
        if len > self.len {
            *self = Aligned::zeroed(len);
        }
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.lines.len() * 64
    }
}

impl<T: Pod> Default for Aligned<T> {
    fn default() -> Self {
        Aligned::zeroed(0)
    }
}

impl<T: Pod> std::ops::Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl<T: Pod> std::ops::DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

/// Bytes of [`Aligned`] for so many.
pub(super) const fn whole_lines(bytes: u64) -> u64 {
    bytes.next_multiple_of(64)
}

/// Allocated cells of a side of so many.
fn tiled(cells: usize, halo: usize) -> usize {
    cells.next_multiple_of(4) + 2 * halo
}

/// Values in blocks of channels, `[C/32][rows][cols][32]`. Around the `height`×`width` cells lies a halo of zeros as wide as
/// the padding of whoever reads them, so that kernels read over the border without tests. Channels beyond the last are zero.
#[derive(Clone)]
pub struct Blocked<T> {
    shape: Shape,
    halo: usize,
    rows: usize,
    cols: usize,
    data: Aligned<T>,
}

/// u7, 0..=127.
pub type Activations = Blocked<u8>;
/// Gradients in whole steps of a size that they share; see [`super::gradient`].
pub type GradientSteps = Blocked<i16>;

/// What lies in blocks that a convolution reads.
pub(super) trait Value: Pod {
    /// Eight of them as i16x8.
    /// # Safety
    /// Eight readable values.
    unsafe fn load8<S: Simd>(p: *const Self) -> S::V;
}

impl Value for u8 {
    #[inline(always)]
    unsafe fn load8<S: Simd>(p: *const u8) -> S::V {
        // SAFETY: by the caller.
        unsafe { S::load_u8x8(p) }
    }
}

impl Value for i16 {
    #[inline(always)]
    unsafe fn load8<S: Simd>(p: *const i16) -> S::V {
        // SAFETY: by the caller.
        unsafe { S::load(p.cast()) }
    }
}

impl<T: Pod> Default for Blocked<T> {
    fn default() -> Self {
        Blocked { shape: Shape::default(), halo: 0, rows: 0, cols: 0, data: Aligned::default() }
    }
}

impl<T: Pod> Blocked<T> {
    /// Zeros, with a halo of `halo` cells at each side and room below and to the right of it for the tiles of
    /// [`super::winograd`], which read up to the next multiple of four cells.
    pub fn new(shape: Shape, halo: usize) -> Self {
        let (rows, cols) = (tiled(shape.height, halo), tiled(shape.width, halo));
        let data = Aligned::zeroed(blocks(shape.channels) * rows * cols * BLOCK);
        Blocked { shape, halo, rows, cols, data }
    }

    /// Zeros of another shape, in the same memory where that is enough.
    pub fn reset(&mut self, shape: Shape, halo: usize) {
        (self.shape, self.halo) = (shape, halo);
        (self.rows, self.cols) = (tiled(shape.height, halo), tiled(shape.width, halo));
        let length = blocks(shape.channels) * self.rows * self.cols * BLOCK;
        self.data.reserve(length);
        self.data[..length].fill(T::zeroed());
    }

    /// Bytes that [`Blocked::new`] takes.
    pub fn bytes_for(shape: Shape, halo: usize) -> u64 {
        let (rows, cols) = (tiled(shape.height, halo), tiled(shape.width, halo));
        whole_lines([blocks(shape.channels), rows, cols, BLOCK, size_of::<T>()].map(|n| n as u64).iter().product())
    }

    /// From plain `[C, H, W]`; activations are 0..=127.
    pub fn from_plain(plain: ArrayView3<T>, halo: usize) -> Self {
        let (channels, height, width) = plain.dim();
        let mut packed = Blocked::new(Shape { channels, height, width }, halo);
        for ((c, y, x), &value) in plain.indexed_iter() {
            packed.set(c, y, x, value);
        }
        packed
    }

    /// To plain `[C, H, W]`.
    pub fn to_plain(&self) -> Array3<T> {
        let Shape { channels, height, width } = self.shape;
        Array3::from_shape_fn((channels, height, width), |(c, y, x)| self.get(c, y, x))
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }
    pub fn halo(&self) -> usize {
        self.halo
    }
    /// Cells of an allocated row, halo included.
    pub fn cols(&self) -> usize {
        self.cols
    }
    pub fn data(&self) -> &[T] {
        &self.data
    }
    pub fn bytes(&self) -> usize {
        self.data.bytes()
    }

    /// Position in the data of the block of channels at a cell, which may lie in the halo.
    #[inline(always)]
    pub fn index(&self, block: usize, y: isize, x: isize) -> usize {
        let (y, x) = ((y + self.halo as isize) as usize, (x + self.halo as isize) as usize);
        ((block * self.rows + y) * self.cols + x) * BLOCK
    }

    pub fn get(&self, channel: usize, y: usize, x: usize) -> T {
        self.data[self.index(channel / BLOCK, y as isize, x as isize) + channel % BLOCK]
    }

    /// One map, row by row.
    pub fn map(&self, channel: usize) -> Vec<T> {
        let mut map = Vec::with_capacity(self.shape.cells());
        for y in 0..self.shape.height {
            let row = &self.data[self.index(channel / BLOCK, y as isize, 0)..][..self.shape.width * BLOCK];
            map.extend(row.chunks_exact(BLOCK).map(|cell| cell[channel % BLOCK]));
        }
        map
    }

    pub fn set(&mut self, channel: usize, y: usize, x: usize, value: T) {
        let at = self.index(channel / BLOCK, y as isize, x as isize) + channel % BLOCK;
        self.data[at] = value;
    }

    /// The channels of a block at a cell.
    pub fn block_mut(&mut self, block: usize, y: usize, x: usize) -> &mut [T] {
        let at = self.index(block, y as isize, x as isize);
        &mut self.data[at..at + BLOCK]
    }

    /// Zeros one map.
    pub fn clear(&mut self, channel: usize) {
        for y in 0..self.shape.height {
            for x in 0..self.shape.width {
                self.set(channel, y, x, T::zeroed());
            }
        }
    }

    /// A handle for kernels that write cells from several places.
    pub(super) fn writer(&mut self) -> Writer<'_, T> {
        Writer {
            block: self.rows * self.cols * BLOCK,
            row: self.cols * BLOCK,
            origin: (self.halo * self.cols + self.halo) * BLOCK,
            data: self.data.as_mut_ptr(),
            shape: self.shape,
            of: std::marker::PhantomData,
        }
    }
}

/// Raw access to the cells of [`Blocked`].
#[derive(Clone, Copy)]
pub(super) struct Writer<'a, T = u8> {
    data: *mut T,
    block: usize,
    row: usize,
    origin: usize,
    shape: Shape,
    of: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: the users of a writer write disjoint cells (one tile or pixel each).
unsafe impl<T: Send> Send for Writer<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Writer<'_, T> {}

impl<T> Writer<'_, T> {
    /// Address of a channel at a cell.
    /// # Safety
    /// `y < height`, `x < width`, `channel < blocks(channels) * BLOCK`.
    #[inline(always)]
    pub unsafe fn at(&self, channel: usize, y: usize, x: usize) -> *mut T {
        debug_assert!(y < self.shape.height && x < self.shape.width);
        debug_assert!(channel < blocks(self.shape.channels) * BLOCK);
        let offset = channel / BLOCK * self.block + self.origin + y * self.row + x * BLOCK + channel % BLOCK;
        // SAFETY: inside the data, by the caller's bounds.
        unsafe { self.data.add(offset) }
    }
}

/// The input picture: i16 pixels minus the rounded channel mean, -255..=255, `[rows][cols][3]`. Zeros around, as in
/// [`Activations`].
#[derive(Clone)]
pub struct Picture {
    height: usize,
    width: usize,
    halo: usize,
    cols: usize,
    data: Vec<i16>,
}

impl Picture {
    /// Values behind the last row.
    const SPARE: usize = 16;
    /// Zeros, with a halo of `halo` pixels and room for tiles as [`Blocked::new`] leaves it.
    pub fn new(height: usize, width: usize, halo: usize) -> Self {
        let (rows, cols) = (tiled(height, halo), tiled(width, halo));
        // Spare values let kernels load whole vectors.
        let data = vec![0; rows * cols * INPUT_CHANNELS + Self::SPARE];
        Picture { height, width, halo, cols, data }
    }

    /// Bytes that [`Picture::new`] takes.
    pub fn bytes_for(height: usize, width: usize, halo: usize) -> u64 {
        2 * (tiled(height, halo) * tiled(width, halo) * INPUT_CHANNELS + Self::SPARE) as u64
    }

    /// From RGB bytes, `[H][W][3]`, minus `mean`.
    pub fn fill(&mut self, rgb: &[u8], mean: [i16; 3]) {
        assert_eq!(rgb.len(), self.height * self.width * INPUT_CHANNELS);
        for (y, row) in rgb.chunks_exact(self.width * INPUT_CHANNELS).enumerate() {
            let start = self.index(y as isize, 0);
            let target = &mut self.data[start..][..row.len()];
            for (i, (to, &from)) in target.iter_mut().zip(row).enumerate() {
                *to = i16::from(from) - mean[i % INPUT_CHANNELS];
            }
        }
    }

    pub fn shape(&self) -> Shape {
        Shape { channels: INPUT_CHANNELS, height: self.height, width: self.width }
    }
    pub fn halo(&self) -> usize {
        self.halo
    }
    pub fn data(&self) -> &[i16] {
        &self.data
    }
    /// Values of an allocated row.
    pub fn row(&self) -> usize {
        self.cols * INPUT_CHANNELS
    }
    /// Position in the data of a pixel's red, which may lie in the halo.
    #[inline(always)]
    pub fn index(&self, y: isize, x: isize) -> usize {
        let (y, x) = ((y + self.halo as isize) as usize, (x + self.halo as isize) as usize);
        y * self.row() + x * INPUT_CHANNELS
    }
    pub fn bytes(&self) -> usize {
        self.data.len() * 2
    }

    /// To plain `[3, H, W]`.
    pub fn to_plain(&self) -> Array3<i16> {
        Array3::from_shape_fn((INPUT_CHANNELS, self.height, self.width), |(c, y, x)| {
            self.data[self.index(y as isize, x as isize) + c]
        })
    }
}

//! From pixels to the network's input: the one path that the page, the tools and the tests share.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// Why pixels cannot become an input.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum PictureError {
    #[error("a picture of {width}x{height} pixels has no area")]
    Empty { width: usize, height: usize },
    #[error("a picture of {width}x{height} pixels has {expected} RGBA bytes, found {found}")]
    Length { width: usize, height: usize, expected: usize, found: usize },
    #[error(
        "columns of {height} pixels have a multiple of {expected} RGBA bytes and {left} of them are to come; found {found}"
    )]
    Columns { height: usize, expected: usize, left: usize, found: usize },
}

/// RGBA bytes, `[height][width][4]`, to RGB bytes `[size][size][3]`. Transparency is laid on white. The filter is the
/// antialiasing triangle of Pillow's `BILINEAR` (the same arithmetic: results differ by at most 1).
pub fn resize(rgba: &[u8], width: usize, height: usize, size: usize) -> Result<Vec<u8>, PictureError> {
    resize_to(rgba, width, height, (size, size))
}

/// [`resize`] to any (width, height): RGB bytes, `[height][width][3]`.
pub fn resize_to(rgba: &[u8], width: usize, height: usize, to: (usize, usize)) -> Result<Vec<u8>, PictureError> {
    let mut strips = Strips::to(width, height, to)?;
    let expected = width.saturating_mul(height).saturating_mul(4);
    if rgba.len() != expected {
        return Err(PictureError::Length { width, height, expected, found: rgba.len() });
    }
    strips.push(rgba.to_vec())?;
    Ok(strips.finish().expect("all columns were given"))
}

/// [`resize`] of a picture that comes in strips of whole columns, from left to right, with the same result: what is held of
/// a large picture is one strip and the result's rows of what came before. (Columns, since the filter's first pass is the vertical
/// one.)
pub struct Strips {
    width: usize,
    height: usize,
    /// Width and height of the result.
    to: (usize, usize),
    /// Columns that came.
    columns: usize,
    /// RGBA, `[to.1][width][4]`.
    shrunk: Vec<u8>,
}

impl Strips {
    /// To a square of `size`.
    pub fn new(width: usize, height: usize, size: usize) -> Result<Self, PictureError> {
        Self::to(width, height, (size, size))
    }

    fn to(width: usize, height: usize, to: (usize, usize)) -> Result<Self, PictureError> {
        if [width, height, to.0, to.1].contains(&0) {
            return Err(PictureError::Empty { width, height });
        }
        Ok(Strips { width, height, to, columns: 0, shrunk: vec![0; width * to.1 * 4] })
    }

    /// The next columns, RGBA, `[height][columns][4]`.
    pub fn push(&mut self, mut rgba: Vec<u8>) -> Result<(), PictureError> {
        let (column, left) = (self.height * 4, self.width - self.columns);
        let columns = rgba.len() / column;
        if columns == 0 || columns > left || !rgba.len().is_multiple_of(column) {
            return Err(PictureError::Columns { height: self.height, expected: column, left, found: rgba.len() });
        }
        // Four bytes a pixel all the way: the resizer is built for that one type, which halves the wasm file.
        rgba.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| *pixel = on_white(*pixel));
        let rows = scale(rgba, (columns, self.height), (columns, self.to.1));
        let (rows, row) = (rows.chunks_exact(columns * 4), self.width * 4);
        for (to, from) in self.shrunk.chunks_exact_mut(row).zip(rows) {
            to[self.columns * 4..][..from.len()].copy_from_slice(from);
        }
        self.columns += columns;
        Ok(())
    }

    /// Whether all columns have come.
    pub fn is_whole(&self) -> bool {
        self.columns == self.width
    }

    /// RGB bytes of the result, row by row, once all columns have come.
    pub fn finish(self) -> Option<Vec<u8>> {
        self.is_whole().then(|| rgb(&scale(self.shrunk, (self.width, self.to.1), self.to)))
    }
}

/// RGBA from one (width, height) to another.
fn scale(rgba: Vec<u8>, from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
    if from == to {
        return rgba;
    }
    let source = ImageRef::new(from.0 as u32, from.1 as u32, &rgba, PixelType::U8x4).expect("four bytes a pixel");
    let mut target = Image::new(to.0 as u32, to.1 as u32, PixelType::U8x4);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).expect("both pictures have four bytes a pixel");
    target.into_vec()
}

/// Without the fourth byte.
fn rgb(rgba: &[u8]) -> Vec<u8> {
    rgba.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect()
}

/// One pixel over white.
fn on_white([r, g, b, a]: [u8; 4]) -> [u8; 4] {
    let over = |c: u8| {
        let (c, a) = (u32::from(c), u32::from(a));
        ((c * a + 255 * (255 - a) + 127) / 255) as u8
    };
    [over(r), over(g), over(b), 255]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparent_is_white_and_opaque_is_kept() {
        assert_eq!(
            resize(&[10, 20, 30, 0, 10, 20, 30, 255, 0, 0, 0, 128, 1, 2, 3, 255], 2, 2, 2).unwrap(),
            [255, 255, 255, 10, 20, 30, 127, 127, 127, 1, 2, 3]
        );
    }

    /// Both passes at once, as the resizer does them.
    fn at_once(rgba: &[u8], from: (usize, usize), size: usize) -> Vec<u8> {
        let white = rgba.as_chunks::<4>().0.iter().flat_map(|&pixel| on_white(pixel)).collect();
        rgb(&scale(white, from, (size, size)))
    }

    #[test]
    fn strips_give_the_bits_of_the_whole() {
        for (width, height, size) in
            [(200, 130, 64), (64, 300, 64), (97, 64, 64), (64, 64, 64), (9, 9, 32), (301, 7, 40)]
        {
            let rgba: Vec<u8> = (0..width * height * 4).map(|i| (i * i % 253 + i / 97) as u8).collect();
            let expected = at_once(&rgba, (width, height), size);
            assert_eq!(resize(&rgba, width, height, size).unwrap(), expected, "{width}x{height} to {size}");
            for columns in [1, 13, 64, width] {
                let mut strips = Strips::new(width, height, size).unwrap();
                for left in (0..width).step_by(columns) {
                    let right = (left + columns).min(width);
                    let rows = rgba.chunks_exact(width * 4);
                    strips.push(rows.flat_map(|row| &row[left * 4..right * 4]).copied().collect()).unwrap();
                }
                assert!(strips.push(vec![0; height * 4]).is_err(), "one column too many");
                assert_eq!(strips.finish().unwrap(), expected, "{width}x{height} to {size} by {columns}");
            }
        }
    }

    #[test]
    fn a_strip_has_whole_columns() {
        let mut strips = Strips::new(3, 2, 4).unwrap();
        for length in [0, 7, 12, 32] {
            let wrong = PictureError::Columns { height: 2, expected: 8, left: 3, found: length };
            assert_eq!(strips.push(vec![0; length]), Err(wrong));
        }
        strips.push(vec![0; 16]).unwrap();
        assert_eq!(strips.finish(), None, "a column is missing");
    }

    #[test]
    fn wrong_sizes_are_named() {
        assert_eq!(resize(&[], 0, 5, 64), Err(PictureError::Empty { width: 0, height: 5 }));
        let wrong = PictureError::Length { width: 2, height: 2, expected: 16, found: 3 };
        assert_eq!(resize(&[1, 2, 3], 2, 2, 64), Err(wrong));
    }
}

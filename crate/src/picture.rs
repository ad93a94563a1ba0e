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
}

/// RGBA bytes, `[height][width][4]`, to RGB bytes `[size][size][3]`. Transparency is laid on white. The filter is the
/// antialiasing triangle of Pillow's `BILINEAR` (the same arithmetic: results differ by at most 1).
pub fn resize(rgba: &[u8], width: usize, height: usize, size: usize) -> Result<Vec<u8>, PictureError> {
    if width == 0 || height == 0 || size == 0 {
        return Err(PictureError::Empty { width, height });
    }
    let expected = width.saturating_mul(height).saturating_mul(4);
    if rgba.len() != expected {
        return Err(PictureError::Length { width, height, expected, found: rgba.len() });
    }
    // Four bytes a pixel all the way: the resizer is built for that one type, which halves the wasm file.
    let opaque: Vec<u8> = rgba.as_chunks::<4>().0.iter().flat_map(|&pixel| on_white(pixel)).collect();
    if (width, height) == (size, size) {
        return Ok(rgb(&opaque));
    }
    let source = ImageRef::new(width as u32, height as u32, &opaque, PixelType::U8x4).expect("four bytes a pixel");
    let mut target = Image::new(size as u32, size as u32, PixelType::U8x4);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).expect("both pictures have four bytes a pixel");
    Ok(rgb(target.buffer()))
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

    #[test]
    fn wrong_sizes_are_named() {
        assert_eq!(resize(&[], 0, 5, 64), Err(PictureError::Empty { width: 0, height: 5 }));
        let wrong = PictureError::Length { width: 2, height: 2, expected: 16, found: 3 };
        assert_eq!(resize(&[1, 2, 3], 2, 2, 64), Err(wrong));
    }
}

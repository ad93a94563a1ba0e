//! What is shown: maps to pixels ([`draw`]), statistics ([`stats`]), the pixels that a cell sees ([`receptive_box`]), one
//! value worked out ([`arithmetic`]), what speaks for a class ([`attribution`]).

mod arithmetic;
mod attribution;
mod draw;
mod stats;

pub use arithmetic::{Arithmetic, arithmetic};
pub use attribution::{Attribution, attribution, input_gradient};
pub use draw::{Atlas, Colormap, Normalise, Raster, View, draw};
pub use stats::{Stats, channel_means, histogram, ranking, stats, strongest};

use crate::network::Field;
use serde::Serialize;

/// A rectangle of input pixels, half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PixelBox {
    pub x0: i32,
    pub y0: i32,
    pub x1: i32,
    pub y1: i32,
}

impl PixelBox {
    /// The part inside a picture of `size`×`size` pixels.
    pub fn clipped(self, size: usize) -> PixelBox {
        let inside = |pixel: i32| pixel.clamp(0, size as i32);
        PixelBox { x0: inside(self.x0), y0: inside(self.y0), x1: inside(self.x1), y1: inside(self.y1) }
    }
}

/// The input pixels that the cell at (`y`, `x`) sees; padding makes it reach beyond the picture.
pub fn receptive_box(field: Field, y: usize, x: usize) -> PixelBox {
    let (rows, columns) = (field.of(y), field.of(x));
    PixelBox { x0: columns.start, y0: rows.start, x1: columns.end, y1: rows.end }
}

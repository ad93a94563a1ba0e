//! Maps to pixels: any channels of a layer as one picture.

use crate::run::Engine;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How values become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colormap {
    /// Perceptually even and safe for colour-blind eyes (Smith & van der Walt, 2015).
    #[default]
    Viridis,
    Grey,
    /// Blue below zero, white at zero, red above.
    Diverging,
}

impl Colormap {
    pub const NAMES: [&str; 3] = ["viridis", "grey", "diverging"];

    /// RGBA of 256 steps.
    fn table(self) -> [[u8; 4]; 256] {
        std::array::from_fn(|i| {
            let t = i as f64 / 255.0;
            let rgba = |colour: colorous::Color| [colour.r, colour.g, colour.b, 255];
            match self {
                Colormap::Viridis => rgba(colorous::VIRIDIS.eval_continuous(t)),
                Colormap::Grey => [i as u8, i as u8, i as u8, 255],
                Colormap::Diverging => rgba(colorous::RED_BLUE.eval_continuous(1.0 - t)),
            }
        })
    }
}

/// Which values share a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalise {
    /// Every channel fills the colour range: shapes are seen.
    #[default]
    Channel,
    /// One range for the layer: strengths can be compared.
    Layer,
}

/// Before or after bias, ReLU and requantisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    #[default]
    Activation,
    /// Accumulators with bias in real units; layers without weights show their output.
    Pre,
}

/// How channels are laid out and coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Atlas {
    /// Maps in a row; 0: all in one row.
    pub columns: usize,
    /// Side of a map in pixels; 0: one pixel a cell. Larger maps are averaged, smaller ones enlarged cell by cell.
    pub cell: usize,
    /// Transparent pixels between maps.
    pub gap: usize,
    pub colormap: Colormap,
    pub normalise: Normalise,
    pub view: View,
}

/// RGBA pixels, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    pub width: usize,
    pub height: usize,
    pub rgba: Vec<u8>,
}

/// Largest picture that is drawn, in pixels.
const MOST_PIXELS: usize = 64 << 20;
/// Ends of the colour range.
type Ends = (f32, f32);

/// Draws `channels` of a computed layer; `None` if a channel does not exist or the picture would be too large.
pub fn draw(engine: &mut Engine, layer: usize, channels: &[u32], atlas: Atlas) -> Option<Raster> {
    let shape = engine.layers()[layer].output;
    if channels.is_empty() || channels.iter().any(|&channel| channel as usize >= shape.channels) {
        return None;
    }
    let (map_width, map_height) = if atlas.cell == 0 { (shape.width, shape.height) } else { (atlas.cell, atlas.cell) };
    let columns = if atlas.columns == 0 { channels.len() } else { atlas.columns.min(channels.len()) };
    let rows = channels.len().div_ceil(columns);
    let side = |maps: usize, size: usize| maps.checked_mul(size.checked_add(atlas.gap)?)?.checked_sub(atlas.gap);
    let (width, height) = (side(columns, map_width)?, side(rows, map_height)?);
    if width.checked_mul(height)? > MOST_PIXELS {
        return None;
    }
    if atlas.view == View::Pre {
        engine.keep_pre_activations(layer);
    }
    let pre = if atlas.view == View::Pre { engine.pre_activations(layer) } else { None };
    let map = |channel: usize| match pre {
        Some((values, stride)) => values.iter().skip(channel).step_by(stride).copied().collect(),
        None => engine.map(layer, channel),
    };
    let shared = (atlas.normalise == Normalise::Layer).then(|| {
        let ranges = (0..shape.channels).map(|channel| range(&map(channel)));
        ranges.fold((0.0, 0.0), |all, ends| widen(widen(all, ends.0), ends.1))
    });
    let table = atlas.colormap.table();
    let (down, across) = (spans(map_height, shape.height), spans(map_width, shape.width));
    let mut raster = Raster { width, height, rgba: vec![0; width * height * 4] };
    for (i, &channel) in channels.iter().enumerate() {
        let values = map(channel as usize);
        let ends = symmetric(atlas.colormap, shared.unwrap_or_else(|| range(&values)));
        let (x0, y0) = (i % columns * (map_width + atlas.gap), i / columns * (map_height + atlas.gap));
        for (y, rows) in down.iter().enumerate() {
            let to = &mut raster.rgba[((y0 + y) * width + x0) * 4..][..map_width * 4];
            for (pixel, columns) in to.as_chunks_mut().0.iter_mut().zip(&across) {
                *pixel = table[index(mean(&values, shape.width, rows, columns), ends)];
            }
        }
    }
    Some(raster)
}

/// Smallest and largest value, zero included: zero is where ReLU cuts, and black must mean it.
fn range(values: &[f32]) -> Ends {
    values.iter().copied().fold((0.0, 0.0), widen)
}

/// The range that has `value`, too. Compared, since `f32::min` is a call in WebAssembly, whose own differs in NaN.
pub(super) fn widen((low, high): Ends, value: f32) -> Ends {
    (if value < low { value } else { low }, if value > high { value } else { high })
}

/// A diverging map has zero in its middle.
fn symmetric(colormap: Colormap, (low, high): Ends) -> Ends {
    if colormap != Colormap::Diverging {
        return (low, high);
    }
    let most = high.max(-low);
    (-most, most)
}

/// Step of the colour table.
fn index(value: f32, (low, high): Ends) -> usize {
    if high <= low {
        if low < 0.0 { 128 } else { 0 }
    } else {
        ((value - low) / (high - low) * 255.0).round_ties_even() as usize
    }
    .min(255)
}

/// Cells under each of `pixels` along one axis: one where cells are enlarged, else all that it touches.
fn spans(pixels: usize, cells: usize) -> Vec<Range<usize>> {
    let span = |at: usize| {
        let start = at * cells / pixels;
        start..if pixels < cells { ((at + 1) * cells).div_ceil(pixels) } else { start + 1 }
    };
    (0..pixels).map(span).collect()
}

/// Mean of the cells of a map in these rows and columns.
fn mean(values: &[f32], width: usize, rows: &Range<usize>, columns: &Range<usize>) -> f32 {
    let count = rows.len() * columns.len();
    let sum: f32 = rows.clone().map(|row| values[row * width..][columns.clone()].iter().sum::<f32>()).sum();
    sum / count as f32
}

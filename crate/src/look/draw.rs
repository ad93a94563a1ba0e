//! Maps to pixels: any channels of a layer as one picture.

use crate::network::Shape;
use crate::run::Engine;
use serde::{Deserialize, Serialize};

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

    /// RGB of 256 steps.
    fn table(self) -> [[u8; 3]; 256] {
        std::array::from_fn(|i| {
            let t = i as f64 / 255.0;
            let rgb = |colour: colorous::Color| [colour.r, colour.g, colour.b];
            match self {
                Colormap::Viridis => rgb(colorous::VIRIDIS.eval_continuous(t)),
                Colormap::Grey => [i as u8; 3],
                Colormap::Diverging => rgb(colorous::RED_BLUE.eval_continuous(1.0 - t)),
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
type Range = (f32, f32);

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
        ranges.fold((0.0, 0.0), |(low, high): Range, (l, h)| (low.min(l), high.max(h)))
    });
    let table = atlas.colormap.table();
    let mut raster = Raster { width, height, rgba: vec![0; width * height * 4] };
    for (i, &channel) in channels.iter().enumerate() {
        let values = map(channel as usize);
        let ends = symmetric(atlas.colormap, shared.unwrap_or_else(|| range(&values)));
        let (x0, y0) = (i % columns * (map_width + atlas.gap), i / columns * (map_height + atlas.gap));
        for y in 0..map_height {
            let to = &mut raster.rgba[((y0 + y) * width + x0) * 4..][..map_width * 4];
            for (x, pixel) in to.chunks_exact_mut(4).enumerate() {
                let value = sample(&values, shape, (y, map_height), (x, map_width));
                let [r, g, b] = table[index(value, ends)];
                pixel.copy_from_slice(&[r, g, b, 255]);
            }
        }
    }
    Some(raster)
}

/// Smallest and largest value, zero included: zero is where ReLU cuts, and black must mean it.
fn range(values: &[f32]) -> Range {
    values.iter().fold((0.0, 0.0), |(low, high): Range, &value| (low.min(value), high.max(value)))
}

/// A diverging map has zero in its middle.
fn symmetric(colormap: Colormap, (low, high): Range) -> Range {
    if colormap != Colormap::Diverging {
        return (low, high);
    }
    let most = high.max(-low);
    (-most, most)
}

/// Step of the colour table.
fn index(value: f32, (low, high): Range) -> usize {
    if high <= low { if low < 0.0 { 128 } else { 0 } } else { ((value - low) / (high - low) * 255.0).round() as usize }
        .min(255)
}

/// Value of a drawn pixel: the mean of the cells under it, at least one.
fn sample(values: &[f32], shape: Shape, (y, height): (usize, usize), (x, width): (usize, usize)) -> f32 {
    let span =
        |at: usize, of: usize, cells: usize| at * cells / of..((at + 1) * cells).div_ceil(of).max(at * cells / of + 1);
    let (rows, columns) = (span(y, height, shape.height), span(x, width, shape.width));
    if shape.height <= height && shape.width <= width {
        return values[rows.start * shape.width + columns.start];
    }
    let count = rows.len() * columns.len();
    let sum: f32 = rows.map(|row| values[row * shape.width..][columns.clone()].iter().sum::<f32>()).sum();
    sum / count as f32
}

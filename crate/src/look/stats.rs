//! Statistics of a layer's output.

use super::draw::widen;
use crate::kernels::requantise;
use crate::network::Shape;
use crate::run::Engine;
use serde::Serialize;

/// Of all values of a layer, in real units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    pub min: f32,
    pub max: f32,
    pub mean: f32,
    /// Share of values that are exactly zero: what ReLU has silenced.
    pub zero_fraction: f32,
    /// Share of values at the top of the quantised range, 127.
    pub saturated_fraction: f32,
    /// Real value of one quantisation step.
    pub scale: f32,
    /// Channels that are zero everywhere.
    pub channels_dead: usize,
}

/// Statistics of a computed layer.
pub fn stats(engine: &Engine, layer: usize) -> Stats {
    let shape = engine.layers()[layer].output;
    let mut stats = Stats { scale: engine.scale(layer), ..Stats::default() };
    let mut ends = (f32::INFINITY, f32::NEG_INFINITY);
    let quantised = engine.activations(layer).is_some();
    let top = requantise::MAX * stats.scale;
    let (mut sum, mut zeros, mut saturated) = (0.0, 0, 0);
    for channel in 0..shape.channels {
        let mut alive = false;
        for value in engine.map(layer, channel) {
            ends = widen(ends, value);
            sum += f64::from(value);
            zeros += usize::from(value == 0.0);
            saturated += usize::from(quantised && value >= top);
            alive |= value != 0.0;
        }
        stats.channels_dead += usize::from(!alive);
    }
    (stats.min, stats.max) = ends;
    let values = shape.values() as f64;
    stats.mean = (sum / values) as f32;
    stats.zero_fraction = (zeros as f64 / values) as f32;
    stats.saturated_fraction = (saturated as f64 / values) as f32;
    stats
}

/// How often each stored integer 0..=127 occurs, in one channel or in all; `None` for a layer that stores none.
pub fn histogram(engine: &Engine, layer: usize, channel: Option<usize>) -> Option<[u32; 128]> {
    let activations = engine.activations(layer)?;
    let channels = channel.map_or(0..activations.shape().channels, |channel| channel..channel + 1);
    let mut counts = [0; 128];
    for q in channels.flat_map(|channel| activations.map(channel)) {
        counts[usize::from(q)] += 1;
    }
    Some(counts)
}

/// Mean of every channel, in real units.
pub fn channel_means(engine: &Engine, layer: usize) -> Vec<f32> {
    let Shape { channels, height, width } = engine.layers()[layer].output;
    let cells = (height * width) as f32;
    (0..channels).map(|channel| engine.map(layer, channel).iter().sum::<f32>() / cells).collect()
}

/// The `n` channels with the largest means, largest first.
pub fn strongest(engine: &Engine, layer: usize, n: usize) -> Vec<u32> {
    let mut order = ranking(&channel_means(engine, layer));
    order.truncate(n);
    order
}

/// Indices of values, that of the largest first; of equal ones the first first.
pub fn ranking(values: &[f32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| values[b as usize].total_cmp(&values[a as usize]).then(a.cmp(&b)));
    order
}

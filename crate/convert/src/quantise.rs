//! Float to int8: activation scales from pictures, weight scales from the weights (Jacob et al., CVPR 2018; the
//! choices of scale are those of Nagel et al., "A White Paper on Neural Network Quantization", 2021).
//!
//! [`Statistics`] of float activations are gathered once; any number of [`Method`]s then make a [`Model`] of them.
//! The same pictures in the same order give the same model.

use std::borrow::Cow;

use vgglass::model::{Card, Class, Model, Preprocess, Weights, file};
use vgglass::network::{INPUT_CHANNELS, Kind, Layer};

use crate::float::{FloatModel, FloatWeights};

/// Largest integer of weights (in magnitude) and of activations.
const MAX: f64 = 127.0;

/// How the largest value that an activation's scale can express is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ActivationRange {
    /// The largest value seen.
    Maximum,
    /// The value that this share of all values (zeros too) does not exceed.
    Percentile(f64),
    /// The one of the least mean squared error of rounding and clipping.
    LeastSquares,
}

/// How the scale of a channel's weights is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightRange {
    /// The largest weight is ±127.
    Maximum,
    /// The one of the least squared error; large weights may be clipped.
    LeastSquares,
}

/// A way to quantise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Method {
    pub activations: ActivationRange,
    pub weights: WeightRange,
    /// Adds to each bias what rounding the weights takes from the channel's mean (Nagel et al., ICCV 2019).
    pub correct_bias: bool,
}

impl Method {
    /// All that the tool tries.
    pub fn all() -> Vec<Method> {
        use ActivationRange::{LeastSquares, Maximum, Percentile};
        let ranges = [Maximum, Percentile(0.999), Percentile(0.9999), Percentile(0.99999), LeastSquares];
        let mut methods = Vec::new();
        for activations in ranges {
            for weights in [WeightRange::Maximum, WeightRange::LeastSquares] {
                methods.extend([false, true].map(|correct_bias| Method { activations, weights, correct_bias }));
            }
        }
        methods
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.activations {
            ActivationRange::Maximum => write!(f, "activations max")?,
            ActivationRange::Percentile(share) => write!(f, "activations {}%", (share * 1e5).round() / 1e3)?,
            ActivationRange::LeastSquares => write!(f, "activations MSE")?,
        }
        match self.weights {
            WeightRange::Maximum => write!(f, ", weights max")?,
            WeightRange::LeastSquares => write!(f, ", weights MSE")?,
        }
        if self.correct_bias { write!(f, ", bias corrected") } else { Ok(()) }
    }
}

/// Non-negative values, counted in bins that are 0.2 % wide: a bin is the exponent and the first nine bits of the
/// mantissa, so that no range need be known beforehand.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    /// Bits of an f32 that a bin leaves out.
    const SHIFT: u32 = 14;

    pub(crate) fn new() -> Self {
        Histogram { counts: vec![0; (f32::INFINITY.to_bits() >> Self::SHIFT) as usize] }
    }

    /// Counts values of at least 0; a negative zero is a zero, and what is not finite is very large.
    pub(crate) fn add(&mut self, values: impl IntoIterator<Item = f32>) {
        let last = self.counts.len() - 1;
        for value in values {
            let bin = (value.abs().to_bits() >> Self::SHIFT) as usize;
            self.counts[bin.min(last)] += 1;
        }
    }

    fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Middle of a bin.
    fn value(bin: usize) -> f64 {
        if bin == 0 {
            return 0.0;
        }
        f64::from(f32::from_bits(((bin as u32) << Self::SHIFT) + (1 << (Self::SHIFT - 1))))
    }

    /// The value that `share` of all values does not exceed.
    fn percentile(&self, share: f64) -> f64 {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        let bin = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted && seen > 0
        });
        bin.map_or(0.0, Self::value)
    }

    fn range(&self, range: ActivationRange) -> f64 {
        let most = self.percentile(1.0);
        match range {
            ActivationRange::Maximum => most,
            // Where nearly all values are zeros, some room for the others is better than none.
            ActivationRange::Percentile(share) => self.percentile(share).max(most / 64.0),
            ActivationRange::LeastSquares => {
                let bins: Vec<_> = self.counts.iter().enumerate().filter(|(_, count)| **count > 0).collect();
                let error = |range: f64| {
                    let scale = range / MAX;
                    let square = |value: f64| (value - (value / scale).round().min(MAX) * scale).powi(2);
                    bins.iter().map(|&(bin, &count)| count as f64 * square(Self::value(bin))).sum()
                };
                least(most, error)
            }
        }
    }
}

/// Ranges that are tried: from `most` down to a twentieth of it in steps of 2 %.
fn steps(most: f64) -> impl Iterator<Item = f64> {
    (0..150).map(move |step| most * 0.98f64.powi(step))
}

/// The range of the least error.
fn least(most: f64, error: impl Fn(f64) -> f64) -> f64 {
    steps(most).map(|range| (range, error(range))).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(most, |(range, _)| range)
}

/// What a float network's activations are like over pictures.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// One per layer that rescales, in order.
    histograms: Vec<Histogram>,
    /// Sum over pictures of every value that a weighted layer reads, `[C_in][y][x]`; one per weighted layer.
    sums: Vec<Vec<f64>>,
    pictures: usize,
}

impl Statistics {
    /// Runs pictures, RGB bytes `[pictures][size][size][3]`, a few at a time.
    pub fn gather(model: &FloatModel, rgb: &[u8]) -> Self {
        /// Pictures at a time.
        const BATCH: usize = 8;
        let layers = &model.layers;
        let rescaling: Vec<usize> = (0..layers.len()).filter(|&index| layers[index].rescales()).collect();
        let read: Vec<usize> = (0..layers.len() - 1).filter(|&index| layers[index + 1].weighted()).collect();
        let picture = layers[0].output.values();
        let mut statistics = Statistics {
            histograms: vec![Histogram::new(); rescaling.len()],
            sums: read.iter().map(|&index| vec![0.0; layers[index].output.values()]).collect(),
            pictures: rgb.len() / picture,
        };
        for batch in rgb.chunks(BATCH * picture) {
            model.run(batch, |index, values| {
                if let Ok(at) = rescaling.binary_search(&index) {
                    statistics.histograms[at].add(values.iter().copied());
                }
                if let Ok(at) = read.binary_search(&index) {
                    let cells = layers[index].output.cells();
                    for (sums, maps) in statistics.sums[at]
                        .chunks_exact_mut(cells)
                        .zip(values.chunks_exact(batch.len() / picture * cells))
                    {
                        for map in maps.chunks_exact(cells) {
                            sums.iter_mut().zip(map).for_each(|(sum, &value)| *sum += f64::from(value));
                        }
                    }
                }
            });
        }
        statistics
    }

    /// Adds what was gathered of other pictures. Sums are floats: the order of merging counts.
    pub fn merge(&mut self, other: &Statistics) {
        self.histograms.iter_mut().zip(&other.histograms).for_each(|(mine, theirs)| mine.merge(theirs));
        for (mine, theirs) in self.sums.iter_mut().flatten().zip(other.sums.iter().flatten()) {
            *mine += theirs;
        }
        self.pictures += other.pictures;
    }

    /// Mean of what each weight of one output of the layer multiplies, `[C_in * k * k]`, as normalised reals.
    fn input_means(&self, weighted: usize, layer: &Layer) -> Vec<f64> {
        let pictures = self.pictures.max(1) as f64;
        match layer.kind {
            // Padding is left out of the account.
            Kind::Conv(window) => {
                let mean = |map: &[f64]| map.iter().sum::<f64>() / map.len() as f64 / pictures;
                let taps = window.kernel * window.kernel;
                let maps = self.sums[weighted].chunks_exact(layer.input.cells());
                maps.flat_map(|map| std::iter::repeat_n(mean(map), taps)).collect()
            }
            _ => self.sums[weighted].iter().map(|sum| sum / pictures).collect(),
        }
    }
}

/// Quantises a network. `classes` is empty or has one for each output of fc8.
pub fn quantise(model: &FloatModel, statistics: &Statistics, method: Method, classes: Vec<Class>, card: Card) -> Model {
    let mut histograms = statistics.histograms.iter();
    let mut float = model.weights.iter().enumerate();
    let mut weights = Vec::new();
    let mut activation_scales = Vec::new();
    // The input is in pixels.
    let mut scale_in = 1.0f32;
    for layer in &model.layers {
        if layer.weighted() {
            let (index, float) = float.next().expect("every weighted layer has weights");
            let means = statistics.input_means(index, layer);
            let rows = if index == 0 { pixel_rows(model, layer, float, &means) } else { rows(float, &means) };
            weights.push(quantise_layer(float.name.clone(), rows, scale_in, method));
        }
        if layer.rescales() {
            let histogram = histograms.next().expect("every layer that rescales was observed");
            scale_in = activation_scale(histogram, method.activations);
            activation_scales.push((layer.name.clone(), scale_in));
        }
    }
    Model { network: model.network.clone(), preprocess: model.preprocess, weights, activation_scales, classes, card }
}

/// Scale of a layer with these outputs.
pub(crate) fn activation_scale(histogram: &Histogram, range: ActivationRange) -> f32 {
    let range = histogram.range(range);
    // A layer that is always zero needs a scale all the same.
    if range > 0.0 { bounded(range / MAX) } else { 1.0 }
}

/// Weights of one output channel, its bias, and the mean of what each weight multiplies; all real.
struct Row<'a> {
    weights: Cow<'a, [f32]>,
    bias: f64,
    means: Cow<'a, [f64]>,
}

fn rows<'a>(float: &'a FloatWeights, means: &'a [f64]) -> Vec<Row<'a>> {
    let weights = float.weight.chunks_exact(means.len());
    let row = |(weights, &bias): (&'a [f32], &f32)| Row {
        weights: Cow::Borrowed(weights),
        bias: bias.into(),
        means: Cow::Borrowed(means),
    };
    weights.zip(&float.bias).map(row).collect()
}

/// The first layer's input is the pixel minus the rounded mean:
/// `(pixel / 255 - mean) / std = (pixel - rounded) / (255 std) + (rounded - 255 mean) / (255 std)`.
pub(crate) struct Pixels {
    /// `255 std`, by channel.
    step: [f64; INPUT_CHANNELS],
    /// The second fraction, by channel.
    rest: [f64; INPUT_CHANNELS],
}

impl Pixels {
    pub(crate) fn new(preprocess: &Preprocess) -> Self {
        let rounded = preprocess.rounded_mean();
        let step = preprocess.std.map(|std| 255.0 * f64::from(std));
        let rest = std::array::from_fn(|c| (f64::from(rounded[c]) - 255.0 * f64::from(preprocess.mean[c])) / step[c]);
        Pixels { step, rest }
    }

    /// A row's weights for pixels, and what is to be added to its bias. `taps`: weights of a channel.
    pub(crate) fn row(&self, weights: &[f32], taps: usize) -> (Vec<f32>, f64) {
        let scaled = weights.iter().enumerate().map(|(i, w)| (f64::from(*w) / self.step[i / taps]) as f32).collect();
        let bias = weights.iter().enumerate().map(|(i, w)| f64::from(*w) * self.rest[i / taps]).sum();
        (scaled, bias)
    }

    fn means(&self, means: &[f64], taps: usize) -> Vec<f64> {
        means.iter().enumerate().map(|(i, mean)| (mean - self.rest[i / taps]) * self.step[i / taps]).collect()
    }
}

fn pixel_rows(model: &FloatModel, layer: &Layer, float: &FloatWeights, means: &[f64]) -> Vec<Row<'static>> {
    let pixels = Pixels::new(&model.preprocess);
    let taps = layer.fan_in() / INPUT_CHANNELS;
    let means = pixels.means(means, taps);
    let row = |(weights, &bias): (&[f32], &f32)| {
        let (weights, rest) = pixels.row(weights, taps);
        Row { weights: Cow::Owned(weights), bias: f64::from(bias) + rest, means: Cow::Owned(means.clone()) }
    };
    float.weight.chunks_exact(layer.fan_in()).zip(&float.bias).map(row).collect()
}

/// The integer nearest to `w / scale`, but not beyond ±127.
fn integer(w: f32, scale: f64) -> f64 {
    (f64::from(w) / scale).round().clamp(-MAX, MAX)
}

/// A scale that files may have.
fn bounded(scale: f64) -> f32 {
    let (least_scale, most_scale) = file::limits::SCALE.into_inner();
    scale.clamp(least_scale.into(), most_scale.into()) as f32
}

/// The least scale of a channel's weights with which its bias fits, in units of the scale and of the input's: that decides
/// where weights are all next to nothing.
pub(crate) fn scale_for_bias(bias: f64, scale_in: f32) -> f64 {
    bias.abs() / (f64::from(scale_in) * f64::from(file::limits::BIAS / 2))
}

/// A bias in units of the input's scale and the channel's.
pub(crate) fn integer_bias(bias: f64, scale_in: f32, scale: f32) -> i32 {
    let bound = f64::from(file::limits::BIAS);
    (bias / (f64::from(scale_in) * f64::from(scale))).round().clamp(-bound, bound) as i32
}

/// One output channel as integers, and its scale, which is `least` or more.
pub(crate) fn quantise_row(weights: &[f32], range: WeightRange, least: f64) -> (impl Iterator<Item = i8>, f32) {
    let scale = bounded((weight_range(weights, range) / MAX).max(least));
    (weights.iter().map(move |&w| integer(w, scale.into()) as i8), scale)
}

/// The magnitude that is ±127.
fn weight_range(weights: &[f32], range: WeightRange) -> f64 {
    let most = largest(weights);
    match range {
        // Nothing can be told of numbers so small.
        WeightRange::LeastSquares if most > f32::MIN_POSITIVE * 1e6 => {
            // Rounding costs less with every step down and clipping more: the sum has one valley, but for noise.
            const FAR: f64 = 1.5;
            let mut best = (f64::from(most), f64::INFINITY);
            for range in steps(most.into()) {
                let error = weight_error(weights, range);
                if error < best.1 {
                    best = (range, error);
                } else if error > FAR * best.1 {
                    break;
                }
            }
            best.0
        }
        _ => most.into(),
    }
}

/// Largest magnitude of finite numbers. By comparisons: `f32::max` is a call of a function in wasm, for each of them.
fn largest(weights: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (lanes, rest) = weights.as_chunks::<8>();
    let mut most = [0.0f32; 8];
    for lane in lanes {
        for (most, w) in most.iter_mut().zip(lane) {
            *most = larger(*most, w.abs());
        }
    }
    most.into_iter().chain(rest.iter().map(|w| w.abs())).fold(0.0, larger)
}

/// Squared error of weights that are rounded, and clipped at `range`. Sums of eight lanes, so that any build adds alike and a
/// compiler can take vectors; rounding half to even, which differs from [`integer`] in ties alone.
fn weight_error(weights: &[f32], range: f64) -> f64 {
    const LANES: usize = 8;
    /// f32 sums of so few squares, each below 128 squared times a few, are exact enough.
    const PART: usize = 512 * LANES;
    /// Adding it and taking it away again leaves the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let most = MAX as f32;
    let step = (range / MAX) as f32;
    let inverse = 1.0 / step;
    let square = |w: f32| {
        let x = w * inverse;
        let q = (x.clamp(-most, most) + ROUND) - ROUND;
        (x - q) * (x - q)
    };
    let part = |part: &[f32]| {
        let (lanes, rest) = part.as_chunks::<LANES>();
        let mut sums = [0.0f32; LANES];
        for lane in lanes {
            for (sum, &w) in sums.iter_mut().zip(lane) {
                *sum += square(w);
            }
        }
        let rest = rest.iter().map(|&w| f64::from(square(w)));
        sums.into_iter().map(f64::from).chain(rest).sum::<f64>()
    };
    weights.chunks(PART).map(part).sum::<f64>() * f64::from(step).powi(2)
}

fn quantise_layer(name: String, rows: Vec<Row>, scale_in: f32, method: Method) -> Weights {
    let mut weight = Vec::new();
    let (mut scales, mut biases) = (Vec::new(), Vec::new());
    for row in rows {
        let (integers, scale) = quantise_row(&row.weights, method.weights, scale_for_bias(row.bias, scale_in));
        let first = weight.len();
        weight.extend(integers);
        let lost = || {
            let lost = row.weights.iter().zip(&weight[first..]).zip(row.means.iter());
            lost.map(|((&w, &q), mean)| (f64::from(w) - f64::from(q) * f64::from(scale)) * mean).sum::<f64>()
        };
        let bias = row.bias + if method.correct_bias { lost() } else { 0.0 };
        biases.push(integer_bias(bias, scale_in, scale));
        scales.push(scale);
    }
    Weights { name, weight: weight.into(), scale: scales, bias: biases }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_bins_are_fine_and_percentiles_right() {
        let mut histogram = Histogram::new();
        let values: Vec<f32> = (0..10_000).map(|i| i as f32 / 10.0).collect();
        histogram.add(values);
        for share in [0.01, 0.5, 0.999, 1.0] {
            // The value that this share does not exceed is the last of so many.
            let (expected, found) = ((share * 1e4_f64).ceil() / 10.0 - 0.1, histogram.percentile(share));
            assert!((found - expected).abs() <= 0.003 * expected, "{share}: {found}");
        }
        assert_eq!(Histogram::new().range(ActivationRange::Percentile(0.99)), 0.0);
    }

    #[test]
    fn least_squares_clips_a_lonely_outlier() {
        let mut histogram = Histogram::new();
        histogram.add((0..100_000).map(|i| i as f32 / 1e5));
        histogram.add([8.0]);
        let range = histogram.range(ActivationRange::LeastSquares);
        // Clipping costs (8 - r)², rounding 1e5 (r / 127)² / 12: least where the derivatives cancel.
        let expected = 8.0 / (1.0 + 1e5 / 12.0 / 127.0 / 127.0);
        assert!((range - expected).abs() < 0.1, "{range}, expected {expected}");
        assert!(histogram.range(ActivationRange::Maximum) > 7.9);
    }

    /// The valley that the search walks into is the deepest of all ranges, by the plain sum.
    #[test]
    fn the_search_for_a_clip_finds_the_least_error() {
        let noise = |i: usize| ((i as f64 * 12.9898).sin() * 43758.5453).fract() as f32;
        let gauss = |i: usize| (0..12).map(|k| noise(12 * i + k)).sum::<f32>();
        for count in [9, 27, 576, 4608, 25088] {
            for outlier in [0.0, 5.0, 60.0] {
                let mut row: Vec<f32> = (0..count).map(|i| 1e-3 * gauss(i + count)).collect();
                row[count / 2] += 1e-3 * outlier;
                let plain = |range: f64| {
                    let scale = range / MAX;
                    row.iter().map(|&w| (f64::from(w) - integer(w, scale) * scale).powi(2)).sum::<f64>()
                };
                let most = row.iter().fold(0.0f64, |most, &w| most.max(f64::from(w).abs()));
                let (found, best) = (weight_range(&row, WeightRange::LeastSquares), least(most, plain));
                assert!(plain(found) <= 1.001 * plain(best), "{count}, {outlier}: {found} for {best}");
                for range in [most, best] {
                    assert!(
                        (weight_error(&row, range) / plain(range) - 1.0).abs() < 1e-4,
                        "{count}, {outlier}: {range}"
                    );
                }
            }
        }
    }
}

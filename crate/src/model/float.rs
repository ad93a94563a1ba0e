//! A network in float, read from published weights: what is quantised, and what int8 is measured against.
//!
//! Batch norm is folded on reading (Ioffe & Szegedy, ICML 2015): `w' = w * gamma / sqrt(var + eps)`,
//! `b' = beta + (b - mean) * gamma / sqrt(var + eps)`.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, s};
use safetensors::tensor::Dtype;

use super::file::{FORMAT, File, FileError, key, weight_shape};
use super::{Class, Preprocess};
use crate::kernels::lrn;
use crate::network::{INPUT_CHANNELS, Kind, Layer, Network, NetworkError, Op, Options, Shape, TABLE, Window};

/// Batch norm's epsilon, PyTorch's default.
const BATCH_NORM_EPSILON: f64 = 1e-5;

/// Whose names a file's tensors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `conv1_1.weight`, `conv1_1.bn.weight`, `fc6.weight`: this project's.
    Vgglass,
    /// `features.N.weight`, `classifier.{0,3,6}.weight`.
    Torchvision,
    /// `features.N.weight`, `pre_logits.fc1.weight`, `head.fc.weight`.
    Timm,
}

/// Why a file is not a float network.
#[derive(Debug, thiserror::Error)]
pub enum FloatError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("this file is an int8 model already; float weights are wanted")]
    Quantised,
    #[error(
        "no tensor is called as in this project's files (conv1_1.weight), torchvision's (features.0.weight, \
         classifier.0.weight) or timm's (features.0.weight, pre_logits.fc1.weight)"
    )]
    Naming,
    #[error("no network of the table has convolutions with the kernels {found}; there are {known}")]
    NoRow { found: String, known: String },
    #[error("tensor {tensor} is {found:?}, expected F32, F16 or BF16")]
    Dtype { tensor: String, found: Dtype },
    #[error("fc6 reads {found} values, which is not a square map of {channels} channels that {id} makes of any input")]
    Fc6 { found: usize, channels: usize, id: String },
    #[error("tensor {tensor}: element {index} is not a finite number")]
    NotFinite { tensor: String, index: usize },
}

/// What the file may not say; what is `None` is inferred.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Row of the table. A and A-LRN have the same tensors; without a hint it is A.
    pub id: Option<String>,
    /// Native input size in pixels; several sizes may leave fc6 the same map.
    pub input_size: Option<usize>,
}

/// A network with float weights, batch norm folded.
#[derive(Clone, Debug)]
pub struct FloatModel {
    pub network: Network,
    pub naming: Naming,
    /// At the native size, the input first.
    pub layers: Vec<Layer>,
    /// One per weighted layer, in order.
    pub weights: Vec<FloatWeights>,
    pub preprocess: Preprocess,
}

/// Weights of a layer, `[C_out, C_in, k, k]`, and bias, `[C_out]`; the input is normalised as [`Preprocess`] says.
#[derive(Clone, Debug)]
pub struct FloatWeights {
    pub name: String,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// Names of a layer's tensors in a file: `weight` and `bias` have this prefix, batch norm's four another.
struct Names {
    linear: String,
    norm: String,
}

impl FloatModel {
    /// Reads float weights; the naming is detected, width, units and classes follow from the shapes, and every tensor
    /// is checked against the row.
    pub fn from_bytes(bytes: &[u8], hints: &Hints) -> Result<Self, FloatError> {
        let file = File::open(bytes)?;
        if file.text_if(key::FORMAT) == Some(FORMAT) {
            return Err(FloatError::Quantised);
        }
        let (naming, convs, fcs) = names(&file)?;
        let shape = |names: &Names| {
            let tensor = format!("{}.weight", names.linear);
            match file.tensor(&tensor) {
                Some((info, _)) => Ok(info.shape.clone()),
                None => Err(missing(&tensor)),
            }
        };
        let kernels: Vec<usize> = convs
            .iter()
            .map(|names| Ok(shape(names)?.last().copied().unwrap_or_default()))
            .collect::<Result<_, FileError>>()?;
        let said = hints.id.as_deref().or(file.text_if(key::NETWORK)).or(file.text_if("row"));
        let id = row(said, &kernels)?;
        let outputs = |names: &Names| Ok::<_, FileError>(shape(names)?.first().copied().unwrap_or_default());
        let last = convs.last().expect("a row has convolutions");
        let channels = outputs(last)?;
        let fc6: usize = shape(&fcs[0])?.iter().skip(1).product();
        let mut network = Network {
            id: id.to_owned(),
            modules: None,
            width: channels as f64 / paper_channels(id) as f64,
            input_size: hints.input_size.unwrap_or_default(),
            fc: outputs(&fcs[0])?,
            classes: outputs(&fcs[2])?,
        };
        if hints.input_size.is_none() {
            network.input_size = input_size(&network, channels, fc6)?;
        }
        let network = Network::new(
            id,
            Options {
                width: Some(network.width),
                input_size: Some(network.input_size),
                fc: Some(network.fc),
                classes: Some(network.classes),
                modules: None,
            },
        )?;

        let layers = network.layers()?;
        let mut known = Vec::new();
        let mut weights = Vec::new();
        for (layer, names) in layers.iter().filter(|layer| layer.weighted()).zip(convs.iter().chain(&fcs)) {
            weights.push(read_layer(&file, layer, names, &mut known)?);
        }
        let ignored = |name: &str| name.ends_with("num_batches_tracked");
        if let Some(tensor) = file.names().into_iter().find(|name| !known.contains(name) && !ignored(name)) {
            return Err(FileError::UnexpectedTensor { tensor }.into());
        }
        let preprocess = Preprocess {
            mean: colours(&file, key::MEAN).unwrap_or(Preprocess::IMAGENET.mean),
            std: colours(&file, key::STD).unwrap_or(Preprocess::IMAGENET.std),
        };
        Ok(FloatModel { network, naming, layers, weights, preprocess })
    }

    /// Runs a batch of pictures, RGB bytes `[pictures][size][size][3]`, and returns the logits, `[pictures][classes]`.
    /// `see` is shown every layer's output, `[channel][picture][y][x]`, with the layer's index; the input is the first.
    pub fn run(&self, rgb: &[u8], mut see: impl FnMut(usize, &[f32])) -> Vec<f32> {
        let mut values = self.input(rgb);
        let pictures = rgb.len() / self.layers[0].output.values();
        see(0, &values);
        let mut weights = self.weights.iter();
        for (index, layer) in self.layers.iter().enumerate().skip(1) {
            values = match layer.kind {
                Kind::Input => unreachable!("the input is layer 0"),
                Kind::Conv(window) | Kind::Fc { window, .. } => {
                    let weights = weights.next().expect("every weighted layer has weights");
                    let relu = !matches!(layer.kind, Kind::Fc { relu: false, .. });
                    convolution(layer, window, weights, relu, &values, pictures)
                }
                Kind::Lrn => normalise(layer.output.channels, &values),
                Kind::MaxPool(window) => max_pool(layer, window, &values, pictures),
            };
            see(index, &values);
        }
        let classes = self.network.classes;
        (0..pictures * classes).map(|i| values[i % classes * pictures + i / classes]).collect()
    }

    /// Normalised pixels, `[channel][picture][y][x]`.
    fn input(&self, rgb: &[u8]) -> Vec<f32> {
        let Preprocess { mean, std } = self.preprocess;
        let plane = |c: usize| {
            rgb.iter().skip(c).step_by(INPUT_CHANNELS).map(move |&v| (f32::from(v) / 255.0 - mean[c]) / std[c])
        };
        (0..INPUT_CHANNELS).flat_map(plane).collect()
    }
}

fn missing(tensor: &str) -> FileError {
    FileError::MissingTensor { tensor: tensor.to_owned(), expected: "float weights".to_owned() }
}

/// Detects the naming. Names of all convolutions in order, and of fc6, fc7, fc8.
fn names(file: &File) -> Result<(Naming, Vec<Names>, Vec<Names>), FloatError> {
    let all = file.names();
    let has = |name: &str| all.iter().any(|known| known == name);
    let plain = |linear: &str, norm: String| Names { linear: linear.to_owned(), norm };
    if has("fc6.weight") {
        let mut convs: Vec<_> = all
            .iter()
            .filter_map(|name| name.strip_suffix(".weight"))
            .filter(|name| name.starts_with("conv") && !name.ends_with(".bn"))
            .collect();
        // Modules and convolutions are below ten, so that the order of the names is the order of the layers.
        convs.sort_unstable();
        let ours = |name: &str| plain(name, format!("{name}.bn"));
        if !convs.is_empty() {
            return Ok((
                Naming::Vgglass,
                convs.into_iter().map(ours).collect(),
                ["fc6", "fc7", "fc8"].map(ours).into(),
            ));
        }
    }
    // Convolutions are the tensors of four dimensions; a batch norm is the module after its convolution.
    let mut numbers: Vec<usize> = all
        .iter()
        .filter(|name| file.tensor(name).is_some_and(|(info, _)| info.shape.len() == 4))
        .filter_map(|name| name.strip_prefix("features.")?.strip_suffix(".weight")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let convs = numbers.iter().map(|n| plain(&format!("features.{n}"), format!("features.{}", n.saturating_add(1))));
    let (naming, fcs) = if has("pre_logits.fc1.weight") {
        (Naming::Timm, ["pre_logits.fc1", "pre_logits.fc2", "head.fc"])
    } else if has("classifier.0.weight") {
        (Naming::Torchvision, ["classifier.0", "classifier.3", "classifier.6"])
    } else if has("classifier.1.weight") {
        // Dropout comes first in torchvision's AlexNet.
        (Naming::Torchvision, ["classifier.1", "classifier.4", "classifier.6"])
    } else {
        return Err(FloatError::Naming);
    };
    if numbers.is_empty() {
        return Err(FloatError::Naming);
    }
    Ok((naming, convs.collect(), fcs.map(|name| plain(name, format!("{name}.bn"))).into()))
}

/// Kernels of a row's convolutions, in order.
fn kernels(modules: &[&[Op]]) -> Vec<usize> {
    let kernel = |op: &Op| match op {
        Op::Conv { kernel, .. } => Some(*kernel),
        _ => None,
    };
    modules.iter().copied().flatten().filter_map(kernel).collect()
}

/// The row that is `said`, or the first with these kernels.
fn row(said: Option<&str>, found: &[usize]) -> Result<&'static str, FloatError> {
    let fits = |row: &&crate::network::Config| kernels(row.modules) == found;
    let rows = TABLE.iter().filter(|row| said.is_none_or(|id| row.id == id));
    match rows.clone().find(fits) {
        Some(row) => Ok(row.id),
        None => {
            let known = rows.map(|row| format!("{} {:?}", row.id, kernels(row.modules))).collect::<Vec<_>>();
            Err(FloatError::NoRow { found: format!("{found:?}"), known: known.join(", ") })
        }
    }
}

/// Channels of a row's last convolution at width 1.
fn paper_channels(id: &str) -> usize {
    let modules = crate::network::find(id).map_or(&[][..], |row| row.modules);
    let channels = |op: &Op| match op {
        Op::Conv { channels, .. } => Some(*channels),
        _ => None,
    };
    modules.iter().copied().flatten().filter_map(channels).next_back().unwrap_or(1)
}

/// The native size at which fc6 reads `fc6` values: the paper's 224 if it does, else 64, else the least.
fn input_size(network: &Network, channels: usize, fc6: usize) -> Result<usize, FloatError> {
    let reads = |size: &usize| {
        let sized = Network { input_size: *size, ..network.clone() };
        let layers = sized.layers().unwrap_or_default();
        layers.iter().any(|layer| layer.name == "fc6" && layer.fan_in() == fc6)
    };
    let error = || FloatError::Fc6 { found: fc6, channels, id: network.id.clone() };
    [224, 64].into_iter().chain(1..=256).find(reads).ok_or_else(error)
}

/// Reads one layer and folds its batch norm. Names read are added to `known`.
fn read_layer(file: &File, layer: &Layer, names: &Names, known: &mut Vec<String>) -> Result<FloatWeights, FloatError> {
    let outputs = layer.output.channels;
    let mut read = |name: String, shapes: &[Vec<usize>], needed: bool| {
        let values = read_tensor(file, &name, shapes, needed);
        known.push(name);
        values
    };
    // A fully connected layer may be stored as the convolution it is.
    let as_window = || {
        let kernel = layer.window().map_or(1, |window| window.kernel);
        vec![outputs, layer.input.channels, kernel, kernel]
    };
    let weight = read(format!("{}.weight", names.linear), &[weight_shape(layer), as_window()], true)?;
    let bias = read(format!("{}.bias", names.linear), &[vec![outputs]], false)?;
    let (mut weight, mut bias) = (weight.unwrap_or_default(), bias.unwrap_or_else(|| vec![0.0; outputs]));
    let mut norm = |part: &str, needed| read(format!("{}.{part}", names.norm), &[vec![outputs]], needed);
    if let Some(variance) = norm("running_var", false)? {
        let [gamma, beta, mean] =
            [norm("weight", true)?, norm("bias", true)?, norm("running_mean", true)?].map(Option::unwrap_or_default);
        for (c, row) in weight.chunks_exact_mut(layer.fan_in()).enumerate() {
            let factor = f64::from(gamma[c]) / (f64::from(variance[c]) + BATCH_NORM_EPSILON).sqrt();
            row.iter_mut().for_each(|w| *w = (f64::from(*w) * factor) as f32);
            bias[c] = (f64::from(beta[c]) + (f64::from(bias[c]) - f64::from(mean[c])) * factor) as f32;
        }
    }
    Ok(FloatWeights { name: layer.name.clone(), weight, bias })
}

/// Values of a tensor that must have one of the `shapes`; `None` if it is absent and not `needed`.
fn read_tensor(file: &File, name: &str, shapes: &[Vec<usize>], needed: bool) -> Result<Option<Vec<f32>>, FloatError> {
    let Some((info, bytes)) = file.tensor(name) else {
        return if needed { Err(missing(name).into()) } else { Ok(None) };
    };
    if !shapes.contains(&info.shape) {
        let (expected, found) = (format!("{:?}", shapes[0]), format!("{:?}", info.shape));
        return Err(FileError::Tensor { tensor: name.to_owned(), expected, found }.into());
    }
    let halves = |real: fn(u16) -> f32| bytes.as_chunks().0.iter().map(|&b| real(u16::from_le_bytes(b))).collect();
    let values: Vec<f32> = match info.dtype {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        Dtype::F16 => halves(|bits| half::f16::from_bits(bits).to_f32()),
        Dtype::BF16 => halves(|bits| half::bf16::from_bits(bits).to_f32()),
        found => return Err(FloatError::Dtype { tensor: name.to_owned(), found }),
    };
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(FloatError::NotFinite { tensor: name.to_owned(), index }),
        None => Ok(Some(values)),
    }
}

/// Three numbers of the metadata, as JSON or with commas between.
fn colours(file: &File, key: &str) -> Option<[f32; INPUT_CHANNELS]> {
    let text = file.text_if(key)?.trim_matches(['[', ']']);
    let values: Vec<f32> = text.split(',').map(|value| value.trim().parse().ok()).collect::<Option<_>>()?;
    values.try_into().ok()
}

/// Convolution as a matrix product over gathered windows ("im2col"), then bias and ReLU.
/// `[C_in][picture][y][x]` to `[C_out][picture][y][x]`.
fn convolution(
    layer: &Layer,
    window: Window,
    weights: &FloatWeights,
    relu: bool,
    input: &[f32],
    pictures: usize,
) -> Vec<f32> {
    /// Gathered values at a time: a part that stays in the cache.
    const PART: usize = 1 << 19;
    let fan_in = layer.fan_in();
    let outputs = layer.output.channels;
    let columns = pictures * layer.output.cells();
    let part = (PART / fan_in).clamp(16, columns.max(16));
    let mut values: Vec<f32> = weights.bias.iter().flat_map(|&bias| std::iter::repeat_n(bias, columns)).collect();
    let mut gathered = vec![0.0; fan_in * part];
    let matrix = ArrayView2::from_shape((outputs, fan_in), &weights.weight).expect("one weight for each");
    let mut all = ArrayViewMut2::from_shape((outputs, columns), &mut values).expect("one row an output channel");
    for start in (0..columns).step_by(part) {
        let count = part.min(columns - start);
        gather(layer, window, input, pictures, start..start + count, &mut gathered[..fan_in * count]);
        let windows = ArrayView2::from_shape((fan_in, count), &gathered[..fan_in * count]).expect("just cut");
        general_mat_mul(1.0, &matrix, &windows, 1.0, &mut all.slice_mut(s![.., start..start + count]));
    }
    if relu {
        values.iter_mut().for_each(|value| *value = value.max(0.0));
    }
    values
}

/// Window values of the output cells `columns` (counted over pictures), `[C_in * k * k][columns]`; zeros outside.
fn gather(
    layer: &Layer,
    window: Window,
    input: &[f32],
    pictures: usize,
    columns: std::ops::Range<usize>,
    gathered: &mut [f32],
) {
    let Shape { height, width, .. } = layer.input;
    let (out_cells, out_width) = (layer.output.cells(), layer.output.width);
    let places: Vec<_> = columns
        .map(|column| {
            let (picture, cell) = (column / out_cells, column % out_cells);
            (picture * height * width, cell / out_width * window.stride, cell % out_width * window.stride)
        })
        .collect();
    for (row, line) in gathered.chunks_exact_mut(places.len()).enumerate() {
        let (channel, tap) = (row / (window.kernel * window.kernel), row % (window.kernel * window.kernel));
        let (dy, dx) = (tap / window.kernel, tap % window.kernel);
        let plane = &input[channel * pictures * height * width..][..pictures * height * width];
        for (value, &(picture, y, x)) in line.iter_mut().zip(&places) {
            // Left of or above the picture the subtraction wraps to a large number, outside as well.
            let (y, x) = ((y + dy).wrapping_sub(window.pad), (x + dx).wrapping_sub(window.pad));
            *value = if y < height && x < width { plane[picture + y * width + x] } else { 0.0 };
        }
    }
}

/// Local response normalisation over channels; see [`lrn`].
fn normalise(channels: usize, input: &[f32]) -> Vec<f32> {
    let plane = input.len() / channels;
    let mut output = Vec::with_capacity(input.len());
    for c in 0..channels {
        let near = c.saturating_sub(lrn::N / 2)..(c + lrn::N / 2 + 1).min(channels);
        output.extend((0..plane).map(|i| {
            let squares: f32 = near.clone().map(|n| input[n * plane + i].powi(2)).sum();
            input[c * plane + i] / (lrn::K + lrn::ALPHA * squares).powf(0.75)
        }));
    }
    output
}

fn max_pool(layer: &Layer, window: Window, input: &[f32], pictures: usize) -> Vec<f32> {
    let Shape { channels, height, width } = layer.output;
    let mut output = Vec::with_capacity(pictures * layer.output.values());
    for plane in input.chunks_exact(layer.input.cells()).take(channels * pictures) {
        for y in 0..height {
            for x in 0..width {
                let rows = (0..window.kernel).flat_map(|dy| {
                    let start = (y * window.stride + dy) * layer.input.width + x * window.stride;
                    &plane[start..start + window.kernel]
                });
                output.push(rows.copied().fold(f32::NEG_INFINITY, f32::max));
            }
        }
    }
    output
}

/// Names of classes, one a line: WordNet id, English, Chinese, with tabs between; the first line says so.
pub fn read_classes(table: &str) -> Vec<Class> {
    let class = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut cell = || cells.next().unwrap_or_default();
        Class { wnid: cell(), en: cell(), zh: cell() }
    };
    table.lines().filter(|line| !line.is_empty() && !line.starts_with("wnid")).map(class).collect()
}

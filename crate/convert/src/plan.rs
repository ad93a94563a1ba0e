//! Which network the tensors of a file are, and which tensor is which layer's: all that a file's head can tell, checked before
//! a weight is read.

use vgglass::model::Preprocess;
use vgglass::model::file::{FORMAT, key};
use vgglass::network::{Config, INPUT_CHANNELS, Kind, Layer, Network, Op, Options, TABLE};

use crate::catalogue::{Catalogue, Dtype, Tensor};
use crate::error::Error;
use crate::keras;

/// Whose names a file's tensors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `conv1_1.weight`, `conv1_1.bn.weight`, `fc6.weight`: this project's.
    Vgglass,
    /// `features.N.weight`, `classifier.{0,3,6}.weight`.
    Torchvision,
    /// `features.N.weight`, `pre_logits.fc1.weight`, `head.fc.weight`.
    Timm,
    /// `blockM_convN`, `fc1`, `fc2`, `predictions`: Keras's, which are the paper's own weights.
    Keras,
}

/// What Keras's weights were trained on: `B, G, R` from 0 to 255 minus the means, by no deviation. As of RGB from 0 to 1:
const KERAS: Preprocess =
    Preprocess { mean: [123.68 / 255.0, 116.779 / 255.0, 103.939 / 255.0], std: [1.0 / 255.0; 3] };

/// What the file may not say; what is `None` is inferred.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Row of the table. A and A-LRN have the same tensors; without a hint it is A.
    pub id: Option<String>,
    /// Native input size in pixels; several sizes may leave fc6 the same map.
    pub input_size: Option<usize>,
}

/// A network whose weights a file has.
#[derive(Clone, Debug)]
pub struct Plan {
    pub network: Network,
    pub naming: Naming,
    pub preprocess: Preprocess,
    /// Whether the first layer's weights are for B, G, R; [`crate::Import`] gives them for R, G, B.
    pub bgr: bool,
    /// At the native size, the input first.
    pub layers: Vec<Layer>,
    /// One per weighted layer, in order.
    pub sources: Vec<Source>,
}

/// A tensor and its name, for messages.
#[derive(Clone, Debug)]
pub struct Named {
    pub name: String,
    pub tensor: Tensor,
}

/// Where a layer's numbers are.
#[derive(Clone, Debug)]
pub struct Source {
    /// `[C_out, C_in, k, k]` or `[C_out, C_in*k*k]`.
    pub weight: Named,
    /// `[C_out]`; zeros where there is none.
    pub bias: Option<Named>,
    /// Batch norm's gamma, beta, mean and variance, each `[C_out]`.
    pub norm: Option<[Named; 4]>,
}

/// Names of a layer's tensors in a file: `weight` and `bias` have this prefix, batch norm's four another.
struct Names {
    linear: String,
    norm: String,
}

impl Plan {
    /// Names are detected; width, units and classes follow from the shapes; every tensor is checked against the row.
    pub fn new(catalogue: &Catalogue, hints: &Hints) -> Result<Self, Error> {
        if catalogue.text(key::FORMAT) == Some(FORMAT) {
            return Err(Error::Quantised);
        }
        let (naming, convs, fcs) = names(catalogue)?;
        let shape = |names: &Names| Ok::<_, Error>(&catalogue.tensor(&format!("{}.weight", names.linear))?.shape);
        let found: Vec<(usize, usize)> = convs
            .iter()
            .map(|names| {
                let shape = shape(names)?;
                let of = |side: Option<&usize>| side.copied().unwrap_or_default();
                Ok((of(shape.last()), of(shape.first())))
            })
            .collect::<Result<_, Error>>()?;
        let said = hints.id.as_deref().or(catalogue.text(key::NETWORK)).or(catalogue.text("row"));
        let id = row(said, &found)?;
        let outputs = |names: &Names| Ok::<_, Error>(shape(names)?.first().copied().unwrap_or_default());
        let last = convs.last().expect("a row has convolutions");
        let channels = outputs(last)?;
        let fc6 = shape(&fcs[0])?.iter().skip(1).fold(1, |product: usize, &length| product.saturating_mul(length));
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
        let mut sources = Vec::new();
        for (layer, names) in layers.iter().filter(|layer| layer.weighted()).zip(convs.iter().chain(&fcs)) {
            sources.push(source(catalogue, layer, names, naming, &mut known)?);
        }
        let ignored = |name: &str| name.ends_with("num_batches_tracked");
        if let Some(tensor) = catalogue.tensors.keys().find(|name| !known.contains(name) && !ignored(name)) {
            return Err(Error::Unexpected { tensor: tensor.clone() });
        }
        let bgr = naming == Naming::Keras;
        let usual = if bgr { KERAS } else { Preprocess::IMAGENET };
        let preprocess = Preprocess {
            mean: colours(catalogue, key::MEAN).unwrap_or(usual.mean),
            std: colours(catalogue, key::STD).unwrap_or(usual.std),
        };
        Ok(Plan { network, naming, preprocess, bgr, layers, sources })
    }
}

/// Detects the naming. Names of all convolutions in order, and of fc6, fc7, fc8.
fn names(catalogue: &Catalogue) -> Result<(Naming, Vec<Names>, Vec<Names>), Error> {
    let has = |name: &str| catalogue.tensors.contains_key(name);
    let plain = |linear: &str, norm: String| Names { linear: linear.to_owned(), norm };
    let all = || catalogue.tensors.keys();
    let mut ours: Vec<_> = all()
        .filter_map(|name| name.strip_suffix(".weight"))
        .filter(|name| name.starts_with("conv") && !name.ends_with(".bn"))
        .collect();
    let is_ours = has("fc6.weight");
    if !is_ours && ["conv1_1.weight", "conv5.weight"].into_iter().any(has) {
        return Err(Error::NoClassifier { missing: "fc6.weight".to_owned() });
    }
    if is_ours && !ours.is_empty() {
        // Modules and convolutions are below ten, so that the order of the names is the order of the layers.
        ours.sort_unstable();
        let names = |name: &str| plain(name, format!("{name}.bn"));
        return Ok((Naming::Vgglass, ours.into_iter().map(names).collect(), ["fc6", "fc7", "fc8"].map(names).into()));
    }
    let keras: Vec<_> = all()
        .filter_map(|name| name.strip_suffix(".weight"))
        .filter(|name| name.starts_with("block") && name.contains("_conv"))
        .collect();
    if !keras.is_empty() {
        if !has("fc1.weight") {
            return Err(Error::NoClassifier { missing: "fc1".to_owned() });
        }
        let names = |name: &str| plain(name, format!("{name}.bn"));
        return Ok((
            Naming::Keras,
            keras.into_iter().map(names).collect(),
            ["fc1", "fc2", "predictions"].map(names).into(),
        ));
    }
    // Convolutions are the tensors of four dimensions; a batch norm is the module after its convolution.
    let mut numbers: Vec<usize> = catalogue
        .tensors
        .iter()
        .filter(|(_, tensor)| tensor.shape.len() == 4)
        .filter_map(|(name, _)| name.strip_prefix("features.")?.strip_suffix(".weight")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    if numbers.is_empty() {
        return Err(Error::Naming { first: all().next().cloned().unwrap_or_default() });
    }
    let convs = numbers.iter().map(|n| plain(&format!("features.{n}"), format!("features.{}", n.saturating_add(1))));
    let (naming, fcs) = if has("pre_logits.fc1.weight") {
        (Naming::Timm, ["pre_logits.fc1", "pre_logits.fc2", "head.fc"])
    } else if has("classifier.0.weight") {
        (Naming::Torchvision, ["classifier.0", "classifier.3", "classifier.6"])
    } else if has("classifier.1.weight") {
        // Dropout comes first in torchvision's AlexNet.
        (Naming::Torchvision, ["classifier.1", "classifier.4", "classifier.6"])
    } else {
        return Err(Error::NoClassifier { missing: "classifier.0.weight".to_owned() });
    };
    Ok((naming, convs.collect(), fcs.map(|name| plain(name, format!("{name}.bn"))).into()))
}

/// Kernel and channels of a row's convolutions at width 1, in order.
fn convolutions(row: &Config) -> Vec<(usize, usize)> {
    let conv = |op: &Op| match op {
        Op::Conv { kernel, channels, .. } => Some((*kernel, *channels)),
        _ => None,
    };
    row.modules.iter().copied().flatten().filter_map(conv).collect()
}

/// The row that is `said`, or the first with these kernels and, at one width, these channels; if no row has these channels,
/// the first with these kernels, so that the tensor that does not fit is named. `found`: kernel and channels.
fn row(said: Option<&str>, found: &[(usize, usize)]) -> Result<&'static str, Error> {
    /// Kernels that a message shows: more than any row has.
    const SHOWN: usize = 20;
    let kernels = |convs: &[(usize, usize)]| convs.iter().map(|&(kernel, _)| kernel).collect::<Vec<_>>();
    let is_wide_as = |row: &&&Config| {
        let paper = convolutions(row);
        let (Some(&(_, last)), Some(&(_, papers))) = (found.last(), paper.last()) else { return false };
        let width = last as f64 / papers as f64;
        let scaled = |channels: usize| ((channels as f64 * width).round() as usize).max(1);
        paper.iter().zip(found).all(|(&(_, paper), &(_, found))| scaled(paper) == found)
    };
    let rows = TABLE.iter().filter(|row| said.is_none_or(|id| row.id == id));
    let fitting: Vec<_> = rows.clone().filter(|row| kernels(&convolutions(row)) == kernels(found)).collect();
    match fitting.iter().find(is_wide_as).or(fitting.first()) {
        Some(row) => Ok(row.id),
        None => {
            let known = rows.map(|row| format!("{} {:?}", row.id, kernels(&convolutions(row)))).collect::<Vec<_>>();
            let found = format!("{:?}", &kernels(found)[..found.len().min(SHOWN)]);
            Err(Error::NoRow { found, known: known.join(", ") })
        }
    }
}

/// Channels of a row's last convolution at width 1.
fn paper_channels(id: &str) -> usize {
    let modules = vgglass::network::find(id).map_or(&[][..], |row| row.modules);
    let channels = |op: &Op| match op {
        Op::Conv { channels, .. } => Some(*channels),
        _ => None,
    };
    modules.iter().copied().flatten().filter_map(channels).next_back().unwrap_or(1)
}

/// The native size at which fc6 reads `fc6` values: the paper's 224 if it does, else 64, else the least.
fn input_size(network: &Network, channels: usize, fc6: usize) -> Result<usize, Error> {
    let reads = |size: &usize| {
        let sized = Network { input_size: *size, ..network.clone() };
        let layers = sized.layers().unwrap_or_default();
        layers.iter().any(|layer| layer.name == "fc6" && layer.fan_in() == fc6)
    };
    let error = || Error::Fc6 { found: fc6, channels, id: network.id.clone() };
    [224, 64].into_iter().chain(1..=256).find(reads).ok_or_else(error)
}

/// Finds one layer's tensors. Names are added to `known`.
fn source(
    catalogue: &Catalogue,
    layer: &Layer,
    names: &Names,
    naming: Naming,
    known: &mut Vec<String>,
) -> Result<Source, Error> {
    let outputs = layer.output.channels;
    let mut find = |name: String, shapes: &[Vec<usize>]| -> Result<_, Error> {
        let found = match catalogue.tensors.get(&name) {
            Some(tensor) => Ok(Some(Named { tensor: checked(&name, tensor, shapes)?, name: name.clone() })),
            None => Ok(None),
        };
        known.push(name);
        found
    };
    let missing = |tensor: String| Error::Missing { tensor };
    // A fully connected layer may be stored as the convolution it is.
    let kernel = layer.window().map_or(1, |window| window.kernel);
    let window = vec![outputs, layer.input.channels, kernel, kernel];
    let flat = vec![outputs, layer.fan_in()];
    let shapes = if matches!(layer.kind, Kind::Conv(_)) { vec![window] } else { vec![flat, window] };
    let weight = format!("{}.weight", names.linear);
    let mut weight = find(weight.clone(), &shapes)?.ok_or_else(|| missing(weight))?;
    if naming == Naming::Keras && matches!(layer.kind, Kind::Fc { .. }) {
        weight.tensor = keras::window(weight.tensor, layer.input.channels, kernel);
    }
    let vector = [vec![outputs]];
    let bias = find(format!("{}.bias", names.linear), &vector)?;
    let mut norm = |part: &str| find(format!("{}.{part}", names.norm), &vector);
    let norm = match norm("running_var")? {
        None => None,
        Some(variance) => {
            let mut part = |part: &str| norm(part)?.ok_or_else(|| missing(format!("{}.{part}", names.norm)));
            Some([part("weight")?, part("bias")?, part("running_mean")?, variance])
        }
    };
    Ok(Source { weight, bias, norm })
}

/// A tensor that must have one of the `shapes`, and a type that is read.
fn checked(name: &str, tensor: &Tensor, shapes: &[Vec<usize>]) -> Result<Tensor, Error> {
    if !shapes.contains(&tensor.shape) {
        let (expected, found) = (format!("{:?}", shapes[0]), format!("{:?}", tensor.shape));
        return Err(Error::Shape { tensor: name.to_owned(), expected, found });
    }
    if !matches!(tensor.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
        return Err(Error::Dtype { tensor: name.to_owned(), found: format!("{:?}", tensor.dtype) });
    }
    Ok(tensor.clone())
}

/// Three numbers of the metadata, as JSON or with commas between.
fn colours(catalogue: &Catalogue, key: &str) -> Option<[f32; INPUT_CHANNELS]> {
    let text = catalogue.text(key)?.trim_matches(['[', ']']);
    let values: Vec<f32> = text.split(',').map(|value| value.trim().parse().ok()).collect::<Option<_>>()?;
    values.try_into().ok()
}

//! A model as a `.safetensors` file. Files come from anybody: whatever the bytes are, reading gives a checked model
//! or an error that says what was expected and what was found.
//!
//! Tensors, for each weighted layer: `NAME.weight` I8 `[C_out, C_in, k, k]` (fully connected: `[C_out, C_in*k*k]`),
//! `NAME.scale` F32 `[C_out]`, `NAME.bias` I32 `[C_out]`. What [`Weights`] says of them holds. Everything else is in
//! `__metadata__`, whose values are strings, most of them JSON: see [`key`].

use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::de::DeserializeOwned;

use super::{Card, Int8, Model, Preprocess, Weights};
use crate::network::{INPUT_CHANNELS, Kind, Layer, Network, NetworkError};

/// Value of the key `format`.
pub const FORMAT: &str = "vgglass 1";

/// Keys of `__metadata__`. Others are ignored.
pub mod key {
    /// [`super::FORMAT`].
    pub const FORMAT: &str = "format";
    /// JSON `{id, width, input_size, fc, classes}`.
    pub const NETWORK: &str = "network";
    /// JSON `[{wnid, en, zh}]`, one per output of fc8; absent for a network without names.
    pub const CLASSES: &str = "classes";
    /// JSON `[r, g, b]` in 0..=1.
    pub const MEAN: &str = "mean";
    /// JSON `[r, g, b]`, above 0.
    pub const STD: &str = "std";
    /// JSON `{"conv1_1": scale, ...}` for every layer that rescales.
    pub const ACTIVATION_SCALES: &str = "activation_scales";
    /// JSON `{top1, top5, float_top1, float_top5, images}`; may be absent.
    pub const ACCURACY: &str = "accuracy";
    /// Plain text; may be absent, as what follows.
    pub const LICENCE: &str = "licence";
    pub const PROVENANCE: &str = "provenance";
    /// JSON, a number.
    pub const TEMPERATURE: &str = "temperature";
    /// JSON, an unsigned number; of a network with random weights.
    pub const SEED: &str = "seed";
}

pub mod limits;

/// Why a file is not a model.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the file is cut short: it has {found} bytes, expected {expected}")]
    Truncated { expected: u64, found: u64 },
    #[error("the file has {found} bytes, its tensors end at byte {expected}")]
    Trailing { expected: u64, found: u64 },
    #[error("the header says it has {found} bytes, at most {limit} are accepted; this is hardly a safetensors file")]
    HeaderLength { found: u64, limit: u64 },
    #[error("the header is not that of a safetensors file: {0}")]
    Header(String),
    #[error("metadata \"{key}\" is missing")]
    MissingKey { key: &'static str },
    #[error("metadata \"{key}\" is not the JSON expected there: {error}")]
    Json { key: &'static str, error: serde_json::Error },
    #[error("metadata \"{key}\": expected {expected}, found {found}")]
    Metadata { key: &'static str, expected: String, found: String },
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("tensor {tensor} is missing; expected {expected}")]
    MissingTensor { tensor: String, expected: String },
    #[error("tensor {tensor} does not belong to this network")]
    UnexpectedTensor { tensor: String },
    #[error("tensor {tensor}: expected {expected}, found {found}")]
    Tensor { tensor: String, expected: String, found: String },
    #[error("tensor {tensor}: element {index} is {found}, expected {expected}")]
    Value { tensor: String, index: usize, expected: String, found: String },
}

impl Model {
    /// Reads and checks a model. Weights stay in `bytes`, which they share.
    pub fn from_bytes(bytes: &Bytes) -> Result<Self, FileError> {
        let file = File::open(bytes)?;
        let format = file.text(key::FORMAT)?;
        if format != FORMAT {
            return Err(metadata_error(key::FORMAT, FORMAT, format));
        }
        let network: Network = file.json(key::NETWORK)?;
        let layers = network.layers()?;
        let preprocess = file.preprocess()?;
        let activation_scales = file.activation_scales(&layers)?;
        let classes = file.classes(network.classes)?;
        let card = file.card()?;

        let mut weights = Vec::new();
        for layer in layers.iter().filter(|layer| layer.weighted()) {
            weights.push(file.weights(layer, bytes)?);
        }
        let known = |name: &str| {
            name.rsplit_once('.').is_some_and(|(layer, part)| {
                ["weight", "scale", "bias"].contains(&part) && weights.iter().any(|known| known.name == layer)
            })
        };
        let names = file.metadata.offset_keys();
        if let Some(tensor) = names.into_iter().find(|name| !known(name)) {
            return Err(FileError::UnexpectedTensor { tensor });
        }
        Ok(Model { network, preprocess, weights, activation_scales, classes, card })
    }

    /// The model as a file; the same model gives the same bytes. A model that could not be read back is an error.
    pub fn to_bytes(&self) -> Result<Bytes, FileError> {
        let mut bytes = self.head(0)?;
        for weights in &self.weights {
            bytes.extend_from_slice(bytemuck::cast_slice(&weights.weight));
        }
        let bytes = Bytes::from(bytes);
        Model::from_bytes(&bytes)?;
        Ok(bytes)
    }

    /// What of the file is before the weights, which follow layer by layer: of them nothing but the network's shapes is
    /// looked at. The header has `room` bytes, or more if it needs them.
    pub fn head(&self, room: usize) -> Result<Vec<u8>, FileError> {
        let layers = self.network.layers()?;
        let weighted: Vec<_> = layers.iter().filter(|layer| layer.weighted()).zip(&self.weights).collect();
        let mut tensors = BTreeMap::new();
        let mut data = Vec::new();
        // Four-byte elements first, so that they are aligned in the file.
        let mut add = |name: String, dtype, shape, bytes: &[u8]| {
            let start = data.len();
            data.extend_from_slice(bytes);
            tensors.insert(name, TensorInfo { dtype, shape, data_offsets: (start, data.len()) });
        };
        for (layer, weights) in &weighted {
            let scale: Vec<u8> = weights.scale.iter().flat_map(|scale| scale.to_le_bytes()).collect();
            let bias: Vec<u8> = weights.bias.iter().flat_map(|bias| bias.to_le_bytes()).collect();
            add(format!("{}.scale", layer.name), Dtype::F32, vec![weights.scale.len()], &scale);
            add(format!("{}.bias", layer.name), Dtype::I32, vec![weights.bias.len()], &bias);
        }
        let mut end = data.len();
        for (layer, _) in &weighted {
            let (start, shape) = (end, weight_shape(layer));
            end += shape.iter().product::<usize>();
            let info = TensorInfo { dtype: Dtype::I8, shape, data_offsets: (start, end) };
            tensors.insert(format!("{}.weight", layer.name), info);
        }

        let mut header = json(&Header { metadata: self.metadata(), tensors }).into_bytes();
        header.resize(header.len().max(room).next_multiple_of(8), b' ');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut header);
        bytes.append(&mut data);
        Ok(bytes)
    }

    fn metadata(&self) -> BTreeMap<&'static str, String> {
        let scales: BTreeMap<_, _> = self.activation_scales.iter().map(|(name, scale)| (name, scale)).collect();
        let card = &self.card;
        let mut metadata = BTreeMap::from([
            (key::FORMAT, FORMAT.to_owned()),
            (key::NETWORK, json(&self.network)),
            (key::MEAN, json(&self.preprocess.mean)),
            (key::STD, json(&self.preprocess.std)),
            (key::ACTIVATION_SCALES, json(&scales)),
        ]);
        if !self.classes.is_empty() {
            metadata.insert(key::CLASSES, json(&self.classes));
        }
        let optional = [
            (key::ACCURACY, card.accuracy.map(|accuracy| json(&accuracy))),
            (key::LICENCE, (!card.licence.is_empty()).then(|| card.licence.clone())),
            (key::PROVENANCE, (!card.provenance.is_empty()).then(|| card.provenance.clone())),
            (key::TEMPERATURE, card.temperature.map(|temperature| temperature.to_string())),
            (key::SEED, card.seed.map(|seed| seed.to_string())),
        ];
        metadata.extend(optional.into_iter().filter_map(|(key, value)| Some((key, value?))));
        metadata
    }
}

/// Header of a file to be written. Sorted, so that the same model gives the same bytes.
#[derive(serde::Serialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: BTreeMap<&'static str, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, TensorInfo>,
}

/// What is written is made of strings, numbers and lists of them.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}

/// Shape of the weights of a weighted layer.
fn weight_shape(layer: &Layer) -> Vec<usize> {
    let outputs = layer.output.channels;
    match layer.kind {
        Kind::Conv(window) => vec![outputs, layer.input.channels, window.kernel, window.kernel],
        _ => vec![outputs, layer.fan_in()],
    }
}

fn metadata_error(key: &'static str, expected: impl Into<String>, found: impl ToString) -> FileError {
    let mut found = found.to_string();
    if let Some((end, _)) = found.char_indices().nth(100) {
        found.truncate(end);
        found.push('…');
    }
    FileError::Metadata { key, expected: expected.into(), found }
}

/// A parsed header over a file's bytes.
struct File<'a> {
    metadata: Metadata,
    data: &'a [u8],
}

impl<'a> File<'a> {
    /// Checks the header: sizes, offsets and shapes agree with one another and with the length of the file.
    ///
    /// `SafeTensors::deserialize` would do, but its sum of offsets can wrap on 32 bits.
    fn open(bytes: &'a [u8]) -> Result<Self, FileError> {
        let found = bytes.len() as u64;
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or(FileError::Truncated { expected: 8, found })?;
        let length = u64::from_le_bytes(*length);
        if length > limits::HEADER {
            return Err(FileError::HeaderLength { found: length, limit: limits::HEADER });
        }
        let (header, data) =
            rest.split_at_checked(length as usize).ok_or(FileError::Truncated { expected: 8 + length, found })?;
        let metadata: Metadata =
            serde_json::from_slice(header).map_err(|error| FileError::Header(error.to_string()))?;
        let expected = (metadata.data_len() as u64).saturating_add(8 + length);
        match found.cmp(&expected) {
            std::cmp::Ordering::Less => Err(FileError::Truncated { expected, found }),
            std::cmp::Ordering::Greater => Err(FileError::Trailing { expected, found }),
            std::cmp::Ordering::Equal => Ok(File { metadata, data }),
        }
    }

    /// Type, shape and bytes of a tensor.
    fn tensor(&self, name: &str) -> Option<(&TensorInfo, &'a [u8])> {
        let info = self.metadata.info(name)?;
        let (start, end) = info.data_offsets;
        Some((info, self.data.get(start..end)?))
    }

    fn all_text(&self) -> Option<&HashMap<String, String>> {
        self.metadata.metadata().as_ref()
    }

    /// A value of `__metadata__`, if it is there.
    fn text_if(&self, key: &str) -> Option<&str> {
        self.all_text()?.get(key).map(String::as_str)
    }

    fn text(&self, key: &'static str) -> Result<&str, FileError> {
        self.text_if(key).ok_or(FileError::MissingKey { key })
    }

    fn json<T: DeserializeOwned>(&self, key: &'static str) -> Result<T, FileError> {
        serde_json::from_str(self.text(key)?).map_err(|error| FileError::Json { key, error })
    }

    fn preprocess(&self) -> Result<Preprocess, FileError> {
        let colours = |key, range: RangeInclusive<f32>| {
            let values: [f32; INPUT_CHANNELS] = self.json(key)?;
            match values.iter().find(|value| !range.contains(value)) {
                Some(value) => Err(metadata_error(key, format!("{} to {}", range.start(), range.end()), value)),
                None => Ok(values),
            }
        };
        Ok(Preprocess { mean: colours(key::MEAN, 0.0..=1.0)?, std: colours(key::STD, limits::STD)? })
    }

    fn activation_scales(&self, layers: &[Layer]) -> Result<Vec<(String, f32)>, FileError> {
        const KEY: &str = key::ACTIVATION_SCALES;
        let mut found: HashMap<String, f32> = self.json(KEY)?;
        let mut scales = Vec::new();
        for layer in layers.iter().filter(|layer| layer.rescales()) {
            let (name, scale) = found
                .remove_entry(&layer.name)
                .ok_or_else(|| metadata_error(KEY, format!("a scale for {}", layer.name), "none"))?;
            if !limits::SCALE.contains(&scale) {
                let expected =
                    format!("a scale from {:e} to {:e} for {name}", limits::SCALE.start(), limits::SCALE.end());
                return Err(metadata_error(KEY, expected, scale));
            }
            scales.push((name, scale));
        }
        match found.into_keys().min() {
            Some(name) => Err(metadata_error(KEY, "scales of layers that rescale only", format!("one for {name}"))),
            None => Ok(scales),
        }
    }

    fn classes(&self, expected: usize) -> Result<Vec<super::Class>, FileError> {
        const KEY: &str = key::CLASSES;
        if self.text_if(KEY).is_none() {
            return Ok(Vec::new());
        }
        let classes: Vec<super::Class> = self.json(KEY)?;
        if classes.len() != expected {
            return Err(metadata_error(KEY, format!("{expected} classes"), classes.len()));
        }
        for text in classes.iter().flat_map(|class| [&class.wnid, &class.en, &class.zh]) {
            if text.len() > limits::NAME {
                return Err(metadata_error(KEY, format!("names of at most {} bytes", limits::NAME), text));
            }
        }
        Ok(classes)
    }

    fn card(&self) -> Result<Card, FileError> {
        let plain = |key| {
            let text = self.text_if(key).unwrap_or_default();
            match text.len() > limits::TEXT {
                true => Err(metadata_error(key, format!("at most {} bytes", limits::TEXT), text.len())),
                false => Ok(text.to_owned()),
            }
        };
        let accuracy = match self.text_if(key::ACCURACY) {
            None => None,
            Some(_) => {
                let accuracy: super::Accuracy = self.json(key::ACCURACY)?;
                let shares = [accuracy.top1, accuracy.top5, accuracy.float_top1, accuracy.float_top5];
                if let Some(share) = shares.into_iter().find(|share| !(0.0..=1.0).contains(share)) {
                    return Err(metadata_error(key::ACCURACY, "shares from 0 to 1", share));
                }
                Some(accuracy)
            }
        };
        let temperature = match self.text_if(key::TEMPERATURE) {
            None => None,
            Some(text) => match serde_json::from_str(text) {
                Ok(temperature) if limits::TEMPERATURE.contains(&temperature) => Some(temperature),
                _ => {
                    let (least, most) = limits::TEMPERATURE.into_inner();
                    return Err(metadata_error(key::TEMPERATURE, format!("a number from {least} to {most}"), text));
                }
            },
        };
        let seed = match self.text_if(key::SEED) {
            None => None,
            Some(text) => {
                Some(serde_json::from_str(text).map_err(|_| metadata_error(key::SEED, "an unsigned number", text))?)
            }
        };
        Ok(Card { accuracy, licence: plain(key::LICENCE)?, provenance: plain(key::PROVENANCE)?, temperature, seed })
    }

    /// Bytes of a tensor that must have this type and shape.
    fn expect(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8], FileError> {
        let expected = format!("{dtype:?} {shape:?}");
        let Some((info, bytes)) = self.tensor(name) else {
            return Err(FileError::MissingTensor { tensor: name.to_owned(), expected });
        };
        if info.dtype != dtype || info.shape != shape {
            let found = format!("{:?} {:?}", info.dtype, info.shape);
            return Err(FileError::Tensor { tensor: name.to_owned(), expected, found });
        }
        Ok(bytes)
    }

    /// Weights of a layer, as a part of `file`, the bytes that this is the reader of.
    fn weights(&self, layer: &Layer, file: &Bytes) -> Result<Weights, FileError> {
        let outputs = layer.output.channels;
        let tensor = format!("{}.weight", layer.name);
        let weight = Int8::of_file(file, self.expect(&tensor, Dtype::I8, &weight_shape(layer))?);
        if let Some(index) = weight.position_of_min() {
            let (expected, found) = ("-127 to 127".to_owned(), "-128".to_owned());
            return Err(FileError::Value { tensor, index, expected, found });
        }

        let tensor = format!("{}.scale", layer.name);
        let (elements, _) = self.expect(&tensor, Dtype::F32, &[outputs])?.as_chunks();
        let scale: Vec<f32> = elements.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        if let Some(index) = scale.iter().position(|scale| !limits::SCALE.contains(scale)) {
            let expected = format!("{:e} to {:e}", limits::SCALE.start(), limits::SCALE.end());
            return Err(FileError::Value { tensor, index, expected, found: scale[index].to_string() });
        }

        let tensor = format!("{}.bias", layer.name);
        let (elements, _) = self.expect(&tensor, Dtype::I32, &[outputs])?.as_chunks();
        let bias: Vec<i32> = elements.iter().map(|&bytes| i32::from_le_bytes(bytes)).collect();
        if let Some(index) = bias.iter().position(|bias| bias.unsigned_abs() > limits::BIAS as u32) {
            let expected = format!("{} to {}", -limits::BIAS, limits::BIAS);
            return Err(FileError::Value { tensor, index, expected, found: bias[index].to_string() });
        }
        Ok(Weights { name: layer.name.clone(), weight, scale, bias })
    }
}

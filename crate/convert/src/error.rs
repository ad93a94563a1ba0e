//! Why a file cannot be imported.

use serde::{Serialize, Serializer};
use vgglass::network::NetworkError;

/// Serialised, a variant is its stable code, `code`, and its parameters beside it: what a page makes a sentence of in its own
/// language. `Display` is English.
#[derive(Debug, thiserror::Error, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Error {
    // What the file is, where it is not weights.
    #[error("the file is empty")]
    Empty,
    #[error("this is a web page (HTML), not weights: the server has answered with a page, perhaps with an error")]
    Html,
    #[error("this is text, beginning with {start:?}, not weights")]
    Text { start: String },
    #[error("this is a Git LFS pointer: a few lines that stand for the file, not the file")]
    LfsPointer,
    #[error("this is an ONNX model; the float weights that it was made from are wanted (.safetensors or .pth)")]
    Onnx,
    #[error("this is a TensorFlow Lite model; float weights are wanted (.safetensors, .pth or Keras .h5)")]
    Tflite,
    #[error("this is a GGUF file; float weights are wanted (.safetensors, .pth or Keras .h5)")]
    Gguf,
    #[error(
        "this is a TorchScript archive, a program; the weights alone are wanted: torch.save(model.state_dict(), ...)"
    )]
    TorchScript,
    #[error(
        "this is a tar archive, as PyTorch wrote before version 0.1.10; torch.save of a newer version makes a file of it"
    )]
    TorchTar,
    #[error("this is a compressed file ({kind}); unpack it first")]
    Compressed { kind: &'static str },
    #[error("this is an int8 model of vgglass already")]
    Quantised,
    #[error("these bytes are no known format of weights: the file begins with {start}")]
    Unknown { start: String },

    // Containers.
    #[error("the file is cut short: it has {found} bytes, expected at least {expected}")]
    Truncated { expected: u64, found: u64 },
    #[error("the file has {found} bytes, its tensors end at byte {expected}")]
    Trailing { expected: u64, found: u64 },
    #[error("the head of the file has {found} bytes or more, at most {limit} are accepted")]
    Head { found: u64, limit: u64 },
    #[error("the header is not that of a safetensors file: {reason}")]
    Safetensors { reason: String },
    #[error("tensors {tensor} and {other} overlap in the file")]
    Overlap { tensor: String, other: String },
    #[error("tensor {tensor} begins {found} bytes behind the one before it")]
    Hole { tensor: String, found: u64 },
    #[error("tensor {tensor} has {found} bytes, its shape {shape} and type {dtype} make {expected}")]
    Size { tensor: String, shape: String, dtype: String, expected: String, found: u64 },
    #[error("the zip archive is damaged: {reason}")]
    Zip { reason: String },
    #[error("entry {entry} of the zip archive is compressed; PyTorch stores entries as they are")]
    ZipCompressed { entry: String },
    #[error("this zip archive is not PyTorch's: it has no data.pkl, but {entry}")]
    ZipOther { entry: String },
    #[error("the HDF5 file is damaged or of a kind that is not read: {reason}")]
    Hdf5 { reason: String },

    // Pickles.
    #[error("the pickle wants to call {name}, which weights do not need; nothing was run")]
    PickleCall { name: String },
    #[error("the pickle has the instruction {name}, which weights do not need")]
    PickleInstruction { name: String },
    #[error("the pickle is damaged at its byte {at}: {reason}")]
    Pickle { at: usize, reason: &'static str },
    #[error("the pickle makes more than {limit} objects")]
    PickleSize { limit: usize },
    #[error("the file holds {found}, not tensors by name")]
    NoTensors { found: String },
    #[error("the numbers in this file are big-endian, which is not read")]
    BigEndian,
    #[error("tensor {tensor} reaches beyond its storage")]
    Storage { tensor: String },
    #[error("storage {storage} has {found} bytes, expected {expected}")]
    StorageSize { storage: String, expected: String, found: u64 },

    // Networks.
    #[error(
        "no tensor is called as in this project's files (conv1_1.weight), torchvision's (features.0.weight, \
         classifier.0.weight), timm's (features.0.weight, pre_logits.fc1.weight) or Keras's (block1_conv1); \
         the first is {first}"
    )]
    Naming { first: String },
    #[error("these are a VGG network's convolutions without its classifier: {missing} is missing")]
    NoClassifier { missing: String },
    #[error("no network of the table has convolutions with the kernels {found}; there are {known}")]
    NoRow { found: String, known: String },
    #[error("fc6 reads {found} values, which is not a square map of {channels} channels that {id} makes of any input")]
    Fc6 { found: usize, channels: usize, id: String },
    #[error("{message}")]
    Network {
        #[serde(rename = "message", serialize_with = "display")]
        message: NetworkError,
    },

    // Tensors.
    #[error("tensor {tensor} is missing")]
    Missing { tensor: String },
    #[error("tensor {tensor} does not belong to this network")]
    Unexpected { tensor: String },
    #[error("tensor {tensor} has the shape {found}, expected {expected}")]
    Shape { tensor: String, expected: String, found: String },
    #[error("tensor {tensor} is {found}, expected F32, F16 or BF16")]
    Dtype { tensor: String, found: String },
    #[error("tensor {tensor} is a view of its storage in which elements share places or lie criss-cross")]
    View { tensor: String },
    #[error("tensor {tensor}: element {index} is not a finite number")]
    NotFinite { tensor: String, index: u64 },
    #[error("tensor {tensor}: element {index} is {found}, a variance cannot be below zero")]
    Variance { tensor: String, index: usize, found: f32 },

    // Reading.
    #[error("the file could not be read: {message}")]
    Read { message: String },
}

impl From<NetworkError> for Error {
    fn from(message: NetworkError) -> Self {
        Error::Network { message }
    }
}

fn display<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

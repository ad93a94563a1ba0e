//! A row with numbers: int8 weights, scales and what is known of them. One `.safetensors` file holds one model.
//!
//! The arithmetic that these numbers stand for (Jacob et al., CVPR 2018, with symmetric weights):
//! `acc = sum(q_in * q_w) + bias`, `q_out = clamp(round_ties_even(acc * multiplier), 0, 127)`,
//! `multiplier[c] = scale_in * scale_w[c] / scale_out`; real values are `q * scale`.

pub mod file;
mod untrained;

pub use file::FileError;
pub use untrained::{Untrained, untrained};

use crate::network::Network;
pub use vgglass_kernels::int8::Int8;

/// A network's weights and what belongs to them. Weights stay in the file's bytes.
#[derive(Clone, Debug)]
pub struct Model {
    pub network: Network,
    pub preprocess: Preprocess,
    /// One per weighted layer, in order.
    pub weights: Vec<Weights>,
    /// Scale of the output of every convolution, LRN layer, fc6 and fc7: (layer name, scale), in order.
    /// Max-pooling keeps its input's scale; fc8's outputs are real logits.
    pub activation_scales: Vec<(String, f32)>,
    /// One per output of fc8, or none for a network that was not trained.
    pub classes: Vec<Class>,
    pub card: Card,
}

/// Weights of a convolution or fully connected layer.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Layer name.
    pub name: String,
    /// `[C_out, C_in, k, k]`, row-major; fully connected `[C_out, C_in*k*k]`, which is the same order. -127..=127.
    pub weight: Int8,
    /// `[C_out]`: a real weight is `q * scale`. In the first layer 1/(255 std) is in the real weights, so that
    /// the input is the pixel minus [`Preprocess::rounded_mean`], with scale 1.
    pub scale: Vec<f32>,
    /// `[C_out]`, in accumulator units (`scale_in * scale`).
    pub bias: Vec<i32>,
}

/// What was done to pictures in training: `(pixel / 255 - mean) / std`, channels R, G, B. Weights that read pixels from 0 to 255
/// less a mean, in whatever order of colours, as Keras's and Caffe's do, say it with `std = 1 / 255` and the first layer's
/// weights put in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocess {
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

impl Preprocess {
    /// ImageNet's statistics, as torchvision publishes them.
    pub const IMAGENET: Preprocess = Preprocess { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

    /// Mean in pixel units, rounded: what the engine subtracts. The rest is in the first layer's bias.
    pub fn rounded_mean(&self) -> [i16; 3] {
        self.mean.map(|mean| (mean * 255.0).round() as i16)
    }
}

/// A class in two languages.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Class {
    /// WordNet id, `n02124075`.
    pub wnid: String,
    pub en: String,
    pub zh: String,
}

/// What a model's file says of it beside the numbers.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Card {
    pub accuracy: Option<Accuracy>,
    pub licence: String,
    pub provenance: String,
    /// Probabilities are `softmax(logits / temperature)`; `None` is 1 (Guo et al., ICML 2017).
    pub temperature: Option<f32>,
    /// Seed of a network with random weights.
    pub seed: Option<u32>,
}

/// Measured accuracy on a validation set, as fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Accuracy {
    pub top1: f64,
    pub top5: f64,
    pub float_top1: f64,
    pub float_top5: f64,
    pub images: usize,
}

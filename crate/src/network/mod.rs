//! The lecture's table as data: a [`Config`] row and four numbers give every layer's name, shape, values,
//! parameters, multiply-adds and receptive field. No weights and no floats live here.

mod layer;
pub mod limits;
mod memory;
mod table;

pub use layer::{Field, Kind, Layer};
pub use memory::{Memory, halo};
pub use table::{Config, Op, TABLE, find, paper};
pub use vgglass_kernels::shape::{INPUT_CHANNELS, Shape, Window};

use serde::{Deserialize, Serialize};

/// Id of a row that brings its own modules.
pub const CUSTOM: &str = "custom";

/// Why a row cannot be built.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum NetworkError {
    #[error("no network is called \"{id}\"; there are {known}")]
    Unknown { id: String, known: String },
    #[error("{what} is {found}, expected {expected}")]
    OutOfRange { what: String, expected: String, found: String },
    #[error("the first layer is another, expected a convolution")]
    First,
    /// `index` of the layer, that of the input being 0.
    #[error("inputs of one output of {layer} is {found}, expected 0 to {expected}")]
    FanIn { index: usize, layer: String, input: Shape, expected: usize, found: usize },
    #[error(
        "an input of {input_size}x{input_size} vanishes at {layer}: its input has {height}x{width} cells, its window {kernel}x{kernel}"
    )]
    TooSmall { input_size: usize, index: usize, layer: String, height: usize, width: usize, kernel: usize },
    #[error("the number of parameters is {found}, expected 0 to {expected}")]
    Parameters { expected: u64, found: u64 },
    #[error("the number of values is {found}, expected 0 to {expected}")]
    Values { expected: u64, found: u64 },
    #[error(
        "at {size}x{size} this network takes {} MB of memory, at most {} MB are accepted", found.div_ceil(1 << 20), expected >> 20
    )]
    Memory { size: usize, expected: u64, found: u64 },
}

/// The numbers that scale a row; what is missing is the paper's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Modules of a row that is not in the table, which is called [`CUSTOM`].
    pub modules: Option<Vec<Vec<Op>>>,
    /// Factor on the channels of all convolutions: 1 is the paper's, 0.5 half width.
    pub width: Option<f64>,
    /// Height and width of the input in pixels.
    pub input_size: Option<usize>,
    /// Units of fc6 and fc7.
    pub fc: Option<usize>,
    /// Units of fc8.
    pub classes: Option<usize>,
}

/// A row with its numbers filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Row of the table, or [`CUSTOM`].
    pub id: String,
    /// Of a custom row; the table has the others'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modules: Option<Vec<Vec<Op>>>,
    pub width: f64,
    /// Native input size in pixels; fc6 covers pool5 exactly at this size.
    pub input_size: usize,
    pub fc: usize,
    pub classes: usize,
}

impl Network {
    /// The row `id` with `options`; every layer is checked to exist at the native size.
    pub fn new(id: &str, options: Options) -> Result<Self, NetworkError> {
        let network = Network {
            id: id.to_owned(),
            modules: options.modules,
            width: options.width.unwrap_or(1.0),
            input_size: options.input_size.unwrap_or(paper::INPUT_SIZE),
            fc: options.fc.unwrap_or(paper::FC),
            classes: options.classes.unwrap_or(paper::CLASSES),
        };
        network.layers()?;
        Ok(network)
    }

    /// What people call the row.
    pub fn title(&self) -> &'static str {
        find(&self.id).map_or("a row of one's own", |row| row.title)
    }

    /// The row's modules at width 1.
    pub fn modules(&self) -> Result<Vec<&[Op]>, NetworkError> {
        let unknown = || NetworkError::Unknown {
            id: self.id.clone(),
            known: TABLE.iter().map(|row| row.id).collect::<Vec<_>>().join(", "),
        };
        match (&self.modules, self.id == CUSTOM) {
            (Some(modules), true) => Ok(modules.iter().map(Vec::as_slice).collect()),
            (None, false) => Ok(find(&self.id).ok_or_else(unknown)?.modules.to_vec()),
            (Some(_), false) => Err(NetworkError::OutOfRange {
                what: "the id of a row with modules of its own".to_owned(),
                expected: CUSTOM.to_owned(),
                found: self.id.clone(),
            }),
            (None, true) => Err(NetworkError::OutOfRange {
                what: "the modules of a custom row".to_owned(),
                expected: "a list".to_owned(),
                found: "nothing".to_owned(),
            }),
        }
    }

    /// All layers at the native size, the input first, fc8 last.
    pub fn layers(&self) -> Result<Vec<Layer>, NetworkError> {
        self.layers_at(self.input_size)
    }

    /// All layers when the network runs on `size`×`size` pixels. Fully connected layers are convolutions
    /// ("Testing", section 3.2 of the paper): fc6 a k×k one, k the size of pool5 at the native input, fc7
    /// and fc8 1×1; above the native size fc8 is a class score map.
    pub fn layers_at(&self, size: usize) -> Result<Vec<Layer>, NetworkError> {
        layer::build(self, size)
    }
}

/// Sums over layers, as the lecture's table prints them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Output values of all layers, the input picture included (the deck's "memory").
    pub values: u64,
    /// Weights and biases.
    pub parameters: u64,
    /// Multiply-adds of convolutions and fully connected layers.
    pub macs: u64,
}

impl Totals {
    pub fn of(layers: &[Layer]) -> Self {
        layers.iter().fold(Totals::default(), |sum, layer| Totals {
            values: sum.values + layer.values(),
            parameters: sum.parameters + layer.parameters(),
            macs: sum.macs + layer.macs(),
        })
    }
}

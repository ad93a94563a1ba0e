//! The networks as rows of one table: Table 1 of Simonyan & Zisserman (ICLR 2015), and beside them AlexNet, as its paper has
//! it (Krizhevsky, Sutskever & Hinton, NIPS 2012) and as weights of it are published (Krizhevsky 2014). **To add a configuration, add a row**: `cargo xtask build`
//! and `serve` tell the page of it (xtask compiles this file too).
//!
//! A row lists its modules; every module is a list of [`Op`]s at the paper's width (1.0). ReLU follows
//! every convolution and is not written. The three fully connected layers follow every row.

use serde::{Deserialize, Serialize};

/// One operator of a module. Sizes are in cells of the layer's input; channels are outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", try_from = "Fields")]
pub enum Op {
    /// Convolution, then bias and ReLU.
    Conv { kernel: usize, channels: usize, stride: usize, pad: usize },
    /// Local response normalisation across channels, with the constants of [`crate::kernels::lrn`].
    Lrn,
    /// Max-pooling without padding.
    Pool { kernel: usize, stride: usize },
}

/// An [`Op`] as it is read. What serde derives for a tagged enum keeps every value until it has seen the tag, and takes a
/// twentieth of the wasm file.
#[derive(Deserialize)]
struct Fields {
    op: Name,
    kernel: Option<usize>,
    channels: Option<usize>,
    stride: Option<usize>,
    pad: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Conv,
    Lrn,
    Pool,
}

impl TryFrom<Fields> for Op {
    type Error = &'static str;

    fn try_from(Fields { op, kernel, channels, stride, pad }: Fields) -> Result<Self, Self::Error> {
        let op = match op {
            Name::Conv => (|| Some(Op::Conv { kernel: kernel?, channels: channels?, stride: stride?, pad: pad? }))(),
            Name::Lrn => Some(Op::Lrn),
            Name::Pool => (|| Some(Op::Pool { kernel: kernel?, stride: stride? }))(),
        };
        op.ok_or("a conv has kernel, channels, stride and pad; a pool has kernel and stride")
    }
}

/// A row of the table.
pub struct Config {
    /// The paper's letter, and the name used in files and addresses: letters, digits and hyphens, but not what an address
    /// calls other networks, `shipped`, `page`, `custom` and `alike-…`.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The row that this is another form of. Such a row is offered wherever one chooses a network; where the papers' rows
    /// are set side by side, that other one stands.
    pub form_of: Option<&'static str>,
    /// The row that this is a change of, and that the paper's text sets it beside: B is built on A, not on A-LRN.
    pub changed_from: Option<&'static str>,
    pub modules: &'static [&'static [Op]],
}

/// Numbers of every row as they are in the papers: `width` 1, and these.
pub mod paper {
    /// Side of the input, in pixels.
    pub const INPUT_SIZE: usize = 224;
    /// Units of fc6 and fc7.
    pub const FC: usize = 4096;
    /// Units of fc8: those of ImageNet.
    pub const CLASSES: usize = 1000;
}

impl Config {
    fn ops(&self) -> impl DoubleEndedIterator<Item = Op> {
        self.modules.iter().copied().flatten().copied()
    }

    /// Layers with weights, those of the classifier included.
    pub fn weight_layers(&self) -> usize {
        3 + self.ops().filter(|op| matches!(op, Op::Conv { .. })).count()
    }

    /// Side of the smallest input of which something is left for every layer: from the last layer to the first, by
    /// what each window needs for as many outputs.
    pub fn smallest_input(&self) -> usize {
        self.ops().rev().fold(1, |cells, op| match op {
            Op::Conv { kernel, stride, pad, .. } => ((cells - 1) * stride + kernel).saturating_sub(2 * pad).max(1),
            Op::Lrn => cells,
            Op::Pool { kernel, stride } => (cells - 1) * stride + kernel,
        })
    }
}

/// 3×3 convolution, padding 1, stride 1: the only one of A, B, D and E.
const fn conv3(channels: usize) -> Op {
    Op::Conv { kernel: 3, channels, stride: 1, pad: 1 }
}
/// 1×1 convolution of configuration C.
const fn conv1(channels: usize) -> Op {
    Op::Conv { kernel: 1, channels, stride: 1, pad: 0 }
}
const fn conv(kernel: usize, channels: usize, stride: usize, pad: usize) -> Op {
    Op::Conv { kernel, channels, stride, pad }
}
/// 2×2 max-pool of stride 2, the one that ends every VGG module.
const POOL2: Op = Op::Pool { kernel: 2, stride: 2 };
/// AlexNet's overlapping 3×3 max-pool of stride 2.
const POOL3: Op = Op::Pool { kernel: 3, stride: 2 };

/// The table. AlexNet is the single-tower form (no groups) with the paper's 96 first filters; padding 2 on a
/// 224 input gives the 55×55 that the paper's figure shows. AlexNet-TV is torchvision's: the channels of “One weird trick for
/// parallelizing convolutional neural networks” (Krizhevsky, arXiv:1404.5997) and no LRN.
#[rustfmt::skip]
pub const TABLE: &[Config] = &[
    Config { id: "A", title: "VGG-11", form_of: None, changed_from: None, modules: &[
        &[conv3(64), POOL2],
        &[conv3(128), POOL2],
        &[conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "A-LRN", title: "VGG-11 LRN", form_of: None, changed_from: Some("A"), modules: &[
        &[conv3(64), Op::Lrn, POOL2],
        &[conv3(128), POOL2],
        &[conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "B", title: "VGG-13", form_of: None, changed_from: Some("A"), modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "C", title: "VGG-16 (1×1)", form_of: None, changed_from: Some("B"), modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), conv1(256), POOL2],
        &[conv3(512), conv3(512), conv1(512), POOL2],
        &[conv3(512), conv3(512), conv1(512), POOL2],
    ]},
    Config { id: "D", title: "VGG-16", form_of: None, changed_from: Some("C"), modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "E", title: "VGG-19", form_of: None, changed_from: Some("D"), modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "AlexNet", title: "AlexNet", form_of: None, changed_from: None, modules: &[
        &[conv(11, 96, 4, 2), Op::Lrn, POOL3],
        &[conv(5, 256, 1, 2), Op::Lrn, POOL3],
        &[conv3(384)],
        &[conv3(384)],
        &[conv3(256), POOL3],
    ]},
    Config { id: "AlexNet-TV", title: "AlexNet (torchvision)", form_of: Some("AlexNet"), changed_from: None, modules: &[
        &[conv(11, 64, 4, 2), POOL3],
        &[conv(5, 192, 1, 2), POOL3],
        &[conv3(384)],
        &[conv3(256)],
        &[conv3(256), POOL3],
    ]},
];

/// The row with this `id`.
pub fn find(id: &str) -> Option<&'static Config> {
    TABLE.iter().find(|row| row.id == id)
}

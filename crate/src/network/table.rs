//! The networks as rows of one table: Table 1 of Simonyan & Zisserman (ICLR 2015), and AlexNet
//! (Krizhevsky, Sutskever & Hinton, NIPS 2012) beside them. **To add a configuration, add a row.**
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
    /// The paper's letter, and the name used in files and addresses.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    pub modules: &'static [&'static [Op]],
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
/// 224 input gives the 55×55 that the paper's figure shows.
#[rustfmt::skip]
pub const TABLE: &[Config] = &[
    Config { id: "A", title: "VGG-11", modules: &[
        &[conv3(64), POOL2],
        &[conv3(128), POOL2],
        &[conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "A-LRN", title: "VGG-11 LRN", modules: &[
        &[conv3(64), Op::Lrn, POOL2],
        &[conv3(128), POOL2],
        &[conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "B", title: "VGG-13", modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "C", title: "VGG-16 (1×1)", modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), conv1(256), POOL2],
        &[conv3(512), conv3(512), conv1(512), POOL2],
        &[conv3(512), conv3(512), conv1(512), POOL2],
    ]},
    Config { id: "D", title: "VGG-16", modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "E", title: "VGG-19", modules: &[
        &[conv3(64), conv3(64), POOL2],
        &[conv3(128), conv3(128), POOL2],
        &[conv3(256), conv3(256), conv3(256), conv3(256), POOL2],
        &[conv3(512), conv3(512), conv3(512), conv3(512), POOL2],
        &[conv3(512), conv3(512), conv3(512), conv3(512), POOL2],
    ]},
    Config { id: "AlexNet", title: "AlexNet", modules: &[
        &[conv(11, 96, 4, 2), Op::Lrn, POOL3],
        &[conv(5, 256, 1, 2), Op::Lrn, POOL3],
        &[conv3(384)],
        &[conv3(384)],
        &[conv3(256), POOL3],
    ]},
];

/// The row with this `id`.
pub fn find(id: &str) -> Option<&'static Config> {
    TABLE.iter().find(|row| row.id == id)
}

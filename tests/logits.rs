//! What the page's tests hold every browser and build to: logits of this machine's own code, bit for bit.
//!
//! `tests/page/fixtures/inputs.safetensors` has what the network is given of the sample pictures (`inputs.js` there writes
//! it), `logits.safetensors` what becomes of them; after a change of the model or of the arithmetic,
//!
//!     VGGLASS_WRITE=1 cargo test -p vgglass --test logits
//!
//! writes the latter anew.

#![cfg(not(target_arch = "wasm32"))]

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::fs;
use std::path::PathBuf;
use vgglass::model::{Model, untrained};
use vgglass::network::{Network, Options};
use vgglass::picture;
use vgglass::run::Engine;

const SIDE: usize = 64;
/// Small networks with random weights, so that every kernel has its turn: row, width, input, units of fc6, classes.
const UNTRAINED: [(&str, f64, usize, usize, usize); 4] =
    [("A-LRN", 0.3, 32, 40, 10), ("C", 0.25, 64, 64, 20), ("E", 0.125, 48, 33, 7), ("AlexNet", 0.5, 96, 128, 50)];
const SEED: u32 = 7;

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A tensor's name, its shape and its bytes.
type Logits = (&'static str, [usize; 2], Vec<u8>);

fn logits(name: &'static str, engine: &mut Engine, pictures: &[Vec<u8>]) -> Logits {
    let mut bytes = Vec::new();
    let mut classes = 0;
    for rgba in pictures {
        engine.set_picture(&picture::resize(rgba, SIDE, SIDE, engine.size()).unwrap());
        engine.run();
        let logits = engine.logits();
        classes = logits.len();
        bytes.extend(logits.iter().flat_map(|logit| logit.to_le_bytes()));
    }
    (name, [pictures.len(), classes], bytes)
}

/// Of the shipped network, and of those with random weights.
fn computed() -> Vec<Logits> {
    let file = fs::read(root("tests/page/fixtures/inputs.safetensors")).unwrap();
    let inputs = SafeTensors::deserialize(&file).unwrap();
    let inputs = inputs.tensor("inputs").unwrap();
    assert_eq!((inputs.dtype(), &inputs.shape()[1..]), (Dtype::U8, &[SIDE, SIDE, 4][..]));
    let pictures: Vec<_> = inputs.data().chunks(SIDE * SIDE * 4).map(<[u8]>::to_vec).collect();

    let model = fs::read(root("www/models/vgg16-half-tiny.safetensors")).unwrap();
    let mut shipped = Engine::new(&Model::from_bytes(&model.into()).unwrap()).unwrap();
    let mut all = vec![logits("shipped", &mut shipped, &pictures)];
    for (id, width, size, fc, classes) in UNTRAINED {
        let options = Options {
            width: Some(width),
            input_size: Some(size),
            fc: Some(fc),
            classes: Some(classes),
            ..Options::default()
        };
        let mut engine = untrained(&Network::new(id, options).unwrap(), SEED).unwrap().engine;
        all.push(logits(id, &mut engine, &pictures));
    }
    all
}

#[test]
fn are_those_that_the_page_is_held_to() {
    let path = root("tests/page/fixtures/logits.safetensors");
    let computed = computed();
    if std::env::var_os("VGGLASS_WRITE").is_some() {
        let views = computed
            .iter()
            .map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap()));
        fs::write(&path, serialize(views, None).unwrap()).unwrap();
    }
    let file = fs::read(&path).unwrap();
    let kept = SafeTensors::deserialize(&file).unwrap();
    assert_eq!(kept.len(), computed.len());
    for (name, shape, bytes) in &computed {
        let kept = kept.tensor(name).unwrap();
        assert_eq!((kept.dtype(), kept.shape(), kept.data()), (Dtype::F32, &shape[..], &bytes[..]), "{name}");
    }
}

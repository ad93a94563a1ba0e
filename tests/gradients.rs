//! The backward pass on the models that ship, against PyTorch's autograd and against differences of the networks themselves.
//!
//! `fixtures/make_gradients.py` says what the fixture holds. The printed table is `cargo test -p vgglass-convert --test gradients --
//! --nocapture`.

#![cfg(not(target_arch = "wasm32"))]

use half::f16;
use safetensors::SafeTensors;
use std::fs;
use std::path::PathBuf;
use vgglass::model::Model;
use vgglass::picture;
use vgglass::run::{Engine, Rule, Target};

static FIXTURE: &[u8] = include_bytes!("fixtures/gradients.safetensors");
const MODELS: [(&str, &str); 3] = [("D", "vgg16-half-tiny"), ("A-LRN", "alike/A-LRN"), ("AlexNet", "alike/AlexNet")];
const CLASSES: [usize; 4] = [0, 17, 63, 140];
const PICTURE: usize = 4;
/// Values kept of a layer.
const KEPT: usize = 1024;
/// Least cosine of a layer's gradient with PyTorch's.
const LEAST: f64 = 0.9999;

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn model(name: &str) -> Model {
    let file = fs::read(root(&format!("www/models/{name}.safetensors"))).unwrap();
    Model::from_bytes(&file.into()).unwrap()
}

/// The network after the picture.
fn engine(model: &Model) -> Engine {
    let mut engine = Engine::new(model).unwrap();
    let file = fs::read(root("tests/page/fixtures/inputs.safetensors")).unwrap();
    let inputs = SafeTensors::deserialize(&file).unwrap();
    let rgba = &inputs.tensor("inputs").unwrap().data()[PICTURE * 64 * 64 * 4..][..64 * 64 * 4];
    engine.set_picture(&picture::resize(rgba, 64, 64, engine.size()).unwrap());
    engine.run();
    engine
}

fn one(class: usize, classes: usize) -> Vec<f32> {
    (0..classes).map(|c| if c == class { 1.0 } else { 0.0 }).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn gradients_agree_with_pytorch() {
    let fixture = SafeTensors::deserialize(FIXTURE).unwrap();
    for (row, name) in MODELS {
        let mut engine = engine(&model(name));
        let classes = engine.network().classes;
        let names: Vec<String> = engine.layers().iter().map(|layer| layer.name.clone()).collect();
        let mut worst = vec![1.0f64; names.len() - 1];
        for class in CLASSES {
            let bytes = fixture.tensor(&format!("{row} {class}")).unwrap();
            let mut expected = bytes.data().as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f64());
            let factors = one(class, classes);
            for (to, worst) in worst.iter_mut().enumerate() {
                let all = engine.backward(Target::Logits(&factors), to, Rule::Gradient).unwrap().to_plain();
                let found: Vec<f64> = all.iter().step_by(all.len().div_ceil(KEPT)).map(|&g| g.into()).collect();
                let expected: Vec<f64> = expected.by_ref().take(found.len()).collect();
                *worst = worst.min(cosine(&found, &expected));
            }
            assert_eq!(expected.next(), None, "as many values as layers have");
        }
        println!("{row}: least cosine of {} classes", CLASSES.len());
        for (name, worst) in names.iter().zip(worst) {
            println!("  {name:9} {worst:.6}");
            assert!(worst >= LEAST, "{row} {name}: {worst}");
        }
    }
}

/// The values that matter most to a class are changed one by one, up and down, in the network that runs: the logit should change
/// by what the gradient says. It bends on the way, and rounds, the more layers follow; the last layer does neither.
#[test]
fn gradients_agree_with_differences() {
    const MOST_VALUES: usize = 40;
    /// Steps that a value is changed by.
    const STEPS: u8 = 8;
    /// From the last layer: how far the sum of all changes may be from what is expected.
    const TOLERANCES: [f32; 4] = [1e-4, 0.15, 0.2, 0.2];
    for (row, name) in MODELS {
        let mut engine = engine(&model(name));
        let classes = engine.network().classes;
        let last = engine.layers().len() - 1;
        for class in CLASSES {
            for (layer, tolerance) in (0..last).rev().zip(TOLERANCES) {
                let gradient =
                    engine.backward(Target::Logits(&one(class, classes)), layer, Rule::Gradient).unwrap().to_plain();
                let q = engine.activations(layer).unwrap().to_plain();
                let mut values: Vec<_> = gradient
                    .indexed_iter()
                    .filter(|&(at, _)| (STEPS + 1..=127 - STEPS).contains(&q[at]))
                    .map(|(at, &g)| (at, g))
                    .collect();
                values.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
                let (mut found, mut expected) = (0.0, 0.0);
                for &((c, y, x), g) in values.iter().take(MOST_VALUES) {
                    let mut logit = |q| {
                        engine.set_value(layer, c, y, x, q);
                        engine.run();
                        engine.logits()[class]
                    };
                    let q = q[[c, y, x]];
                    found += (logit(q + STEPS) - logit(q - STEPS)) * g.signum();
                    expected += 2.0 * f32::from(STEPS) * engine.scale(layer) * g.abs();
                    engine.set_value(layer, c, y, x, q);
                    engine.run();
                }
                let name = &engine.layers()[layer].name;
                println!("{row} {name}, class {class}: {found:.4} for {expected:.4}, {} values", values.len());
                assert!(
                    (found / expected - 1.0).abs() <= tolerance,
                    "{row} {name}, class {class}: {found} for {expected}"
                );
            }
        }
    }
}

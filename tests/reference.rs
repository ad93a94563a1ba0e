//! Whole networks in float, at the paper's size of picture, against PyTorch.
//!
//! At an eighth of the width in every run; at the paper's own width, which takes half a minute and 1.5 GB, by
//! `cargo test -p vgglass-convert --test reference -- --ignored --nocapture`.

use vgglass::model::Preprocess;
use vgglass::network::{Network, Options, paper};
use vgglass_convert::float::{FloatModel, FloatWeights};
use vgglass_convert::plan::Naming;

/// Of each of `CASES` at an eighth of the width, then at the paper's: every tenth logit, f32. Made by
/// `fixtures/make_reference.py`.
static REFERENCE: &[u8] = include_bytes!("fixtures/reference.f32");
const KEPT: usize = 10;
/// Row, side of the picture; above 224 the classifier is dense.
const CASES: [(&str, usize); 7] =
    [("A", 224), ("B", 224), ("D", 224), ("E", 224), ("AlexNet", 224), ("AlexNet-TV", 224), ("D", 256)];
/// Largest difference of a logit, as a share of the largest logit.
const TOLERANCE: f32 = 1e-4;
/// Number of the picture among the tensors.
const PICTURE: usize = 1000;

/// 32-bit numbers without order (the mixing steps are Chris Wellons's `lowbias32`), as in `make_reference.py`.
fn numbers(tensor: usize, count: usize) -> impl Iterator<Item = u32> {
    let start = (tensor as u32).wrapping_mul(0x9E37_79B1);
    (0..count as u32).map(move |index| {
        let x = index ^ start;
        let x = (x ^ x >> 16).wrapping_mul(0x7FEB_352D);
        let x = (x ^ x >> 15).wrapping_mul(0x846C_A68B);
        x ^ x >> 16
    })
}

/// -most..most, in steps of 2^-23 of it.
fn uniform(tensor: usize, count: usize, most: f32) -> Vec<f32> {
    let unit = |number: u32| (number >> 8) as f32 * f32::EPSILON - 1.0;
    numbers(tensor, count).map(|number| unit(number) * most).collect()
}

fn made(row: &str, width: f64) -> FloatModel {
    let fc = (paper::FC as f64 * width) as usize;
    let network = Network::new(row, Options { width: Some(width), fc: Some(fc), ..Options::default() }).unwrap();
    let layers = network.layers().unwrap();
    let weights = (0..).zip(layers.iter().filter(|layer| layer.weighted())).map(|(index, layer)| {
        let (fan_in, outputs) = (layer.fan_in(), layer.output.channels);
        FloatWeights {
            name: layer.name.clone(),
            weight: uniform(2 * index, outputs * fan_in, (6.0 / fan_in as f64).sqrt() as f32),
            bias: uniform(2 * index + 1, outputs, 0.25),
        }
    });
    let weights = weights.collect();
    FloatModel { network, naming: Naming::Vgglass, layers, weights, preprocess: Preprocess::IMAGENET }
}

/// Runs all cases at a width; `reference` is what PyTorch gives for them.
fn agree(width: f64, reference: &[u8]) {
    let expected: Vec<f32> = reference.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let expected = expected.chunks_exact(paper::CLASSES / KEPT);
    assert_eq!(expected.len(), CASES.len());
    for ((row, side), expected) in CASES.into_iter().zip(expected) {
        let mut model = made(row, width);
        model.set_size(side).unwrap();
        let rgb: Vec<u8> = numbers(PICTURE, side * side * 3).map(|number| (number >> 24) as u8).collect();
        let logits = model.run(&rgb, |_, _| ());
        assert_eq!(logits.len(), paper::CLASSES);
        let largest = expected.iter().fold(0.0, |most: f32, logit| most.max(logit.abs()));
        let differences = logits.iter().step_by(KEPT).zip(expected).map(|(found, expected)| (found - expected).abs());
        let relative = differences.fold(0.0, f32::max) / largest;
        println!("{row} at {side}, width {width}: differs by {relative:.1e} of the largest logit");
        assert!(relative <= TOLERANCE, "{row} at {side}, width {width}: differs by {relative:e} of the largest logit");
    }
}

#[test]
fn an_eighth_of_the_width_agrees_with_pytorch() {
    agree(0.125, &REFERENCE[..REFERENCE.len() / 2]);
}

#[test]
#[ignore = "takes half a minute and 1.5 GB"]
fn the_papers_width_agrees_with_pytorch() {
    agree(1.0, &REFERENCE[REFERENCE.len() / 2..]);
}

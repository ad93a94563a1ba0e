//! Locks the plan: the algorithm expected for every convolution of the table's rows, at the paper's size and at that of the
//! model that ships. A change here must be meant.

#![cfg(not(target_arch = "wasm32"))]

use vgglass::kernels::conv::Algorithm;
use vgglass::kernels::simd::DotI8;
use vgglass::network::{Kind, Network, Options};
use vgglass::run::plan;

/// Convolutions and their algorithms, runs of the same algorithm joined: `direct: conv1_1; F4: conv1_2 ...`.
fn plan_of(id: &str, options: Options, dot_i8: Option<DotI8>) -> String {
    let mut runs: Vec<(&str, Vec<String>)> = Vec::new();
    for (index, layer) in Network::new(id, options).unwrap().layers().unwrap().iter().enumerate() {
        if !matches!(layer.kind, Kind::Conv(_)) {
            continue;
        }
        // Weights as large as trained ones get: half of them at 40, which every algorithm computes exactly.
        let weight: Vec<i8> =
            (0..layer.fan_in() * layer.output.channels).map(|i| if i % 2 == 0 { 40 } else { -40 }).collect();
        let usable = |algorithm| dot_i8.is_some() || algorithm != Algorithm::DirectI8;
        let name = match plan::convolution(layer, index == 1, &weight, dot_i8.unwrap_or(DotI8::Several), usable) {
            Algorithm::Direct => "direct",
            Algorithm::DirectI8 => "i8",
            Algorithm::WinogradF2 => "F2",
            Algorithm::WinogradF4 => "F4",
        };
        match runs.last_mut() {
            Some((last, layers)) if *last == name => layers.push(layer.name.clone()),
            _ => runs.push((name, vec![layer.name.clone()])),
        }
    }
    runs.iter().map(|(name, layers)| format!("{name}: {}", layers.join(" "))).collect::<Vec<_>>().join("; ")
}

#[test]
fn at_the_papers_size() {
    let plan = |id| plan_of(id, Options::default(), None);
    assert_eq!(plan("A"), "F4: conv1_1 conv2_1 conv3_1 conv3_2 conv4_1 conv4_2 conv5_1 conv5_2");
    assert_eq!(plan("A-LRN"), plan("A"));
    assert_eq!(plan("B"), "F4: conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv4_1 conv4_2 conv5_1 conv5_2");
    assert_eq!(
        plan("C"),
        "F4: conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2; direct: conv3_3; F4: conv4_1 conv4_2; \
         direct: conv4_3; F4: conv5_1 conv5_2; direct: conv5_3"
    );
    assert_eq!(
        plan("D"),
        "F4: conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv4_1 conv4_2 conv4_3 conv5_1 conv5_2 conv5_3"
    );
    assert_eq!(
        plan("E"),
        "F4: conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv3_4 conv4_1 conv4_2 conv4_3 conv4_4 \
         conv5_1 conv5_2 conv5_3 conv5_4"
    );
    assert_eq!(plan("AlexNet"), "direct: conv1 conv2; F4: conv3 conv4 conv5");
    assert_eq!(plan("AlexNet-TV"), plan("AlexNet"));
}

/// At 64 px the last maps have 4×4 cells, one tile of F(4×4): reading its weights would cost more than it saves.
#[test]
fn of_the_model_that_ships() {
    assert_eq!(
        plan_of("D", shipped(), None),
        "F4: conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv4_1 conv4_2 conv4_3; F2: conv5_1 conv5_2 conv5_3"
    );
}

fn shipped() -> Options {
    Options { width: Some(0.5), input_size: Some(64), fc: Some(512), classes: Some(200), ..Options::default() }
}

/// With relaxed SIMD what was direct, but for pictures, is multiplied as i8; Winograd stays ahead.
#[test]
fn with_relaxed_simd() {
    let plan = |id| plan_of(id, Options::default(), Some(DotI8::Several));
    assert_eq!(plan("D"), plan_of("D", Options::default(), None));
    assert_eq!(
        plan("C"),
        plan_of("C", Options::default(), None)
            .replace("direct: conv3_3", "i8: conv3_3")
            .replace("direct: conv4_3", "i8: conv4_3")
            .replace("direct: conv5_3", "i8: conv5_3")
    );
    assert_eq!(plan("AlexNet"), "direct: conv1; i8: conv2; F4: conv3 conv4 conv5");
}

/// One instruction for the whole dot product makes the direct sum the cheapest where maps are of one tile.
#[test]
fn with_one_instruction_for_i8() {
    let one = Some(DotI8::One);
    assert_eq!(plan_of("D", Options::default(), one), plan_of("D", Options::default(), None));
    assert_eq!(plan_of("D", shipped(), one), plan_of("D", shipped(), None).replace("F2:", "i8:"));
}

/// A kernel that fails its check is left out.
#[test]
fn without_a_kernel_that_fails() {
    let layers = Network::new("D", Options::default()).unwrap().layers().unwrap();
    let layer = layers.iter().find(|layer| layer.name == "conv4_2").unwrap();
    let weight = vec![1; layer.fan_in() * layer.output.channels];
    let without =
        |failed: Algorithm| plan::convolution(layer, false, &weight, DotI8::Several, |algorithm| algorithm != failed);
    assert_eq!(without(Algorithm::Direct), Algorithm::WinogradF4);
    assert_eq!(without(Algorithm::WinogradF4), Algorithm::WinogradF2);
    assert_eq!(plan::convolution(layer, false, &weight, DotI8::Several, |_| false), Algorithm::Direct);
    assert!(vgglass::run::self_check::failed().is_empty(), "all kernels work here");
}

/// Where a channel's sums may reach 2^25, F(2×2) takes over.
#[test]
fn beyond_the_bound_of_f4() {
    let layers = Network::new("D", Options::default()).unwrap().layers().unwrap();
    let layer = layers.iter().find(|layer| layer.name == "conv4_2").unwrap();
    let weight = vec![127; layer.fan_in() * layer.output.channels];
    assert_eq!(plan::convolution(layer, false, &weight, DotI8::Several, |_| true), Algorithm::WinogradF2);
}

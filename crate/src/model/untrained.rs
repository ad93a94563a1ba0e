//! Networks with random weights: any row runs at any size without a download.
//!
//! Weights are He's uniform initialisation, `U(-sqrt(6/fan_in), sqrt(6/fan_in))` (He et al., ICCV 2015), drawn directly
//! as int8; biases are zero. Activation scales are measured on a random picture. A seed gives the same network
//! everywhere.

use super::{Card, Model, Preprocess, Weights};
use crate::network::{INPUT_CHANNELS, Network, NetworkError};
use crate::picture;
use crate::run::Engine;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A random network, and the engine that was made to calibrate it.
pub struct Untrained {
    pub model: Model,
    pub engine: Engine,
}

/// The network that `seed` stands for.
pub fn untrained(network: &Network, seed: u32) -> Result<Untrained, NetworkError> {
    let layers = network.layers()?;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed.into());
    let preprocess = Preprocess::IMAGENET;
    let mut weights = Vec::new();
    for layer in layers.iter().filter(|layer| layer.weighted()) {
        let outputs = layer.output.channels;
        let limit = (6.0 / layer.fan_in() as f32).sqrt();
        let mut weight = int8(&mut random, outputs * layer.fan_in());
        let mut scale = limit / 127.0;
        if weights.is_empty() {
            // The first layer's real weights include 1/(255 std) of their colour; the largest keeps 127.
            let least = preprocess.std.into_iter().fold(f32::INFINITY, f32::min);
            let cells = layer.fan_in() / INPUT_CHANNELS;
            for (i, q) in weight.iter_mut().enumerate() {
                *q = (f32::from(*q) * least / preprocess.std[i / cells % INPUT_CHANNELS]).round() as i8;
            }
            scale /= 255.0 * least;
        }
        weights.push(Weights {
            name: layer.name.clone(),
            weight: weight.into(),
            scale: vec![scale; outputs],
            bias: vec![0; outputs],
        });
    }
    let rescaled = layers.iter().filter(|layer| layer.rescales()).map(|layer| (layer.name.clone(), 1.0)).collect();
    let mut model = Model {
        network: network.clone(),
        preprocess,
        weights,
        activation_scales: rescaled,
        classes: Vec::new(),
        card: Card { seed: Some(seed), ..Card::default() },
    };
    let mut engine = Engine::new(&model)?;
    let scales = engine.calibrate(&random_picture(&mut random, network.input_size));
    for ((_, scale), measured) in model.activation_scales.iter_mut().zip(scales) {
        *scale = measured;
    }
    Ok(Untrained { model, engine })
}

/// Uniform in -127..=127 (a drawn -128 becomes 0).
fn int8(random: &mut Xoshiro256PlusPlus, count: usize) -> Vec<i8> {
    let mut values = vec![0; count];
    let (words, rest) = values.as_chunks_mut();
    for word in words {
        *word = without_min(random.next_u64()).to_le_bytes();
    }
    if !rest.is_empty() {
        rest.copy_from_slice(&without_min(random.next_u64()).to_le_bytes()[..rest.len()]);
    }
    bytemuck::allocation::cast_vec(values)
}

/// Eight bytes, those of 0x80 (-128) zeroed: its high bit is cleared where nothing is set below.
fn without_min(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let others = ((word & LOW) + LOW) | !word;
    word & (others | LOW)
}

/// A picture with soft and hard edges: a few random colours in a coarse grid, enlarged.
fn random_picture(random: &mut Xoshiro256PlusPlus, size: usize) -> Vec<u8> {
    const GRID: usize = 9;
    let mut rgba = vec![255; GRID * GRID * 4];
    for pixel in rgba.chunks_exact_mut(4) {
        random.fill_bytes(&mut pixel[..3]);
    }
    picture::resize(&rgba, GRID, GRID, size).expect("a grid of colours is a picture")
}

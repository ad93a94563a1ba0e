//! `vgglass compare` of an int8 model and its float weights, layer by layer.

use anyhow::Result;
use rayon::prelude::*;
use vgglass::model::Model;
use vgglass::run::Engine;
use vgglass_convert::float::FloatModel;

use crate::pictures::Pictures;

/// Pictures that are looked at: each has as many values as the network, which is enough of them.
const PICTURES: usize = 50;

/// Sums over the values of a layer, `f` in float and `q` in int8.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    /// `f^2`
    signal: f64,
    /// `(f - q)^2`
    noise: f64,
    /// `q^2`
    found: f64,
    /// `f q`
    product: f64,
}

impl Kept {
    fn add(&mut self, float: f32, int8: f32) {
        let (f, q) = (f64::from(float), f64::from(int8));
        self.signal += f * f;
        self.noise += (f - q) * (f - q);
        self.found += q * q;
        self.product += f * q;
    }

    fn merge(&mut self, other: &Kept) {
        self.signal += other.signal;
        self.noise += other.noise;
        self.found += other.found;
        self.product += other.product;
    }

    /// Signal to quantisation noise in decibels.
    fn sqnr(&self) -> f64 {
        10.0 * (self.signal / self.noise).log10()
    }

    /// Cosine of the angle between both.
    fn cosine(&self) -> f64 {
        self.product / (self.signal * self.found).sqrt()
    }
}

/// Of every layer but the input.
fn kept(float: &FloatModel, int8: &Model, pictures: &Pictures) -> Result<Vec<(String, Kept)>> {
    let one = |rgb: &[u8]| {
        let mut engine = Engine::new(int8)?;
        engine.set_picture(rgb);
        engine.run();
        let mut layers = vec![Kept::default(); float.layers.len()];
        float.run(rgb, |index, values| {
            let cells = float.layers[index].output.cells();
            for (channel, plane) in values.chunks_exact(cells).enumerate() {
                plane.iter().zip(engine.map(index, channel)).for_each(|(&f, q)| layers[index].add(f, q));
            }
        });
        Ok(layers)
    };
    let first = &pictures.rgb[..pictures.count().min(PICTURES) * pictures.bytes()];
    let all = first.par_chunks(pictures.bytes()).map(one).collect::<Result<Vec<_>>>()?;
    let mut sums = vec![Kept::default(); float.layers.len()];
    for layers in &all {
        sums.iter_mut().zip(layers).for_each(|(sum, one)| sum.merge(one));
    }
    Ok(float.layers.iter().map(|layer| layer.name.clone()).zip(sums).skip(1).collect())
}

pub fn print(float: &FloatModel, int8: &Model, pictures: &Pictures) -> Result<()> {
    println!("layer by layer, on the first {}:", pictures.count().min(PICTURES));
    println!("  {:<10} {:>8} {:>9}", "", "SQNR, dB", "cosine");
    for (name, kept) in kept(float, int8, pictures)? {
        println!("  {name:<10} {:>8.2} {:>9.6}", kept.sqnr(), kept.cosine());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use vgglass::model::{Card, Preprocess};
    use vgglass::network::{Network, Options};
    use vgglass_convert::float::FloatWeights;
    use vgglass_convert::plan::Naming;
    use vgglass_convert::quantise::{Method, Statistics, quantise};

    use super::*;

    #[test]
    fn decibels_and_cosines() {
        let of = |pairs: &[(f32, f32)]| {
            let mut kept = Kept::default();
            pairs.iter().for_each(|&(f, q)| kept.add(f, q));
            kept
        };
        let tenth = of(&[(3.0, 3.3), (-4.0, -4.4)]);
        assert!((tenth.sqnr() - 20.0).abs() < 1e-4, "a tenth of the amplitude is a hundredth of the power");
        assert!((tenth.cosine() - 1.0).abs() < 1e-9, "only the length differs");
        let right_angle = of(&[(1.0, 0.0), (0.0, 2.0)]);
        assert_eq!(right_angle.cosine(), 0.0);
        assert_eq!(of(&[(1.0, 1.0)]).sqnr(), f64::INFINITY);
    }

    /// A narrow network of every kind of layer with weights of no order, and two pictures.
    fn made() -> (FloatModel, Pictures) {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let options =
            Options { width: Some(0.1), input_size: Some(32), fc: Some(40), classes: Some(10), ..Options::default() };
        let network = Network::new("A-LRN", options).unwrap();
        let layers = network.layers().unwrap();
        let weights = layers.iter().filter(|layer| layer.weighted()).map(|layer| {
            let most = (6.0 / layer.fan_in() as f32).sqrt();
            let weight = (0..layer.fan_in() * layer.output.channels).map(|_| next() * most).collect();
            FloatWeights { name: layer.name.clone(), weight, bias: vec![0.1; layer.output.channels] }
        });
        let weights = weights.collect();
        let float = FloatModel { network, naming: Naming::Vgglass, layers, weights, preprocess: Preprocess::IMAGENET };
        let rgb = (0..2 * 32 * 32 * 3).map(|i| (i * i % 251) as u8).collect();
        (float, Pictures { rgb, size: 32, labels: None, logits: None })
    }

    #[test]
    fn a_layer_that_is_off_is_found() {
        let (mut float, pictures) = made();
        let statistics = Statistics::gather(&float, &pictures.rgb);
        let int8 = quantise(&float, &statistics, Method::all()[0], Vec::new(), Card::default());
        let layers = kept(&float, &int8, &pictures).unwrap();
        assert_eq!(layers.len(), float.layers.len() - 1);
        for (name, kept) in &layers {
            assert!(kept.sqnr() > 12.0 && kept.cosine() > 0.97, "{name}: {} dB, {}", kept.sqnr(), kept.cosine());
        }
        assert!(layers[0].1.sqnr() > 30.0, "the first layer: {} dB", layers[0].1.sqnr());

        // Another conv3_1 than the one that was quantised: what comes before it is as it was, it and what follows are not.
        let at = layers.iter().position(|(name, _)| name == "conv3_1").unwrap();
        let changed = float.weights.iter_mut().find(|weights| weights.name == "conv3_1").unwrap();
        changed.weight.reverse();
        let after = kept(&float, &int8, &pictures).unwrap();
        for (i, ((name, before), (_, after))) in layers.iter().zip(&after).enumerate() {
            assert_eq!(after.sqnr() < before.sqnr() - 3.0, i >= at, "{name}");
        }
    }
}

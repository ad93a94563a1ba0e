//! What the backward pass costs natively, beside a forward pass:
//!
//!     cargo run --release -p vgglass --example backward
//!
//! AMD EPYC, 2 cores, one thread, 28 November 2026: the shipped network 4.22 ms forward, back to the last convolution 0.07 ms
//! (0.016 times), to the pixels 6.48 ms (1.54 times); D at 224x224 163 ms forward, 10.8 ms (0.066 times), 283 ms (1.74 times).
//! In Chromium 156 (base build, one thread, messages to the worker and back included, Intel Xeon): 4.3 ms, Grad-CAM 0.31 ms (0.07
//! times), saliency 7.1 ms (1.65 times); D at 224x224 163 ms, 11.3 ms, 278 ms (1.71 times).

use std::time::Instant;
use vgglass::model::{Model, untrained};
use vgglass::network::{Network, Options};
use vgglass::run::{Engine, Rule, Target};

const ROUNDS: usize = 10;

/// The least time of a few, in ms.
fn least(mut work: impl FnMut()) -> f64 {
    let timed = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..ROUNDS).map(timed).fold(f64::INFINITY, f64::min)
}

fn main() {
    let file = std::fs::read("www/models/vgg16-half-tiny.safetensors").expect("run in the repository's root");
    let shipped = Engine::new(&Model::from_bytes(&file.into()).expect("a model")).expect("a network");
    let d = untrained(&Network::new("D", Options::default()).expect("a row"), 1).expect("a network").engine;
    for mut engine in [shipped, d] {
        let size = engine.size();
        let rgb: Vec<u8> = (0..size * size * 3).map(|i| (i * 7 % 251) as u8).collect();
        let forward = least(|| {
            engine.set_picture(&rgb);
            engine.run();
        });
        println!("{size}x{size}: forward {forward:.2} ms; back to");
        let mut factors = vec![0.0; engine.network().classes];
        factors[3] = 1.0;
        for to in (0..engine.layers().len()).rev() {
            let ms = least(|| {
                engine.backward(Target::Logits(&factors), to, Rule::Gradient).expect("memory enough");
            });
            println!("    {:8} {ms:8.2} ms, {:.3} times", engine.layers()[to].name, ms / forward);
        }
    }
}

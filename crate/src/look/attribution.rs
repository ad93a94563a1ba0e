//! What speaks for a class: maps that are made of gradients of its logit, before softmax.

use crate::network::{NetworkError, Shape};
use crate::run::{Engine, Rule, Target};

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// Channels of a layer whose values are u7, each times the mean of its gradient, added up (Grad-CAM, Selvaraju et al., ICCV
    /// 2017, whose ReLU, which leaves out what speaks against the class, is left to whoever shows the map).
    GradCam { layer: usize },
    /// Of each pixel the largest magnitude of the gradient (Simonyan, Vedaldi & Zisserman 2013, arXiv 1312.6034).
    Saliency,
    /// The gradient times the pixel less the mean, summed over the colours.
    GradientInput,
    /// Guided backpropagation (Springenberg et al. 2015), summed over the colours.
    Guided,
}

/// The map of a class, row by row over the layer's cells or the pixels: positive for what speaks for it. All layers must be
/// computed.
///
/// # Errors
/// As [`Engine::backward`].
pub fn attribution(engine: &mut Engine, class: usize, how: Attribution) -> Result<Vec<f32>, NetworkError> {
    let sum_of_colours = |_: usize, gradient: &[f32]| gradient.iter().sum();
    match how {
        Attribution::GradCam { layer } => grad_cam(engine, class, layer),
        Attribution::Saliency => by_pixel(engine, class, Rule::Gradient, |_, gradient| {
            gradient.iter().fold(0.0, |largest: f32, g| largest.max(g.abs()))
        }),
        Attribution::Guided => by_pixel(engine, class, Rule::Guided, sum_of_colours),
        Attribution::GradientInput => {
            let size = engine.size();
            let pixel = |engine: &Engine, cell: usize, c: usize| engine.value(0, c, cell / size, cell % size);
            let pixels: Vec<[f32; 3]> =
                (0..size * size).map(|cell| std::array::from_fn(|c| pixel(engine, cell, c))).collect();
            by_pixel(engine, class, Rule::Gradient, |cell, gradient| {
                gradient.iter().zip(pixels[cell]).map(|(g, pixel)| g * pixel).sum()
            })
        }
    }
}

/// The gradient of a class's logit with respect to the pixels, `[y][x][colour]`, in grey levels. All layers must be computed.
///
/// # Errors
/// As [`Engine::backward`].
pub fn input_gradient(engine: &mut Engine, class: usize) -> Result<Vec<f32>, NetworkError> {
    let factors = one(engine, class);
    let cells = engine.size() * engine.size();
    let gradient = engine.backward(Target::Logits(&factors), 0, Rule::Gradient)?;
    Ok((0..cells).flat_map(|cell| gradient.cell(cell)).copied().collect())
}

fn grad_cam(engine: &mut Engine, class: usize, layer: usize) -> Result<Vec<f32>, NetworkError> {
    let factors = one(engine, class);
    let Shape { channels, height, width } = engine.layers()[layer].output;
    let gradient = engine.backward(Target::Logits(&factors), layer, Rule::Gradient)?;
    let mut weights = vec![0.0; channels];
    for cell in 0..height * width {
        weights.iter_mut().zip(gradient.cell(cell)).for_each(|(sum, g)| *sum += g);
    }
    let mut map = vec![0.0; height * width];
    for (channel, weight) in weights.iter().enumerate() {
        let values = engine.map(layer, channel);
        let weight = weight / (height * width) as f32;
        map.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
    }
    Ok(map)
}

/// Makes a number of each pixel's gradient.
fn by_pixel(
    engine: &mut Engine,
    class: usize,
    rule: Rule,
    of: impl Fn(usize, &[f32]) -> f32,
) -> Result<Vec<f32>, NetworkError> {
    let factors = one(engine, class);
    let cells = engine.size() * engine.size();
    let gradient = engine.backward(Target::Logits(&factors), 0, rule)?;
    Ok((0..cells).map(|cell| of(cell, gradient.cell(cell))).collect())
}

fn one(engine: &Engine, class: usize) -> Vec<f32> {
    (0..engine.network().classes).map(|c| if c == class { 1.0 } else { 0.0 }).collect()
}

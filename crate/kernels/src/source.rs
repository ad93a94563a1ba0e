//! What a convolution reads: the first layer's the picture, all others' activations; on the way back, gradients.

use super::shape::Shape;
use super::tensor::{Activations, GradientSteps, Picture};

/// What a convolution reads.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    Picture(&'a Picture),
    Activations(&'a Activations),
    Gradients(&'a GradientSteps),
}

impl Source<'_> {
    pub fn shape(&self) -> Shape {
        match self {
            Source::Picture(picture) => picture.shape(),
            Source::Activations(input) => input.shape(),
            Source::Gradients(input) => input.shape(),
        }
    }
    pub(super) fn is_picture(&self) -> bool {
        matches!(self, Source::Picture(_))
    }
    pub(super) fn halo(&self) -> usize {
        match self {
            Source::Picture(picture) => picture.halo(),
            Source::Activations(input) => input.halo(),
            Source::Gradients(input) => input.halo(),
        }
    }
}

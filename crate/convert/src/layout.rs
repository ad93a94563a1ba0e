//! Where in the model file that comes out everything lies, before a weight is known: rows are written where they belong, in
//! whatever order they come, and last of all what is before them.

use std::collections::VecDeque;

use vgglass::model::{Card, Class, Model, Weights};

use crate::calibrate::Rows;
use crate::plan::Plan;
use crate::stream::Store;

/// Letters that the scale of a layer's activations may have more than `1.0`.
const SCALE: usize = 20;

/// Places in a model file.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Bytes of the header, which are set aside for it.
    header: usize,
    /// Of each weighted layer, where its weights begin, and weights of a row.
    layers: Vec<(u64, u64)>,
    length: u64,
}

impl Layout {
    /// Of a network with these names and this card, which are at most as long as
    /// [`limits`](vgglass::model::file::limits) say.
    pub fn new(plan: &Plan, classes: &[Class], card: &Card) -> Self {
        let weighted = || plan.layers.iter().filter(|layer| layer.weighted());
        let rescaling = plan.layers.iter().filter(|layer| layer.rescales());
        let zeros = |name: &str, outputs| Weights {
            name: name.to_owned(),
            weight: Vec::new().into(),
            scale: vec![0.0; outputs],
            bias: vec![0; outputs],
        };
        let model = Model {
            network: plan.network.clone(),
            preprocess: plan.preprocess,
            weights: weighted().map(|layer| zeros(&layer.name, layer.output.channels)).collect(),
            activation_scales: rescaling.map(|layer| (layer.name.clone(), 1.0)).collect(),
            classes: classes.to_vec(),
            card: card.clone(),
        };
        let head = |room| model.head(room).expect("a plan's network has layers");
        let shortest = head(0);
        let numbers = weighted().map(|layer| 8 * layer.output.channels).sum::<usize>();
        let header = head(shortest.len() - numbers + SCALE * model.activation_scales.len());
        let mut at = header.len() as u64;
        let mut place = |layer: &vgglass::network::Layer| {
            let (start, row) = (at, layer.fan_in() as u64);
            at += row * layer.output.channels as u64;
            (start, row)
        };
        let layers = weighted().map(&mut place).collect();
        Layout { header: header.len() - numbers - 8, layers, length: at }
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Weighted layers.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Where a row of a weighted layer lies.
    pub fn place(&self, layer: usize, row: usize) -> u64 {
        let (start, length) = self.layers[layer];
        start + row as u64 * length
    }

    /// Where rows lie: from their first byte to behind the last.
    pub fn span(&self, Rows { layer, rows }: &Rows) -> std::ops::Range<u64> {
        self.place(*layer, rows.start)..self.place(*layer, rows.end)
    }

    /// What lies before the weights; of the model's weights nothing is looked at.
    pub fn head(&self, model: &Model) -> Vec<u8> {
        let head = model.head(self.header).expect("a plan's network has layers");
        assert_eq!(head.len() as u64, self.place(0, 0), "the header has the room that was set aside");
        head
    }
}

/// Parts of a model file that wait to be written.
#[derive(Debug)]
pub struct Outbox {
    layout: Layout,
    /// Where each begins.
    parts: VecDeque<(u64, Vec<u8>)>,
}

impl Outbox {
    pub fn new(layout: Layout) -> Self {
        Outbox { layout, parts: VecDeque::new() }
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The next part: where it begins, and its bytes.
    pub fn take(&mut self) -> Option<(u64, Vec<u8>)> {
        self.parts.pop_front()
    }
}

impl Store for Outbox {
    fn row(&mut self, layer: usize, row: usize, weights: &[i8]) {
        let at = self.layout.place(layer, row);
        let bytes = weights.iter().map(|&q| q as u8);
        match self.parts.back_mut() {
            Some((start, part)) if *start + part.len() as u64 == at => part.extend(bytes),
            _ => self.parts.push_back((at, bytes.collect())),
        }
    }
}

//! The converter as JavaScript sees it: a package of its own, which is loaded when somebody imports weights.
//!
//! Nothing here reads or writes: each step says which bytes it wants, of the file of weights or of the model file that is made,
//! is given them, and leaves parts of the model file that are to be written. What goes wrong is thrown as an object:
//! [`vgglass_convert::Error`]'s code and its parameters.

#![cfg(target_arch = "wasm32")]

use std::ops::Range;

use js_sys::{JSON, Object, Reflect, Uint8Array};
use serde::Serialize;
use sha2::Digest;
use vgglass::model::file::limits;
use vgglass::model::{Card, Class};
use vgglass::network::Totals;
use vgglass::picture;
use vgglass_convert::calibrate::Calibrator;
use vgglass_convert::classes::imagenet;
use vgglass_convert::layout::{Layout, Outbox};
use vgglass_convert::quantise::{ActivationRange, WeightRange};
use vgglass_convert::stream::{Quantised, Quantiser, Store};
use vgglass_convert::{Catalogue, Error, Hints, Naming, Plan, Step};
use wasm_bindgen::prelude::*;
use web_sys::ImageData;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A network that a file's weights are; `format` and `naming` are English words for its container and its tensors' names. */
export interface Found {
  id: string; title: string; width: number; input_size: number; classes: number; parameters: number;
  /** Values of the largest layer. */
  largest: number;
  /** Bytes of weights that are read, and bytes of the model file that comes of them, but for its card. */
  reads: number; keeps: number;
  format: string; naming: string;
}
/** What the model file says of where it comes from: plain texts, cut at 8192 bytes each. */
export interface CardTexts { licence: string; provenance: string; }
/** Bytes that are to be written to the model file, and where. */
export interface Part { at: number; bytes: Uint8Array<ArrayBuffer>; }
/** What is thrown: the code of an error of the converter, and what its message names. */
export interface ConvertError { code: string; [parameter: string]: string | number; }
"#;

/// Runs when the module is instantiated: a panic, which would be a defect, is printed with its place.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

fn to_js(value: &impl Serialize) -> JsValue {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    JSON::parse(&text).expect("what Rust has written is JSON")
}

fn thrown(error: Error) -> JsValue {
    to_js(&error)
}

/// From a range's first byte to behind its last.
fn range(range: Range<u64>) -> Vec<f64> {
    vec![range.start as f64, range.end as f64]
}

fn part((at, bytes): (u64, Vec<u8>)) -> JsValue {
    let part = Object::new();
    for (name, value) in [("at", JsValue::from(at as f64)), ("bytes", Uint8Array::from(&*bytes).into())] {
        Reflect::set(&part, &name.into(), &value).expect("a plain object takes a property");
    }
    part.into()
}

/// The head of a file of weights.
#[wasm_bindgen]
pub struct Opening {
    opening: vgglass_convert::Opening,
    catalogue: Option<Catalogue>,
}

#[wasm_bindgen]
impl Opening {
    /// `length`: bytes of the file.
    #[wasm_bindgen(constructor)]
    pub fn new(length: f64) -> Opening {
        Opening { opening: vgglass_convert::Opening::new(length as u64), catalogue: None }
    }

    /// Bytes of the file that are needed next, first and behind the last; `undefined` when the head is known.
    pub fn wanted(&mut self) -> Result<Option<Vec<f64>>, JsValue> {
        if self.catalogue.is_some() {
            return Ok(None);
        }
        match self.opening.step().map_err(thrown)? {
            Step::Read(wanted) => Ok(Some(range(wanted))),
            Step::Done(catalogue) => {
                self.catalogue = Some(catalogue);
                Ok(None)
            }
        }
    }

    /// The bytes that are wanted.
    pub fn give(&mut self, bytes: Vec<u8>) -> Result<(), JsValue> {
        self.opening.give(bytes).map_err(thrown)
    }

    /// The network that the file has, once the head is known.
    pub fn weights(self) -> Result<Weights, JsValue> {
        let catalogue = self.catalogue.ok_or_else(|| JsValue::from("the head is not known yet"))?;
        let plan = Plan::new(&catalogue, &Hints::default()).map_err(thrown)?;
        Ok(Weights { plan, format: catalogue.format })
    }
}

/// Weights that can be imported.
#[wasm_bindgen]
pub struct Weights {
    plan: Plan,
    format: &'static str,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'a str,
    title: &'a str,
    width: f64,
    input_size: usize,
    classes: usize,
    parameters: u64,
    largest: u64,
    reads: u64,
    keeps: u64,
    format: &'static str,
    naming: &'static str,
}

#[wasm_bindgen]
impl Weights {
    /// What they are.
    #[wasm_bindgen(unchecked_return_type = "Found")]
    pub fn found(&self) -> JsValue {
        let Plan { network, layers, naming, .. } = &self.plan;
        to_js(&Found {
            id: &network.id,
            title: network.title(),
            width: network.width,
            input_size: network.input_size,
            classes: network.classes,
            parameters: Totals::of(layers).parameters,
            reads: vgglass_convert::Import::new(&self.plan).progress().1,
            keeps: Layout::new(&self.plan, &self.classes(), &Card::default()).length(),
            largest: layers.iter().map(|layer| layer.values()).max().unwrap_or_default(),
            format: self.format,
            naming: match naming {
                Naming::Vgglass => "vgglass",
                Naming::Torchvision => "torchvision",
                Naming::Timm => "timm",
                Naming::Keras => "Keras",
            },
        })
    }

    /// Begins to import. The model's classes are called as ImageNet's where there are as many.
    pub fn import(self, #[wasm_bindgen(unchecked_param_type = "CardTexts")] card: &JsValue) -> Import {
        let (card, classes) = (card_of(card), self.classes());
        let outbox = Outbox::new(Layout::new(&self.plan, &classes, &card));
        Import {
            import: vgglass_convert::Import::new(&self.plan),
            quantiser: Quantiser::new(&self.plan, WeightRange::LeastSquares, outbox),
            plan: self.plan,
            classes,
        }
    }

    fn classes(&self) -> Vec<Class> {
        let classes = imagenet();
        if classes.len() == self.plan.network.classes { classes } else { Vec::new() }
    }
}

fn card_of(texts: &JsValue) -> Card {
    let text = |key: &str| {
        let mut text = Reflect::get(texts, &key.into()).ok().and_then(|text| text.as_string()).unwrap_or_default();
        text.truncate(text.floor_char_boundary(limits::TEXT));
        text
    };
    Card { licence: text("licence"), provenance: text("provenance"), ..Card::default() }
}

/// Weights on their way.
#[wasm_bindgen]
pub struct Import {
    import: vgglass_convert::Import,
    quantiser: Quantiser<Outbox>,
    plan: Plan,
    classes: Vec<Class>,
}

#[wasm_bindgen]
impl Import {
    /// Bytes of the model file.
    pub fn length(&mut self) -> f64 {
        self.quantiser.store().layout().length() as f64
    }

    /// Bytes of the file of weights that are needed next, first and behind the last; `undefined` when all have come.
    pub fn wanted(&mut self) -> Result<Option<Vec<f64>>, JsValue> {
        Ok(self.import.wanted().map_err(thrown)?.map(range))
    }

    /// The bytes that are wanted. Says how many were used; the others are wanted again.
    pub fn give(&mut self, bytes: &[u8]) -> Result<usize, JsValue> {
        self.import.give(bytes, &mut self.quantiser).map_err(thrown)
    }

    /// The next part of the model file.
    #[wasm_bindgen(unchecked_return_type = "Part | undefined")]
    pub fn part(&mut self) -> JsValue {
        self.quantiser.store().take().map_or(JsValue::UNDEFINED, part)
    }

    /// Bytes of weights that have come, and of all.
    pub fn progress(&self) -> Vec<f64> {
        let (read, total) = self.import.progress();
        vec![read as f64, total as f64]
    }

    /// Begins to look for the scales of the activations, when all weights have come and all parts are written.
    pub fn calibrate(self, pictures: Pictures) -> Calibration {
        let (outbox, channels) = self.quantiser.finish();
        let quantised = Quantised::new(self.plan, channels);
        let calibrator = Calibrator::new(quantised, &pictures.rgb, ActivationRange::LeastSquares);
        Calibration { calibrator, outbox, classes: self.classes }
    }
}

/// Pictures that give the scales of the activations.
#[wasm_bindgen]
pub struct Pictures {
    size: usize,
    /// `[pictures][size][size][3]`
    rgb: Vec<u8>,
}

#[wasm_bindgen]
impl Pictures {
    /// `size`: side of the network's input, in pixels.
    #[wasm_bindgen(constructor)]
    pub fn new(size: usize) -> Pictures {
        Pictures { size, rgb: Vec::new() }
    }

    /// One more, resized to the network's input; transparency is laid on white.
    pub fn set_picture(&mut self, image: &ImageData) -> Result<(), JsError> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        self.rgb.extend(picture::resize(&image.data(), width, height, self.size)?);
        Ok(())
    }
}

/// A network whose activations' scales are looked for.
#[wasm_bindgen]
pub struct Calibration {
    calibrator: Calibrator,
    outbox: Outbox,
    classes: Vec<Class>,
}

#[wasm_bindgen]
impl Calibration {
    /// Bytes of the model file that are needed next, first and behind the last; `undefined` when all scales are known.
    pub fn wanted(&self) -> Option<Vec<f64>> {
        self.calibrator.wanted().map(|rows| range(self.outbox.layout().span(&rows)))
    }

    /// The bytes that are wanted.
    pub fn give(&mut self, bytes: Vec<u8>) {
        let Some(rows) = self.calibrator.wanted() else { return };
        let weights = bytes.into_iter().map(|byte| byte as i8).collect();
        for (row, weights) in self.calibrator.give(weights) {
            self.outbox.row(rows.layer, row, &weights);
        }
    }

    /// The next part of the model file: rows that are other ones now.
    #[wasm_bindgen(unchecked_return_type = "Part | undefined")]
    pub fn part(&mut self) -> JsValue {
        self.outbox.take().map_or(JsValue::UNDEFINED, part)
    }

    /// Which part of the work is done, from 0 to 1.
    pub fn progress(&self) -> f64 {
        let (done, all) = self.calibrator.progress();
        done as f64 / all as f64
    }

    /// Name of the layer whose turn it is; empty when all are done.
    pub fn layer(&self) -> String {
        self.calibrator.layer().unwrap_or_default().to_owned()
    }

    /// The last part of the model file, when all scales are known. The card's texts may be others than at the beginning, but
    /// not longer.
    #[wasm_bindgen(unchecked_return_type = "Part")]
    pub fn finish(self, #[wasm_bindgen(unchecked_param_type = "CardTexts")] card: &JsValue) -> JsValue {
        let count = self.outbox.layout().layers();
        let model = self.calibrator.finish(vec![Vec::new(); count], self.classes, card_of(card));
        part((0, self.outbox.layout().head(&model)))
    }
}

/// SHA-256 of bytes that come piece by piece, which browsers have no function for.
#[wasm_bindgen]
pub struct Sha256(sha2::Sha256);

#[wasm_bindgen]
impl Sha256 {
    #[allow(clippy::new_without_default)]
    #[wasm_bindgen(constructor)]
    pub fn new() -> Sha256 {
        Sha256(sha2::Sha256::new())
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of all that came: 32 bytes.
    pub fn digest(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

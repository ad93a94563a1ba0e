//! Objects that cross into JavaScript, and their TypeScript types.

use crate::look::PixelBox;
use crate::model::{Card, Class};
use crate::network::{Config, Kind, Layer, Network, NetworkError, Op, Options, Totals};
use crate::run::Method;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** One of the package's builds: simd128 alone; with relaxed SIMD; with that and shared memory. `failed`: kernels that compute wrongly on this machine and are not used. */
export interface Build { name: "base" | "relaxed" | "threads"; simd: string; threads: number; failed: string[]; }
/** What scales a row; missing numbers are the paper's. */
export interface NetworkOptions { width?: number; input_size?: number; fc?: number; classes?: number; /** For the row "custom". */ modules?: Op[][]; }
/** One operator of a module; channels at width 1. */
export type Op = { op: "conv"; kernel: number; channels: number; stride: number; pad: number } | { op: "lrn" } | { op: "pool"; kernel: number; stride: number };
/** A row of the network table at the paper's numbers. */
export interface NetworkSummary { id: string; title: string; weight_layers: number; parameters: number; macs: number; values: number; }
/**
 * One layer. `module`: 0 the input, then the row's, the last the fully connected ones. Sizes in cells, `kernel` 0 where there is no
 * window; fields in input pixels: cell i sees offset + i*jump ... + receptive_field.
 */
export interface LayerInfo {
  index: number; name: string; kind: "input" | "conv" | "lrn" | "pool" | "fc"; module: number;
  kernel: number; stride: number; pad: number; relu: boolean;
  input_channels: number; channels: number; height: number; width: number;
  values: number; parameters: number; macs: number;
  receptive_field: number; jump: number; offset: number;
  formula_parameters: string;
  /** How a network that runs computes it; null in the input's, and in those of a row. */
  algorithm: "direct" | "winograd-f2" | "winograd-f4" | "lrn" | "max-pool" | "matrix-vector" | null;
  /** Integers that the multiply-add instruction takes: its rate is `peak_gmacs` or `peak_i8_gmacs`; null where there is none. */
  instruction: "i16" | "i8" | null;
  /** Multiplications of the definition in place of which one is done. */
  gain: number;
  /** All that for people; empty where `algorithm` is null. */
  kernel_name: string;
}
/** Why a row cannot be built. What the words of a code need is there, else 0. */
export interface NetworkProblem {
  code: "first" | "inputs" | "vanish" | "parameters" | "values" | "memory" | "other"; message: string;
  /** The layer at fault as it is counted in `LayerInfo`, where it is one. */
  layer: number | null;
  found: number; most: number; cells: number; channels: number; kernel: number;
}
export interface ClassName { wnid: string; en: string; zh: string; }
export interface Accuracy { top1: number; top5: number; float_top1: number; float_top5: number; images: number; }
/** `classes` is empty for a network without names; logits are divided by `temperature` before softmax, by 1 where there is none. */
export interface NetworkInfo {
  id: string; title: string; modules?: Op[][] | null; width: number; input_size: number; fc: number; class_count: number;
  classes: ClassName[]; trained: boolean; parameters: number; macs: number; values: number;
  weight_bytes: number; activation_bytes: number; simd: string;
  accuracy?: Accuracy | null; licence: string; provenance: string; temperature?: number | null; seed?: number | null;
}
export interface StepInfo { index: number; name: string; ms: number; }
export interface TopClass { class: number; probability: number; logit: number; }
export interface Stats { min: number; max: number; mean: number; zero_fraction: number; saturated_fraction: number; scale: number; channels_dead: number; }
export interface Value { q?: number | null; value: number; pre?: number | null; }
export interface ChannelSwitch { layer: number; channel: number; }
/** Weights of one output channel, [C_in][k][k]; a real weight is an integer times scale, bias is real. */
export interface Kernel { kernel: number; input_channels: number; values: Int8Array; scale: number; bias: number; }
/**
 * One value worked out: sum = bias + the products of patch and weights ([C_in][k][k], zeros outside the map);
 * pre = sum * input_scale * weight_scale; q = pre / output_scale, rounded and clamped to 0..127 (absent for logits).
 */
export interface Arithmetic {
  kernel: number; stride: number; pad: number; input_channels: number; y0: number; x0: number;
  patch: Int16Array; weights: Int8Array; bias: number; sum: number;
  input_scale: number; weight_scale: number; output_scale: number; pre: number; q?: number | null; value: number;
}
export interface PixelBox { x0: number; y0: number; x1: number; y1: number; }
export interface ReceptiveBox extends PixelBox { clipped: PixelBox; }
/** How `draw` lays out and colours maps: columns 0 = one row, cell 0 = one pixel a cell. */
export interface Atlas {
  columns?: number; cell?: number; gap?: number; colormap?: "viridis" | "grey" | "diverging";
  normalise?: "channel" | "layer"; view?: "activation" | "pre";
}
"#;

/// See `Build` above.
#[derive(Serialize)]
pub struct Build {
    pub name: &'static str,
    pub simd: &'static str,
    pub threads: usize,
    pub failed: Vec<&'static str>,
}

/// See `NetworkSummary` above.
#[derive(Serialize)]
pub struct NetworkSummary {
    id: &'static str,
    title: &'static str,
    weight_layers: usize,
    parameters: u64,
    macs: u64,
    values: u64,
}

impl From<&Config> for NetworkSummary {
    fn from(row: &Config) -> Self {
        let layers = Network::new(row.id, Options::default()).and_then(|network| network.layers());
        let layers = layers.expect("the table's rows are networks");
        let totals = Totals::of(&layers);
        NetworkSummary {
            id: row.id,
            title: row.title,
            weight_layers: row.weight_layers(),
            parameters: totals.parameters,
            macs: totals.macs,
            values: totals.values,
        }
    }
}

/// See `LayerInfo` above.
#[derive(Serialize)]
pub struct LayerInfo {
    index: usize,
    name: String,
    kind: &'static str,
    module: usize,
    kernel: usize,
    stride: usize,
    pad: usize,
    relu: bool,
    input_channels: usize,
    channels: usize,
    height: usize,
    width: usize,
    values: u64,
    parameters: u64,
    macs: u64,
    receptive_field: usize,
    jump: usize,
    offset: i32,
    formula_parameters: String,
    algorithm: Option<&'static str>,
    instruction: Option<&'static str>,
    gain: f64,
    kernel_name: String,
}

impl LayerInfo {
    pub fn new(index: usize, layer: &Layer, method: Option<Method>) -> Self {
        let window = layer.window();
        let kernel = window.map_or(0, |window| window.kernel);
        let (inputs, outputs) = (layer.input.channels, layer.output.channels);
        LayerInfo {
            index,
            name: layer.name.clone(),
            kind: match layer.kind {
                Kind::Input => "input",
                Kind::Conv(_) => "conv",
                Kind::Lrn => "lrn",
                Kind::MaxPool(_) => "pool",
                Kind::Fc { .. } => "fc",
            },
            module: layer.module,
            kernel,
            stride: window.map_or(0, |window| window.stride),
            pad: window.map_or(0, |window| window.pad),
            relu: matches!(layer.kind, Kind::Conv(_) | Kind::Fc { relu: true, .. }),
            input_channels: inputs,
            channels: outputs,
            height: layer.output.height,
            width: layer.output.width,
            values: layer.values(),
            parameters: layer.parameters(),
            macs: layer.macs(),
            receptive_field: layer.field.size,
            jump: layer.field.jump,
            offset: layer.field.offset,
            formula_parameters: match (layer.weighted(), kernel) {
                (false, _) => String::new(),
                (true, 1) => format!("{inputs}·{outputs} + {outputs}"),
                (true, k) => format!("{k}·{k}·{inputs}·{outputs} + {outputs}"),
            },
            algorithm: method.as_ref().map(|method| method.algorithm),
            instruction: method.as_ref().and_then(|method| method.instruction),
            gain: method.as_ref().map_or(1.0, |method| method.gain),
            kernel_name: method.map(|method| method.name).unwrap_or_default(),
        }
    }
}

/// See `NetworkProblem` above.
#[derive(Default, Serialize)]
pub struct NetworkProblem {
    code: &'static str,
    message: String,
    layer: Option<usize>,
    found: u64,
    most: u64,
    cells: usize,
    channels: usize,
    kernel: usize,
}

impl From<NetworkError> for NetworkProblem {
    fn from(error: NetworkError) -> Self {
        let problem = NetworkProblem { message: error.to_string(), ..NetworkProblem::default() };
        match error {
            NetworkError::First => NetworkProblem { code: "first", layer: Some(1), ..problem },
            NetworkError::FanIn { index, input, expected, found, .. } => NetworkProblem {
                code: "inputs",
                layer: Some(index),
                found: found as u64,
                most: expected as u64,
                cells: input.height,
                channels: input.channels,
                ..problem
            },
            NetworkError::TooSmall { index, height, kernel, .. } => {
                NetworkProblem { code: "vanish", layer: Some(index), cells: height, kernel, ..problem }
            }
            NetworkError::Parameters { expected, found } => {
                NetworkProblem { code: "parameters", found, most: expected, ..problem }
            }
            NetworkError::Values { expected, found } => {
                NetworkProblem { code: "values", found, most: expected, ..problem }
            }
            NetworkError::Memory { expected, found, .. } => {
                NetworkProblem { code: "memory", found, most: expected, ..problem }
            }
            NetworkError::Unknown { .. } | NetworkError::OutOfRange { .. } => {
                NetworkProblem { code: "other", ..problem }
            }
        }
    }
}

/// See `NetworkInfo` above.
#[derive(Serialize)]
pub struct NetworkInfo<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub modules: Option<&'a Vec<Vec<Op>>>,
    pub width: f64,
    pub input_size: usize,
    pub fc: usize,
    pub class_count: usize,
    pub classes: &'a [Class],
    pub trained: bool,
    #[serde(flatten)]
    pub card: &'a Card,
    pub parameters: u64,
    pub macs: u64,
    pub values: u64,
    pub weight_bytes: usize,
    pub activation_bytes: usize,
    pub simd: &'a str,
}

/// See `StepInfo` above.
#[derive(Serialize)]
pub struct StepInfo {
    pub index: usize,
    pub name: String,
    pub ms: f64,
}

/// See `TopClass` above.
#[derive(Serialize)]
pub struct TopClass {
    pub class: usize,
    pub probability: f32,
    pub logit: f32,
}

/// See `Value` above.
#[derive(Serialize)]
pub struct Value {
    pub q: Option<i32>,
    pub value: f32,
    pub pre: Option<f32>,
}

/// See `ChannelSwitch` above.
#[derive(Serialize)]
pub struct ChannelSwitch {
    pub layer: usize,
    pub channel: usize,
}

/// See `Kernel` above; its values are added as an array.
#[derive(Serialize)]
pub struct Kernel {
    pub kernel: usize,
    pub input_channels: usize,
    pub scale: f32,
    pub bias: f32,
}

/// See `ReceptiveBox` above.
#[derive(Serialize)]
pub struct ReceptiveBox {
    #[serde(flatten)]
    pub whole: PixelBox,
    pub clipped: PixelBox,
}

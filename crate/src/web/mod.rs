//! The crate as JavaScript sees it. Nothing else knows of JavaScript; nothing here computes.

mod bridge;
mod types;

use crate::kernels::backend::BEST;
#[cfg(target_feature = "atomics")]
use crate::kernels::parallel::Pool;
use crate::kernels::parallel::Team;
use crate::kernels::requantise::MAX;
use crate::kernels::simd::{Best, Simd};
use crate::look::{self, Atlas, Attribution, Colormap, Raster};
use crate::model::{Card, Class, Model, untrained};
use crate::network::{self, Options, Totals, limits};
use crate::picture::{PictureError, Strips};
use crate::run::{Engine, self_check, softmax, speed};
use bridge::{from_js, to_js, with_properties};
use js_sys::{Float32Array, Int8Array, Int16Array, Object, Reflect, Uint8ClampedArray, Uint32Array};
use std::cell::Cell;
use types::{
    Build, ChannelSwitch, Kernel, LayerInfo, NetworkInfo, NetworkProblem, NetworkSummary, ReceptiveBox, StepInfo,
    TopClass, Value,
};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{ImageData, Performance};

/// Runs when the module is instantiated: a panic, which would be a defect, is printed with its place.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

thread_local! {
    /// The threads that networks compute on.
    static TEAM: Cell<Team> = const { Cell::new(Team::ALONE) };
}

#[cfg(target_feature = "atomics")]
static POOL: std::sync::OnceLock<&Pool> = std::sync::OnceLock::new();

/// Makes room for workers beside the caller, which must be a worker itself, and returns what each needs to join:
/// `module` and `memory` for the package's `default` function. Then it calls `work`. Once.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen(unchecked_return_type = "{ module: WebAssembly.Module; memory: WebAssembly.Memory }")]
pub fn share(workers: f64) -> Result<JsValue, JsError> {
    let workers = whole("workers", workers, limits::THREADS - 1)?;
    POOL.set(Pool::new(workers)).map_err(|_| JsError::new("work is shared already"))?;
    with_properties(Object::new().into(), [("module", wasm_bindgen::module()), ("memory", wasm_bindgen::memory())])
}

/// The life of a worker: returns when workers are dismissed.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn work() -> Result<(), JsError> {
    let pool = POOL.get().ok_or_else(|| JsError::new("no work is shared"))?;
    pool.join().ok_or_else(|| JsError::new("there are as many workers as were to be"))?.work();
    Ok(())
}

/// Computes on this many threads from now on: the caller's and workers that have joined.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn set_threads(threads: f64) -> Result<(), JsError> {
    let threads = whole("threads", threads, limits::THREADS)?;
    TEAM.set(POOL.get().map_or(Team::ALONE, |pool| Team::of(pool, threads)));
    Ok(())
}

/// Computes on the caller's thread from now on; `work` returns in all others, also in those that call it later.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn dismiss() {
    TEAM.set(Team::ALONE);
    if let Some(pool) = POOL.get() {
        pool.dismiss();
    }
}

/// Called by a worker in which `work` failed: the caller of `step` waits for it, and fails too.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn lose() {
    if let Some(pool) = POOL.get() {
        pool.lose();
    }
}

/// Which of the three builds this is, its vector instructions, the threads that networks compute on, and kernels that are
/// not used because they compute wrongly on this machine.
#[wasm_bindgen(unchecked_return_type = "Build")]
pub fn build() -> Result<JsValue, JsError> {
    let name = match (cfg!(target_feature = "atomics"), cfg!(target_feature = "relaxed-simd")) {
        (true, _) => "threads",
        (false, true) => "relaxed",
        (false, false) => "base",
    };
    let failed = self_check::failed().iter().map(|algorithm| algorithm.name()).collect();
    to_js(&Build { name, simd: Best::NAME, threads: TEAM.get().threads(), failed })
}

/// The rows of the network table.
#[wasm_bindgen(unchecked_return_type = "NetworkSummary[]")]
pub fn networks() -> Result<JsValue, JsError> {
    let rows: Vec<_> = network::TABLE.iter().map(NetworkSummary::from).collect();
    to_js(&rows)
}

/// The layers of a row, from the row alone.
#[wasm_bindgen(unchecked_return_type = "LayerInfo[]")]
pub fn describe(
    id: &str,
    #[wasm_bindgen(unchecked_optional_param_type = "NetworkOptions")] options: JsValue,
) -> Result<JsValue, JsError> {
    let layers = network::Network::new(id, options_from(options)?)?.layers()?;
    to_js(&layers.iter().enumerate().map(|(index, layer)| LayerInfo::new(index, layer, None)).collect::<Vec<_>>())
}

/// Why a row cannot be built; `undefined` where it can.
#[wasm_bindgen(unchecked_return_type = "NetworkProblem | undefined")]
pub fn problem(
    id: &str,
    #[wasm_bindgen(unchecked_optional_param_type = "NetworkOptions")] options: JsValue,
) -> Result<JsValue, JsError> {
    match network::Network::new(id, options_from(options)?) {
        Ok(_) => Ok(JsValue::UNDEFINED),
        Err(error) => to_js(&NetworkProblem::from(error)),
    }
}

/// A row's modules at width 1, as `NetworkOptions` takes them for the row `custom`.
#[wasm_bindgen(unchecked_return_type = "Op[][]")]
pub fn modules(id: &str) -> Result<JsValue, JsError> {
    to_js(&network::Network::new(id, Options::default())?.modules()?)
}

/// A seed from the browser's random source.
#[wasm_bindgen]
pub fn random_seed() -> Result<u32, JsError> {
    Ok(getrandom::u32()?)
}

/// Names of the colour maps that `draw` takes.
#[wasm_bindgen]
pub fn colormaps() -> Vec<String> {
    Colormap::NAMES.map(str::to_owned).to_vec()
}

/// Multiply-adds a second, in units of 10^9, that a loop of the kernels' instruction reaches on registers alone: the
/// limit of every i16 kernel on this machine. Takes about 60 ms. `undefined` where the clock is too coarse to tell.
#[wasm_bindgen]
pub fn peak_gmacs() -> Option<f64> {
    best_gmacs(BEST.peak_i16)
}

/// The same of the instruction of the i8 kernels, where the build has it.
#[wasm_bindgen]
pub fn peak_i8_gmacs() -> Option<f64> {
    Best::DOT_I8.then(|| best_gmacs(BEST.peak_i8))?
}

fn best_gmacs(run: fn(u32, i32) -> (u64, i32)) -> Option<f64> {
    let clock = clock()?;
    let mut seed = 0;
    speed::best(
        || clock.now(),
        |iterations| {
            seed += 1;
            let (macs, value) = run(iterations, seed);
            std::hint::black_box(value);
            macs
        },
    )
}

/// A network ready to run.
#[wasm_bindgen]
pub struct Network {
    engine: Engine,
    classes: Vec<Class>,
    card: Card,
    clock: Option<Performance>,
    /// A picture of which columns are to come.
    coming: Option<Strips>,
}

#[wasm_bindgen]
impl Network {
    /// Reads a model file. The error names what is wrong with it.
    pub fn from_model(bytes: Vec<u8>) -> Result<Network, JsError> {
        let model = Model::from_bytes(&bytes.into())?;
        let engine = Engine::new(&model)?;
        Ok(Network::new(engine, model.classes, model.card))
    }

    /// A row with random weights (He initialisation); the same seed gives the same network everywhere.
    pub fn untrained(
        id: &str,
        #[wasm_bindgen(unchecked_param_type = "NetworkOptions")] options: JsValue,
        seed: f64,
    ) -> Result<Network, JsError> {
        let seed = whole("seed", seed, limits::SEED as usize)? as u32;
        let network = network::Network::new(id, options_from(options)?)?;
        let made = untrained(&network, seed)?;
        Ok(Network::new(made.engine, Vec::new(), made.model.card))
    }

    /// What is known of the network.
    #[wasm_bindgen(unchecked_return_type = "NetworkInfo")]
    pub fn info(&self) -> Result<JsValue, JsError> {
        let network = self.engine.network();
        let modules = network.modules.as_ref();
        let totals = Totals::of(&network.layers()?);
        to_js(&NetworkInfo {
            id: &network.id,
            title: network.title(),
            modules,
            width: network.width,
            input_size: network.input_size,
            fc: network.fc,
            class_count: network.classes,
            classes: &self.classes,
            trained: self.card.seed.is_none(),
            card: &self.card,
            parameters: totals.parameters,
            macs: totals.macs,
            values: totals.values,
            weight_bytes: self.engine.weight_bytes(),
            activation_bytes: self.engine.activation_bytes(),
            simd: Best::NAME,
        })
    }

    /// Layers at the present size, the input first, fc8 last.
    #[wasm_bindgen(unchecked_return_type = "LayerInfo[]")]
    pub fn layers(&self) -> Result<JsValue, JsError> {
        let info = |(index, layer)| LayerInfo::new(index, layer, self.engine.method(index));
        to_js(&self.engine.layers().iter().enumerate().map(info).collect::<Vec<_>>())
    }

    /// Runs at another size, the native one or larger, as a fully convolutional net.
    pub fn set_size(&mut self, size: f64) -> Result<(), JsError> {
        let size = whole("size", size, u32::MAX as usize)?;
        self.coming = None;
        Ok(self.engine.set_size(size)?)
    }

    /// Present side of the input, in pixels.
    pub fn size(&self) -> usize {
        self.engine.size()
    }

    /// Layers computed for the present picture; the input counts as one.
    pub fn done(&self) -> usize {
        self.engine.done()
    }

    /// Switches a channel off, so that it gives zeros, or on again; with every picture until it is switched on. `step`
    /// goes on at this layer; what was computed before it is kept.
    pub fn switch_channel(&mut self, layer: f64, channel: f64, on: bool) -> Result<(), JsError> {
        let layer = self.quantised(layer)?;
        let channel = self.channel(layer, channel)?;
        self.engine.switch_channel(layer, channel, on);
        Ok(())
    }

    /// Switches all channels on.
    pub fn switch_all_on(&mut self) {
        self.engine.switch_all_on();
    }

    /// Channels that are switched off.
    #[wasm_bindgen(unchecked_return_type = "ChannelSwitch[]")]
    pub fn switched_off(&self) -> Result<JsValue, JsError> {
        let off = self.engine.switched_off().map(|(layer, channel)| ChannelSwitch { layer, channel });
        to_js(&off.collect::<Vec<_>>())
    }

    /// Replaces one activation (0..=127) of a computed layer, until that layer is computed again; `step` goes on at the
    /// layer after it.
    pub fn set_value(&mut self, layer: f64, channel: f64, y: f64, x: f64, q: f64) -> Result<(), JsError> {
        self.quantised(layer)?;
        let (layer, channel, y, x) = self.cell(layer, channel, y, x)?;
        let q = whole("q", q, MAX as usize)?;
        self.engine.set_value(layer, channel, y, x, q as u8);
        Ok(())
    }

    /// Gives the network a picture, resized to its input; transparency is laid on white. Forgets what was computed.
    pub fn set_picture(&mut self, image: &ImageData) -> Result<(), JsError> {
        /// Pixels that are held at a time, 16 MB: this module's memory never shrinks.
        const STRIP: usize = 4 << 20;
        self.coming = None;
        let (width, height) = (image.width() as usize, image.height() as usize);
        let mut strips = Strips::new(width, height, self.engine.size())?;
        let data = Reflect::get(image, &"data".into()).ok().and_then(|data| data.dyn_into::<Uint8ClampedArray>().ok());
        let data = data.ok_or_else(|| JsError::new("a picture has bytes"))?;
        let (expected, found) = (width * height * 4, data.length() as usize);
        if found != expected {
            return Err(PictureError::Length { width, height, expected, found }.into());
        }
        let most = (STRIP / height).clamp(1, width);
        for left in (0..width).step_by(most) {
            let columns = most.min(width - left);
            // Whole rows lie in one piece.
            let (run, runs) = if columns == width { (expected, 1) } else { (columns * 4, height) };
            let mut rgba = vec![0; run * runs];
            for (y, to) in rgba.chunks_exact_mut(run).enumerate() {
                let from = ((y * width + left) * 4) as u32;
                data.subarray(from, from + run as u32).copy_to(to);
            }
            strips.push(rgba)?;
        }
        self.set_rgb(strips);
        Ok(())
    }

    /// Announces a square picture that comes in strips of whole columns: as `set_picture`, where pixels are too many to be
    /// held at once.
    pub fn begin_picture(&mut self, side: f64) -> Result<(), JsError> {
        /// That of the largest canvas in any browser.
        const LARGEST: usize = 32_767;
        let side = whole("side", side, LARGEST)?;
        self.coming = None;
        self.coming = Some(Strips::new(side, side, self.engine.size())?);
        Ok(())
    }

    /// The next columns from left to right, RGBA, `[side][columns][4]`; after the last the network has the picture. What is
    /// wrong makes the network forget that a picture was to come.
    pub fn picture_columns(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Uint8ClampedArray | Uint8Array")] rgba: Vec<u8>,
    ) -> Result<(), JsError> {
        let mut strips = self.coming.take().ok_or_else(|| JsError::new("no picture was announced"))?;
        strips.push(rgba)?;
        if strips.is_whole() {
            self.set_rgb(strips);
        } else {
            self.coming = Some(strips);
        }
        Ok(())
    }

    /// What the network sees.
    pub fn picture(&self) -> Result<ImageData, JsError> {
        let size = self.engine.size();
        let rgba = self.engine.rgb().as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
        image_data(Raster { width: size, height: size, rgba })
    }

    /// Computes the next layer; `undefined` when all are done.
    #[wasm_bindgen(unchecked_return_type = "StepInfo | undefined")]
    pub fn step(&mut self) -> Result<JsValue, JsError> {
        match self.timed_step() {
            Some(step) => to_js(&step),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Computes all layers that are left.
    #[wasm_bindgen(unchecked_return_type = "StepInfo[]")]
    pub fn run(&mut self) -> Result<JsValue, JsError> {
        let steps: Vec<_> = std::iter::from_fn(|| self.timed_step()).collect();
        to_js(&steps)
    }

    /// Computes the layers `first..end` `times` times over, for clocks too coarse to time one of them: those before them
    /// must be computed, `step` goes on at `end`.
    pub fn repeat(&mut self, first: f64, end: f64, times: f64) -> Result<(), JsError> {
        let all = self.engine.layers().len();
        let (first, end) = (whole("first", first, all)?, whole("end", end, all)?);
        let times = whole("times", times, u32::MAX as usize)?;
        if first == 0 || first >= end {
            return Err(JsError::new(&format!("the layers {first}..{end} are not among the computed ones, 1..{all}")));
        }
        self.computed((first - 1) as f64)?;
        self.engine.set_team(TEAM.get());
        self.engine.repeat(first, end, times as u32);
        Ok(())
    }

    /// The `k` most probable classes, best first. All layers must be computed.
    #[wasm_bindgen(unchecked_return_type = "TopClass[]")]
    pub fn top(&self, k: f64) -> Result<JsValue, JsError> {
        let k = whole("k", k, u32::MAX as usize)?;
        let logits = self.finished()?.logits();
        let probabilities = softmax(&logits, self.temperature());
        let top = |class: u32| {
            let class = class as usize;
            TopClass { class, probability: probabilities[class], logit: logits[class] }
        };
        to_js(&look::ranking(&logits).into_iter().take(k).map(top).collect::<Vec<_>>())
    }

    /// Probability of every class.
    pub fn probabilities(&self) -> Result<Float32Array, JsError> {
        Ok(Float32Array::from(&*softmax(&self.finished()?.logits(), self.temperature())))
    }

    /// Logits of every class.
    pub fn logits(&self) -> Result<Float32Array, JsError> {
        Ok(Float32Array::from(&*self.finished()?.logits()))
    }

    /// Class score map: fc8's logits at every place, `[place][class]`, places row by row; their grid is fc8's height and
    /// width. One place at the native size.
    pub fn score_map(&self) -> Result<Float32Array, JsError> {
        Ok(Float32Array::from(self.finished()?.score_map()))
    }

    /// What speaks for a class, or against it where it is negative, by the gradient of its logit: `gradcam` of a layer, or of
    /// the pixels `saliency`, `gradient-input` or `guided`. All layers must be computed.
    #[wasm_bindgen(unchecked_return_type = "{ width: number; height: number; values: Float32Array }")]
    pub fn attribution(&mut self, method: &str, layer: f64, class: f64) -> Result<JsValue, JsError> {
        let class = self.class(class)?;
        let (how, layer) = match method {
            "gradcam" => {
                let layer = self.quantised(layer)?;
                (Attribution::GradCam { layer }, layer)
            }
            "saliency" => (Attribution::Saliency, 0),
            "gradient-input" => (Attribution::GradientInput, 0),
            "guided" => (Attribution::Guided, 0),
            _ => return Err(JsError::new(&format!("there is no method {method}"))),
        };
        let network::Shape { height, width, .. } = self.engine.layers()[layer].output;
        let values = look::attribution(&mut self.engine, class, how)?;
        let values = Float32Array::from(&*values).into();
        with_properties(Object::new().into(), [("width", width.into()), ("height", height.into()), ("values", values)])
    }

    /// The gradient of a class's logit with respect to the pixels, `[y][x][colour]`, in grey levels. All layers must be
    /// computed.
    pub fn input_gradient(&mut self, class: f64) -> Result<Float32Array, JsError> {
        let class = self.class(class)?;
        Ok(Float32Array::from(&*look::input_gradient(&mut self.engine, class)?))
    }

    /// Statistics of a computed layer.
    #[wasm_bindgen(unchecked_return_type = "Stats")]
    pub fn stats(&self, layer: f64) -> Result<JsValue, JsError> {
        let layer = self.computed(layer)?;
        to_js(&look::stats(&self.engine, layer))
    }

    /// The `n` channels with the largest means, largest first.
    pub fn strongest(&self, layer: f64, n: f64) -> Result<Uint32Array, JsError> {
        let layer = self.computed(layer)?;
        let n = whole("n", n, u32::MAX as usize)?;
        Ok(Uint32Array::from(&*look::strongest(&self.engine, layer, n)))
    }

    /// Mean of every channel, in real units.
    pub fn channel_means(&self, layer: f64) -> Result<Float32Array, JsError> {
        let layer = self.computed(layer)?;
        Ok(Float32Array::from(&*look::channel_means(&self.engine, layer)))
    }

    /// One value: its integer `q` (absent for logits), what it stands for, and the real value before ReLU (absent in
    /// layers without weights).
    #[wasm_bindgen(unchecked_return_type = "Value")]
    pub fn value(&mut self, layer: f64, channel: f64, y: f64, x: f64) -> Result<JsValue, JsError> {
        let (layer, channel, y, x) = self.cell(layer, channel, y, x)?;
        self.engine.keep_pre_activations(layer);
        let cell = y * self.engine.layers()[layer].output.width + x;
        let pre = self.engine.pre_activations(layer).map(|(values, stride)| values[cell * stride + channel]);
        let q = self.engine.integer(layer, channel, y, x);
        to_js(&Value { q, value: self.engine.value(layer, channel, y, x), pre })
    }

    /// One value of a convolution or fully connected layer worked out.
    #[wasm_bindgen(unchecked_return_type = "Arithmetic")]
    pub fn arithmetic(&self, layer: f64, channel: f64, y: f64, x: f64) -> Result<JsValue, JsError> {
        let (layer, channel, y, x) = self.cell(layer, channel, y, x)?;
        let worked = look::arithmetic(&self.engine, layer, channel, y, x).ok_or_else(|| no_weights(layer))?;
        with_properties(
            to_js(&worked)?,
            [("patch", Int16Array::from(&*worked.patch).into()), ("weights", Int8Array::from(&*worked.weights).into())],
        )
    }

    /// The integer weights of one output channel.
    #[wasm_bindgen(unchecked_return_type = "Kernel")]
    pub fn weights(&self, layer: f64, channel: f64) -> Result<JsValue, JsError> {
        let layer = self.layer(layer)?;
        let channel = self.channel(layer, channel)?;
        let weights = self.engine.weights(layer).ok_or_else(|| no_weights(layer))?;
        let layers = self.engine.layers();
        let (fan_in, scale) = (layers[layer].fan_in(), weights.scale[channel]);
        let kernel = Kernel {
            kernel: layers[layer].window().map_or(0, |window| window.kernel),
            input_channels: layers[layer].input.channels,
            scale,
            bias: weights.bias[channel] as f32 * (self.engine.scale(layer - 1) * scale),
        };
        let values = &weights.weight[channel * fan_in..][..fan_in];
        with_properties(to_js(&kernel)?, [("values", Int8Array::from(values).into())])
    }

    /// All channels of a cell, in real units.
    pub fn cell_values(&self, layer: f64, y: f64, x: f64) -> Result<Float32Array, JsError> {
        let (layer, _, y, x) = self.cell(layer, 0.0, y, x)?;
        let channels = 0..self.engine.layers()[layer].output.channels;
        let values: Vec<f32> = channels.map(|channel| self.engine.value(layer, channel, y, x)).collect();
        Ok(Float32Array::from(&*values))
    }

    /// How often each stored integer 0..=127 occurs in a channel, or in the whole layer.
    pub fn histogram(&self, layer: f64, channel: Option<f64>) -> Result<Uint32Array, JsError> {
        self.quantised(layer)?;
        let (layer, first, ..) = self.cell(layer, channel.unwrap_or(0.0), 0.0, 0.0)?;
        let channel = channel.map(|_| first);
        let counts = look::histogram(&self.engine, layer, channel).expect("the layer stores integers");
        Ok(Uint32Array::from(&counts[..]))
    }

    /// One map in real units, row by row.
    pub fn channel_values(&self, layer: f64, channel: f64) -> Result<Float32Array, JsError> {
        let (layer, channel, ..) = self.cell(layer, channel, 0.0, 0.0)?;
        Ok(Float32Array::from(&*self.engine.map(layer, channel)))
    }

    /// Draws channels of a computed layer into one picture.
    pub fn draw(
        &mut self,
        layer: f64,
        #[wasm_bindgen(unchecked_param_type = "Uint32Array | number[]")] channels: &[f64],
        #[wasm_bindgen(unchecked_param_type = "Atlas")] options: JsValue,
    ) -> Result<ImageData, JsError> {
        let layer = self.computed(layer)?;
        let channel = |&channel: &f64| self.channel(layer, channel).map(|channel| channel as u32);
        let channels = channels.iter().map(channel).collect::<Result<Vec<_>, _>>()?;
        let atlas: Atlas = from_js(&options)?;
        let raster = look::draw(&mut self.engine, layer, &channels, atlas);
        image_data(
            raster.ok_or_else(|| JsError::new("nothing is drawn: there is no channel, or the picture is too large"))?,
        )
    }

    /// The input pixels that a cell sees, before and after clipping to the picture.
    #[wasm_bindgen(unchecked_return_type = "ReceptiveBox")]
    pub fn receptive_box(&self, layer: f64, y: f64, x: f64) -> Result<JsValue, JsError> {
        let (layer, _, y, x) = self.cell(layer, 0.0, y, x)?;
        let whole = look::receptive_box(self.engine.layers()[layer].field, y, x);
        to_js(&ReceptiveBox { whole, clipped: whole.clipped(self.engine.size()) })
    }
}

impl Network {
    fn new(engine: Engine, classes: Vec<Class>, card: Card) -> Self {
        Network { engine, classes, card, clock: clock(), coming: None }
    }

    /// Gives the engine a picture whose columns have all come.
    fn set_rgb(&mut self, strips: Strips) {
        self.engine.set_picture(&strips.finish().expect("all columns have come"));
    }

    fn timed_step(&mut self) -> Option<StepInfo> {
        let now = |clock: &Option<Performance>| clock.as_ref().map_or(0.0, Performance::now);
        self.engine.set_team(TEAM.get());
        let start = now(&self.clock);
        let index = self.engine.step()?;
        let ms = now(&self.clock) - start;
        Some(StepInfo { index, name: self.engine.layers()[index].name.clone(), ms })
    }

    fn temperature(&self) -> f32 {
        self.card.temperature.unwrap_or(1.0)
    }

    /// The engine, if all layers are computed.
    fn finished(&self) -> Result<&Engine, JsError> {
        let (done, all) = (self.engine.done(), self.engine.layers().len());
        if done == all { Ok(&self.engine) } else { Err(JsError::new(&format!("{done} of {all} layers are computed"))) }
    }

    /// A class of a network whose layers are all computed, which will compute on the threads that there are.
    fn class(&mut self, class: f64) -> Result<usize, JsError> {
        self.finished()?;
        self.engine.set_team(TEAM.get());
        whole("class", class, self.engine.network().classes - 1)
    }

    fn layer(&self, layer: f64) -> Result<usize, JsError> {
        whole("layer", layer, self.engine.layers().len() - 1)
    }

    fn computed(&self, layer: f64) -> Result<usize, JsError> {
        let (layer, done) = (self.layer(layer)?, self.engine.done());
        if layer < done { Ok(layer) } else { Err(JsError::new(&format!("layer {layer} is not computed, {done} are"))) }
    }

    fn channel(&self, layer: usize, channel: f64) -> Result<usize, JsError> {
        whole("channel", channel, self.engine.layers()[layer].output.channels - 1)
    }

    /// A layer whose output is stored as integers 0..=127.
    fn quantised(&self, layer: f64) -> Result<usize, JsError> {
        let layer = self.layer(layer)?;
        if self.engine.is_quantised(layer) {
            Ok(layer)
        } else {
            Err(JsError::new(&format!("layer {layer} is not stored as 0 to {MAX}")))
        }
    }

    /// One value of a computed layer.
    fn cell(&self, layer: f64, channel: f64, y: f64, x: f64) -> Result<(usize, usize, usize, usize), JsError> {
        let layer = self.computed(layer)?;
        let network::Shape { height, width, .. } = self.engine.layers()[layer].output;
        Ok((layer, self.channel(layer, channel)?, whole("y", y, height - 1)?, whole("x", x, width - 1)?))
    }
}

/// An argument or option that must be a whole number. All numbers come as they are in JavaScript: wasm-bindgen would
/// cut what an integer cannot hold, and take 300 for the byte 44.
#[inline(never)]
fn whole(name: &str, value: f64, most: usize) -> Result<usize, JsError> {
    // NaN and infinity have no whole part.
    if value.fract() == 0.0 && (0.0..=most as f64).contains(&value) {
        return Ok(value as usize);
    }
    Err(JsError::new(&format!("{name} is {value}, expected a whole number from 0 to {most}")))
}

/// The page's or the worker's clock.
fn clock() -> Option<Performance> {
    Reflect::get(&js_sys::global(), &"performance".into()).ok()?.dyn_into().ok()
}

fn options_from(options: JsValue) -> Result<Options, JsError> {
    if options.is_undefined() || options.is_null() {
        return Ok(Options::default());
    }
    from_js(&options)
}

fn no_weights(layer: usize) -> JsError {
    JsError::new(&format!("layer {layer} has no weights"))
}

fn image_data(raster: Raster) -> Result<ImageData, JsError> {
    let Raster { width, height, rgba } = raster;
    // A copy that JavaScript owns: an `ImageData` over a view of the module's memory would change with it.
    let owned = Uint8ClampedArray::from(&*rgba);
    ImageData::new_with_js_u8_clamped_array_and_sh(&owned, width as u32, height as u32)
        .map_err(|_| JsError::new("the browser refused the picture"))
}

//! `vgglass`: make and measure model files.

mod check;
mod info;
mod layers;
mod names;
mod pictures;
mod quantise;
mod score;
mod untrained;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, Subcommand};
use rayon::prelude::*;
use vgglass::model::{Class, Model};
use vgglass::run::Engine;
use vgglass_convert::float::FloatModel;
use vgglass_convert::{Error, Hints, import};

use pictures::{Listed, Pictures};
use score::{Logits, calibration_error};

/// Makes and measures the model files of vgglass.
///
/// Float weights are read from .safetensors files with this project's names, torchvision's or timm's, from PyTorch's .pth,
/// new and old, and from Keras's .h5 of VGG-16 and VGG-19. Nothing that a .pth wants to call is called.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Quantise float weights to a model file: tries every method, keeps the one closest to float.
    Quantise(quantise::Arguments),
    /// Accuracy, calibration and confusions of models on labelled pictures.
    Eval {
        /// Model files, int8 or float.
        #[arg(required = true)]
        models: Vec<PathBuf>,
        /// A .safetensors file with pictures and labels (and perhaps PyTorch's logits), the folder tiny-imagenet-200, a folder
        /// of folders called after WordNet ids (ImageNet's layout), or a text of lines PATH CLASS. The last two are cut as
        /// torchvision does for an evaluation: shorter side to 256 for a network of 224, centre. Unlike the page, it takes
        /// pixels as files store them: no EXIF orientation, no colour profile.
        #[arg(long)]
        pictures: PathBuf,
        /// Only the first so many pictures.
        #[arg(long)]
        first: Option<usize>,
        #[command(flatten)]
        hints: HintArguments,
    },
    /// Layers, totals and card of a row of the table (an unknown one is answered with all) or of a model file.
    Info(info::Arguments),
    /// Whether files are models that the page runs; one of them that is not is an error.
    Check {
        #[arg(required = true)]
        models: Vec<PathBuf>,
    },
    /// ImageNet's 1000 classes: number, WordNet id, English and Chinese name.
    Names,
    /// A row of the table with random weights, as a model file.
    Untrained(untrained::Arguments),
    /// How much the logits of two models, or of one model on two sets of pictures, differ; of an int8 model and its float
    /// weights also how well each layer is kept.
    Compare {
        model: PathBuf,
        other: PathBuf,
        /// As for eval, or a folder of pictures. Unlike the page, it takes pixels as files store them: no EXIF orientation,
        /// no colour profile.
        #[arg(long)]
        pictures: PathBuf,
        /// Pictures for the second model; the same number.
        #[arg(long)]
        other_pictures: Option<PathBuf>,
        /// Only the first so many pictures.
        #[arg(long)]
        first: Option<usize>,
        #[command(flatten)]
        hints: HintArguments,
    },
}

/// What a float file may not say.
#[derive(clap::Args, Clone, Default)]
struct HintArguments {
    /// Row of the table, for float weights that do not say (A and A-LRN have the same tensors).
    #[arg(long)]
    network: Option<String>,
    /// Native input size in pixels, for float weights that leave it open.
    #[arg(long)]
    input_size: Option<usize>,
}

impl HintArguments {
    fn hints(&self) -> Hints {
        Hints { id: self.network.clone(), input_size: self.input_size }
    }
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Quantise(arguments) => quantise::quantise(&arguments),
        Command::Eval { models, pictures, first, hints } => {
            models.iter().try_for_each(|model| evaluate(model, &pictures, first, &hints))
        }
        Command::Info(arguments) => info::info(&arguments),
        Command::Check { models } => models.iter().try_for_each(|model| check::check(model)),
        Command::Names => names::print(std::io::stdout().lock()),
        Command::Untrained(arguments) => untrained::write(&arguments),
        Command::Compare { model, other, pictures, other_pictures, first, hints } => {
            compare([&model, &other], [&pictures, other_pictures.as_ref().unwrap_or(&pictures)], first, &hints)
        }
    }
}

/// A model file of either kind.
enum Any {
    Float(FloatModel),
    Int8(Model),
}

/// Float weights of any format.
fn read_float(path: &Path, hints: &HintArguments) -> Result<FloatModel, Error> {
    let (mut file, length) = import::open_file(path)?;
    FloatModel::read(length, &hints.hints(), import::of_file(&mut file))
}

impl Any {
    fn read(path: &Path, hints: &HintArguments) -> Result<Self> {
        let any = match read_float(path, hints) {
            Ok(model) => Any::Float(model),
            Err(Error::Quantised) => {
                let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
                Any::Int8(Model::from_bytes(&bytes.into()).with_context(|| path.display().to_string())?)
            }
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        Ok(any)
    }

    fn kind(&self) -> &'static str {
        match self {
            Any::Float(_) => "float",
            Any::Int8(_) => "int8",
        }
    }

    fn input_size(&self) -> usize {
        match self {
            Any::Float(model) => model.network.input_size,
            Any::Int8(model) => model.network.input_size,
        }
    }

    /// What its outputs are: as the file says; of a thousand that no file names, ImageNet's.
    fn classes(&self) -> Vec<Class> {
        let (said, count) = match self {
            Any::Float(model) => (&[][..], model.network.classes),
            Any::Int8(model) => (model.classes.as_slice(), model.network.classes),
        };
        let imagenet = vgglass_convert::classes::imagenet();
        if said.is_empty() && count == imagenet.len() { imagenet } else { said.to_vec() }
    }

    fn run(&self, pictures: &Pictures) -> Result<Logits> {
        match self {
            Any::Float(model) => Ok(run_float(model, pictures)),
            Any::Int8(model) => run_int8(model, pictures),
        }
    }

    fn temperature(&self) -> f32 {
        match self {
            Any::Float(_) => 1.0,
            Any::Int8(model) => model.card.temperature.unwrap_or(1.0),
        }
    }
}

/// Pictures that one thread takes at a time.
const BATCH: usize = 8;

/// Logits of the float network.
fn run_float(model: &FloatModel, pictures: &Pictures) -> Logits {
    let batches = pictures.rgb.par_chunks(BATCH * pictures.bytes());
    let values = batches.flat_map_iter(|batch| model.run(batch, |_, _| ())).collect();
    Logits { values, classes: model.network.classes }
}

/// Logits of the engine that the page runs.
fn run_int8(model: &Model, pictures: &Pictures) -> Result<Logits> {
    let threads = rayon::current_num_threads();
    let part = pictures.count().div_ceil(threads).max(1) * pictures.bytes();
    let one = |part: &[u8]| {
        let mut engine = Engine::new(model)?;
        let picture = |rgb: &[u8]| {
            engine.set_picture(rgb);
            engine.run();
            engine.logits()
        };
        Ok(part.chunks_exact(pictures.bytes()).flat_map(picture).collect::<Vec<_>>())
    };
    let values = pictures.rgb.par_chunks(part).map(one).collect::<Result<Vec<_>>>()?.concat();
    Ok(Logits { values, classes: model.network.classes })
}

/// Labels, each below `classes`.
fn labels(pictures: &Pictures, classes: usize) -> Result<&[usize]> {
    let Some(labels) = &pictures.labels else { bail!("these pictures have no labels") };
    if let Some(label) = labels.iter().find(|label| **label >= classes) {
        bail!("a picture is labelled {label}, the network has {classes} classes");
    }
    Ok(labels)
}

/// What is known of pictures beside their bytes, the logits, and the seconds that they took. Pictures in ImageNet's layout
/// are never all in memory.
fn run_on(model: &Any, path: &Path, first: Option<usize>, classes: &[Class]) -> Result<(Pictures, Logits, f64)> {
    /// Pictures that are in memory at a time.
    const PART: usize = 512;
    let size = model.input_size();
    let Some(listed) = Listed::find(path, size, first, classes)? else {
        let pictures = Pictures::read(path, size, first, classes)?;
        let start = std::time::Instant::now();
        let logits = model.run(&pictures)?;
        return Ok((pictures, logits, start.elapsed().as_secs_f64()));
    };
    let mut seconds = 0.0;
    let (mut logits, mut labels) = (Vec::new(), Vec::new());
    let mut classes = 0;
    for start in (0..listed.count()).step_by(PART) {
        let part = listed.part(start..listed.count().min(start + PART))?;
        let before = std::time::Instant::now();
        let ran = model.run(&part)?;
        seconds += before.elapsed().as_secs_f64();
        classes = ran.classes;
        logits.extend(ran.values);
        labels.extend(part.labels.unwrap_or_default());
    }
    let pictures = Pictures { rgb: Vec::new(), size, labels: Some(labels), logits: None };
    Ok((pictures, Logits { values: logits, classes }, seconds))
}

fn evaluate(path: &Path, pictures: &Path, first: Option<usize>, hints: &HintArguments) -> Result<()> {
    let model = Any::read(path, hints)?;
    let names = model.classes();
    let (pictures, logits, seconds) = run_on(&model, pictures, first, &names)?;

    println!("{} ({}), {} pictures", path.display(), model.kind(), logits.count());
    let per_thread = seconds * rayon::current_num_threads() as f64;
    println!("  {:.1} ms a picture and thread", per_thread * 1e3 / logits.count() as f64);
    if let Some(values) = &pictures.logits {
        ensure!(
            values.len() == logits.values.len(),
            "the logits beside the pictures are for another number of classes"
        );
        let torch = Logits { values: values.clone(), classes: logits.classes };
        let (most, rms) = torch.difference(&logits);
        println!("  against PyTorch's logits: {most:.2e} at most, {rms:.2e} rms");
        println!("  same first class {}", percent(torch.agreement(&logits)));
        if let Some(labels) = &pictures.labels {
            println!("  PyTorch: top-1 {}  top-5 {}", percent(torch.top(labels, 1)), percent(torch.top(labels, 5)));
        }
    }
    if pictures.labels.is_none() {
        return Ok(());
    }
    let labels = labels(&pictures, logits.classes)?;
    println!("  top-1 {}  top-5 {}", percent(logits.top(labels, 1)), percent(logits.top(labels, 5)));

    let temperature = model.temperature();
    println!("  reliability (temperature {temperature}):");
    println!("    confidence  pictures  mean confidence  accuracy");
    let bins = logits.reliability(labels, temperature);
    for (index, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let (low, high) = (index * 10, index * 10 + 10);
        println!(
            "    {low:>3}-{high:>3} %  {:>8}  {:>15}  {:>8}",
            bin.count,
            percent(bin.confidence),
            percent(bin.right)
        );
    }
    let plain = calibration_error(&logits.reliability(labels, 1.0));
    println!("  expected calibration error {}, at temperature 1 {}", percent(calibration_error(&bins)), percent(plain));

    let name = |class: usize| names.get(class).map_or_else(|| format!("class {class}"), |class| class.en.clone());
    println!("  most often mixed up (is / taken for / times):");
    for (label, first, count) in logits.confusions(labels, 20) {
        println!("    {:<28} {:<28} {count:>3}", name(label), name(first));
    }
    Ok(())
}

fn compare(models: [&Path; 2], pictures: [&Path; 2], first: Option<usize>, hints: &HintArguments) -> Result<()> {
    let mut sets = Vec::new();
    let mut logits = Vec::new();
    let mut read = Vec::new();
    for (model, path) in models.into_iter().zip(pictures) {
        let any = Any::read(model, hints)?;
        let set = Pictures::read(path, any.input_size(), first, &any.classes())?;
        logits.push(any.run(&set)?);
        sets.push(set);
        read.push(any);
    }
    let [a, b] = [&logits[0], &logits[1]];
    ensure!(a.values.len() == b.values.len(), "{} and {} logits cannot be compared", a.values.len(), b.values.len());
    if sets[0].rgb.len() == sets[1].rgb.len() {
        let pairs = sets[0].rgb.iter().zip(&sets[1].rgb);
        let (most, differing) = pairs
            .fold((0, 0usize), |(most, differing), (a, b)| (a.abs_diff(*b).max(most), differing + usize::from(a != b)));
        println!(
            "pixels: {most} at most, {} of the bytes differ",
            percent(differing as f64 / sets[0].rgb.len() as f64)
        );
    }
    let (most, rms) = a.difference(b);
    println!("logits: {most:.3} at most, {rms:.4} rms");
    println!("same first class: {}", percent(a.agreement(b)));
    println!("mean Kullback-Leibler divergence: {:.5} nats", a.divergence(b));
    for (logits, set) in logits.iter().zip(&sets).filter(|(_, set)| set.labels.is_some()) {
        let labels = labels(set, logits.classes)?;
        println!("top-1 {}  top-5 {}", percent(logits.top(labels, 1)), percent(logits.top(labels, 5)));
    }
    match read.as_slice() {
        [Any::Float(float), Any::Int8(int8)] | [Any::Int8(int8), Any::Float(float)]
            if sets[0].rgb == sets[1].rgb && float.network == int8.network =>
        {
            layers::print(float, int8, &sets[0])
        }
        _ => Ok(()),
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

//! `vgglass quantise`: float weights and pictures to a model file.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use vgglass::model::{Accuracy, Card, Class, Model};
use vgglass::network::Network;
use vgglass_convert::calibrate::calibrate;
use vgglass_convert::classes::read_classes;
use vgglass_convert::float::FloatModel;
use vgglass_convert::import;
use vgglass_convert::quantise::{ActivationRange, Method, Statistics, WeightRange, quantise as make};
use vgglass_convert::stream::{Quantised, Quantiser};

use crate::pictures::Pictures;
use crate::score::Logits;
use crate::{HintArguments, labels, percent, read_float, run_float, run_int8};

/// Every method is tried on one in so many of the held-out pictures, which are in the order of their classes.
const SCREENED: usize = 5;
/// Methods that are tried on all held-out pictures.
const FINALISTS: usize = 3;

#[derive(clap::Args)]
pub struct Arguments {
    /// Float weights: .safetensors, .pth or .h5.
    float: PathBuf,
    /// Model file to write.
    #[arg(long)]
    out: PathBuf,
    /// Training pictures, best such as the training left out: every second one gives the scales, the others choose the
    /// method and the temperature. Labels are needed for the temperature only.
    #[arg(long)]
    pictures: PathBuf,
    /// Labelled pictures for the card's accuracy; they decide nothing.
    #[arg(long)]
    validation: Option<PathBuf>,
    /// Table of class names: wnid, en, zh, with tabs between.
    #[arg(long)]
    classes: Option<PathBuf>,
    #[arg(long, default_value = "")]
    licence: String,
    #[arg(long, default_value = "")]
    provenance: String,
    /// Stored in place of a fitted temperature: for weights whose training has seen the pictures.
    #[arg(long)]
    temperature: Option<f32>,
    /// As the page does it: weights are quantised as they are read, never all in memory, and scales are found by the integer
    /// network itself; no method is tried but the one.
    #[arg(long)]
    streamed: bool,
    /// Pictures that give the scales, with --streamed.
    #[arg(long, default_value_t = 256)]
    calibrate: usize,
    #[command(flatten)]
    hints: HintArguments,
}

pub fn quantise(arguments: &Arguments) -> Result<()> {
    if arguments.streamed { streamed(arguments) } else { whole(arguments) }
}

fn class_names(arguments: &Arguments, network: &Network) -> Result<Vec<Class>> {
    let classes = match &arguments.classes {
        Some(path) => read_classes(&std::fs::read_to_string(path).with_context(|| path.display().to_string())?),
        None => Vec::new(),
    };
    ensure!(
        classes.is_empty() || classes.len() == network.classes,
        "{} class names, the network has {} classes",
        classes.len(),
        network.classes
    );
    Ok(classes)
}

fn card(arguments: &Arguments) -> Card {
    Card { licence: arguments.licence.clone(), provenance: arguments.provenance.clone(), ..Card::default() }
}

/// As the page does it: weights row by row as they are read, activations by the integer kernels; nothing in float.
fn streamed(arguments: &Arguments) -> Result<()> {
    let named = || arguments.float.display().to_string();
    let start = Instant::now();
    let (mut file, length) = import::open_file(&arguments.float).with_context(named)?;
    let mut read = import::of_file(&mut file);
    let (catalogue, plan) = import::plan(length, &arguments.hints.hints(), &mut read).with_context(named)?;
    println!("{:?}, {:?} names, {}", plan.network, plan.naming, catalogue.format);
    let network = plan.network.clone();
    let classes = class_names(arguments, &network)?;
    let mut quantiser = Quantiser::new(&plan, WeightRange::LeastSquares, vec![Vec::new(); plan.sources.len()]);
    import::import(&plan, read, &mut quantiser).with_context(named)?;
    println!("{length} bytes read and quantised in {:.1} s", start.elapsed().as_secs_f64());

    let pictures = Pictures::read(&arguments.pictures, network.input_size, None, &classes)?;
    let some = arguments.calibrate.min(pictures.count());
    ensure!(some > 0, "no pictures to calibrate on");
    // Spread over all of them: they are in the order of their classes.
    let calibration = pictures.pick(&(0..some).map(|i| i * pictures.count() / some).collect::<Vec<_>>());
    let start = Instant::now();
    let (weights, channels) = quantiser.finish();
    let quantised = Quantised::new(plan, channels);
    let range = ActivationRange::LeastSquares;
    let model = calibrate(quantised, weights, &calibration.rgb, range, classes, card(arguments));
    println!("{some} pictures gave the scales in {:.1} s", start.elapsed().as_secs_f64());
    finish(arguments, model, &pictures, None)
}

fn whole(arguments: &Arguments) -> Result<()> {
    let float =
        read_float(&arguments.float, &arguments.hints).with_context(|| arguments.float.display().to_string())?;
    let network = &float.network;
    println!("{network:?}, {:?} names", float.naming);
    let classes = class_names(arguments, network)?;
    let pictures = Pictures::read(&arguments.pictures, network.input_size, None, &classes)?;
    let every_second = |from| (from..pictures.count()).step_by(2).collect::<Vec<_>>();
    let (calibration, held_out) = (pictures.pick(&every_second(0)), pictures.pick(&every_second(1)));
    let statistics = gather(&float, &calibration);
    let expected = run_float(&float, &held_out);
    println!("{} pictures gave the scales; {} others choose the method:", calibration.count(), held_out.count());
    println!("{:<48} {:>8} {:>8} {:>9} {:>10} {:>8}", "", "pictures", "KL, nats", "same 1st", "rms logits", "top-1");
    // All methods on some of the pictures, the best of them on all.
    let mut methods = Method::all();
    for (stride, keep) in [(SCREENED, FINALISTS), (1, 1)] {
        let some: Vec<_> = (0..held_out.count()).step_by(stride).collect();
        let (pictures, expected, count) = (held_out.pick(&some), expected.pick(&some), some.len());
        let mut scored = Vec::new();
        for method in methods {
            let found = run_int8(&make(&float, &statistics, method, Vec::new(), Card::default()), &pictures)?;
            let divergence = expected.divergence(&found);
            println!(
                "{:<48} {count:>8} {divergence:>8.5} {:>9} {:>10.4} {:>8}",
                method.to_string(),
                percent(expected.agreement(&found)),
                expected.difference(&found).1,
                pictures.labels.as_ref().map_or_else(String::new, |labels| percent(found.top(labels, 1)))
            );
            scored.push((divergence, method));
        }
        scored.sort_by(|a, b| a.0.total_cmp(&b.0));
        methods = scored.into_iter().take(keep).map(|(_, method)| method).collect();
    }
    let method = methods[0];
    println!("kept: {method}");

    let model = make(&float, &statistics, method, classes, card(arguments));
    finish(arguments, model, &held_out, Some(&float))
}

/// Fits the temperature on these pictures, measures, and writes the file.
fn finish(arguments: &Arguments, mut model: Model, held_out: &Pictures, float: Option<&FloatModel>) -> Result<()> {
    let (size, classes) = (model.network.input_size, model.network.classes);
    model.card.temperature = arguments.temperature;
    if model.card.temperature.is_none() && held_out.labels.is_some() {
        let temperature = run_int8(&model, held_out)?.fit_temperature(labels(held_out, classes)?);
        println!("temperature {temperature}");
        model.card.temperature = Some(temperature);
    }
    if let Some(path) = &arguments.validation {
        let pictures = &Pictures::read(path, size, None, &model.classes)?;
        let labels = labels(pictures, classes)?;
        let int8 = run_int8(&model, pictures)?;
        println!("int8  top-1 {}  top-5 {}", percent(int8.top(labels, 1)), percent(int8.top(labels, 5)));
        if let Some(float) = float {
            let float = float_logits(float, pictures)?;
            let accuracy = Accuracy {
                top1: int8.top(labels, 1),
                top5: int8.top(labels, 5),
                float_top1: float.top(labels, 1),
                float_top5: float.top(labels, 5),
                images: pictures.count(),
            };
            println!("float top-1 {}  top-5 {}", percent(accuracy.float_top1), percent(accuracy.float_top5));
            model.card.accuracy = Some(accuracy);
        }
    }
    let bytes = model.to_bytes()?;
    std::fs::write(&arguments.out, &bytes).with_context(|| arguments.out.display().to_string())?;
    println!("{}: {} bytes", arguments.out.display(), bytes.len());
    Ok(())
}

/// The float network's logits: those beside the pictures if they are this network's, computed otherwise.
fn float_logits(float: &FloatModel, pictures: &Pictures) -> Result<Logits> {
    /// Pictures whose logits are compared, and the largest difference that another order of sums explains.
    const COMPARED: usize = 100;
    const TOLERANCE: f64 = 1e-3;
    let classes = float.network.classes;
    if let Some(values) = &pictures.logits
        && values.len() == pictures.count() * classes
    {
        let beside = Logits { values: values.clone(), classes };
        let some: Vec<_> = (0..COMPARED.min(pictures.count())).collect();
        let (most, _) = beside.pick(&some).difference(&run_float(float, &pictures.pick(&some)));
        println!("logits beside the pictures differ from this network's by {most:.1e} at most");
        if most <= TOLERANCE {
            return Ok(beside);
        }
    }
    Ok(run_float(float, pictures))
}

/// Statistics over parts of a fixed size, merged in order: the number of threads does not change the result.
fn gather(float: &FloatModel, pictures: &Pictures) -> Statistics {
    const PART: usize = 128;
    let parts = pictures.rgb.par_chunks(PART * pictures.bytes());
    let parts: Vec<_> = parts.map(|part| Statistics::gather(float, part)).collect();
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_else(|| Statistics::gather(float, &[]));
    parts.for_each(|part| all.merge(&part));
    all
}

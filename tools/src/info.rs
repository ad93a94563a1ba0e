//! `vgglass info`: a network's layers and what a file says of itself.

use std::path::{Path, PathBuf};

use anyhow::Result;
use vgglass::model::{Card, Class};
use vgglass::network::{Kind, Network, Options, Totals, find};

use crate::{Any, HintArguments, percent};

#[derive(clap::Args)]
pub struct Arguments {
    /// Row of the table or model file.
    what: String,
    /// Factor on the channels (1 is the paper's).
    #[arg(long)]
    width: Option<f64>,
    /// Units of fc6 and fc7.
    #[arg(long)]
    fc: Option<usize>,
    #[arg(long)]
    classes: Option<usize>,
    #[command(flatten)]
    hints: HintArguments,
}

pub fn info(arguments: &Arguments) -> Result<()> {
    if find(&arguments.what).is_some() {
        let Arguments { width, fc, classes, .. } = *arguments;
        let input_size = arguments.hints.input_size;
        return layers(&Network::new(&arguments.what, Options { width, input_size, fc, classes, modules: None })?);
    }
    let path = PathBuf::from(&arguments.what);
    match Any::read(Path::new(&path), &arguments.hints)? {
        Any::Float(model) => {
            println!("float weights, {:?} names, batch norm folded", model.naming);
            layers(&model.network)
        }
        Any::Int8(model) => {
            layers(&model.network)?;
            println!();
            for (name, scale) in &model.activation_scales {
                println!("{name:<10} scale {scale:.6}, largest value {:.3}", scale * 127.0);
            }
            card(&model.card, &model.classes);
            Ok(())
        }
    }
}

fn layers(network: &Network) -> Result<()> {
    let layers = network.layers()?;
    let title = network.title();
    let Network { id, width, input_size, fc, classes, .. } = network;
    println!("{id} ({title}), width {width}, input {input_size}x{input_size}, fc {fc}, {classes} classes");
    println!("{:<8} {:>16} {:>12} {:>12} {:>15} {:>6}", "", "output", "values", "parameters", "multiply-adds", "field");
    for layer in &layers {
        let shape = format!("{}x{}x{}", layer.output.channels, layer.output.height, layer.output.width);
        let kind = match layer.kind {
            Kind::Conv(window) | Kind::MaxPool(window) | Kind::Fc { window, .. } => {
                format!("{0}x{0}/{1}", window.kernel, window.stride)
            }
            Kind::Input | Kind::Lrn => String::new(),
        };
        println!(
            "{:<8} {shape:>16} {:>12} {:>12} {:>15} {:>6}  {kind}",
            layer.name,
            layer.values(),
            layer.parameters(),
            layer.macs(),
            layer.field.size
        );
    }
    let totals = Totals::of(&layers);
    println!("{:<8} {:>16} {:>12} {:>12} {:>15}", "total", "", totals.values, totals.parameters, totals.macs);
    Ok(())
}

fn card(card: &Card, classes: &[Class]) {
    if let Some(accuracy) = card.accuracy {
        println!(
            "accuracy on {} pictures: int8 top-1 {} top-5 {}; float top-1 {} top-5 {}",
            accuracy.images,
            percent(accuracy.top1),
            percent(accuracy.top5),
            percent(accuracy.float_top1),
            percent(accuracy.float_top5)
        );
    }
    if let Some(temperature) = card.temperature {
        println!("temperature {temperature}");
    }
    println!("licence: {}", card.licence);
    println!("provenance: {}", card.provenance);
    if let [first, .., last] = classes {
        println!(
            "{} classes: {} {} {} ... {} {} {}",
            classes.len(),
            first.wnid,
            first.en,
            first.zh,
            last.wnid,
            last.en,
            last.zh
        );
    }
}

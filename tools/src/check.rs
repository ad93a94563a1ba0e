//! `vgglass check`: whether the page runs a file, before it is put up for others.

use std::path::Path;

use anyhow::{Context, Result, bail};
use vgglass::model::Model;
use vgglass::run::Engine;
use vgglass_convert::Error;

use crate::{HintArguments, read_float};

pub fn check(path: &Path) -> Result<()> {
    let name = path.display();
    match read_float(path, &HintArguments::default()) {
        Err(Error::Quantised) => {}
        Ok(_) => bail!("{name} holds float weights; `vgglass quantise` makes a model of them"),
        Err(error) => return Err(error).with_context(|| name.to_string()),
    }
    let bytes = std::fs::read(path).with_context(|| name.to_string())?;
    let megabytes = bytes.len() as f64 / 1e6;
    let model = Model::from_bytes(&bytes.into()).with_context(|| name.to_string())?;
    Engine::new(&model).with_context(|| name.to_string())?;
    let network = &model.network;
    let (title, size, classes) = (network.title(), network.input_size, network.classes);
    println!("{name}: {title}, {size}x{size} pixels, {classes} classes, {megabytes:.1} MB");
    Ok(())
}

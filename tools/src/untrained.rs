//! `vgglass untrained`: a row of the table with random weights, as a model file.

use std::path::PathBuf;

use anyhow::{Context, Result};
use vgglass::model::untrained;
use vgglass::network::{Network, Options};

#[derive(clap::Args)]
pub struct Arguments {
    /// Row of the table.
    row: String,
    #[arg(long, short)]
    output: PathBuf,
    /// The same seed gives the same weights everywhere.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Factor on the channels (1 is the paper's).
    #[arg(long)]
    width: Option<f64>,
    #[arg(long)]
    input_size: Option<usize>,
    /// Units of fc6 and fc7.
    #[arg(long)]
    fc: Option<usize>,
    #[arg(long)]
    classes: Option<usize>,
}

pub fn write(arguments: &Arguments) -> Result<()> {
    let Arguments { ref row, ref output, seed, width, input_size, fc, classes } = *arguments;
    let network = Network::new(row, Options { width, input_size, fc, classes, modules: None })?;
    let bytes = untrained(&network, seed)?.model.to_bytes()?;
    std::fs::write(output, bytes).with_context(|| output.display().to_string())
}

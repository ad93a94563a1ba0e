//! Building `pkg/` with wasm-pack.

use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::Tools;
use crate::{process, root};

pub fn build(tools: &Tools) -> Result<()> {
    // wasm-pack overwrites the README when the crate has one of its own.
    let readme = root().join("pkg/README.md");
    let text = std::fs::read(&readme).context("reading pkg/README.md")?;
    let built = process::run(
        wasm_pack(tools)?
            .args(["build", "crate", "--profile", "web", "--target", "web"])
            .args(["--out-dir", "../pkg", "--out-name", "vgglass"])
            // No wasm-opt: those that wasm-pack fetches reject what today's rustc emits.
            .args(["--mode", "no-install", "--no-opt", "--no-gitignore"]),
    );
    if std::fs::read(&readme).ok().as_ref() != Some(&text) {
        std::fs::write(&readme, text).context("restoring pkg/README.md")?;
    }
    built
}

/// A wasm-pack that finds the right wasm-bindgen before any other.
pub fn wasm_pack(tools: &Tools) -> Result<Command> {
    let mut command = Command::new(&tools.wasm_pack);
    command.current_dir(root()).env("PATH", process::path_with(&[&tools.wasm_bindgen])?);
    Ok(command)
}

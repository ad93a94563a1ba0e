//! What makes a folder of `pkg/` an npm package: the `package.json` that wasm-pack writes, which in `pkg/` itself names the
//! custom element and the other builds too.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{process, root};

/// The files of every build.
const FILES: [&str; 3] = ["vgglass_bg.wasm", "vgglass.js", "vgglass.d.ts"];

/// What may lie in `pkg/` beside those of the base build.
const MORE: [&str; 4] = ["element.js", "relaxed", "threads", "convert"];

/// Writes the `package.json` of a folder, and the custom element into `pkg/`.
pub fn describe(folder: &Path) -> Result<()> {
    let is_whole = folder == root().join("pkg");
    let mut side_effects = vec!["./snippets/*"];
    if is_whole {
        fs::copy(root().join("www/element.js"), folder.join("element.js"))
            .context("copying www/element.js into pkg/")?;
        // It defines itself when it is loaded.
        side_effects.push("./element.js");
    }
    let more = MORE.iter().filter(|name| folder.join(name).exists());
    let files: Vec<&str> = FILES.iter().chain(more).copied().collect();
    let krate = krate()?;
    let package = json!({
        "name": krate["name"],
        "version": krate["version"],
        "description": krate["description"],
        "license": krate["license"],
        "repository": { "type": "git", "url": krate["repository"] },
        "type": "module",
        "main": FILES[1],
        "types": FILES[2],
        "files": files,
        "sideEffects": side_effects,
    });
    let path = folder.join("package.json");
    fs::write(&path, format!("{package:#}\n")).with_context(|| format!("writing {}", path.display()))
}

/// What the engine's Cargo.toml says.
fn krate() -> Result<Value> {
    let manifest = root().join("crate/Cargo.toml");
    let mut command = process::cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let text = process::output(&mut command).context("`cargo metadata` fails")?;
    let mut metadata: Value = serde_json::from_str(&text).context("cargo metadata")?;
    let packages = metadata["packages"].as_array_mut().context("cargo metadata without packages")?;
    let krate = packages.iter_mut().find(|package| package["name"] == "vgglass").context("no package vgglass")?;
    Ok(krate.take())
}

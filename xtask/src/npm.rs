//! What makes `pkg/` an npm package with more in it than wasm-pack put there: the custom element and the other builds.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::root;

/// wasm-pack names the files of the base build; these come beside them.
const MORE: [&str; 3] = ["element.js", "relaxed", "threads"];

/// Puts the custom element into `pkg/` and names all its files in its `package.json`.
pub fn complete() -> Result<()> {
    let folder = root().join("pkg");
    fs::copy(root().join("www/element.js"), folder.join("element.js")).context("copying www/element.js into pkg/")?;
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut package: Value = serde_json::from_str(&text).context("pkg/package.json")?;
    let files = package["files"].as_array_mut().context("pkg/package.json has no files")?;
    for name in MORE {
        if !files.contains(&json!(name)) {
            files.push(json!(name));
        }
    }
    // The element defines itself when it is loaded.
    package["sideEffects"] = json!(["./snippets/*", "./element.js"]);
    let text = format!("{}\n", serde_json::to_string_pretty(&package)?);
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

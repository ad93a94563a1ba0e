//! `www/engine/table.js`: what the page has to know of the engine's rows and limits before the engine has come. It is made of
//! the engine's own sources, and kept with the page's: the page is served as it lies there.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::root;

#[allow(dead_code, reason = "the engine's")]
#[path = "../../crate/src/model/file/limits.rs"]
mod file_limits;
#[allow(dead_code, reason = "the engine's")]
#[path = "../../crate/src/network/limits.rs"]
mod limits;
#[allow(dead_code, reason = "the engine's")]
#[path = "../../crate/src/network/table.rs"]
mod rows;

/// Brings it up to date.
pub fn write() -> Result<()> {
    let (path, text) = (path(), text());
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("{} tells the page of other rows or limits", path.display());
    }
    Ok(())
}

fn path() -> PathBuf {
    root().join("www/engine/table.js")
}

fn text() -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let row = |row: &rows::Config| {
        let (id, title) = (quoted(row.id), quoted(row.title));
        let (depth, smallest) = (row.weight_layers(), row.smallest_input());
        let modules = row.modules.len();
        let other = |key, id: Option<&str>| id.map(|id| format!(", {key}: {}", quoted(id))).unwrap_or_default();
        let (form, from) = (other("formOf", row.form_of), other("changedFrom", row.changed_from));
        format!(
            "  {{ id: {id}, title: {title}, depth: {depth}, modules: {modules}, smallest: {smallest}{form}{from} }},\n"
        )
    };
    let table = rows::TABLE.iter().map(row).collect::<String>();
    format!(
        "/**
 * Made by `cargo xtask build` from the tables of limits and of rows in `crate/src/`: what the page has to know of the
 * engine before it has come.
 */

/**
 * The rows in their order. `depth`: layers with weights; `smallest`: side of the smallest input that leaves every layer
 * something; `formOf`: the row that stands for this one where the papers' rows are side by side; `changedFrom`: the row that
 * this one is a change of.
 */
export const TABLE = [
{table}];

/** Numbers of every row in its paper. */
export const PAPER = {{ input_size: {}, fc: {}, classes: {} }};

/** What the engine takes at most. */
export const LIMITS = {{ channels: {}, kernel: {}, stride: {}, layers: {}, fan_in: {}, seed: {}, threads: {}, header_bytes: {}, file_bytes: {} }};
",
        rows::paper::INPUT_SIZE,
        rows::paper::FC,
        rows::paper::CLASSES,
        limits::CHANNELS.end(),
        limits::KERNEL.end(),
        limits::STRIDE.end(),
        limits::LAYERS.end(),
        limits::FAN_IN,
        limits::SEED,
        limits::THREADS,
        file_limits::HEADER,
        file_limits::FILE,
    )
}

#[cfg(test)]
mod tests {
    /// An address lists networks by id, among others that are no rows: `www/page/columns.js`.
    #[test]
    fn an_id_is_one_in_an_address() {
        for id in super::rows::TABLE.iter().map(|row| row.id) {
            let is_plain = id.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
            let is_taken = ["shipped", "page", "custom"].contains(&id) || id.starts_with("alike-");
            assert!(is_plain && !is_taken, "{id}");
        }
    }

    #[test]
    fn the_page_knows_the_engines_rows() {
        let kept = std::fs::read_to_string(super::path()).unwrap();
        assert!(kept == super::text(), "www/engine/table.js is out of date: run cargo xtask build");
    }
}

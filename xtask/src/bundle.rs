//! `cargo xtask standalone` and `cargo xtask site`: the page in one file, or in one folder for any static host.
//! `xtask/bundle/` does the work, with esbuild and reveal.js from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::browser::Node;
use crate::{package, process, root, tools};

const HOME: &str = "xtask/bundle";

/// Builds `pkg/` and writes `dist/vgglass.html`.
pub fn standalone() -> Result<()> {
    package::build(&tools::install()?)?;
    standalone_of_package(&prepare()?)
}

/// Builds `pkg/` and writes `dist/site/`.
pub fn site() -> Result<()> {
    package::build(&tools::install()?)?;
    site_of_package(&prepare()?)
}

/// Both, of the `pkg/` that is there.
pub fn both_of_package() -> Result<()> {
    let node = prepare()?;
    standalone_of_package(&node)?;
    site_of_package(&node)
}

fn standalone_of_package(node: &Node) -> Result<()> {
    run(node, "standalone.js", "dist/vgglass.html")
}

fn site_of_package(node: &Node) -> Result<()> {
    run(node, "site.js", "dist/site")
}

/// Node.js, with the packages of the lock file beside the scripts.
fn prepare() -> Result<Node> {
    let node = Node::find_or_install()?;
    process::run(Command::new(&node.npm).args(["ci", "--no-audit", "--no-fund"]).current_dir(root().join(HOME)))?;
    Ok(node)
}

fn run(node: &Node, script: &str, out: &str) -> Result<()> {
    let out: PathBuf = root().join(out);
    let folder = out.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    process::run(
        Command::new(&node.node)
            .arg(script)
            .args([root().join("www"), root().join("pkg"), out])
            .current_dir(root().join(HOME)),
    )
}

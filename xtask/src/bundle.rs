//! `cargo xtask standalone` and `cargo xtask site`: the page in one file, or in one folder for any static host.
//! `xtask/bundle/` does the work, with esbuild and reveal.js from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::machine::{self, Need};
use crate::programs::Node;
use crate::{package, process, root, table};

const HOME: &str = "xtask/bundle";

/// Where `www/` lies once more, its modules joined into a few.
pub const JOINED: &str = "dist/joined";

/// Builds `pkg/` and writes `dist/vgglass.html`.
pub fn standalone() -> Result<()> {
    let node = of_new_package()?;
    node.install_packages(&root().join(HOME), &[])?;
    run(&node, "standalone.js", &["www", "pkg"], "dist/vgglass.html")
}

/// Builds `pkg/` and writes `dist/site/`.
pub fn site() -> Result<()> {
    site_of_package(&of_new_package()?)
}

fn of_new_package() -> Result<Node> {
    let machine = machine::provide(&[Need::Engine, Need::Node])?;
    table::write()?;
    package::build(&machine)?;
    Node::find()
}

/// Writes `dist/site/` of the `pkg/` that is there.
pub fn site_of_package(node: &Node) -> Result<()> {
    node.install_packages(&root().join(HOME), &[])?;
    run(node, "site.js", &["www", "pkg"], "dist/site")
}

/// Writes what the tests of the page open: both of the `pkg/` that is there, and the page with its modules joined.
pub fn for_tests(node: &Node) -> Result<()> {
    site_of_package(node)?;
    run(node, "standalone.js", &["www", "pkg"], "dist/vgglass.html")?;
    run(node, "joined.js", &["www"], JOINED)
}

/// Has a script make `out` of folders of the repository.
fn run(node: &Node, script: &str, folders: &[&str], out: &str) -> Result<()> {
    let out: PathBuf = root().join(out);
    let folder = out.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    process::run(
        Command::new(&node.node)
            .arg(script)
            .args(folders.iter().map(|folder| root().join(folder)))
            .arg(out)
            .current_dir(root().join(HOME)),
    )
}

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

#[derive(clap::Args)]
pub struct SiteOptions {
    /// Model files of your own, to be put up beside the page: its network dialog lists them, called as the files are
    #[arg(long, num_args = 1.., value_name = "FILE")]
    models: Vec<PathBuf>,
}

/// Where `www/` lies once more, its modules joined into a few.
pub const JOINED: &str = "dist/joined";

/// Builds `pkg/` and writes `dist/vgglass.html`.
pub fn standalone() -> Result<()> {
    let node = of_new_package()?;
    node.install_packages(&root().join(HOME), &[])?;
    run(&node, "standalone.js", &["www", "pkg"], "dist/vgglass.html", &[])
}

/// Builds `pkg/` and writes `dist/site/`.
pub fn site(options: &SiteOptions) -> Result<()> {
    let models = checked(&options.models)?;
    site_of_package(&of_new_package()?, &models)
}

/// Files that are models which the page runs, wherever it is asked from.
fn checked(models: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let whole = |model: &PathBuf| model.canonicalize().with_context(|| model.display().to_string());
    let models = models.iter().map(whole).collect::<Result<Vec<_>>>()?;
    if !models.is_empty() {
        let check = ["run", "--quiet", "--release", "--package", "vgglass-tools", "--", "check"];
        process::run(process::cargo().args(check).args(&models))?;
    }
    Ok(models)
}

fn of_new_package() -> Result<Node> {
    let machine = machine::provide(&[Need::Engine, Need::Node])?;
    table::write()?;
    package::build(&machine)?;
    Node::find()
}

/// Writes `dist/site/` of the `pkg/` that is there, with models beside the page.
pub fn site_of_package(node: &Node, models: &[PathBuf]) -> Result<()> {
    node.install_packages(&root().join(HOME), &[])?;
    run(node, "site.js", &["www", "pkg"], "dist/site", models)
}

/// Writes what the tests of the page open: both of the `pkg/` that is there, and the page with its modules joined.
pub fn for_tests(node: &Node) -> Result<()> {
    site_of_package(node, &[])?;
    run(node, "standalone.js", &["www", "pkg"], "dist/vgglass.html", &[])?;
    run(node, "joined.js", &["www"], JOINED, &[])
}

/// Has a script make `out` of folders of the repository, and of more files.
fn run(node: &Node, script: &str, folders: &[&str], out: &str, more: &[PathBuf]) -> Result<()> {
    let out: PathBuf = root().join(out);
    let folder = out.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    process::run(
        Command::new(&node.node)
            .arg(script)
            .args(folders.iter().map(|folder| root().join(folder)))
            .arg(out)
            .args(more)
            .current_dir(root().join(HOME)),
    )
}

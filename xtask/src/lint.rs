//! Formatting, clippy and the scripts' types, as CI demands them.

use std::process::Command;
use std::thread;

use anyhow::Result;

use crate::machine::{self, Machine, Need};
use crate::process::{self, cargo};
use crate::programs::Node;
use crate::toolchain::WASM;
use crate::{package, root};

/// What the scripts are checked as: each has a file of settings in `xtask/types/`.
const SCRIPTS: [&str; 4] = ["page", "bundle", "service-worker", "tests"];

pub fn run() -> Result<()> {
    let machine = machine::provide(&[Need::Lint, Need::Engine, Need::Node])?;
    process::run(cargo().args(["fmt", "--all", "--check"]))?;
    thread::scope(|scope| {
        let types = scope.spawn(|| types(&machine));
        clippy()?;
        types.join().expect("no panics")
    })
}

fn clippy() -> Result<()> {
    process::run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    process::run(cargo().args([
        "clippy",
        "--package",
        "vgglass",
        "--package",
        "vgglass-kernels",
        "--package",
        "vgglass-convert-web",
        // The other tests are empty there.
        "--lib",
        "--test",
        "web",
        "--target",
        WASM,
        "--",
        "-D",
        "warnings",
    ]))
}

/// The page's scripts use the types that wasm-bindgen makes, so the package is built first.
fn types(machine: &Machine) -> Result<()> {
    if !package::BUILDS.iter().all(|build| build.is_possible(machine)) {
        println!("-- the scripts' types are not checked: that takes every build of the engine");
        return Ok(());
    }
    package::build(machine)?;
    let node = Node::find()?;
    for folder in ["xtask/bundle", "xtask/types", "tests/page"] {
        node.install_packages(&root().join(folder), &[])?;
    }
    let folder = root().join("xtask/types");
    for scripts in SCRIPTS {
        let compiler = folder.join("node_modules/typescript/bin/tsc");
        process::run(
            Command::new(&node.node).arg(compiler).arg("-p").arg(format!("{scripts}.json")).current_dir(&folder),
        )?;
    }
    Ok(())
}

//! Formatting and clippy, as CI demands them.

use anyhow::Result;

use crate::process::{self, cargo};

pub fn run() -> Result<()> {
    process::run(cargo().args(["fmt", "--all", "--check"]))?;
    process::run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    process::run(cargo().args([
        "clippy",
        "--package",
        "vgglass",
        "--package",
        "vgglass-kernels",
        "--all-targets",
        "--target",
        "wasm32-unknown-unknown",
        "--",
        "-D",
        "warnings",
    ]))
}

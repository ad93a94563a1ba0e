//! The parts of a Rust toolchain that are not in every one.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

pub const WASM: &str = "wasm32-unknown-unknown";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The standard library's source, to build it along.
    Source,
    /// The standard library for wasm32, built.
    WasmTarget,
    Rustfmt,
    Clippy,
}

impl Part {
    /// Words for `rustup` that add it.
    pub fn rustup_arguments(self) -> [&'static str; 3] {
        match self {
            Self::Source => ["component", "add", "rust-src"],
            Self::WasmTarget => ["target", "add", WASM],
            Self::Rustfmt => ["component", "add", "rustfmt"],
            Self::Clippy => ["component", "add", "clippy"],
        }
    }
}

/// The toolchain whose cargo started this program.
pub struct Toolchain {
    root: PathBuf,
    /// As rustup calls it, where it is rustup's.
    pub name: Option<String>,
}

impl Toolchain {
    pub fn find() -> Result<Self> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let root = process::output(Command::new(&rustc).args(["--print", "sysroot"]).current_dir(crate::root()))
            .with_context(|| format!("`{} --print sysroot` fails", rustc.display()))?;
        // rustup's cargo sets it for all that it starts.
        let name = env::var("RUSTUP_TOOLCHAIN").ok().filter(|_| process::on_path(&["rustup"]).is_some());
        Ok(Self { root: root.into(), name })
    }

    pub fn has(&self, part: Part) -> bool {
        let library = self.root.join("lib/rustlib");
        match part {
            // What `-Z build-std` opens first.
            Part::Source => library.join("src/rust/library/Cargo.lock").is_file(),
            Part::WasmTarget => library.join(WASM).join("lib").is_dir(),
            Part::Rustfmt => self.has_program("rustfmt"),
            Part::Clippy => self.has_program("clippy-driver"),
        }
    }

    /// On PATH rustup has a stand-in for each, whether there is one or not.
    fn has_program(&self, name: &str) -> bool {
        let is_here = |folder: &Path| process::executable(folder, name).is_file();
        is_here(&self.root.join("bin")) || self.name.is_none() && process::on_path(&[name]).is_some()
    }
}

//! Building `pkg/` with wasm-pack: the package in three builds, of which the page takes the best that a browser runs.

use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::Tools;
use crate::{npm, process, root};

/// One build of the package.
pub struct Build {
    pub name: &'static str,
    /// In `pkg/`.
    folder: &'static str,
    /// Beside simd128, which all have.
    features: &'static [&'static str],
    link: &'static [&'static str],
}

pub const BUILDS: [Build; 3] = [
    Build { name: "base", folder: ".", features: &[], link: &[] },
    Build { name: "relaxed", folder: "relaxed", features: &["relaxed-simd"], link: &[] },
    Build {
        name: "threads",
        folder: "threads",
        features: &["relaxed-simd", "atomics", "bulk-memory", "mutable-globals"],
        link: &[
            "--shared-memory",
            "--import-memory",
            // Shared memory cannot grow beyond what it is announced with; browsers only set the addresses aside.
            "--max-memory=2147483648",
            // Without these wasm-bindgen silently gives every thread a memory of its own.
            "--export=__wasm_init_tls",
            "--export=__tls_size",
            "--export=__tls_align",
            "--export=__tls_base",
        ],
    },
];

impl Build {
    /// Sets the compiler's flags, and a target folder that the native builds do not share, whose flags differ.
    pub fn configure(&self, command: &mut Command) {
        let features = self.features.iter().map(|feature| format!(",+{feature}")).collect::<String>();
        // What .cargo/config.toml says for all builds, which a variable replaces.
        let mut flags = vec![format!("-Ctarget-feature=+simd128{features}"), "-Cllvm-args=-disable-lsr".to_owned()];
        flags.extend(self.link.iter().map(|argument| format!("-Clink-arg={argument}")));
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command.env("CARGO_TARGET_DIR", root().join("target/web"));
        // `-Z build-std` is not stable yet; the pinned compiler has it.
        command.env("RUSTC_BOOTSTRAP", "1");
    }
}

/// Arguments for cargo: the standard library is built along, since the toolchain's has no atomics, and is 10 kB larger
/// (gzipped) where size is what counts.
pub const CARGO_ARGUMENTS: [&str; 2] = ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];

/// Builds all three.
pub fn build(tools: &Tools) -> Result<()> {
    // wasm-pack overwrites the README when the crate has one of its own.
    let readme = root().join("pkg/README.md");
    let text = std::fs::read(&readme).context("reading pkg/README.md")?;
    let built = BUILDS.iter().try_for_each(|build| {
        let mut command = wasm_pack(tools)?;
        command
            .args(["build", "crate", "--profile", "web", "--target", "web"])
            .args(["--out-dir", &format!("../pkg/{}", build.folder), "--out-name", "vgglass"])
            // No wasm-opt: those that wasm-pack fetches reject what today's rustc emits.
            .args(["--mode", "no-install", "--no-opt", "--no-gitignore"])
            .arg("--")
            .args(CARGO_ARGUMENTS);
        build.configure(&mut command);
        process::run(&mut command)
    });
    if std::fs::read(&readme).ok().as_ref() != Some(&text) {
        std::fs::write(&readme, text).context("restoring pkg/README.md")?;
    }
    built.and_then(|()| npm::complete())
}

/// A wasm-pack that finds the right wasm-bindgen before any other.
pub fn wasm_pack(tools: &Tools) -> Result<Command> {
    let mut command = Command::new(&tools.wasm_pack);
    command.current_dir(root()).env("PATH", process::path_with(&[&tools.wasm_bindgen])?);
    Ok(command)
}

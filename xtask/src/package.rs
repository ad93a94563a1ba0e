//! Building `pkg/`: the engine in three builds, of which the page takes the best that a browser runs, and the converter.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::progress::Steps;
use crate::tools::{self, Bindgen};
use crate::{npm, process, root, toolchain};

/// One build of a package.
pub struct Build {
    pub name: &'static str,
    step: &'static str,
    /// Of the workspace.
    package: &'static str,
    /// In `pkg/`.
    folder: &'static str,
    /// Beside simd128, which all have.
    features: &'static [&'static str],
    /// Of the crates with the kernels alone, so that all else is the base build's and not compiled again.
    kernel_features: &'static [&'static str],
    link: &'static [&'static str],
    /// The toolchain's standard library has none.
    has_atomics: bool,
}

const ENGINE: &str = "vgglass";
const WITH_KERNELS: [&str; 2] = [ENGINE, "vgglass-kernels"];

/// The engine's.
pub const BUILDS: [Build; 3] = [
    Build {
        name: "base",
        step: "the engine, build base",
        package: ENGINE,
        folder: ".",
        features: &[],
        kernel_features: &[],
        link: &[],
        has_atomics: false,
    },
    Build {
        name: "relaxed",
        step: "the engine, build relaxed",
        package: ENGINE,
        folder: "relaxed",
        features: &[],
        kernel_features: &["relaxed-simd"],
        link: &[],
        has_atomics: false,
    },
    Build {
        name: "threads",
        step: "the engine, build threads",
        package: ENGINE,
        folder: "threads",
        features: &["relaxed-simd", "atomics", "bulk-memory", "mutable-globals"],
        kernel_features: &[],
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
        has_atomics: true,
    },
];

/// For those who import weights.
const CONVERTER: Build = Build {
    name: "convert",
    step: "the converter",
    package: "vgglass-convert-web",
    folder: "convert",
    features: &[],
    kernel_features: &[],
    link: &[],
    has_atomics: false,
};

/// Arguments for cargo to build the standard library along, since the toolchain's has no atomics, and is 10 kB larger
/// (gzipped) where size is what counts.
const OWN_STD: &[&str] = &["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];

const BINDGEN: &str = "wasm-bindgen";

/// Of what a browser downloads.
const PROFILE: &str = "web";

impl Build {
    pub fn is_possible(&self, machine: &Machine) -> bool {
        machine.has_std_source || !self.has_atomics
    }

    /// Sets the compiler's flags for what is built in `profile`, and a target folder that the native builds do not share, whose
    /// flags differ.
    pub fn configure(&self, command: &mut Command, profile: &str) {
        let list = |features: &[&str]| features.iter().map(|feature| format!(",+{feature}")).collect::<String>();
        let features = list(self.features);
        // What .cargo/config.toml says for all builds, which a variable replaces.
        let mut flags = vec![format!("-Ctarget-feature=+simd128{features}"), "-Cllvm-args=-disable-lsr".to_owned()];
        flags.extend(self.link.iter().map(|argument| format!("-Clink-arg={argument}")));
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command.env("CARGO_TARGET_DIR", target());
        if !self.kernel_features.is_empty() {
            command.arg("-Zprofile-rustflags");
            // Flags like these make cargo forget that names are to be left out.
            let strip = if profile == PROFILE { "\", \"-Clink-arg=--strip-all" } else { "" };
            let flags = format!("-Ctarget-feature=+simd128{}{strip}", list(self.kernel_features));
            for package in WITH_KERNELS {
                command.arg("--config").arg(format!("profile.{profile}.package.{package}.rustflags=[\"{flags}\"]"));
            }
        }
        // `-Z build-std` and `-Z profile-rustflags` are not stable yet; the pinned compiler has them.
        command.env("RUSTC_BOOTSTRAP", "1");
    }

    /// Arguments for cargo, for tests: what is built already is not built again where it will do.
    pub fn test_arguments(&self, machine: &Machine) -> &'static [&'static str] {
        if self.has_atomics || !machine.has_wasm_target { OWN_STD } else { &[] }
    }

    fn compile(&self, machine: &Machine) -> Result<Vec<u8>> {
        let mut command = process::cargo();
        command
            .args(["build", "--package", self.package, "--lib", "--profile", PROFILE, "--target", toolchain::WASM])
            .args(if machine.has_std_source { OWN_STD } else { &[] });
        self.configure(&mut command, PROFILE);
        process::run(&mut command)?;
        let built = target().join(toolchain::WASM).join(PROFILE).join(self.package.replace('-', "_") + ".wasm");
        fs::read(&built).with_context(|| format!("reading {}", built.display()))
    }

    /// `wasm` is what cargo built: all builds come to lie in the same place, one after another.
    fn put_into_package(&self, wasm: &[u8], bindgen: &Bindgen) -> Result<()> {
        let input = self.input();
        fs::write(&input, wasm).with_context(|| format!("writing {}", input.display()))?;
        let folder = root().join("pkg").join(self.folder);
        bindgen.run(&input, &folder)?;
        npm::describe(&folder)
    }

    /// What `pkg/` has been made of.
    fn input(&self) -> PathBuf {
        target().join(format!("{}.wasm", self.name))
    }
}

/// The steps of `build_base` and `build_others`.
pub fn steps(machine: &Machine) -> Vec<&'static str> {
    let builds = BUILDS.iter().filter(|build| build.is_possible(machine)).map(|build| build.step);
    std::iter::once(BINDGEN).chain(builds).chain([CONVERTER.step]).collect()
}

/// Builds all that are possible on this machine.
pub fn build(machine: &Machine) -> Result<()> {
    let steps = Steps::new(steps(machine));
    let bindgen = build_base(machine, &steps)?;
    build_others(machine, &bindgen, &steps)
}

/// The build that every browser runs. What other builds of other sources there are is taken away: the page goes without
/// until they are built again.
pub fn build_base(machine: &Machine, steps: &Steps) -> Result<Bindgen> {
    let base = &BUILDS[0];
    let (wasm, bindgen) = thread::scope(|scope| {
        // While one core links, the other has something to do.
        let bindgen = scope.spawn(|| steps.step(BINDGEN, tools::bindgen));
        let wasm = steps.step(base.step, || base.compile(machine));
        (wasm, bindgen.join().expect("no panics"))
    });
    let (wasm, bindgen) = (wasm?, bindgen?);
    if fs::read(base.input()).ok().as_ref() != Some(&wasm) {
        BUILDS[1..].iter().try_for_each(take_away)?;
    }
    base.put_into_package(&wasm, &bindgen)?;
    Ok(bindgen)
}

pub fn build_others(machine: &Machine, bindgen: &Bindgen, steps: &Steps) -> Result<()> {
    for build in &BUILDS[1..] {
        if build.is_possible(machine) {
            steps.step(build.step, || build.put_into_package(&build.compile(machine)?, bindgen))?;
        } else {
            take_away(build)?;
        }
    }
    steps.step(CONVERTER.step, || CONVERTER.put_into_package(&CONVERTER.compile(machine)?, bindgen))?;
    // It names what lies beside it.
    npm::describe(&root().join("pkg"))
}

fn take_away(build: &Build) -> Result<()> {
    let folder = root().join("pkg").join(build.folder);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).context(format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn target() -> PathBuf {
    root().join("target/web")
}

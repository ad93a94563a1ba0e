//! wasm-bindgen, and wasm-pack with the programs that it starts: used from PATH where the version is right, else built.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{process, root};

const WASM_PACK: &str = "0.15.1";

/// wasm-bindgen's, which `wasm-pack test` starts.
const PROGRAMS: [&str; 2] = ["wasm-bindgen", "wasm-bindgen-test-runner"];

/// What makes a package of what cargo built.
pub enum Bindgen {
    Program(PathBuf),
    /// The workspace's own, which is built in half the time.
    Own,
}

/// What `wasm-pack test` takes.
pub struct WasmPack {
    pub program: PathBuf,
    /// With wasm-bindgen's programs before any others.
    path: OsString,
}

impl Bindgen {
    pub fn run(&self, wasm: &Path, folder: &Path) -> Result<()> {
        match self {
            Self::Program(program) => {
                process::run(Command::new(program).arg(wasm).arg("--out-dir").arg(folder).args([
                    "--typescript",
                    "--target",
                    "web",
                    "--out-name",
                    "vgglass",
                ]))
            }
            Self::Own => process::run(
                process::cargo().args(["run", "--quiet", "--package", "xtask-bindgen", "--"]).arg(wasm).arg(folder),
            ),
        }
    }
}

pub fn bindgen() -> Result<Bindgen> {
    let version = bindgen_version()?;
    let own = own_program(PROGRAMS[0])?;
    let built = has_version(&own, &version).then_some(own);
    if let Some(program) = complete_on_path(&PROGRAMS[..1], &version).or(built) {
        return Ok(Bindgen::Program(program));
    }
    process::run(process::cargo().args(["build", "--quiet", "--package", "xtask-bindgen"]))?;
    Ok(Bindgen::Own)
}

/// wasm-pack, and wasm-bindgen's programs for it.
pub fn wasm_pack() -> Result<WasmPack> {
    let bindgen = bindgen_programs()?;
    Ok(WasmPack { program: find_or_build_wasm_pack()?, path: process::path_with(&[&bindgen])? })
}

/// `wasm-bindgen`, and beside it the runner of tests.
pub fn bindgen_programs() -> Result<PathBuf> {
    if let Some(program) = complete_on_path(&PROGRAMS, &bindgen_version()?) {
        return Ok(program);
    }
    process::run(process::cargo().args(["build", "--package", "xtask-bindgen", "--features", "cli"]))?;
    own_program(PROGRAMS[0])
}

/// What runs wasm-bindgen's tests, once it is built.
pub fn test_runner() -> Result<PathBuf> {
    Ok(process::executable(bindgen_programs()?.parent().context("a program lies in a folder")?, PROGRAMS[1]))
}

impl WasmPack {
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(root()).env("PATH", &self.path);
        command
    }
}

fn find_or_build_wasm_pack() -> Result<PathBuf> {
    let home = root().join("target/tools");
    let own = process::executable(&home.join("bin"), "wasm-pack");
    let found = complete_on_path(&["wasm-pack"], WASM_PACK);
    if let Some(found) = found.or_else(|| has_version(&own, WASM_PACK).then(|| own.clone())) {
        return Ok(found);
    }
    let build = home.join("build");
    process::run(
        process::cargo()
            .args(["install", "wasm-pack", "--version", WASM_PACK, "--locked", "--force"])
            // It only starts other programs: a quick compilation is worth more than a quick program.
            .args(["--profile", "dev", "--config", "profile.dev.debug=false"])
            .arg("--root")
            .arg(&home)
            .arg("--target-dir")
            .arg(&build),
    )?;
    ensure!(has_version(&own, WASM_PACK), "{} is not {WASM_PACK} although cargo just installed it", own.display());
    match std::fs::remove_dir_all(&build) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("removing target/tools/build"),
        _ => Ok(own),
    }
}

/// Where cargo puts this workspace's programs.
fn own_program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("where cargo puts programs")?;
    Ok(process::executable(own.parent().context("a program lies in a folder")?, name))
}

/// The first of `programs` on PATH, if it has the version and the others lie beside it.
fn complete_on_path(programs: &[&str], version: &str) -> Option<PathBuf> {
    let first = process::on_path(&programs[..1])?;
    let folder = first.parent()?;
    let is_complete = programs.iter().all(|program| process::executable(folder, program).is_file());
    (is_complete && has_version(&first, version)).then_some(first)
}

fn has_version(program: &Path, version: &str) -> bool {
    process::output(Command::new(program).arg("--version"))
        .is_some_and(|text| text.split_whitespace().any(|word| word == version))
}

/// The one version that understands what the engine's crate has in it.
fn bindgen_version() -> Result<String> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("reading Cargo.lock")?;
    Ok(locked_version(&lock, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?.to_owned())
}

/// The version of `package` in the text of a Cargo.lock.
fn locked_version<'lock>(lock: &'lock str, package: &str) -> Option<&'lock str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_of_the_very_package() {
        let lock = "\
[[package]]
name = \"wasm-bindgen-macro\"
version = \"0.2.1\"

[[package]]
name = \"wasm-bindgen\"
version = \"0.2.130\"
source = \"registry\"
";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}

//! wasm-pack and wasm-bindgen's programs: used from PATH where the version is right, else built by cargo into
//! `target/tools`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{process, root};

const WASM_PACK: &str = "0.15.1";

/// Programs whose versions are known to be right.
pub struct Tools {
    pub wasm_pack: PathBuf,
    /// `wasm-bindgen-test-runner` lies beside it.
    pub wasm_bindgen: PathBuf,
}

/// Finds or builds the tools.
pub fn install() -> Result<Tools> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("reading Cargo.lock")?;
    let wasm_bindgen = locked_version(&lock, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?;
    let tools = Tools {
        // Its own lock file is known to build.
        wasm_pack: find_or_build("wasm-pack", WASM_PACK, &["wasm-pack"], &["--locked"])?,
        // Not --locked: its lock file names a yanked dependency.
        wasm_bindgen: find_or_build(
            "wasm-bindgen-cli",
            wasm_bindgen,
            &["wasm-bindgen", "wasm-bindgen-test-runner"],
            &[],
        )?,
    };
    // Kept until both are built: they share crates, and an interrupted build goes on where it was.
    match std::fs::remove_dir_all(home().join("build")) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("removing target/tools/build"),
        _ => Ok(tools),
    }
}

fn home() -> PathBuf {
    root().join("target/tools")
}

fn find_or_build(package: &str, version: &str, programs: &[&str], flags: &[&str]) -> Result<PathBuf> {
    let in_home = process::executable(&home().join("bin"), programs[0]);
    let on_path = process::on_path(&programs[..1]);
    if let Some(found) =
        on_path.into_iter().chain([in_home.clone()]).find(|found| is_complete(found, programs, version))
    {
        return Ok(found);
    }

    println!("Building {package} {version} into target/tools (once; a few minutes)");
    // These run for a second or two a build: a quick compilation is worth more than a quick program.
    process::run(
        process::cargo()
            .args(["install", package, "--version", version, "--force"])
            .args(programs.iter().flat_map(|program| ["--bin", program]))
            .args(flags)
            .args(["--profile", "dev", "--config", "profile.dev.debug=false"])
            .arg("--root")
            .arg(home())
            .arg("--target-dir")
            .arg(home().join("build")),
    )?;
    ensure!(
        is_complete(&in_home, programs, version),
        "{} is not {package} {version} although cargo just installed it",
        in_home.display()
    );
    Ok(in_home)
}

/// Whether `found` has the version wanted and its sister programs lie beside it.
fn is_complete(found: &Path, programs: &[&str], version: &str) -> bool {
    let Some(folder) = found.parent() else {
        return false;
    };
    programs.iter().all(|program| process::executable(folder, program).is_file())
        && process::output(Command::new(found).arg("--version"))
            .is_some_and(|text| text.split_whitespace().any(|word| word == version))
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

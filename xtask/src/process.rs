//! Running other programs, with errors that say what was run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Runs to the end with the terminal handed through; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("could not start `{}`", shown(command)))?;
    succeeded(command, status)
}

/// Like [`run`], but what takes longer than `limit` is ended, and that is an error.
pub fn run_within(limit: Duration, command: &mut Command) -> Result<()> {
    const LOOK_EVERY: Duration = Duration::from_millis(100);
    println!("$ {}", shown(command));
    let mut child = command.spawn().with_context(|| format!("could not start `{}`", shown(command)))?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("`{}` was ended after {} minutes", shown(command), limit.as_secs() / 60);
        }
        thread::sleep(LOOK_EVERY);
    };
    succeeded(command, status)
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    ensure!(status.success(), "`{}` failed ({status})", shown(command));
    Ok(())
}

/// What a program prints, or `None` where it is absent or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The cargo that started this one, so that the pinned toolchain is kept.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::root());
    cargo
}

/// The first of `names` on PATH.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    all_on_path(names).next()
}

/// Every file on PATH with the first of `names`, then with the next.
pub fn all_on_path(names: &[&str]) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(move |name| folders.iter().map(|folder| executable(folder, name)).collect::<Vec<_>>())
        .filter(|file| file.is_file())
}

/// `name` in `folder` with the platform's ending.
pub fn executable(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// PATH with the folders of `programs` before the rest.
pub fn path_with(programs: &[&Path]) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = programs.iter().filter_map(|program| program.parent()).map(Path::to_path_buf);
    Ok(std::env::join_paths(first.chain(std::env::split_paths(&path)))?)
}

/// An error and its causes, a line each.
pub fn told(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(|cause| format!("\nbecause: {cause}"));
    std::iter::once(format!("error: {error}")).chain(causes).collect()
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_ended() {
        let limit = Duration::from_millis(50);
        let error = run_within(limit, Command::new("sleep").arg("600")).unwrap_err();
        assert!(error.to_string().contains("`sleep 600` was ended"), "{error}");
        let limit = Duration::from_secs(600);
        run_within(limit, &mut Command::new("true")).expect("no failure");
        let error = run_within(limit, &mut Command::new("false")).unwrap_err();
        assert!(error.to_string().contains("`false` failed"), "{error}");
    }
}

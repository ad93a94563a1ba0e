//! The project's own commands: `cargo xtask serve` and `cargo xtask test` do everything that a fresh machine needs.

mod bench;
mod bundle;
mod lint;
mod machine;
mod npm;
mod package;
mod process;
mod programs;
mod progress;
mod serve;
mod server;
mod table;
mod test;
mod toolchain;
mod tools;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::machine::Need;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, serves and tests vgglass")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, build pkg/ and serve the page on 127.0.0.1
    Serve(serve::Options),
    /// Run all the tests: native, in Chromium by wasm-pack, and the page end to end in three browsers
    Test(test::Options),
    /// Measure the engine in a headless browser, beside others if wanted
    Bench(bench::Options),
    /// Install what is missing and build pkg/
    Build,
    /// Write dist/vgglass.html: the page in one file that opens from the disk
    Standalone,
    /// Write dist/site/: the page for any static host, with threads, offline use and slides
    Site(bundle::SiteOptions),
    /// Check the formatting and run clippy, for this machine and for wasm32
    Lint,
    /// Install whatever the other commands need and say where it is
    Setup,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{}", process::told(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(options) => serve::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Build => {
            table::write()?;
            package::build(&machine::provide(&[Need::Engine])?)
        }
        Command::Standalone => bundle::standalone(),
        Command::Site(options) => bundle::site(&options),
        Command::Lint => lint::run(),
        Command::Setup => setup(),
    }
}

/// Everything, so that the other commands find it.
fn setup() -> Result<()> {
    machine::provide(&Need::ALL)?;
    tools::bindgen()?;
    let wasm_pack = tools::wasm_pack()?;
    println!("\n{}", wasm_pack.program.display());
    for program in programs::ALL {
        if let Ok(path) = program.find() {
            println!("{}", path.display());
        }
    }
    Ok(())
}

/// The repository's root, wherever the command is started.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ lies in the repository's root")
}

//! The project's own commands: `cargo xtask serve` and `cargo xtask test` do everything that a fresh machine needs.

mod bench;
mod browser;
mod bundle;
mod lint;
mod npm;
mod package;
mod process;
mod serve;
mod test;
mod tools;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

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
    /// Run all the tests: native, in Chromium by wasm-pack, and the page end to end
    Test(test::Options),
    /// Measure the engine in a headless browser, beside others if wanted
    Bench(bench::Options),
    /// Install what is missing and build pkg/
    Build,
    /// Write dist/vgglass.html: the page in one file that opens from the disk
    Standalone,
    /// Write dist/site/: the page for any static host, with threads, offline use and slides
    Site,
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
        Command::Build => package::build(&tools::install()?),
        Command::Standalone => bundle::standalone(),
        Command::Site => bundle::site(),
        Command::Lint => lint::run(),
        Command::Setup => setup(),
    }
}

fn setup() -> Result<()> {
    let tools = tools::install()?;
    let browser = browser::Browser::find_or_install()?;
    let node = browser::Node::find_or_install()?;
    for path in [&tools.wasm_pack, &tools.wasm_bindgen, &browser.chrome, &browser.driver, &node.node, &node.npm] {
        println!("{}", path.display());
    }
    Ok(())
}

/// The repository's root, wherever the command is started.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ lies in the repository's root")
}

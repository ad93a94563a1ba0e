//! All the tests, one phase after another, with a table of times at the end.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::browser::{Browser, Node};
use crate::{bundle, package, process, root, serve, tools};

#[derive(clap::Args)]
pub struct Options {
    /// Run only these phases
    #[arg(value_enum)]
    phases: Vec<Phase>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Phase {
    /// cargo test on this machine
    Native,
    /// wasm-pack test in a headless browser
    Wasm,
    /// The page, end to end, in a headless browser
    Page,
}

/// A phase's name, how long it took and how it ended.
type Outcome = (&'static str, Duration, Result<()>);

pub fn run(options: &Options) -> Result<()> {
    let wanted = |phase| options.phases.is_empty() || options.phases.contains(&phase);
    let mut outcomes = Vec::new();

    if wanted(Phase::Native) {
        phase(&mut outcomes, "native tests", || process::run(process::cargo().args(["test", "--workspace"])));
    }
    if wanted(Phase::Wasm) {
        phase(&mut outcomes, "wasm tests in the browser", wasm);
    }
    if wanted(Phase::Page) {
        phase(&mut outcomes, "page tests in the browser", page);
    }
    report(&outcomes)
}

fn phase(outcomes: &mut Vec<Outcome>, name: &'static str, body: impl FnOnce() -> Result<()>) {
    println!("\n== {name}");
    let start = Instant::now();
    let result = body();
    let time = start.elapsed();
    match &result {
        Ok(()) => println!("== {name}: passed in {:.1} s", time.as_secs_f64()),
        Err(error) => eprintln!("== {name}: failed after {:.1} s\n{}", time.as_secs_f64(), process::told(error)),
    }
    outcomes.push((name, time, result));
}

fn report(outcomes: &[Outcome]) -> Result<()> {
    println!("\n== summary");
    for (name, time, result) in outcomes {
        let word = if result.is_ok() { "passed" } else { "FAILED" };
        println!("{word}  {:>7.1} s  {name}", time.as_secs_f64());
    }
    match outcomes.iter().filter(|(_, _, result)| result.is_err()).count() {
        0 => Ok(()),
        failed => bail!("{failed} of {} phases failed", outcomes.len()),
    }
}

fn wasm() -> Result<()> {
    let tools = tools::install()?;
    let browser = Browser::find_or_install()?;
    for build in &package::BUILDS {
        println!("\n-- build {}", build.name);
        let mut command = package::wasm_pack(&tools)?;
        command
            .args(["test", "--headless", "--chrome", "--mode", "no-install"])
            .arg("--chromedriver")
            .arg(&browser.driver)
            .arg("crate")
            .args(["--test", "web"])
            .args(package::CARGO_ARGUMENTS)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities(&browser)?)
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
        build.configure(&mut command);
        process::run(&mut command)?;
    }
    Ok(())
}

/// A copy of crate/webdriver.json that also names the browser found: the driver alone only looks in places of its own.
fn capabilities(browser: &Browser) -> Result<PathBuf> {
    let text = std::fs::read_to_string(root().join("crate/webdriver.json")).context("reading crate/webdriver.json")?;
    let mut capabilities: serde_json::Value = serde_json::from_str(&text).context("crate/webdriver.json")?;
    capabilities["goog:chromeOptions"]["binary"] =
        browser.chrome.to_str().context("the browser's path is not UTF-8")?.into();
    let adapted = root().join("target/webdriver.json");
    std::fs::write(&adapted, capabilities.to_string()).with_context(|| format!("writing {}", adapted.display()))?;
    Ok(adapted)
}

fn page() -> Result<()> {
    let browser = Browser::find_or_install()?;
    let node = Node::find_or_install()?;
    package::build(&tools::install()?)?;
    bundle::both_of_package()?;

    let listener = serve::listen(0)?;
    let address = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || serve::serve(listener, &[]));

    let folder = root().join("tests/page");
    process::run(Command::new(&node.npm).args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    process::run(
        Command::new(&node.node)
            .args(["--test", "--test-reporter=spec"])
            .current_dir(&folder)
            .env("VGGLASS_ADDRESS", address)
            .env("CHROME", &browser.chrome),
    )
}

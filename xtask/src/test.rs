//! All the tests, one phase after another, with a table of times at the end.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::machine::{self, Machine, Need};
use crate::programs::{Chromium, Node, Program, WebKit};
use crate::toolchain::WASM;
use crate::{bundle, package, process, root, serve, server, tools};

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

impl Phase {
    const ALL: [Self; 3] = [Self::Native, Self::Wasm, Self::Page];

    fn needs(self) -> &'static [Need] {
        match self {
            Self::Native => &[],
            Self::Wasm => &[Need::Engine, Need::EngineTests, Need::Chromium],
            Self::Page => &[Need::Engine, Need::Chromium, Need::HeadlessShell, Need::Firefox, Need::WebKit, Need::Node],
        }
    }
}

/// A file of page tests takes a few minutes, all of them a quarter of an hour. What takes so much longer hangs, and whoever
/// waits for it should be told where.
const FILE_LIMIT: Duration = Duration::from_secs(15 * 60);
const PAGE_LIMIT: Duration = Duration::from_secs(40 * 60);

/// A phase's name, how long it took and how it ended.
type Outcome = (&'static str, Duration, Result<()>);

pub fn run(options: &Options) -> Result<()> {
    let phases = if options.phases.is_empty() { &Phase::ALL } else { options.phases.as_slice() };
    let needs: Vec<Need> = phases.iter().flat_map(|phase| phase.needs()).copied().collect();
    let machine = machine::provide(&needs)?;

    let mut outcomes = Vec::new();
    if phases.contains(&Phase::Wasm) {
        // Before anything else takes wasm-bindgen, which would be built once more without its programs.
        tools::bindgen_programs()?;
    }
    thread::scope(|scope| {
        // Beside the other tests: where a compiler or a browser has one core, this has the other.
        let site = phases.contains(&Phase::Page).then(|| scope.spawn(|| build_site(&machine)));
        if phases.contains(&Phase::Native) {
            phase(&mut outcomes, "native tests", || {
                process::run(process::cargo().args(["test", "--workspace", "--exclude", "xtask-bindgen"]))
            });
        }
        if phases.contains(&Phase::Wasm) {
            phase(&mut outcomes, "wasm tests in the browser", || wasm(&machine));
        }
        if let Some(site) = site {
            phase(&mut outcomes, "what the page tests open is built", || site.join().expect("no panics"));
            // Where there is nothing to open, each would wait for a minute.
            if outcomes.last().is_some_and(|(_, _, built)| built.is_ok()) {
                phase(&mut outcomes, "page tests in the browsers", page);
            }
        }
    });
    report(&outcomes, &machine)
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

fn report(outcomes: &[Outcome], machine: &Machine) -> Result<()> {
    println!("\n== summary");
    for (name, time, result) in outcomes {
        let word = if result.is_ok() { "passed" } else { "FAILED" };
        println!("{word}  {:>7.1} s  {name}", time.as_secs_f64());
    }
    for lack in &machine.lacks {
        println!("SKIPPED            {lack}");
    }
    match outcomes.iter().filter(|(_, _, result)| result.is_err()).count() {
        0 => Ok(()),
        failed => bail!("{failed} of {} phases failed", outcomes.len()),
    }
}

fn wasm(machine: &Machine) -> Result<()> {
    let chromium = Chromium::find()?;
    let wasm_pack = tools::wasm_pack()?;
    for (i, build) in package::BUILDS.iter().filter(|build| build.is_possible(machine)).enumerate() {
        println!("\n-- build {}", build.name);
        let mut command = if i == 0 {
            let mut command = wasm_pack.command();
            command.args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"]);
            command.arg(&chromium.driver).arg("crate");
            command
        } else {
            // What wasm-pack does, but for the library's unit tests: it compiles them, too, and does not run them.
            let mut command = process::cargo();
            command
                .args(["test", "--package", "vgglass", "--target", WASM])
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools::test_runner()?)
                .env("CHROMEDRIVER", &chromium.driver);
            command
        };
        command
            .args(["--test", "web"])
            .args(build.test_arguments(machine))
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities(&chromium)?)
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
        build.configure(&mut command, "dev");
        process::run(&mut command)?;
    }
    Ok(())
}

/// A copy of crate/webdriver.json that also names the browser found: the driver alone only looks in places of its own.
fn capabilities(chromium: &Chromium) -> Result<PathBuf> {
    let text = std::fs::read_to_string(root().join("crate/webdriver.json")).context("reading crate/webdriver.json")?;
    let mut capabilities: serde_json::Value = serde_json::from_str(&text).context("crate/webdriver.json")?;
    capabilities["goog:chromeOptions"]["binary"] =
        chromium.chrome.to_str().context("the browser's path is not UTF-8")?.into();
    let adapted = root().join("target/webdriver.json");
    std::fs::write(&adapted, capabilities.to_string()).with_context(|| format!("writing {}", adapted.display()))?;
    Ok(adapted)
}

fn build_site(machine: &Machine) -> Result<()> {
    package::build(machine)?;
    bundle::for_tests(&Node::find()?)
}

/// The address of a server with `more` before the page's own folders.
fn served(more: &'static [(&str, &str)]) -> Result<String> {
    let listener = serve::listen(0)?;
    let address = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || server::serve(&listener, more));
    Ok(address)
}

fn page() -> Result<()> {
    let (chromium, node) = (Chromium::find()?, Node::find()?);
    let shell = Program::HeadlessShell.find().unwrap_or_else(|_| chromium.chrome.clone());
    let address = served(&[])?;
    let joined = served(&[("", bundle::JOINED)])?;

    let folder = root().join("tests/page");
    node.install_packages(&folder, &[])?;
    let mut command = Command::new(&node.node);
    // Node's own choice is one less than there are cores; a browser that loads a page leaves much of a core.
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    command
        .args(["--test", "--test-reporter=spec"])
        .arg(format!("--test-concurrency={at_once}"))
        .arg(format!("--test-timeout={}", FILE_LIMIT.as_millis()))
        .current_dir(&folder)
        .env("VGGLASS_ADDRESS", address)
        .env("VGGLASS_JOINED", joined)
        .env("CHROME", &chromium.chrome)
        .env("HEADLESS_SHELL", shell);
    // Without them their tests are skipped: were they to fail, nobody would ever see all tests pass outside Linux, which
    // alone has WebKitGTK.
    command.env("FIREFOX", Program::Firefox.find().unwrap_or_default());
    match WebKit::find() {
        Ok(WebKit { driver, xvfb, python }) => {
            command.env("WEBKIT_DRIVER", driver).env("XVFB", xvfb).env("PYTHON", python)
        }
        Err(_) => command.env("WEBKIT_DRIVER", ""),
    };
    process::run_within(PAGE_LIMIT, &mut command)
}

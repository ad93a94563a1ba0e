//! What a command needs of the machine: looked for, and got where that is allowed, before anything long begins.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::process;
use crate::programs::{Chromium, Node, Program, WebKit};
use crate::toolchain::{Part, Toolchain, WASM};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// To build the engine for the browser.
    Engine,
    /// To build its tests, which can do with the toolchain's standard library and are built sooner with it.
    EngineTests,
    Lint,
    Chromium,
    /// Chromium without windows and bars, which takes two thirds of its time. Where it cannot be had, Chromium does as well.
    HeadlessShell,
    /// Where it can be had.
    Firefox,
    /// Where it can be had: for Linux alone.
    WebKit,
    Node,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Thing {
    Part(Part),
    Program(Program),
}

use Thing::{Part as P, Program as Q};

impl Need {
    pub const ALL: [Self; 8] = [
        Self::Engine,
        Self::EngineTests,
        Self::Lint,
        Self::Chromium,
        Self::HeadlessShell,
        Self::Firefox,
        Self::WebKit,
        Self::Node,
    ];

    /// All of these, but for the engine's standard library, of which either will do.
    const fn things(self) -> &'static [Thing] {
        match self {
            Self::Engine => &[],
            Self::EngineTests => &[P(Part::WasmTarget)],
            Self::Lint => &[P(Part::Rustfmt), P(Part::Clippy), P(Part::WasmTarget)],
            Self::Chromium => &[Q(Program::Chrome), Q(Program::ChromeDriver)],
            Self::HeadlessShell => &[Q(Program::HeadlessShell)],
            Self::Firefox => &[Q(Program::Firefox)],
            Self::WebKit => &[Q(Program::WebKitDriver), Q(Program::Xvfb), Q(Program::Python)],
            Self::Node => &[Q(Program::Node), Q(Program::Npm)],
        }
    }

    fn parts(self) -> impl Iterator<Item = Part> {
        self.things().iter().filter_map(|thing| match thing {
            P(part) => Some(*part),
            Q(_) => None,
        })
    }
}

/// What a command may count on.
pub struct Machine {
    /// The engine gets a standard library of its own, without which there is no build with threads.
    pub has_std_source: bool,
    pub has_wasm_target: bool,
    /// What the machine lacks and can be done without, and what follows; a sentence each.
    pub lacks: Vec<String>,
}

/// Why a need is not met, in a sentence.
#[derive(Debug, PartialEq)]
struct Lack {
    sentence: String,
    /// Nothing can be done without.
    is_vital: bool,
}

/// Gets what is missing of `needs`, as far as rustup and apt-get may. What is missing still is an error, or told and done
/// without.
pub fn provide(needs: &[Need]) -> Result<Machine> {
    let toolchain = Toolchain::find()?;
    let has = |thing| match thing {
        P(part) => toolchain.has(part),
        Q(program) => program.find().is_ok(),
    };
    let mut tried = Vec::new();
    loop {
        let missing = to_get(needs, has, &tried);
        if missing.is_empty() {
            break;
        }
        get(&missing, &toolchain);
        tried.extend(missing);
    }
    let is_build_server = std::env::var_os("CI").is_some();
    let lacks = judge(needs.iter().filter_map(|&need| lack(need, &toolchain)).collect(), is_build_server)?;
    for sentence in &lacks {
        println!("{sentence}");
    }
    Ok(Machine { has_std_source: toolchain.has(Part::Source), has_wasm_target: toolchain.has(Part::WasmTarget), lacks })
}

/// What is missing and was not tried yet.
fn to_get(needs: &[Need], has: impl Fn(Thing) -> bool, tried: &[Thing]) -> Vec<Thing> {
    let mut missing = Vec::new();
    let mut look_for = |thing| {
        let is_there = has(thing);
        if !is_there && !tried.contains(&thing) && !missing.contains(&thing) {
            missing.push(thing);
        }
        is_there
    };
    for need in needs {
        need.things().iter().for_each(|&thing| _ = look_for(thing));
        // The target only where its source cannot be had: it is ten times as large.
        if *need == Need::Engine && !look_for(P(Part::Source)) && tried.contains(&P(Part::Source)) {
            look_for(P(Part::WasmTarget));
        }
    }
    missing
}

/// As far as that is possible; what came of it is looked up by the caller.
fn get(missing: &[Thing], toolchain: &Toolchain) {
    let mut packages: Vec<&str> = Vec::new();
    for thing in missing {
        match thing {
            P(part) => {
                if let Some(name) = &toolchain.name {
                    told(Command::new("rustup").args(part.rustup_arguments()).args(["--toolchain", name]));
                }
            }
            Q(program) => packages.extend(program.debian_packages()),
        }
    }
    let may_install = || {
        process::on_path(&["apt-get"]).is_some()
            && process::output(Command::new("id").arg("-u")).is_some_and(|user| user == "0")
    };
    if !packages.is_empty() && may_install() {
        // Where the lists cannot be renewed, those at hand may do.
        told(Command::new("apt-get").args(["update", "--quiet"]));
        told(
            Command::new("apt-get")
                .args(["install", "--yes", "--quiet", "--no-install-recommends"])
                .args(packages)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        );
    }
}

fn told(command: &mut Command) {
    if let Err(error) = process::run(command) {
        eprintln!("{}", process::told(&error));
    }
}

fn lack(need: Need, toolchain: &Toolchain) -> Option<Lack> {
    let vital = |error: anyhow::Error| Lack { sentence: error.to_string(), is_vital: true };
    let untested = |name: &str, error: anyhow::Error| Lack {
        sentence: format!("Nothing is tested in {name}: {error}"),
        is_vital: false,
    };
    match need {
        Need::Engine | Need::EngineTests => {
            engine_lack(toolchain.has(Part::Source), toolchain.has(Part::WasmTarget), toolchain.name.is_some())
        }
        Need::Lint => lint_lack(&need.parts().filter(|&part| !toolchain.has(part)).collect::<Vec<_>>()),
        Need::Chromium => Chromium::find().err().map(vital),
        Need::HeadlessShell => None,
        Need::Firefox => Program::Firefox.find().err().map(|error| untested("Firefox", error)),
        Need::WebKit => WebKit::find().err().map(|error| untested("WebKit", error)),
        Need::Node => Node::find().err().map(vital),
    }
}

fn engine_lack(has_source: bool, has_target: bool, is_rustups: bool) -> Option<Lack> {
    let how = if is_rustups { "`rustup component add rust-src` adds it" } else { "https://rustup.rs has one with it" };
    match (has_source, has_target) {
        (true, _) => None,
        (false, true) => Some(Lack {
            sentence: format!("The engine's build with threads is left out, since this Rust lacks rust-src: {how}."),
            is_vital: false,
        }),
        (false, false) => Some(Lack {
            sentence: format!(
                "This Rust cannot build for the browser, since it lacks both rust-src and {WASM}: {how}."
            ),
            is_vital: true,
        }),
    }
}

fn lint_lack(missing: &[Part]) -> Option<Lack> {
    let commands: Vec<String> =
        missing.iter().map(|part| format!("`rustup {}`", part.rustup_arguments().join(" "))).collect();
    (!missing.is_empty()).then(|| Lack {
        sentence: format!("This Rust lacks what {} would add.", commands.join(" and ")),
        is_vital: true,
    })
}

/// What can be done without, in sentences; an error where something cannot. A build server must be complete, lest what it
/// lacks never be tested.
fn judge(lacks: Vec<Lack>, is_build_server: bool) -> Result<Vec<String>> {
    let is_fatal = lacks.iter().any(|lack| lack.is_vital || is_build_server);
    let mut sentences: Vec<String> = lacks.into_iter().map(|lack| lack.sentence).collect();
    sentences.dedup();
    ensure!(!is_fatal, "{}", sentences.join("\n"));
    Ok(sentences)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a machine that has `things` and lets nothing be added is asked for, round by round.
    fn rounds(needs: &[Need], things: &[Thing]) -> Vec<Vec<Thing>> {
        let mut tried = Vec::new();
        let mut rounds = Vec::new();
        loop {
            let missing = to_get(needs, |thing| things.contains(&thing), &tried);
            if missing.is_empty() {
                return rounds;
            }
            tried.extend(missing.clone());
            rounds.push(missing);
        }
    }

    #[test]
    fn a_complete_machine_is_asked_for_nothing() {
        let mut things: Vec<Thing> = Need::ALL.iter().flat_map(|need| need.things()).copied().collect();
        things.push(P(Part::Source));
        assert_eq!(rounds(&Need::ALL, &things), Vec::<Vec<Thing>>::new());
        things.pop();
        assert_eq!(rounds(&Need::ALL, &things), [[P(Part::Source)]]);
    }

    #[test]
    fn the_engine_wants_the_source_and_the_target_only_in_its_place() {
        let [source, target] = [P(Part::Source), P(Part::WasmTarget)];
        assert_eq!(rounds(&[Need::Engine], &[source]), Vec::<Vec<Thing>>::new());
        assert_eq!(rounds(&[Need::Engine], &[target]), [[source]]);
        assert_eq!(rounds(&[Need::Engine], &[]), [[source], [target]]);
        assert_eq!(rounds(&[Need::Engine, Need::EngineTests], &[]), [[source, target]]);
    }

    #[test]
    fn a_thing_is_asked_for_once() {
        let needs = [Need::Lint, Need::EngineTests, Need::Node, Need::Node];
        let missing = to_get(&needs, |thing| thing == Q(Program::Npm), &[P(Part::Clippy)]);
        assert_eq!(missing, [P(Part::Rustfmt), P(Part::WasmTarget), Q(Program::Node)]);
    }

    #[test]
    fn without_source_there_are_no_threads_and_without_both_there_is_no_engine() {
        assert_eq!(engine_lack(true, false, true), None);
        for is_rustups in [true, false] {
            let threads = engine_lack(false, true, is_rustups).expect("no threads");
            assert!(!threads.is_vital && threads.sentence.contains("threads"));
            let engine = engine_lack(false, false, is_rustups).expect("no engine");
            assert!(engine.is_vital);
            assert_eq!(engine.sentence.contains("`rustup component add rust-src`"), is_rustups, "{}", engine.sentence);
        }
    }

    #[test]
    fn lint_says_all_that_is_missing() {
        assert_eq!(lint_lack(&[]), None);
        let sentence = lint_lack(&[Part::Clippy, Part::WasmTarget]).expect("a lack").sentence;
        assert_eq!(
            sentence,
            "This Rust lacks what `rustup component add clippy` and `rustup target add wasm32-unknown-unknown` would add."
        );
    }

    #[test]
    fn only_a_build_server_must_be_complete() {
        let lack = |is_vital, sentence: &str| Lack { sentence: sentence.to_owned(), is_vital };
        let without = || vec![lack(false, "no WebKit"), lack(false, "no WebKit")];
        assert_eq!(judge(without(), false).expect("done without"), ["no WebKit"]);
        assert!(judge(without(), true).is_err());
        assert_eq!(judge(vec![], true).expect("nothing lacks"), Vec::<String>::new());
        let error = judge(vec![lack(false, "no WebKit"), lack(true, "no Node")], false).unwrap_err();
        assert_eq!(error.to_string(), "no WebKit\nno Node");
    }
}

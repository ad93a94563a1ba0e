//! Programs that the tests need from the system: Chrome or Chromium with its driver, Firefox, WebKitGTK with what drives and
//! shows it, and Node.js with npm. Where they are looked for, and what brings them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    Chrome,
    ChromeDriver,
    HeadlessShell,
    Firefox,
    WebKitDriver,
    Xvfb,
    Python,
    Node,
    Npm,
}

pub const ALL: [Program; 9] = [
    Program::Chrome,
    Program::ChromeDriver,
    Program::HeadlessShell,
    Program::Firefox,
    Program::WebKitDriver,
    Program::Xvfb,
    Program::Python,
    Program::Node,
    Program::Npm,
];

/// Where a program is: the variable that overrides everything, its names on PATH, and places off PATH.
struct Whereabouts {
    variable: &'static str,
    names: &'static [&'static str],
    places: &'static [&'static str],
    debian_packages: &'static [&'static str],
    elsewhere: &'static str,
}

/// Playwright asks for it.
const OLDEST_NODE: u32 = 20;

/// What a Python must have to open a window of WebKitGTK.
const WINDOW: &str = "import gi; gi.require_version('Gtk', '3.0'); gi.require_version('WebKit2', '4.1')";

impl Program {
    const fn whereabouts(self) -> Whereabouts {
        match self {
            Self::Chrome => Whereabouts {
                variable: "CHROME",
                names: &["chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome"],
                places: &[
                    "/usr/lib/chromium/chromium",
                    "/opt/google/chrome/chrome",
                    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
                    "/Applications/Chromium.app/Contents/MacOS/Chromium",
                    "C:/Program Files/Google/Chrome/Application/chrome.exe",
                    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
                ],
                debian_packages: &["chromium"],
                elsewhere: "Google Chrome or Chromium",
            },
            Self::ChromeDriver => Whereabouts {
                variable: "CHROMEDRIVER",
                names: &["chromedriver"],
                places: &[
                    "/usr/lib/chromium/chromedriver",
                    "/usr/lib/chromium-browser/chromedriver",
                    "/opt/homebrew/bin/chromedriver",
                    "/usr/local/bin/chromedriver",
                ],
                debian_packages: &["chromium-driver"],
                elsewhere: "ChromeDriver of the browser's version",
            },
            Self::HeadlessShell => Whereabouts {
                variable: "HEADLESS_SHELL",
                names: &["chromium-headless-shell", "chrome-headless-shell"],
                places: &["/usr/lib/chromium/chromium-headless-shell"],
                debian_packages: &["chromium-headless-shell"],
                elsewhere: "Chrome's headless shell",
            },
            Self::Firefox => Whereabouts {
                variable: "FIREFOX",
                names: &["firefox-esr", "firefox"],
                places: &[
                    "/usr/lib/firefox-esr/firefox-esr",
                    "/Applications/Firefox.app/Contents/MacOS/firefox",
                    "C:/Program Files/Mozilla Firefox/firefox.exe",
                ],
                debian_packages: &["firefox-esr"],
                elsewhere: "Firefox",
            },
            Self::WebKitDriver => Whereabouts {
                variable: "WEBKIT_DRIVER",
                names: &["WebKitWebDriver"],
                places: &[],
                debian_packages: &["webkit2gtk-driver"],
                elsewhere: "WebKitGTK's WebDriver, which Linux alone has",
            },
            Self::Xvfb => Whereabouts {
                variable: "XVFB",
                names: &["Xvfb"],
                places: &[],
                debian_packages: &["xvfb"],
                elsewhere: "Xvfb",
            },
            Self::Python => Whereabouts {
                variable: "PYTHON",
                names: &["python3"],
                // Debian's packages are for Debian's Python, which another may hide.
                places: &["/usr/bin/python3"],
                debian_packages: &["python3", "python3-gi", "gir1.2-gtk-3.0", "gir1.2-webkit2-4.1"],
                elsewhere: "PyGObject with GTK 3 and WebKit2 4.1",
            },
            Self::Node => Whereabouts {
                variable: "NODE",
                names: &["node", "nodejs"],
                places: &["/opt/homebrew/bin/node", "/usr/local/bin/node"],
                debian_packages: &["nodejs"],
                elsewhere: "Node.js 20 or later",
            },
            Self::Npm => Whereabouts {
                variable: "NPM",
                names: if cfg!(windows) { &["npm.cmd", "npm"] } else { &["npm"] },
                places: &["/opt/homebrew/bin/npm", "/usr/local/bin/npm"],
                debian_packages: &["npm"],
                elsewhere: "npm",
            },
        }
    }

    pub fn debian_packages(self) -> &'static [&'static str] {
        self.whereabouts().debian_packages
    }

    pub fn find(self) -> Result<PathBuf> {
        let Whereabouts { variable, names, places, .. } = self.whereabouts();
        if let Some(chosen) = env::var_os(variable).map(PathBuf::from) {
            ensure!(chosen.is_file(), "{variable}={} is no file.", chosen.display());
            return Ok(chosen);
        }
        let places = places.iter().map(PathBuf::from).filter(|place| place.is_file());
        process::all_on_path(names).chain(places).find(|found| self.suits(found)).with_context(|| advice(&[self]))
    }

    fn suits(self, found: &Path) -> bool {
        self != Self::Python || process::output(Command::new(found).args(["-c", WINDOW])).is_some()
    }
}

/// All of them, or what is to be done about all that are missing.
fn find_all<const N: usize>(programs: [Program; N]) -> Result<[PathBuf; N]> {
    let found = programs.map(Program::find);
    let missing: Vec<Program> =
        programs.iter().zip(&found).filter(|(_, found)| found.is_err()).map(|(program, _)| *program).collect();
    ensure!(missing.len() < 2, "{}", advice(&missing));
    let paths: Vec<PathBuf> = found.into_iter().collect::<Result<_>>()?;
    Ok(paths.try_into().expect("as many as there are programs"))
}

/// How to come by what was not found, in one sentence.
fn advice(missing: &[Program]) -> String {
    let all: Vec<Whereabouts> = missing.iter().map(|program| program.whereabouts()).collect();
    let names = all.iter().map(|program| program.names[0]).collect::<Vec<_>>();
    let packages = all.iter().flat_map(|program| program.debian_packages).copied().collect::<Vec<_>>();
    let elsewhere = all.iter().map(|program| program.elsewhere).collect::<Vec<_>>();
    let variables = all.iter().map(|program| format!("{}=/path/to/it", program.variable)).collect::<Vec<_>>();
    format!(
        "{}: neither on PATH nor in the usual places; on Debian `sudo apt-get install {}`, elsewhere install {}, or say {}.",
        names.join(", "),
        packages.join(" "),
        elsewhere.join(", "),
        variables.join(" "),
    )
}

pub struct Chromium {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

impl Chromium {
    pub fn find() -> Result<Self> {
        let [chrome, driver] = find_all([Program::Chrome, Program::ChromeDriver])?;
        let (of_chrome, of_driver) = (major_version(&chrome), major_version(&driver));
        // A browser that does not tell its version (Windows' does not) is left to the driver to judge.
        if let (Some(of_chrome), Some(of_driver)) = (of_chrome, of_driver)
            && of_chrome != of_driver
        {
            bail!(
                "{} is version {of_chrome} but {} is version {of_driver}; they must be the same. \
                 CHROME and CHROMEDRIVER name others.",
                chrome.display(),
                driver.display()
            );
        }
        Ok(Self { chrome, driver })
    }
}

/// Safari's engine, as near as it can be had outside macOS.
pub struct WebKit {
    pub driver: PathBuf,
    pub xvfb: PathBuf,
    /// Has PyGObject, for a window of WebKitGTK without MiniBrowser's toolbar.
    pub python: PathBuf,
}

impl WebKit {
    pub fn find() -> Result<Self> {
        let [driver, xvfb, python] = find_all([Program::WebKitDriver, Program::Xvfb, Program::Python])?;
        Ok(Self { driver, xvfb, python })
    }
}

pub struct Node {
    pub node: PathBuf,
    pub npm: PathBuf,
}

impl Node {
    pub fn find() -> Result<Self> {
        let [node, npm] = find_all([Program::Node, Program::Npm])?;
        if let Some(version) = major_version(&node)
            && version < OLDEST_NODE
        {
            bail!(
                "{} is version {version}; Node.js {OLDEST_NODE} or later is needed. NODE names another.",
                node.display()
            );
        }
        Ok(Self { node, npm })
    }

    /// What the lock file in `folder` says.
    pub fn install_packages(&self, folder: &Path, options: &[&str]) -> Result<()> {
        process::run(Command::new(&self.npm).args(["ci", "--no-audit", "--no-fund"]).args(options).current_dir(folder))
    }
}

/// The first number of `Chromium 156.0.8078.79 ...`, `v20.20.2` and the like.
fn major_version(program: &Path) -> Option<u32> {
    let text = process::output(Command::new(program).arg("--version"))?;
    text.split_whitespace().find_map(|word| word.split_once('.')?.0.trim_start_matches('v').parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_says_how_to_come_by_all_that_is_missing() {
        assert_eq!(
            advice(&[Program::Firefox, Program::Xvfb]),
            "firefox-esr, Xvfb: neither on PATH nor in the usual places; on Debian `sudo apt-get install firefox-esr xvfb`, \
             elsewhere install Firefox, Xvfb, or say FIREFOX=/path/to/it XVFB=/path/to/it."
        );
    }
}

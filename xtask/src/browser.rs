//! What the browser tests need from the system: Chrome or Chromium with its driver, and Node.js with npm. Found in the
//! usual places, else installed with apt-get where that is possible, else named in the error.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use anyhow::{Context, Result, bail};

use crate::process;

pub struct Browser {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

pub struct Node {
    pub node: PathBuf,
    pub npm: PathBuf,
}

/// Something to find: the variable that overrides everything, its names on PATH, and places off PATH.
struct Wanted {
    variable: &'static str,
    names: &'static [&'static str],
    places: &'static [&'static str],
    debian_package: &'static str,
    elsewhere: &'static str,
}

const CHROME: Wanted = Wanted {
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
    debian_package: "chromium",
    elsewhere: "Google Chrome or Chromium",
};

const DRIVER: Wanted = Wanted {
    variable: "CHROMEDRIVER",
    names: &["chromedriver"],
    places: &[
        "/usr/lib/chromium/chromedriver",
        "/usr/lib/chromium-browser/chromedriver",
        "/opt/homebrew/bin/chromedriver",
        "/usr/local/bin/chromedriver",
    ],
    debian_package: "chromium-driver",
    elsewhere: "ChromeDriver of the browser's version",
};

const NODE: Wanted = Wanted {
    variable: "NODE",
    names: &["node", "nodejs"],
    places: &["/opt/homebrew/bin/node", "/usr/local/bin/node"],
    debian_package: "nodejs",
    elsewhere: "Node.js 20 or later",
};

const NPM: Wanted = Wanted {
    variable: "NPM",
    names: if cfg!(windows) { &["npm.cmd", "npm"] } else { &["npm"] },
    places: &["/opt/homebrew/bin/npm", "/usr/local/bin/npm"],
    debian_package: "npm",
    elsewhere: "npm",
};

/// Playwright asks for it.
const OLDEST_NODE: u32 = 20;

impl Browser {
    pub fn find_or_install() -> Result<Self> {
        let chrome = CHROME.find_or_install()?;
        let driver = DRIVER.find_or_install()?;
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

impl Node {
    pub fn find_or_install() -> Result<Self> {
        let node = NODE.find_or_install()?;
        if let Some(version) = major_version(&node)
            && version < OLDEST_NODE
        {
            bail!(
                "{} is version {version}; the page tests need Node.js {OLDEST_NODE} or later. NODE names another.",
                node.display()
            );
        }
        Ok(Self { node, npm: NPM.find_or_install()? })
    }
}

impl Wanted {
    fn find_or_install(&self) -> Result<PathBuf> {
        if let Some(chosen) = env::var_os(self.variable).map(PathBuf::from) {
            if !chosen.is_file() {
                bail!("{}={} is no file", self.variable, chosen.display());
            }
            return Ok(chosen);
        }
        if let Some(found) = self.find() {
            return Ok(found);
        }
        apt_install(self.debian_package).with_context(|| self.advice())?;
        self.find().with_context(|| self.advice())
    }

    fn find(&self) -> Option<PathBuf> {
        process::on_path(self.names).or_else(|| self.places.iter().map(PathBuf::from).find(|place| place.is_file()))
    }

    fn advice(&self) -> String {
        format!(
            "{} was not found on PATH or in the usual places.\n\
             On Debian:   sudo apt-get install {}\n\
             Elsewhere:   install {}\n\
             Or name it:  {}=/path/to/it",
            self.names[0], self.debian_package, self.elsewhere, self.variable
        )
    }
}

fn apt_install(package: &str) -> Result<()> {
    static UPDATE: Once = Once::new();

    if process::on_path(&["apt-get"]).is_none() {
        bail!("there is no apt-get here to install {package} with");
    }
    if process::output(Command::new("id").arg("-u")).as_deref() != Some("0") {
        bail!("only root may install {package} with apt-get");
    }
    // Where the lists cannot be renewed, those at hand may do.
    UPDATE.call_once(|| {
        if let Err(error) = process::run(Command::new("apt-get").args(["update", "--quiet"])) {
            eprintln!("{error:#}");
        }
    });
    process::run(
        Command::new("apt-get")
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .arg(package)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// The first number of `Chromium 156.0.8078.79 ...`, `v20.20.2` and the like.
fn major_version(program: &Path) -> Option<u32> {
    let text = process::output(Command::new(program).arg("--version"))?;
    text.split_whitespace().find_map(|word| word.split_once('.')?.0.trim_start_matches('v').parse().ok())
}

//! `cargo xtask bench`: the models, the server and the browser's programs for what `tests/bench/` measures.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use crate::machine::{self, Need};
use crate::programs::{Chromium, Node};
use crate::{bundle, package, process, root, serve, server};

/// What `tests/bench/page.js` asks for, and the folder that has it.
const FOLDERS: [(&str, &str); 3] = [("/bench", "tests/bench"), ("/bench/models", MODELS), ("/site", "dist/site")];
const MODELS: &str = "target/bench";
const SHIPPED: &str = "www/models/vgg16-half-tiny.safetensors";

#[derive(clap::Args)]
pub struct Options {
    /// Rounds of the large net; the small net has five times as many
    #[arg(long, default_value_t = 15)]
    rounds: u32,
    /// Measure onnxruntime-web and TensorFlow.js beside it (needs Python with the packages onnx and safetensors)
    #[arg(long)]
    peers: bool,
    /// Where the results go, as JSON, and beside it as Markdown; from the repository's root, as --model
    #[arg(long, default_value = "tests/bench/results.json")]
    out: PathBuf,
    /// Renew the README's table too
    #[arg(long)]
    readme: bool,
    /// Small model to measure, a VGG-16 at 64x64
    #[arg(long, default_value = SHIPPED)]
    model: PathBuf,
}

pub fn run(options: &Options) -> Result<()> {
    let machine = machine::provide(&[Need::Engine, Need::Chromium, Need::Node])?;
    let (chromium, node) = (Chromium::find()?, Node::find()?);
    let python = if options.peers { Some(python()?) } else { None };
    models(options, python.as_deref())?;
    package::build(&machine)?;
    bundle::site_of_package(&node, &[])?;

    let listener = serve::listen(0)?;
    let address = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || server::serve(&listener, &FOLDERS));

    let folder = root().join("tests/bench");
    let out = root().join(&options.out);
    let flag = |wanted: bool, name: &'static str| wanted.then_some(name);
    node.install_packages(&folder, if options.peers { &[] } else { &["--omit=optional"] })?;
    process::run(
        Command::new(&node.node)
            .args(["bench.js", "--rounds", &options.rounds.to_string(), "--out"])
            .arg(&out)
            .args(flag(options.peers, "--peers"))
            .current_dir(&folder)
            .env("VGGLASS_ADDRESS", address)
            .env("CHROME", &chromium.chrome),
    )?;
    process::run(
        Command::new(&node.node).arg("report.js").arg(&out).args(flag(options.readme, "--readme")).current_dir(&folder),
    )
}

/// The models under the names that `tests/bench/bench.js` knows them by, for peers in their format too.
fn models(options: &Options, python: Option<&Path>) -> Result<()> {
    let folder = root().join(MODELS);
    fs::create_dir_all(&folder)?;
    let shipped = folder.join("shipped.safetensors");
    fs::copy(root().join(&options.model), &shipped).with_context(|| options.model.display().to_string())?;
    let large = folder.join("D.safetensors");
    process::run(
        process::cargo().args(["run", "--package", "vgglass-tools", "--", "untrained", "D", "--output"]).arg(&large),
    )?;
    if let Some(python) = python {
        for model in [shipped, large] {
            let script = root().join("training/export_onnx.py");
            process::run(Command::new(python).arg(script).arg(&model).arg(model.with_extension("")))?;
        }
    }
    Ok(())
}

/// A Python that can write ONNX.
fn python() -> Result<PathBuf> {
    let named = std::env::var_os("PYTHON").map(PathBuf::from);
    let Some(python) = named.or_else(|| process::on_path(&["python3", "python"])) else {
        bail!("--peers needs Python to write ONNX files; PYTHON names one");
    };
    if process::output(Command::new(&python).args(["-c", "import onnx, safetensors"])).is_none() {
        bail!("{} lacks a package: pip install onnx safetensors", python.display());
    }
    Ok(python)
}

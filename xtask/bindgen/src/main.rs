//! `xtask-bindgen vgglass.wasm folder`: what `wasm-bindgen --target web --typescript` does, without the rest of that program,
//! which would take twice as long to build.

use std::env;

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let Ok([input, folder]) = <[_; 2]>::try_from(env::args_os().skip(1).collect::<Vec<_>>()) else {
        bail!("two paths: what cargo built, and the folder for what is made of it");
    };
    Bindgen::new()
        .web(true)?
        .typescript(true)
        // As the program does; the library's own default is another.
        .omit_default_module_path(false)
        .input_path(input)
        .out_name("vgglass")
        .generate(folder)
}

//! `cargo xtask serve`: the page on 127.0.0.1 as soon as one build of the engine is there; the others are made while it is
//! looked at.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use anyhow::{Context, Result};

use crate::machine::{self, Need};
use crate::progress::Steps;
use crate::{package, process, server, table};

/// Tried first, so that the address stays the same from day to day.
const USUAL_PORT: u16 = 8064;

#[derive(clap::Args)]
pub struct Options {
    /// Use this port and no other [default: 8064, or a free one where that is taken]
    #[arg(long)]
    port: Option<u16>,
    /// Do not open the page in a browser
    #[arg(long)]
    no_open: bool,
}

pub fn run(options: &Options) -> Result<()> {
    let machine = machine::provide(&[Need::Engine])?;
    // Before the builds: a port that is taken should not be told after them.
    let listener = match options.port {
        Some(port) => listen(port).with_context(|| format!("port {port} cannot be used"))?,
        None => listen(USUAL_PORT).or_else(|_| listen(0))?,
    };
    let address = format!("http://{}/", listener.local_addr()?);
    table::write()?;
    let steps = Steps::new(package::steps(&machine));
    let bindgen = package::build_base(&machine, &steps)?;
    println!("\nvgglass is at {address}  (Ctrl+C stops it)\n");
    if !options.no_open && has_desktop() && open::that_detached(&address).is_err() {
        println!("No browser could be opened; please open the address by hand.");
    }
    thread::spawn(move || match package::build_others(&machine, &bindgen, &steps) {
        Ok(()) => {
            println!("\nAll builds of the engine are there; a page loaded from now on at {address} takes the best.")
        }
        Err(error) => eprintln!("\nThe page at {address} goes on with what there is.\n{}", process::told(&error)),
    });
    server::serve(&listener, &[]);
    Ok(())
}

pub fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Whether a window could be shown to somebody.
fn has_desktop() -> bool {
    cfg!(any(windows, target_os = "macos"))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

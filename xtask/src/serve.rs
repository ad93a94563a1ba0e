//! The page's server: `www/` at the root and `pkg/` beside it, on 127.0.0.1 alone.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{package, root, tools};

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

/// Headers of every answer. The first three let the page be cross-origin isolated, which shared memory needs; the last
/// makes a reload see what was just built.
const HEADERS: [(&str, &str); 4] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-cache"),
];

pub fn run(options: &Options) -> Result<()> {
    package::build(&tools::install()?)?;
    let listener = match options.port {
        Some(port) => listen(port).with_context(|| format!("port {port} cannot be used"))?,
        None => listen(USUAL_PORT).or_else(|_| listen(0))?,
    };
    let address = format!("http://{}/", listener.local_addr()?);
    println!("\nvgglass is at {address}  (Ctrl+C stops it)");
    if !options.no_open && has_desktop() && open::that_detached(&address).is_err() {
        println!("No browser could be opened; please open the address by hand.");
    }
    serve(listener, &[])
}

pub fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Answers until the process ends; `more` are folders of the repository and where else to find them.
pub fn serve(listener: TcpListener, more: &[(&str, &str)]) -> Result<()> {
    let page = Router::new()
        .nest_service("/pkg", ServeDir::new(root().join("pkg")))
        .fallback_service(ServeDir::new(root().join("www")));
    let files = more
        .iter()
        .fold(page, |files, (address, folder)| files.nest_service(address, ServeDir::new(root().join(folder))));
    let files = HEADERS.iter().fold(files, |files, (name, value)| {
        files.layer(SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static(value)))
    });
    listener.set_nonblocking(true)?;
    tokio::runtime::Builder::new_multi_thread().enable_io().enable_time().build()?.block_on(async {
        axum::serve(tokio::net::TcpListener::from_std(listener)?, files).await?;
        Ok(())
    })
}

/// Whether a window could be shown to somebody.
fn has_desktop() -> bool {
    cfg!(any(windows, target_os = "macos"))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

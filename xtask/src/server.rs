//! The page's server: files of the repository, over HTTP/1.1, with a thread for each connection.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::root;

/// Headers of every answer. The first three let the page be cross-origin isolated, which shared memory needs; the last
/// makes a reload see what was just built.
const HEADERS: &str = "cross-origin-opener-policy: same-origin\r\n\
                       cross-origin-embedder-policy: require-corp\r\n\
                       cross-origin-resource-policy: same-origin\r\n\
                       cache-control: no-cache\r\n";

/// By the name's ending. Browsers run no module and compile no stream of another type.
const TYPES: [(&str, &str); 16] = [
    ("css", "text/css; charset=utf-8"),
    ("gif", "image/gif"),
    ("html", "text/html; charset=utf-8"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("safetensors", OTHER_TYPE),
    ("svg", "image/svg+xml"),
    ("ts", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
];

const OTHER_TYPE: &str = "application/octet-stream";

/// A request without its body, which none has.
const LONGEST_REQUEST: usize = 1 << 16;
const MOST_REQUEST_HEADERS: usize = 100;

/// After so long without a byte taken or sent the other side is taken to be gone.
const PATIENCE: Duration = Duration::from_secs(120);

/// What an address begins with, and where that is on the disk; the longest first.
type Folders = Vec<(String, PathBuf)>;

/// Answers until the process ends: `www/` at the root, `pkg/` beside it, and `more`, folders of the repository.
pub fn serve(listener: &TcpListener, more: &[(&str, &str)]) {
    let all = more.iter().chain(&[("/pkg", "pkg"), ("", "www")]);
    let mut folders: Folders = all.map(|(address, folder)| (format!("{address}/"), root().join(folder))).collect();
    folders.sort_by_key(|(address, _)| std::cmp::Reverse(address.len()));
    let folders = Arc::new(folders);
    for connection in listener.incoming().flatten() {
        let folders = Arc::clone(&folders);
        // That a browser has gone away is no matter.
        thread::spawn(move || _ = converse(connection, &folders));
    }
}

/// Answers one request after another until the other side closes or has enough.
fn converse(mut connection: TcpStream, folders: &Folders) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    connection.set_nodelay(true)?;
    let mut received = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MOST_REQUEST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&received) {
            Ok(httparse::Status::Complete(length)) => {
                let (answer, is_last) = (Answer::to(&request, folders), is_last(&request));
                answer.send(&mut connection, is_last)?;
                if is_last {
                    return Ok(());
                }
                received.drain(..length);
            }
            Ok(httparse::Status::Partial) if received.len() < LONGEST_REQUEST => {
                let mut more = [0; 4096];
                match connection.read(&mut more)? {
                    0 => return Ok(()),
                    length => received.extend_from_slice(&more[..length]),
                }
            }
            _ => return Answer::empty("400 Bad Request").send(&mut connection, true),
        }
    }
}

/// Whether the connection ends with it: the client wants so, or it has a body, which is not read.
fn is_last(request: &httparse::Request) -> bool {
    let says = |name: &str, value: &str| {
        request.headers.iter().any(|header| {
            header.name.eq_ignore_ascii_case(name) && header.value.to_ascii_lowercase() == value.as_bytes()
        })
    };
    let has = |name: &str| request.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name));
    request.version != Some(1)
        || says("connection", "close")
        || has("transfer-encoding")
        || has("content-length") && !says("content-length", "0")
}

struct Answer {
    status: &'static str,
    /// Lines, each with its end.
    headers: String,
    body: Vec<u8>,
    has_body: bool,
}

impl Answer {
    fn empty(status: &'static str) -> Self {
        Self { status, headers: String::new(), body: Vec::new(), has_body: true }
    }

    fn to(request: &httparse::Request, folders: &Folders) -> Self {
        let has_body = match request.method {
            Some("GET") => true,
            Some("HEAD") => false,
            _ => return Self { headers: "allow: GET, HEAD\r\n".to_owned(), ..Self::empty("405 Method Not Allowed") },
        };
        let address = request.path.unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
        Self { has_body, ..Self::with_file(address, folders) }
    }

    fn with_file(address: &str, folders: &Folders) -> Self {
        let Some(mut file) = file_of(address, folders) else {
            return Self::empty("404 Not Found");
        };
        if file.is_dir() {
            if !address.ends_with('/') {
                let headers = format!("location: {address}/\r\n");
                return Self { headers, ..Self::empty("307 Temporary Redirect") };
            }
            file.push("index.html");
        }
        // Read at once: what is being built anew meanwhile keeps its length.
        match fs::read(&file) {
            Ok(body) => {
                Self { headers: format!("content-type: {}\r\n", type_of(&file)), body, ..Self::empty("200 OK") }
            }
            Err(_) => Self::empty("404 Not Found"),
        }
    }

    fn send(&self, connection: &mut TcpStream, is_last: bool) -> io::Result<()> {
        let Self { status, headers, body, has_body } = self;
        let after = if is_last { "close" } else { "keep-alive" };
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\n{HEADERS}{headers}content-length: {length}\r\nconnection: {after}\r\n\r\n");
        connection.write_all(head.as_bytes())?;
        connection.write_all(if *has_body { body } else { &[] })
    }
}

/// The file or folder of an address. `None`: it would lie outside, or has a name that no file has.
fn file_of(address: &str, folders: &Folders) -> Option<PathBuf> {
    let (inside, folder) =
        folders.iter().find_map(|(start, folder)| Some((address.strip_prefix(start.as_str())?, folder)))?;
    let inside = percent_decode_str(inside).decode_utf8().ok()?;
    let is_name = |part: Component| matches!(part, Component::Normal(_));
    // Windows takes both for something else than a name.
    let is_plain = !inside.contains(['\0', '\\', ':']) && Path::new(&*inside).components().all(is_name);
    is_plain.then(|| folder.join(&*inside))
}

fn type_of(file: &Path) -> &'static str {
    let ending = file.extension().unwrap_or_default();
    TYPES.iter().find(|(name, _)| ending.eq_ignore_ascii_case(name)).map_or(OTHER_TYPE, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::SocketAddr;
    use std::sync::OnceLock;

    use super::*;

    /// One server for all tests.
    fn address() -> SocketAddr {
        static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
        *ADDRESS.get_or_init(|| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("an address");
            thread::spawn(move || serve(&listener, &[("/xtask", "xtask"), ("/xtask/more", "docs")]));
            address
        })
    }

    fn connect() -> TcpStream {
        TcpStream::connect(address()).expect("the server listens")
    }

    /// Everything that comes after `text` was sent, until the server closes.
    fn talk(text: &str) -> Vec<u8> {
        let mut connection = connect();
        connection.write_all(text.as_bytes()).expect("sending");
        let mut all = Vec::new();
        connection.read_to_end(&mut all).expect("an answer");
        all
    }

    /// Head and body of one answer.
    fn ask(method: &str, path: &str) -> (String, Vec<u8>) {
        let all = talk(&format!("{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: Close\r\n\r\n"));
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        (String::from_utf8(all[..end].to_vec()).expect("text"), all[end..].to_vec())
    }

    fn status(path: &str) -> String {
        ask("GET", path).0[9..12].to_owned()
    }

    #[test]
    fn a_file_comes_whole_with_length_type_and_isolation() {
        let (head, body) = ask("GET", "/main.js?v=1");
        let file = fs::read(root().join("www/main.js")).expect("the page's script");
        assert_eq!(body, file);
        for line in [
            "HTTP/1.1 200 OK\r\n",
            "content-type: text/javascript; charset=utf-8\r\n",
            &format!("content-length: {}\r\n", file.len()),
            HEADERS,
        ] {
            assert!(head.contains(line), "{line} in {head}");
        }
        assert_eq!(ask("HEAD", "/main.js?v=1"), (head, vec![]));
    }

    #[test]
    fn a_folder_is_its_index() {
        let page = fs::read(root().join("www/index.html")).expect("the page");
        assert_eq!(ask("GET", "/").1, page);
        let (head, _) = ask("GET", "/page");
        assert!(head.starts_with("HTTP/1.1 307") && head.contains("location: /page/\r\n"), "{head}");
        assert_eq!(status("/page/"), "404");
    }

    #[test]
    fn the_longest_folder_counts() {
        assert_eq!(status("/xtask/Cargo.toml"), "200");
        assert_eq!(status("/xtask/more/page.webp"), "200");
        assert_eq!(status("/xtask/page.webp"), "404");
        assert_eq!(status("/pkg/README.md"), "200");
    }

    #[test]
    fn nothing_outside_is_served() {
        assert_eq!(status("/%6dain%2Ejs"), "200");
        for path in [
            "/../Cargo.toml",
            "/..%2fCargo.toml",
            "/%2e%2e/Cargo.toml",
            "/page/../../Cargo.toml",
            "/pkg/../Cargo.toml",
            "//etc/passwd",
            "/%2fetc/passwd",
            "/main.js%00",
            "/%ff",
            "/page%5c..%5cmain.js",
            "/c:/main.js",
            "main.js",
            "*",
        ] {
            assert_eq!(status(path), "404", "{path}");
        }
    }

    #[test]
    fn only_get_and_head() {
        assert_eq!(&ask("DELETE", "/main.js").0[9..12], "405");
        // What follows a head that announces a body is no request.
        let answers = talk("POST / HTTP/1.1\r\nContent-Length: 37\r\n\r\nGET /main.js HTTP/1.1\r\nHost: here\r\n\r\n");
        assert_eq!(String::from_utf8_lossy(&answers).matches("HTTP/1.1 ").count(), 1);
        assert!(talk("nonsense\r\n\r\n").starts_with(b"HTTP/1.1 400"));
        let begun = "GET / HTTP/1.1\r\nX: ".to_owned();
        let endless = "x".repeat(LONGEST_REQUEST - begun.len());
        assert!(talk(&(begun + &endless)).starts_with(b"HTTP/1.1 400"));
    }

    #[test]
    fn one_connection_takes_many_requests_however_they_come() {
        let mut connection = connect();
        for byte in b"GET /main.js HTTP/1.1\r\nHost: here\r\n\r\nHEAD / HTTP/1.1\r\n\r\nHEAD / HTTP/1.0\r\n\r\n" {
            connection.write_all(&[*byte]).expect("sending");
        }
        let mut all = Vec::new();
        connection.read_to_end(&mut all).expect("answers");
        let text = String::from_utf8_lossy(&all);
        assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3);
        assert_eq!(text.matches("connection: keep-alive").count(), 2);
    }

    #[test]
    fn slow_and_silent_clients_keep_nobody_waiting() {
        let _silent: Vec<TcpStream> = (0..50).map(|_| connect()).collect();
        // These ask for more than fits between two programs, and take none of it.
        let model = "/models/vgg16-half-tiny.safetensors";
        let _slow: Vec<TcpStream> = (0..10)
            .map(|_| {
                let mut connection = connect();
                connection.write_all(format!("GET {model} HTTP/1.1\r\n\r\n").as_bytes()).expect("sending");
                connection
            })
            .collect();
        let length = fs::metadata(root().join("www").join(&model[1..])).expect("the model").len() as usize;
        let quick: Vec<_> = (0..20).map(|_| thread::spawn(move || ask("GET", model).1.len())).collect();
        for thread in quick {
            assert_eq!(thread.join().expect("an answer"), length);
        }
    }

    #[test]
    fn every_file_of_the_page_has_a_type() {
        let mut endings = BTreeSet::new();
        let mut folders = vec![root().join("www"), root().join("xtask/bundle/site")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(ending) = path.extension() {
                    endings.insert(ending.to_string_lossy().into_owned());
                }
            }
        }
        let known = |ending: &String| TYPES.iter().any(|(name, _)| name == ending);
        let unknown: Vec<_> = endings.iter().filter(|ending| !known(ending)).collect();
        assert!(endings.len() > 5 && unknown.is_empty(), "{unknown:?}");
    }
}

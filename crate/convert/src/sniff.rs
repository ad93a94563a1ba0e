//! What a file is, by its first bytes.

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::parts::{Parts, Stop};
use crate::{hdf5, keras, safetensors, torch, zip};

/// Bytes that are looked at.
const HEAD: u64 = 512;

/// Reads a head of any format, or says what the file is in place of weights.
pub(crate) fn open(parts: &Parts) -> Result<Catalogue, Stop> {
    let head = parts.get(0..HEAD.min(parts.length()))?;
    if head.is_empty() {
        return Err(Error::Empty.into());
    }
    if zip::is(head) {
        return torch::open_zip(parts);
    }
    if torch::is_legacy(head) {
        return torch::open_legacy(parts);
    }
    if hdf5::is(head) {
        return hdf5::open(parts).map(keras::as_pytorch);
    }
    if safetensors::is(head) {
        return safetensors::open(parts);
    }
    Err(other(head).into())
}

/// What begins so and is no weights that are read.
fn other(head: &[u8]) -> Error {
    if head.starts_with(b"version https://git-lfs") {
        return Error::LfsPointer;
    }
    for (magic, kind) in
        [(&b"\x1f\x8b"[..], "gzip"), (b"\xfd7zXZ", "xz"), (b"7z\xbc\xaf", "7z"), (b"\x28\xb5\x2f\xfd", "zstd")]
    {
        if head.starts_with(magic) {
            return Error::Compressed { kind };
        }
    }
    if head.get(4..8) == Some(b"TFL3") {
        return Error::Tflite;
    }
    if head.starts_with(b"GGUF") {
        return Error::Gguf;
    }
    if head.get(257..262) == Some(b"ustar") {
        return Error::TorchTar;
    }
    // A protocol buffer that begins with the number of ONNX's version and the name of whoever wrote it.
    if let [0x08, 1..=30, 0x12, ..] = head {
        return Error::Onnx;
    }
    // A pickle by itself: what it wants to call says what it is.
    if let [0x80, 2..=5, ..] = head {
        return match crate::pickle::Pickle::read(head) {
            Err(crate::pickle::Failure::Error(error)) => error,
            _ => Error::NoTensors { found: "a pickle that is not PyTorch's".to_owned() },
        };
    }
    if let Some(text) = text(head) {
        let lower = text.trim_start().to_ascii_lowercase();
        if ["<!doctype html", "<html", "<head", "<body"].iter().any(|start| lower.starts_with(start)) {
            return Error::Html;
        }
        return Error::Text { start: text.trim().chars().take(60).collect() };
    }
    let start = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    Error::Unknown { start }
}

/// The bytes as text, if they are such; the last character may be cut.
fn text(head: &[u8]) -> Option<&str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let plain = |c: char| !c.is_control() || c.is_ascii_whitespace();
    (!text.is_empty() && text.chars().all(plain)).then_some(text)
}

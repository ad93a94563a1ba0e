//! Whatever PyTorch's zip archive, or the pickle in it, is, reading gives a network or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgglass_convert::Hints;
use vgglass_convert::float::FloatModel;

/// Storages of the archive around a pickle, and their bytes.
const STORAGES: usize = 80;
const STORAGE: [u8; 2304] = [0x3b; 2304];

fuzz_target!(|bytes: &[u8]| {
    // Bytes that begin as an archive are one, others the pickle of one.
    let file = if bytes.starts_with(b"PK") { bytes.to_vec() } else { archive(bytes) };
    let _ = FloatModel::from_bytes(&file, &Hints { id: None, input_size: Some(32) });
});

fn archive(pickle: &[u8]) -> Vec<u8> {
    let names: Vec<String> = (0..STORAGES).map(|key| format!("net/data/{key}")).collect();
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    let entries = names.iter().map(|name| (name.as_str(), &STORAGE[..]));
    for (name, bytes) in std::iter::once(("net/data.pkl", pickle)).chain(entries) {
        let offset = file.len() as u32;
        let (size, length) = ((bytes.len() as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
        let common = [&[10, 0, 0, 0, 0, 0][..], &[0; 8], &size, &size, &length, &[0, 0]].concat();
        file.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), bytes].concat());
        let tail = [&[0; 10][..], &offset.to_le_bytes(), name.as_bytes()].concat();
        directory.extend([&b"PK\x01\x02\x0a\x00"[..], &common, &tail].concat());
    }
    let count = (STORAGES as u16 + 1).to_le_bytes();
    let (size, start) = ((directory.len() as u32).to_le_bytes(), (file.len() as u32).to_le_bytes());
    [&file, &directory, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &start, &[0, 0]].concat()
}

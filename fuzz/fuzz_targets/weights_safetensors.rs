//! Whatever the header of a safetensors file of published weights is, reading gives a network or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgglass_convert::Hints;
use vgglass_convert::float::FloatModel;

/// Bytes of data that a header may ask for.
const MOST_DATA: usize = 1 << 18;

fuzz_target!(|bytes: &[u8]| {
    // The bytes as a header, with the length before it and the data behind it that it asks for.
    let mut file = (bytes.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(bytes);
    file.resize(file.len() + data_length(bytes).filter(|&length| length <= MOST_DATA).unwrap_or_default(), 0x3b);
    let _ = FloatModel::from_bytes(&file, &Hints { id: None, input_size: Some(32) });
});

/// Where the last tensor of a header ends: the largest number behind a comma and before a closing bracket.
fn data_length(header: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(header).ok()?;
    text.split(']').filter_map(|part| part.rsplit_once(',')?.1.trim().parse().ok()).max()
}

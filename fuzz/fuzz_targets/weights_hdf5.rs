//! Whatever Keras's HDF5 file is, reading gives a network or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgglass_convert::Hints;
use vgglass_convert::float::FloatModel;

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

fuzz_target!(|bytes: &[u8]| {
    let file = if bytes.starts_with(SIGNATURE) { bytes.to_vec() } else { [SIGNATURE, bytes].concat() };
    let _ = FloatModel::from_bytes(&file, &Hints { id: None, input_size: Some(32) });
});

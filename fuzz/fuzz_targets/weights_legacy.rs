//! Whatever follows the magic number of PyTorch's older files is, reading gives a network or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgglass_convert::Hints;
use vgglass_convert::float::FloatModel;

const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

fuzz_target!(|bytes: &[u8]| {
    let file = [MAGIC, bytes].concat();
    let _ = FloatModel::from_bytes(&file, &Hints { id: None, input_size: Some(32) });
});

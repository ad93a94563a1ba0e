//! Seeds: `cargo run --bin seeds -- FOLDER`. In `FOLDER/model_file` the fixture's networks as float files, small models of every
//! row, and their headers alone; in `FOLDER/weights_*` the headers, pickles and whole files of `tests/fixtures/convert/`.

use safetensors::SafeTensors;
use safetensors::tensor::serialize;
use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use vgglass::model::untrained;
use vgglass::network::{Network, Op, Options, TABLE};

static FIXTURE: &[u8] = include_bytes!("../tests/fixtures/float.safetensors");

fn main() -> Result<(), Box<dyn Error>> {
    let all = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    weights(&all)?;
    let folder = all.join("model_file");
    std::fs::create_dir_all(&folder)?;
    let write = |name: &str, file: &[u8]| -> std::io::Result<()> {
        let (length, rest) = file.split_first_chunk::<8>().expect("a file begins with a length");
        let header = &rest[..u64::from_le_bytes(*length) as usize];
        std::fs::write(folder.join(name), file)?;
        std::fs::write(folder.join(format!("{name}.header")), header)
    };

    let all = SafeTensors::deserialize(FIXTURE)?;
    let names = all.names();
    let cases: BTreeSet<&str> = names.iter().filter_map(|name| Some(name.split_once("/file/")?.0)).collect();
    for case in cases {
        let prefix = format!("{case}/file/");
        let tensors = all.tensors().into_iter();
        let tensors = tensors.filter_map(|(name, view)| Some((name.strip_prefix(&prefix)?.to_owned(), view)));
        write(case, &serialize(tensors, None)?)?;
    }
    let small = |input_size| Options {
        width: Some(0.02),
        input_size: Some(input_size),
        fc: Some(3),
        classes: Some(2),
        ..Options::default()
    };
    for row in TABLE {
        let network = Network::new(row.id, small(row.smallest_input()))?;
        write(&format!("row-{}", row.id), &untrained(&network, 1)?.model.to_bytes()?)?;
    }
    let conv = |kernel| Op::Conv { kernel, channels: 1, stride: 1, pad: kernel / 2 };
    let modules = [vec![vec![conv(3)]], vec![vec![conv(1), Op::Lrn], vec![conv(5), Op::Pool { kernel: 2, stride: 2 }]]];
    for (i, modules) in modules.into_iter().enumerate() {
        let options = Options { modules: Some(modules), width: Some(1.0), ..small(4) };
        let network = Network::new("custom", options)?;
        write(&format!("custom-{i}"), &untrained(&network, 1)?.model.to_bytes()?)?;
    }
    Ok(())
}

/// Seeds of the readers of published weights, without what their targets put around them.
fn weights(folder: &Path) -> Result<(), Box<dyn Error>> {
    /// The pickle of the magic number, which `weights_legacy` has already.
    const MAGIC: usize = 15;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/convert");
    for entry in std::fs::read_dir(fixtures)? {
        let path = entry?.path();
        let (file, name) = (std::fs::read(&path)?, path.file_name().expect("a file has a name").to_owned());
        let write = |target: &str, seed: &[u8]| {
            std::fs::create_dir_all(folder.join(target))?;
            std::fs::write(folder.join(target).join(&name), seed)
        };
        if file.starts_with(b"PK") {
            write("weights_zip", &file)?;
            // The first entry, stored: its header, name and padding, then the pickle up to where the next entry begins.
            let number = |at: usize| usize::from(u16::from_le_bytes([file[at], file[at + 1]]));
            let start = 30 + number(26) + number(28);
            let next = file[start..].windows(4).position(|bytes| bytes == b"PK\x07\x08" || bytes == b"PK\x03\x04");
            let pickle = folder.join("weights_zip").join(&name).with_extension("pickle");
            std::fs::write(pickle, &file[start..start + next.unwrap_or(0)])?;
        } else if file.starts_with(b"\x80\x02") {
            write("weights_legacy", &file[MAGIC..])?;
        } else if file.starts_with(b"\x89HDF") {
            write("weights_hdf5", &file)?;
        } else if let Some((length, rest)) = file.split_first_chunk::<8>() {
            write("weights_safetensors", &rest[..u64::from_le_bytes(*length) as usize])?;
        }
    }
    Ok(())
}

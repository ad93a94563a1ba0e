//! HDF5 (The HDF Group's "File Format Specification", version 1.1 of the file, which h5py still writes unless it is told otherwise)
//! as far as Keras's weights go: groups by symbol tables, datasets of floats that lie in one piece.
//!
//! The libraries that read HDF5 want the whole file or a file handle; this one asks for what it needs, as the other readers do.

use std::collections::{BTreeMap, HashMap};

use crate::catalogue::{Catalogue, Dtype, Tensor};
use crate::error::Error;
use crate::parts::{Parts, Stop};

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Objects, nodes and messages that are looked at; a network has some hundred.
const LOOKS: usize = 20_000;
/// Groups in groups.
const DEPTH: usize = 6;
/// Bytes of a name.
const NAME: usize = 256;

/// Types of messages in an object's header.
mod message {
    pub const DATASPACE: u64 = 1;
    pub const DATATYPE: u64 = 3;
    pub const LAYOUT: u64 = 8;
    pub const FILTERS: u64 = 11;
    pub const CONTINUATION: u64 = 16;
    pub const SYMBOL_TABLE: u64 = 17;
}

pub(crate) fn is(head: &[u8]) -> bool {
    head.starts_with(SIGNATURE)
}

pub(crate) fn open(parts: &Parts) -> Result<Catalogue, Stop> {
    let mut reader = Reader { parts, base: 0, looks: 0, tensors: BTreeMap::new() };
    let version = reader.number(8, 1)?;
    if version > 1 {
        return Err(other(format!("version {version} of the superblock; h5py writes version 0 by libver='earliest'")));
    }
    if reader.number(13, 2)? != 0x0808 {
        return Err(other("offsets and lengths of another size than 8 bytes"));
    }
    // Version 1 has four bytes more before the addresses.
    let addresses = 24 + 4 * version;
    reader.base = reader.number(addresses, 8)?;
    let root = reader.number(addresses + 40, 8)?;
    reader.object(root, String::new(), 0)?;
    if reader.tensors.is_empty() {
        return Err(Error::NoTensors { found: "an HDF5 file without datasets of floats".to_owned() }.into());
    }
    Ok(Catalogue { format: "HDF5", tensors: reader.tensors, texts: HashMap::new() })
}

fn other(reason: impl Into<String>) -> Stop {
    Error::Hdf5 { reason: reason.into() }.into()
}

struct Reader<'a> {
    parts: &'a Parts,
    /// Address of what addresses count from.
    base: u64,
    looks: usize,
    tensors: BTreeMap<String, Tensor>,
}

/// What a dataset's header says.
#[derive(Default)]
struct Dataset {
    shape: Option<Vec<usize>>,
    dtype: Option<Dtype>,
    /// Place in the file and bytes.
    data: Option<(u64, u64)>,
    has_filters: bool,
}

impl<'a> Reader<'a> {
    fn look(&mut self) -> Result<(), Stop> {
        self.looks += 1;
        if self.looks > LOOKS { Err(other("more objects than a network has")) } else { Ok(()) }
    }

    fn bytes(&self, at: u64, length: u64) -> Result<&'a [u8], Stop> {
        let at = self.base.checked_add(at);
        let end = at.and_then(|at| at.checked_add(length));
        match (at, end) {
            (Some(at), Some(end)) => self.parts.get(at..end),
            _ => Err(other("an address beyond the file")),
        }
    }

    /// An unsigned number of `length` bytes, at most 8.
    fn number(&self, at: u64, length: u64) -> Result<u64, Stop> {
        let bytes = self.bytes(at, length)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn signed_with(&self, at: u64, signature: &[u8], what: &str) -> Result<(), Stop> {
        if self.bytes(at, signature.len() as u64)? == signature {
            Ok(())
        } else {
            Err(other(format!("{what} is not where it should be")))
        }
    }

    /// An object: a group is gone through, a dataset of floats becomes a tensor called by its path.
    fn object(&mut self, at: u64, path: String, depth: usize) -> Result<(), Stop> {
        self.look()?;
        if self.number(at, 1)? != 1 {
            return Err(other(format!("the header of /{path} is of a newer version")));
        }
        let mut blocks = vec![(at.saturating_add(16), self.number(at.saturating_add(8), 4)?)];
        let mut dataset = Dataset::default();
        while let Some((mut at, length)) = blocks.pop() {
            let end = at.saturating_add(length);
            while at.saturating_add(8) <= end {
                self.look()?;
                let (kind, length, data) = (self.number(at, 2)?, self.number(at + 2, 2)?, at + 8);
                match kind {
                    message::CONTINUATION => blocks.push((self.number(data, 8)?, self.number(data + 8, 8)?)),
                    message::SYMBOL_TABLE => {
                        let (tree, heap) = (self.number(data, 8)?, self.number(data + 8, 8)?);
                        self.signed_with(heap, b"HEAP", "a heap of names")?;
                        let names = self.number(heap.saturating_add(24), 8)?;
                        if depth == DEPTH {
                            return Err(other("groups in groups without end"));
                        }
                        self.group(tree, names, &path, depth, 0)?;
                    }
                    message::DATASPACE => dataset.shape = self.shape(data)?,
                    message::DATATYPE => dataset.dtype = self.dtype(data)?,
                    message::LAYOUT => dataset.data = self.layout(data)?,
                    message::FILTERS => dataset.has_filters = true,
                    _ => {}
                }
                at = data + length;
            }
        }
        let Dataset { shape: Some(shape), dtype: Some(dtype), data, has_filters } = dataset else { return Ok(()) };
        let Some((offset, bytes)) = data.filter(|_| !has_filters) else {
            return Err(other(format!("/{path} is compressed or in pieces")));
        };
        let tensor = self.base.checked_add(offset).and_then(|offset| Tensor::contiguous(dtype, shape.clone(), offset));
        let needed = tensor.as_ref().and_then(|tensor| tensor.span()?.checked_mul(tensor.size()));
        match (tensor, needed) {
            (Some(tensor), Some(needed)) if needed == bytes => {
                let end = tensor.offset.saturating_add(needed);
                if end > self.parts.length() {
                    return Err(Error::Truncated { expected: end, found: self.parts.length() }.into());
                }
                self.tensors.insert(path, tensor);
                Ok(())
            }
            (_, needed) => {
                let (shape, dtype) = (format!("{shape:?}"), format!("{dtype:?}"));
                let expected = needed.map_or_else(|| "more than there are".to_owned(), |needed| needed.to_string());
                Err(Error::Size { tensor: path, shape, dtype, expected, found: bytes }.into())
            }
        }
    }

    /// A node of a group's tree of names, and what is below it.
    fn group(&mut self, at: u64, names: u64, path: &str, depth: usize, level: usize) -> Result<(), Stop> {
        self.look()?;
        if self.bytes(at, 4)? == b"TREE" {
            if level == DEPTH {
                return Err(other("a tree of names without end"));
            }
            // A key, then children with keys between.
            for child in 0..self.number(at + 6, 2)? {
                let child = self.number(at + 32 + 16 * child, 8)?;
                self.group(child, names, path, depth, level + 1)?;
            }
            return Ok(());
        }
        self.signed_with(at, b"SNOD", "a node of names")?;
        for entry in 0..self.number(at + 6, 2)? {
            let entry = at + 8 + 40 * entry;
            let name = self.name(names.saturating_add(self.number(entry, 8)?))?;
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            self.object(self.number(entry + 8, 8)?, path, depth + 1)?;
        }
        Ok(())
    }

    fn name(&self, at: u64) -> Result<String, Stop> {
        let left = self.parts.length().saturating_sub(self.base.saturating_add(at)).min(NAME as u64);
        let bytes = self.bytes(at, left)?;
        match bytes.iter().position(|&byte| byte == 0) {
            Some(length) => Ok(String::from_utf8_lossy(&bytes[..length]).into_owned()),
            None => Err(other("a name without an end")),
        }
    }

    fn shape(&self, at: u64) -> Result<Option<Vec<usize>>, Stop> {
        let (version, rank) = (self.number(at, 1)?, self.number(at + 1, 1)?);
        let first = match version {
            1 => at + 8,
            2 => at + 4,
            _ => return Ok(None),
        };
        let length = |d: u64| Ok::<_, Stop>(usize::try_from(self.number(first + 8 * d, 8)?).unwrap_or(usize::MAX));
        (0..rank).map(length).collect::<Result<_, _>>().map(Some)
    }

    /// Little-endian floats; `None` for others.
    fn dtype(&self, at: u64) -> Result<Option<Dtype>, Stop> {
        const FLOAT: u64 = 1;
        let (class, order) = (self.number(at, 1)? & 15, self.number(at + 1, 1)? & 1);
        if class != FLOAT || order != 0 {
            return Ok(None);
        }
        Ok(match self.number(at + 4, 4)? {
            2 => Some(Dtype::F16),
            4 => Some(Dtype::F32),
            8 => Some(Dtype::F64),
            _ => None,
        })
    }

    /// Where a dataset lies in one piece; `None` if it does not.
    fn layout(&self, at: u64) -> Result<Option<(u64, u64)>, Stop> {
        const CONTIGUOUS: u64 = 1;
        const NOWHERE: u64 = u64::MAX;
        let (version, class) = (self.number(at, 1)?, self.number(at + 1, 1)?);
        if !(3..=4).contains(&version) || class != CONTIGUOUS {
            return Ok(None);
        }
        let address = self.number(at + 2, 8)?;
        Ok(if address == NOWHERE { None } else { Some((address, self.number(at + 10, 8)?)) })
    }
}

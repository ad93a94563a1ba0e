//! PyTorch's files (`torch.save`): a zip archive since version 1.6, before it a row of pickles and then the storages. Tensors are
//! views of storages, which several may share.

use std::collections::{BTreeMap, HashMap};

use crate::catalogue::{Catalogue, Tensor};
use crate::error::Error;
use crate::parts::{HEADS, Parts, Stop};
use crate::pickle::{Failure, Object, Pickle, Storage, Value, View};
use crate::zip::Zip;

/// What an older file begins with: the pickle of this number, `0x1950a86a20f9469cfc6c`.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;
/// The pickle of [`MAGIC`] by protocol 2: PROTO, LONG1, its length, itself, STOP.
const MAGIC_PICKLE: usize = 15;
/// Bytes of a tensor's name.
const NAME: usize = 256;

pub(crate) fn is_legacy(head: &[u8]) -> bool {
    head.get(4..14) == Some(&MAGIC) && head.starts_with(&[0x80])
}

/// The archive of PyTorch 1.6 and later: `NAME/data.pkl`, `NAME/data/KEY` for each storage.
pub(crate) fn open_zip(parts: &Parts) -> Result<Catalogue, Stop> {
    let zip = Zip::open(parts)?;
    const PICKLE: &str = "data.pkl";
    let is_in = |name: &str, folder: &str| name.split_once('/').is_some_and(|(_, rest)| rest.starts_with(folder));
    if zip.names.iter().any(|name| is_in(name, "code/") || is_in(name, "constants.pkl")) {
        return Err(Error::TorchScript.into());
    }
    let pickle = zip.names.iter().find(|name| name.split_once('/').is_some_and(|(_, rest)| rest == PICKLE));
    let Some(pickle_name) = pickle else {
        let entry = zip.names.first().cloned().unwrap_or_default();
        return Err(Error::ZipOther { entry }.into());
    };
    let root = &pickle_name[..pickle_name.len() - PICKLE.len()];
    if let Some((start, size)) = zip.find(parts, &format!("{root}byteorder"))?
        && parts.get(start..start + size.min(16))? != b"little"
    {
        return Err(Error::BigEndian.into());
    }
    let (start, size) = zip.find(parts, pickle_name)?.expect("its name is there");
    let pickle = match Pickle::read(parts.get(start..start + size)?) {
        Ok(pickle) => pickle,
        Err(Failure::End) => {
            return Err(Error::Pickle { at: size as usize, reason: "it ends without an instruction to stop" }.into());
        }
        Err(Failure::Error(error)) => return Err(error.into()),
    };
    catalogue(&pickle, "PyTorch, zip", |storage| {
        let entry = format!("{root}data/{}", storage.key);
        let Some((start, size)) = zip.find(parts, &entry)? else {
            return Err(Error::Zip { reason: format!("entry {entry} is missing") }.into());
        };
        Ok((start, size))
    })
}

/// The older form: five pickles (magic number, protocol, machine, the object, keys of the storages) and then, in the order of
/// the keys, each storage's number of elements and the elements.
pub(crate) fn open_legacy(parts: &Parts) -> Result<Catalogue, Stop> {
    let mut at = MAGIC_PICKLE as u64;
    let protocol = next(parts, &mut at)?;
    if protocol.result != Value::Int(PROTOCOL) {
        return Err(Error::Pickle { at: at as usize, reason: "an unknown protocol of PyTorch" }.into());
    }
    let machine = next(parts, &mut at)?;
    if let Some(Object::Dict(pairs)) = machine.object(machine.result)
        && pairs.iter().any(|&(key, value)| machine.text(key) == Some("little_endian") && value == Value::Bool(false))
    {
        return Err(Error::BigEndian.into());
    }
    let pickle = next(parts, &mut at)?;
    let keys = next(parts, &mut at)?;
    let Some(Object::List(list)) = keys.object(keys.result) else {
        return Err(Error::Pickle { at: at as usize, reason: "the keys of the storages are not a list" }.into());
    };
    // How large a storage is stands before its elements: all that comes before it has to be known, which the tensors tell.
    let mut sizes = HashMap::new();
    for storage in storages(&pickle) {
        let known = sizes.entry(storage.key.as_str()).or_insert((storage.dtype.bitsize() as u64 / 8, 0));
        known.1 = storage.start.saturating_add(storage.count).max(known.1);
    }
    let mut places = HashMap::new();
    let mut wanted = Vec::new();
    for &key in list {
        let wrong = || Error::Pickle { at: at as usize, reason: "a storage's key is of another kind, or of no tensor" };
        let key = keys.text(key).ok_or_else(wrong)?;
        let (size, likely) = *sizes.get(key).ok_or_else(wrong)?;
        let count = match parts.exactly(at..at.saturating_add(8)) {
            Ok(bytes) => u64::from_le_bytes(bytes.try_into().expect("eight bytes")),
            // What the tensors say: with it all that will be needed is asked for at once.
            Err(Stop::Want(ranges)) => {
                wanted.extend(ranges);
                likely
            }
            Err(stop) => return Err(stop),
        };
        let start = at + 8;
        let bytes = count.checked_mul(size).filter(|bytes| start.checked_add(*bytes).is_some());
        let Some(bytes) = bytes.filter(|bytes| start + bytes <= parts.length()) else {
            let expected = start.saturating_add(count.saturating_mul(size));
            return Err(Error::Truncated { expected, found: parts.length() }.into());
        };
        places.insert(key.to_owned(), (start, bytes));
        at = start + bytes;
    }
    if !wanted.is_empty() {
        return Err(Stop::Want(wanted));
    }
    if at != parts.length() {
        return Err(Error::Trailing { expected: at, found: parts.length() }.into());
    }
    catalogue(&pickle, "PyTorch before 1.6", |storage| {
        places.get(&storage.key).copied().ok_or_else(|| {
            let reason = "a tensor's storage is not in the file";
            Error::Pickle { at: at as usize, reason }.into()
        })
    })
}

/// The pickle at `at`, which is then behind it. How long a pickle is only its end tells.
fn next(parts: &Parts, at: &mut u64) -> Result<Pickle, Stop> {
    let mut wanted = 1;
    loop {
        let known = parts.from(*at..*at + wanted)?;
        match Pickle::read(known) {
            Ok(pickle) => {
                *at += pickle.length as u64;
                return Ok(pickle);
            }
            Err(Failure::End) if *at + known.len() as u64 == parts.length() => {
                return Err(Error::Truncated { expected: parts.length() + 1, found: parts.length() }.into());
            }
            Err(Failure::End) => {
                let known = known.len() as u64;
                wanted = (known * 2).min(parts.length() - *at);
                if wanted > HEADS {
                    return Err(Error::Head { found: wanted, limit: HEADS }.into());
                }
            }
            Err(Failure::Error(error)) => return Err(error.into()),
        }
    }
}

/// Storages of all tensors.
fn storages(pickle: &Pickle) -> impl Iterator<Item = &Storage> {
    pickle.objects().iter().filter_map(|object| match object {
        Object::Storage(storage) => Some(storage),
        _ => None,
    })
}

/// Tensors by name, of `{name: tensor}` or of `{'state_dict': {name: tensor}, ...}`. `place` tells where in the file a storage
/// begins, and how many bytes it has.
fn catalogue(
    pickle: &Pickle,
    format: &'static str,
    place: impl Fn(&Storage) -> Result<(u64, u64), Stop>,
) -> Result<Catalogue, Stop> {
    let none = |value| Error::NoTensors { found: pickle.kind(value).to_owned() };
    let Some(Object::Dict(mut dict)) = pickle.object(pickle.result).cloned() else {
        return Err(none(pickle.result).into());
    };
    if let Some(&(_, inner)) = dict.iter().find(|(key, _)| pickle.text(*key) == Some("state_dict")) {
        let Some(Object::Dict(pairs)) = pickle.object(inner).cloned() else { return Err(none(inner).into()) };
        dict = pairs;
    }
    let mut tensors = BTreeMap::new();
    let mut places = HashMap::new();
    let mut wanted = Vec::new();
    for (key, value) in dict {
        let (Some(name), Some(Object::Tensor(view))) = (pickle.text(key), pickle.object(value)) else { continue };
        if name.len() > NAME {
            return Err(Error::Pickle { at: 0, reason: "a tensor's name is very long" }.into());
        }
        let storage = &view.storage;
        let at = match places.get(&storage.key) {
            Some(&at) => at,
            None => {
                let at = match place(storage) {
                    _ if view.shape.contains(&0) => (0, 0),
                    Err(Stop::Want(ranges)) => {
                        wanted.extend(ranges);
                        continue;
                    }
                    place => place?,
                };
                places.insert(storage.key.clone(), at);
                at
            }
        };
        tensors.insert(name.to_owned(), tensor(name, view, at)?);
    }
    if !wanted.is_empty() {
        return Err(Stop::Want(wanted));
    }
    if tensors.is_empty() {
        return Err(Error::NoTensors { found: "a dictionary of other things".to_owned() }.into());
    }
    Ok(Catalogue { format, tensors, texts: HashMap::new() }.without_module())
}

/// A view of a storage that lies at byte `start` and has so many bytes.
fn tensor(name: &str, view: &View, (start, bytes): (u64, u64)) -> Result<Tensor, Error> {
    let View { storage, offset, shape, strides } = view;
    let outside = || Error::Storage { tensor: name.to_owned() };
    let mut tensor = Tensor { dtype: storage.dtype, shape: shape.clone(), strides: strides.clone(), offset: 0 };
    let first = storage.start.checked_add(*offset).ok_or_else(outside)?;
    let size = tensor.size();
    let span = tensor.span().ok_or_else(outside)?;
    // Of the elements that the storage says it has, and of the bytes that it has.
    let end = offset.checked_add(span).filter(|end| *end <= storage.count || span == 0).ok_or_else(outside)?;
    let last = storage.start.checked_add(end).and_then(|end| end.checked_mul(size)).ok_or_else(outside)?;
    if last > bytes && span > 0 {
        let expected = last.to_string();
        return Err(Error::StorageSize { storage: storage.key.clone(), expected, found: bytes });
    }
    tensor.offset = start + if span > 0 { first * size } else { 0 };
    Ok(tensor)
}

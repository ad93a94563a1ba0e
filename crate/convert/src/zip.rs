//! The directory of a zip archive (PKWARE's APPNOTE 6.3.10, with zip64) whose entries are stored, as PyTorch writes them.
//!
//! The directory lies at the end of the file and is what counts; the header before an entry's bytes says only how far behind
//! itself they begin.

use std::collections::HashMap;

use crate::error::Error;
use crate::parts::{Parts, Stop};

/// Entries that are read: a network has one for each tensor and a few more.
const ENTRIES: u64 = 2000;

/// "End of central directory" and what precedes it in a zip64, without the comment.
const END: usize = 22;
const END64_LOCATOR: usize = 20;
const END64: usize = 56;
const DIRECTORY_HEADER: usize = 46;
const LOCAL_HEADER: u64 = 30;
/// In place of a number that stands in the zip64 record.
const IN_ZIP64: u64 = 0xffff_ffff;

/// Where an entry lies.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Bytes, stored as they are.
    pub(crate) size: u64,
    stored: bool,
    header: u64,
}

/// Entries by name; names in the order of the directory.
pub(crate) struct Zip {
    pub(crate) names: Vec<String>,
    entries: HashMap<String, Entry>,
}

pub(crate) fn is(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

fn damaged(reason: impl Into<String>) -> Stop {
    Error::Zip { reason: reason.into() }.into()
}

fn u16_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]).into())
}

fn u32_at(bytes: &[u8], at: usize) -> u64 {
    u16_at(bytes, at) | u16_at(bytes, at + 2) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u32_at(bytes, at) | u32_at(bytes, at + 4) << 32
}

impl Zip {
    pub(crate) fn open(parts: &Parts) -> Result<Self, Stop> {
        let length = parts.length();
        // A comment of 64 kB may follow the end.
        let from = length.saturating_sub((END64_LOCATOR + END + 0xffff) as u64);
        let tail = parts.get(from..length)?;
        let end = (0..=tail.len().saturating_sub(END)).rev().find(|&at| {
            tail[at..].starts_with(b"PK\x05\x06") && at + END + u16_at(tail, at + 20) as usize == tail.len()
        });
        let Some(end) = end else {
            return Err(damaged("the directory at its end is missing; the file is cut short"));
        };
        let (mut count, mut size, mut start) = (u16_at(tail, end + 10), u32_at(tail, end + 12), u32_at(tail, end + 16));
        let mut limit = from + end as u64;
        let locator =
            end.checked_sub(END64_LOCATOR).map(|at| &tail[at..end]).filter(|at| at.starts_with(b"PK\x06\x07"));
        if let Some(locator) = locator {
            let at = u64_at(locator, 8);
            let record = parts.get(at..at.saturating_add(END64 as u64))?;
            if !record.starts_with(b"PK\x06\x06") {
                return Err(damaged("its zip64 record is not where it should be"));
            }
            (count, size, start) = (u64_at(record, 32), u64_at(record, 40), u64_at(record, 48));
            limit = at;
        }
        if count > ENTRIES {
            return Err(damaged(format!("it says it has {count} entries, at most {ENTRIES} are accepted")));
        }
        if start.checked_add(size).is_none_or(|end| end > limit) {
            return Err(damaged("its directory reaches beyond its place"));
        }
        let mut directory = parts.get(start..start + size)?;
        let mut zip = Zip { names: Vec::new(), entries: HashMap::new() };
        for _ in 0..count {
            let header = directory.split_off(..DIRECTORY_HEADER).filter(|header| header.starts_with(b"PK\x01\x02"));
            let Some(header) = header else { return Err(damaged("its directory has fewer entries than it says")) };
            let mut take = |at: usize| directory.split_off(..u16_at(header, at) as usize);
            let (Some(name), Some(extra), Some(_comment)) = (take(28), take(30), take(32)) else {
                return Err(damaged("an entry of its directory is cut short"));
            };
            let name = String::from_utf8_lossy(name).into_owned();
            let (packed, size, offset) = sizes(header, extra);
            let entry = Entry { size, stored: u16_at(header, 10) == 0 && packed == size, header: offset };
            if offset >= start || packed > start - offset {
                return Err(damaged(format!("entry {name} reaches beyond its place")));
            }
            if zip.entries.insert(name.clone(), entry).is_some() {
                return Err(damaged(format!("entry {name} is there twice")));
            }
            zip.names.push(name);
        }
        Ok(zip)
    }

    /// Where the bytes of an entry begin, and how many they are; `None` if it is not there.
    pub(crate) fn find(&self, parts: &Parts, name: &str) -> Result<Option<(u64, u64)>, Stop> {
        let Some(entry) = self.entries.get(name) else { return Ok(None) };
        if !entry.stored {
            return Err(Error::ZipCompressed { entry: name.to_owned() }.into());
        }
        let header = parts.exactly(entry.header..entry.header.saturating_add(LOCAL_HEADER))?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(damaged(format!("entry {name} is not where the directory says")));
        }
        let start = entry.header + LOCAL_HEADER + u16_at(header, 26) + u16_at(header, 28);
        match start.checked_add(entry.size) {
            Some(end) if end <= parts.length() => Ok(Some((start, entry.size))),
            _ => Err(damaged(format!("entry {name} reaches beyond the file"))),
        }
    }
}

/// Stored bytes, bytes and place of an entry's header, some of which may be in the zip64 field.
fn sizes(header: &[u8], mut extra: &[u8]) -> (u64, u64, u64) {
    let (mut packed, mut size, mut offset) = (u32_at(header, 20), u32_at(header, 24), u32_at(header, 42));
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0), u16_at(extra, 2) as usize);
        let field = &extra[4..(4 + length).min(extra.len())];
        if id == 1 {
            // In this order, and only those that do not fit their places.
            let mut at = 0;
            for number in [&mut size, &mut packed, &mut offset] {
                if *number == IN_ZIP64 {
                    *number = u64_at(field, at);
                    at += 8;
                }
            }
        }
        extra = &extra[(4 + length).min(extra.len())..];
    }
    (packed, size, offset)
}

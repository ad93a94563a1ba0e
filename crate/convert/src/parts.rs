//! The parts of a file that its reader has asked for.
//!
//! Readers of heads are plain functions over [`Parts`]: what is not there yet ends them with [`Stop::Want`], and they are
//! called again, from the beginning, when it is. Heads are small, so nothing is lost by it, and no reader has to know
//! whether bytes come from a disk, a `Blob` or a server.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Error;

/// Bytes that heads may take, all together: those of published networks have some ten kB.
pub const HEADS: u64 = 8 << 20;
/// Bytes that are asked for at least, so that a head of many small pieces takes few questions.
const LEAST: u64 = 16 << 10;

/// Why a reader ended before it was done.
#[derive(Debug)]
pub enum Stop {
    /// These bytes are needed, first of all those of the first range.
    Want(Vec<Range<u64>>),
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

/// A file of which parts are known.
pub struct Parts {
    length: u64,
    /// By where they begin.
    parts: BTreeMap<u64, Vec<u8>>,
    held: u64,
}

impl Parts {
    /// A file of so many bytes.
    pub fn new(length: u64) -> Self {
        Parts { length, parts: BTreeMap::new(), held: 0 }
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of a range, and what happens to be known after it.
    pub fn from(&self, range: Range<u64>) -> Result<&[u8], Stop> {
        if range.end > self.length {
            return Err(Error::Truncated { expected: range.end, found: self.length }.into());
        }
        let known = self.parts.range(..=range.start).rev().find_map(|(&start, bytes)| {
            let bytes = bytes.get((range.start - start) as usize..)?;
            (bytes.len() as u64 >= range.end - range.start).then_some(bytes)
        });
        known.ok_or_else(|| {
            let end = range.end.max(range.start.saturating_add(LEAST)).min(self.length);
            self.want(range.start..end)
        })
    }

    /// [`Parts::get`] of a few bytes far from others.
    pub fn exactly(&self, range: Range<u64>) -> Result<&[u8], Stop> {
        match self.get(range.clone()) {
            Err(Stop::Want(_)) => Err(self.want(range)),
            other => other,
        }
    }

    fn want(&self, range: Range<u64>) -> Stop {
        match self.held.saturating_add(range.end - range.start) {
            found if found > HEADS => Error::Head { found, limit: HEADS }.into(),
            _ => Stop::Want(vec![range]),
        }
    }

    /// Bytes of a range.
    pub fn get(&self, range: Range<u64>) -> Result<&[u8], Stop> {
        let length = range.end.saturating_sub(range.start);
        Ok(&self.from(range)?[..length as usize])
    }

    /// The bytes at `offset`.
    pub fn add(&mut self, offset: u64, bytes: Vec<u8>) {
        self.held += bytes.len() as u64;
        // Of two that begin at one place the longer holds the other.
        match self.parts.get(&offset) {
            Some(known) if known.len() >= bytes.len() => {}
            _ => drop(self.parts.insert(offset, bytes)),
        }
    }
}

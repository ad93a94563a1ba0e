//! Safetensors (<https://huggingface.co/docs/safetensors>): the length of a header of JSON, the header, and the tensors' bytes,
//! without holes and each the last index fastest.

use std::collections::{BTreeMap, HashMap};

use ::safetensors::tensor::TensorInfo;
use serde::Deserialize;

use crate::catalogue::{Catalogue, Tensor};
use crate::error::Error;
use crate::parts::{HEADS, Parts, Stop};

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    texts: Option<HashMap<String, String>>,
    #[serde(flatten)]
    tensors: BTreeMap<String, TensorInfo>,
}

/// Whether these first nine bytes may be a safetensors file's.
pub(crate) fn is(head: &[u8]) -> bool {
    head.get(8) == Some(&b'{')
}

pub(crate) fn open(parts: &Parts) -> Result<Catalogue, Stop> {
    let length = u64::from_le_bytes(parts.get(0..8)?.try_into().expect("eight bytes"));
    if length > HEADS {
        return Err(Error::Head { found: length, limit: HEADS }.into());
    }
    let header: Header = serde_json::from_slice(parts.get(8..8 + length)?)
        .map_err(|error| Error::Safetensors { reason: error.to_string() })?;
    let data = 8 + length;
    let mut spans = Vec::new();
    let mut tensors = BTreeMap::new();
    for (name, TensorInfo { dtype, shape, data_offsets: (start, end) }) in header.tensors {
        let offset = data.checked_add(start as u64);
        let tensor = offset.and_then(|offset| Tensor::contiguous(dtype, shape.clone(), offset));
        let bytes =
            tensor.as_ref().and_then(|tensor| tensor.span()?.checked_mul(dtype.bitsize() as u64)).map(|bits| bits / 8);
        let found = (end as u64).wrapping_sub(start as u64);
        match (tensor, bytes) {
            (Some(tensor), Some(expected)) if expected == found && start <= end => {
                spans.push((start as u64, end as u64, name.clone()));
                tensors.insert(name, tensor);
            }
            _ => {
                let expected = bytes.map_or_else(|| "more than there are".to_owned(), |bytes| bytes.to_string());
                let (shape, dtype) = (format!("{shape:?}"), format!("{dtype:?}"));
                return Err(Error::Size { tensor: name, shape, dtype, expected, found }.into());
            }
        }
    }
    spans.sort_unstable();
    let mut last = (0, None);
    for (start, end, name) in spans {
        match (start.cmp(&last.0), last.1) {
            (std::cmp::Ordering::Less, Some(other)) => return Err(Error::Overlap { tensor: name, other }.into()),
            (std::cmp::Ordering::Equal, _) => last = (end, Some(name)),
            _ => return Err(Error::Hole { tensor: name, found: start - last.0 }.into()),
        }
    }
    let (expected, found) = (data.saturating_add(last.0), parts.length());
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(Error::Truncated { expected, found }.into()),
        std::cmp::Ordering::Greater => Err(Error::Trailing { expected, found }.into()),
        std::cmp::Ordering::Equal => {
            Ok(Catalogue { format: "safetensors", tensors, texts: header.texts.unwrap_or_default() })
        }
    }
}

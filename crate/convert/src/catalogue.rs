//! What a file of weights says it holds: named tensors, and where their elements lie.

use std::collections::{BTreeMap, HashMap};

pub use safetensors::Dtype;

use crate::error::Error;

/// Dimensions of a tensor.
const DIMENSIONS: usize = 8;

/// A tensor in a file. Its elements are little-endian.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Elements from one index to the next, by dimension.
    pub strides: Vec<u64>,
    /// Byte of the file at which element (0, 0, ...) is.
    pub offset: u64,
}

/// The tensors of a file.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// What the file is, in words.
    pub format: &'static str,
    pub tensors: BTreeMap<String, Tensor>,
    /// What the file says beside them; keys are those of [`vgglass::model::file::key`], or of whoever wrote it.
    pub texts: HashMap<String, String>,
}

impl Tensor {
    /// A tensor whose elements lie one behind the other, the last index fastest.
    pub fn contiguous(dtype: Dtype, shape: Vec<usize>, offset: u64) -> Option<Self> {
        let mut strides = vec![1u64; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i].checked_mul(shape[i].max(1) as u64)?;
        }
        Some(Tensor { dtype, shape, strides, offset })
    }

    /// Bytes of an element.
    pub fn size(&self) -> u64 {
        (self.dtype.bitsize() / 8) as u64
    }

    /// Elements; `None` where they cannot be counted.
    pub fn count(&self) -> Option<u64> {
        self.shape.iter().try_fold(1u64, |product, &length| product.checked_mul(length as u64))
    }

    /// Elements from the first to behind the last; `None` where they cannot be counted, or are more dimensions than are read.
    pub fn span(&self) -> Option<u64> {
        if self.shape.len() > DIMENSIONS || self.shape.len() != self.strides.len() {
            return None;
        }
        if self.count()? == 0 {
            return Some(0);
        }
        let steps = self.shape.iter().zip(&self.strides);
        let mut last = steps.map(|(&length, stride)| (length as u64 - 1).checked_mul(*stride));
        last.try_fold(1u64, |sum, step| sum.checked_add(step?))
    }
}

impl Catalogue {
    /// A tensor that must be there.
    pub fn tensor(&self, name: &str) -> Result<&Tensor, Error> {
        self.tensors.get(name).ok_or_else(|| Error::Missing { tensor: name.to_owned() })
    }

    /// A text, if it is there.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// Takes `module.` from before the names, which PyTorch's data parallelism puts there, where all have it.
    pub(crate) fn without_module(mut self) -> Self {
        const PREFIX: &str = "module.";
        if self.tensors.keys().all(|name| name.starts_with(PREFIX)) {
            let tensors = std::mem::take(&mut self.tensors).into_iter();
            self.tensors = tensors.map(|(name, tensor)| (name[PREFIX.len()..].to_owned(), tensor)).collect();
        }
        self
    }
}

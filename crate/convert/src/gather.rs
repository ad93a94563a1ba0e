//! Rows of a tensor out of the bytes of a file, as they come.
//!
//! A tensor may lie in any order: transposed, as a part of a larger one, with its dimensions exchanged. Elements are taken in the
//! order of the file and put where they belong.

use std::ops::Range;

use crate::catalogue::{Dtype, Tensor};
use crate::error::Error;

/// A dimension: how often, and how far from one to the next in the file and among the values.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dimension {
    count: u64,
    from: u64,
    to: usize,
}

/// Some rows (first indices) of a tensor, gathered from the file.
#[derive(Debug)]
pub(crate) struct Gather {
    dtype: Dtype,
    size: u64,
    /// Byte of the first element.
    offset: u64,
    /// Ordered, the last with the shortest step in the file.
    dimensions: Vec<Dimension>,
    /// Elements that have come.
    done: u64,
    /// `[rows][...]`, the last index fastest.
    pub(crate) values: Vec<f32>,
}

/// What a piece of the file holds next.
struct Run {
    /// Elements from the tensor's first.
    from: u64,
    /// Place of its first value.
    to: usize,
    /// Elements that follow one another in the file.
    count: u64,
    /// Distance of their places.
    step: usize,
}

impl Gather {
    /// `name` is for messages.
    pub(crate) fn new(name: &str, tensor: &Tensor, rows: Range<usize>) -> Result<Self, Error> {
        if !matches!(tensor.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            return Err(Error::Dtype { tensor: name.to_owned(), found: format!("{:?}", tensor.dtype) });
        }
        let mut shape = tensor.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = rows.len();
        }
        let mut to = 1;
        let mut dimensions = Vec::new();
        for (&count, &from) in shape.iter().zip(&tensor.strides).rev() {
            if count != 1 {
                dimensions.push(Dimension { count: count as u64, from, to });
            }
            to *= count;
        }
        dimensions.sort_by_key(|dimension| std::cmp::Reverse(dimension.from));
        // Each step of one dimension goes over all of the next: otherwise the order of the file is no order of indices.
        let is_ordered =
            |pair: &[Dimension]| pair[1].from.checked_mul(pair[1].count).is_some_and(|all| all <= pair[0].from);
        if !dimensions.windows(2).all(is_ordered) || dimensions.iter().any(|dimension| dimension.from == 0) {
            return Err(Error::View { tensor: name.to_owned() });
        }
        let mut joined: Vec<Dimension> = Vec::new();
        for next in dimensions {
            match joined.last_mut() {
                Some(last) if last.from == next.from * next.count && last.to == next.to * next.count as usize => {
                    *last = Dimension { count: last.count * next.count, ..next };
                }
                _ => joined.push(next),
            }
        }
        let size = tensor.size();
        let step = tensor.strides.first().copied().unwrap_or(0);
        let offset = tensor.offset + rows.start as u64 * step * size;
        Ok(Gather { dtype: tensor.dtype, size, offset, dimensions: joined, done: 0, values: vec![0.0; to] })
    }

    /// Rows that are gathered at once: of a tensor that lies row by row as many as `some` values, of another, which has to be
    /// read anew for every part, as many as `many`.
    pub(crate) fn rows_at_once(tensor: &Tensor, some: usize, many: usize) -> usize {
        let row = tensor.shape.iter().skip(1).product::<usize>().max(1);
        let rows_lie_apart = tensor.strides.iter().skip(1).all(|stride| tensor.strides[0] >= *stride);
        (if rows_lie_apart { some } else { many } / row).max(1)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done == self.values.len() as u64
    }

    /// Elements that follow one another, from the next on.
    fn run(&self) -> Run {
        let (outer, inner) = match self.dimensions.split_last() {
            Some((inner, outer)) if inner.from == 1 => (outer, *inner),
            _ => (&self.dimensions[..], Dimension { count: 1, from: 1, to: 1 }),
        };
        let (mut rest, within) = (self.done / inner.count, self.done % inner.count);
        let mut run = Run { from: within, to: within as usize * inner.to, count: inner.count - within, step: inner.to };
        for dimension in outer.iter().rev() {
            let index = rest % dimension.count;
            rest /= dimension.count;
            run.from += index * dimension.from;
            run.to += index as usize * dimension.to;
        }
        run
    }

    /// Bytes from the next element to behind the last. Not to be asked when all is done.
    pub(crate) fn wanted(&self) -> Range<u64> {
        self.offset + self.run().from * self.size..self.end()
    }

    /// Byte behind the last element.
    pub(crate) fn end(&self) -> u64 {
        let last: u64 = self.dimensions.iter().map(|dimension| (dimension.count - 1) * dimension.from).sum();
        self.offset + (last + 1) * self.size
    }

    /// Takes elements out of the bytes at `offset` of the file, which is not behind what is wanted.
    pub(crate) fn take(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset + bytes.len() as u64;
        while !self.is_done() {
            let run = self.run();
            let start = self.offset + run.from * self.size;
            let count = run.count.min(end.saturating_sub(start) / self.size);
            if count == 0 || start < offset {
                return;
            }
            let part = &bytes[(start - offset) as usize..][..(count * self.size) as usize];
            let places = self.values[run.to..].iter_mut().step_by(run.step);
            match self.dtype {
                Dtype::F32 => {
                    let values = part.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
                    places.zip(values).for_each(|(place, value)| *place = value);
                }
                Dtype::F16 => halves(part, |bits| half::f16::from_bits(bits).to_f32(), places),
                _ => halves(part, |bits| half::bf16::from_bits(bits).to_f32(), places),
            }
            self.done += count;
        }
    }
}

fn halves<'a>(bytes: &[u8], real: fn(u16) -> f32, places: impl Iterator<Item = &'a mut f32>) {
    let values = bytes.as_chunks().0.iter().map(|&bytes| real(u16::from_le_bytes(bytes)));
    places.zip(values).for_each(|(place, value)| *place = value);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All values of a tensor whose elements are numbered as they lie, given in pieces of `piece` bytes.
    fn gathered(shape: &[usize], strides: &[u64], rows: Range<usize>, piece: usize) -> Vec<f32> {
        let tensor = Tensor { dtype: Dtype::F32, shape: shape.to_vec(), strides: strides.to_vec(), offset: 12 };
        let span = tensor.span().unwrap() as usize;
        let file: Vec<u8> = (0..span + 3).flat_map(|i| (i as f32 - 3.0).to_le_bytes()).collect();
        let mut gather = Gather::new("t", &tensor, rows).unwrap();
        while !gather.is_done() {
            let wanted = gather.wanted();
            let from = wanted.start as usize;
            let before = gather.done;
            gather.take(from as u64, &file[from..(from + piece).min(wanted.end as usize)]);
            assert!(gather.done > before, "every piece of an element or more brings something");
        }
        gather.values
    }

    fn expected(shape: &[usize], strides: &[u64], rows: Range<usize>) -> Vec<f32> {
        let row: usize = shape[1..].iter().product();
        let value = |i: usize| {
            let (mut rest, mut at) = (i, 0);
            for (d, &length) in shape.iter().enumerate().rev() {
                let length = if d == 0 { usize::MAX } else { length };
                at += (rest % length) as u64 * strides[d];
                rest /= length;
            }
            at as f32
        };
        (rows.start * row..rows.end * row).map(value).collect()
    }

    #[test]
    fn any_order_gives_rows() {
        let cases: [(&[usize], &[u64]); 7] = [
            (&[6, 4], &[4, 1]),
            (&[6, 4], &[1, 6]),
            (&[6, 4], &[10, 2]),
            (&[5, 3, 2, 2], &[1, 5, 30, 15]),
            (&[5, 3, 2, 2], &[12, 4, 2, 1]),
            (&[4, 1, 3], &[3, 77, 1]),
            (&[7], &[2]),
        ];
        for (shape, strides) in cases {
            for rows in [0..shape[0], 1..3, 2..shape[0], 0..1] {
                for piece in [4, 7, 16, 1000] {
                    let found = gathered(shape, strides, rows.clone(), piece);
                    assert_eq!(found, expected(shape, strides, rows.clone()), "{shape:?} {strides:?} {rows:?} {piece}");
                }
            }
        }
    }

    #[test]
    fn shared_places_are_refused() {
        for strides in [[0, 1], [1, 1], [3, 2]] {
            let tensor = Tensor { dtype: Dtype::F32, shape: vec![3, 4], strides: strides.to_vec(), offset: 0 };
            assert!(matches!(Gather::new("t", &tensor, 0..3), Err(Error::View { .. })), "{strides:?}");
        }
    }
}

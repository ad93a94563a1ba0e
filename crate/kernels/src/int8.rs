//! Weights as they lie in a file.

use bytes::Bytes;

/// Int8 values that are shared, never copied: of a file they are a part, and whoever holds them holds the file.
#[derive(Clone, PartialEq)]
pub struct Int8(Bytes);

impl Int8 {
    /// `part` lies in `file`.
    pub fn of_file(file: &Bytes, part: &[u8]) -> Self {
        Int8(file.slice_ref(part))
    }

    /// Where the first -128 is.
    pub fn position_of_min(&self) -> Option<usize> {
        /// Values looked at before the first decision: a loop without one is a loop over vectors.
        const PART: usize = 4096;
        let parts = self.chunks(PART).position(|part| part.iter().fold(false, |found, &q| found | (q == i8::MIN)))?;
        Some(parts * PART + self[parts * PART..].iter().position(|&q| q == i8::MIN)?)
    }
}

impl From<Vec<i8>> for Int8 {
    fn from(values: Vec<i8>) -> Self {
        Int8(Bytes::from(bytemuck::allocation::cast_vec::<i8, u8>(values)))
    }
}

impl std::ops::Deref for Int8 {
    type Target = [i8];
    fn deref(&self) -> &[i8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl std::fmt::Debug for Int8 {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} int8 values", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_minimum_is_found_in_every_part() {
        for at in [0, 1, 4095, 4096, 9000] {
            let mut values = vec![-127; 9001];
            values[at] = i8::MIN;
            values[9000] = i8::MIN;
            assert_eq!(Int8::from(values).position_of_min(), Some(at));
        }
        assert_eq!(Int8::from(vec![-127; 9001]).position_of_min(), None);
        assert_eq!(Int8::from(Vec::new()).position_of_min(), None);
    }
}

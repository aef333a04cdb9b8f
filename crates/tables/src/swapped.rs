//! Cells of a table in the other byte order than the reader of the cells expects.

use crate::cells::{Data, Run, Sink};
use crate::{DataType, Error};

/// Turns the bytes of every number around and passes the cells on.
pub(crate) struct Swapped<'a> {
    sink: &'a mut dyn Sink,
    /// Bytes of a number.
    width: usize,
    bytes: Vec<u8>,
}

impl<'a> Swapped<'a> {
    pub(crate) fn new(data_type: DataType, sink: &'a mut dyn Sink) -> Self {
        Swapped { sink, width: number_width(data_type), bytes: Vec::new() }
    }
}

impl Sink for Swapped<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        let Data::Fixed(bytes) = run.data else { return self.sink.defined(run) };
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        turn_around(&mut self.bytes, self.width);
        self.sink.defined(Run { data: Data::Fixed(&self.bytes), ..run })
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.sink.undefined(n)
    }

    fn shape_only(&self) -> bool {
        self.sink.shape_only()
    }
}

/// Bytes of the numbers that an element consists of.
pub(crate) fn number_width(data_type: DataType) -> usize {
    let size = data_type.size().unwrap_or(1);
    if data_type.is_complex() { size / 2 } else { size }
}

/// The other byte order for numbers of `width` bytes.
pub(crate) fn turn_around(bytes: &mut [u8], width: usize) {
    if width > 1 {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_turns_and_strings_and_bytes_stay() {
        let mut bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        turn_around(&mut bytes, number_width(DataType::Complex));
        assert_eq!(bytes, [4, 3, 2, 1, 8, 7, 6, 5]);
        turn_around(&mut bytes, number_width(DataType::Record));
        assert_eq!(bytes, [4, 3, 2, 1, 8, 7, 6, 5]);
        turn_around(&mut bytes, number_width(DataType::Double));
        assert_eq!(bytes, [5, 6, 7, 8, 1, 2, 3, 4]);
    }
}

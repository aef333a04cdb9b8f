//! Cells into memory of the caller's that is as large as they are.

use std::ops::Range;

use crate::cells::{Data, Run, Sink, element_count};
use crate::element::sealed::{Decode, Fixed};
use crate::{Column, Element, Error};

/// Fills a slice with cells of one shape.
pub(crate) struct Fill<'a, T> {
    column: &'a Column,
    out: &'a mut [T],
    decode: Decode<T>,
    /// Elements that are filled.
    n_filled: usize,
    /// Elements of the room that was given last.
    n_room: usize,
    pub(crate) shape: Option<Vec<usize>>,
    /// Values of an element: 2 for complex numbers.
    n_part: usize,
    /// Rows still to come.
    rows: Range<u64>,
}

impl<'a, T: Element> Fill<'a, T> {
    pub(crate) fn new(column: &'a Column, decode: Decode<T>, rows: Range<u64>, out: &'a mut [T]) -> Self {
        let n_part = if column.info().data_type.is_complex() { 2 } else { 1 };
        Fill { column, out, decode, n_filled: 0, n_room: 0, shape: None, n_part, rows }
    }

    /// Values that are filled.
    pub(crate) fn n_filled(&self) -> usize {
        self.n_filled
    }

    /// The part of the slice for the next cells.
    fn next(&mut self, shape: &[usize], n_cell: usize) -> Result<&mut [T], Error> {
        match &self.shape {
            Some(expected) if expected == shape => {}
            Some(expected) => return Err(self.column.other_shape(self.rows.start, expected, shape)),
            None => self.shape = Some(shape.to_vec()),
        }
        let each = element_count(shape).and_then(|n| n.checked_mul(self.n_part));
        let end = each.and_then(|n| n.checked_mul(n_cell)).and_then(|n| n.checked_add(self.n_filled));
        let n_want = each.and_then(|n| n.checked_mul((self.rows.end - self.rows.start) as usize));
        let n_want = n_want.and_then(|n| n.checked_add(self.n_filled));
        let (Some(end), true) = (end, n_want == Some(self.out.len())) else {
            return Err(self.column.other_size(self.out.len(), n_want, shape));
        };
        let Some(room) = self.out.get_mut(self.n_filled..end) else {
            return Err(self.column.other_size(end, n_want, shape));
        };
        self.n_room = room.len();
        self.rows.start += n_cell as u64;
        Ok(room)
    }
}

impl<T: Element> Sink for Fill<'_, T> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        let decode = match (&self.decode, run.data) {
            (Decode::Fixed(Fixed { fill, .. }), Data::Fixed(bytes)) => Ok((*fill, bytes)),
            (Decode::Text(decode), Data::Strings(strings)) => Err((*decode, strings)),
            // The column's type decided both.
            _ => return Ok(()),
        };
        let room = self.next(run.shape, run.n_cell * run.repeat)?;
        let n = room.len() / run.repeat.max(1);
        match decode {
            Ok((fill, bytes)) => fill(bytes, &mut room[..n]),
            Err((decode, strings)) => {
                room.iter_mut().zip(strings.iter()).for_each(|(out, string)| *out = decode(string));
            }
        }
        repeat(room, n);
        self.n_filled += self.n_room;
        Ok(())
    }

    fn bits(
        &mut self,
        shape: &[usize],
        n_cell: usize,
        (packed, skip): (&[u8], usize),
    ) -> Result<bool, Error> {
        let Decode::Fixed(Fixed { unpack: Some(unpack), .. }) = self.decode else { return Ok(false) };
        unpack(packed, skip, self.next(shape, n_cell)?);
        self.n_filled += self.n_room;
        Ok(true)
    }

    fn undefined(&mut self, _n: u64) -> Result<(), Error> {
        Err(self.column.no_value(self.rows.start))
    }

    fn room(&mut self, shape: &[usize], n_cell: usize) -> Result<Option<&mut [u8]>, Error> {
        let Decode::Fixed(Fixed { memory: Some(memory), .. }) = self.decode else { return Ok(None) };
        self.next(shape, n_cell).map(|room| Some(memory(room)))
    }

    fn placed(&mut self) {
        if let Decode::Fixed(Fixed { settle, .. }) = self.decode {
            settle(&mut self.out[self.n_filled..self.n_filled + self.n_room]);
        }
        self.n_filled += self.n_room;
    }
}

/// Makes the first `n` values repeat to the end.
fn repeat<T: Clone>(room: &mut [T], n: usize) {
    if n == 0 {
        return;
    }
    let (first, rest) = room.split_at_mut(n);
    rest.chunks_exact_mut(n).for_each(|copy| copy.clone_from_slice(first));
}

//! IncrementalStMan into files; the twin of `ism`, whose head shows the format.
//!
//! Row by row the values that changed go into a bucket until the next would not fit; each new bucket begins with the
//! present value of every column. An array counts the values of buckets that are its offset, for casacore changes one
//! that has a single one where it stands.

use std::ops::Range;

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, element_count};
use crate::storage::StoredColumn;
use crate::write::arrays::ArrayWriter;
use crate::write::buckets::Buckets;
use crate::write::out::{Out, pack};
use crate::write::storage::{NewColumn, NewFiles};
use crate::{DataType, Error};

/// Rows of all columns that are in memory at once.
const TOGETHER: u64 = 4096;

/// Where a column's value changes: row and value.
pub(crate) type Changes = Vec<(u64, Vec<u8>)>;

/// The column's value now.
#[derive(Clone, Default)]
struct Present {
    value: Option<Vec<u8>>,
    /// Shape and elements of an array in the array file, of which `value` is the offset.
    array: Option<(Vec<usize>, Vec<u8>)>,
}

pub(crate) fn write(files: &NewFiles<'_>, columns: &mut [NewColumn<'_>]) -> Result<Vec<u8>, Error> {
    let any = columns.iter().any(|c| !c.stored.direct);
    let mut arrays = if any { Some(ArrayWriter::new(files.create("i")?, files.order, true)?) } else { None };
    let mut present = vec![Present::default(); columns.len()];
    let is_offset = columns.iter().map(|c| !c.stored.direct).collect();
    let mut buckets = Buckets::new(files, is_offset)?;
    let mut start = 0;
    while start < files.n_row {
        let rows = start..files.n_row.min(start + TOGETHER);
        let mut changes = Vec::new();
        for (column, present) in columns.iter_mut().zip(&mut present) {
            changes.push(changes_of(files.order, column, rows.clone(), present, &mut arrays)?);
        }
        buckets.add(&changes)?;
        start = rows.end;
    }
    if files.n_row == 0 {
        buckets.add(&first_values(files.order, columns)?)?;
    }
    let shared = buckets.finish()?;
    if let Some(mut arrays) = arrays {
        arrays.count_references(&shared)?;
        arrays.finish()?;
    }
    let mut out = Out::new(Order::Big);
    out.object("ISM", 3, |out| out.string(files.name));
    Ok(out.bytes)
}

/// Casacore adds rows only where there is a bucket, with a value of each column.
fn first_values(order: Order, columns: &[NewColumn<'_>]) -> Result<Vec<Changes>, Error> {
    let first = |column: &NewColumn<'_>| {
        let (mut present, mut arrays) = (Present::default(), None);
        let (column, source) = (&column.stored, &column.source);
        let mut sink =
            Values { order, column, row: 0, present: &mut present, arrays: &mut arrays, changes: Vec::new() };
        if column.direct {
            source.nothing(1, &mut sink)?
        } else {
            sink.undefined(1)?
        }
        Ok(sink.changes)
    };
    columns.iter().map(first).collect()
}

fn changes_of(
    order: Order,
    column: &mut NewColumn<'_>,
    rows: Range<u64>,
    present: &mut Present,
    arrays: &mut Option<ArrayWriter>,
) -> Result<Changes, Error> {
    let stored = column.stored.clone();
    let mut sink = Values { order, column: &stored, row: rows.start, present, arrays, changes: Vec::new() };
    column.cells(rows, &mut sink)?;
    Ok(sink.changes)
}

/// Notes where values change.
struct Values<'a> {
    order: Order,
    column: &'a StoredColumn,
    row: u64,
    present: &'a mut Present,
    arrays: &'a mut Option<ArrayWriter>,
    changes: Changes,
}

impl Values<'_> {
    fn next(&mut self, value: Vec<u8>, n: u64) {
        if self.present.value.as_ref() != Some(&value) {
            self.changes.push((self.row, value.clone()));
            self.present.value = Some(value);
        }
        self.row += n;
    }

    /// Whether cell `i` is of numbers that are the column's value already.
    fn is_present(&self, run: &Run<'_>, i: usize) -> bool {
        let (Data::Fixed(bytes), Some(present)) = (run.data, &self.present.value) else { return false };
        let size = bytes.len() / run.n_cell.max(1);
        let is_kept_so = self.column.direct && self.column.data_type != DataType::Bool;
        is_kept_so && present[..] == bytes[i * size..(i + 1) * size]
    }

    /// Cell `i` as it is kept in a bucket.
    fn value(&mut self, run: &Run<'_>, i: usize) -> Result<Vec<u8>, Error> {
        let n = element_count(run.shape).unwrap_or(0);
        match run.data {
            _ if !self.column.direct => self.array(run, i),
            Data::Strings(strings) => {
                let mut texts = Out::new(self.order);
                for k in i * n..(i + 1) * n {
                    match n {
                        1 => texts.bytes.extend_from_slice(strings.get(k)),
                        _ => texts.string_bytes(strings.get(k)),
                    }
                }
                let mut out = Out::new(self.order);
                out.count(texts.bytes.len() + 4);
                out.bytes.extend(texts.bytes);
                Ok(out.bytes)
            }
            Data::Fixed(bytes) => {
                let size = bytes.len() / run.n_cell.max(1);
                let cell = &bytes[i * size..(i + 1) * size];
                if self.column.data_type != DataType::Bool {
                    return Ok(cell.to_vec());
                }
                let mut bits = Vec::new();
                pack(cell.iter().map(|&b| b != 0), &mut bits);
                Ok(bits)
            }
        }
    }

    /// The offset of an array, that of the one before if it is the same.
    fn array(&mut self, run: &Run<'_>, i: usize) -> Result<Vec<u8>, Error> {
        let content = content(run, i);
        let same = self.present.array.as_ref().is_some_and(|(s, c)| s == run.shape && *c == content);
        if let (true, Some(value)) = (same, &self.present.value) {
            return Ok(value.clone());
        }
        let is_bool = self.column.data_type == DataType::Bool;
        let offset = match self.arrays {
            Some(arrays) => arrays.push(run, i, is_bool, 1)?,
            None => 0,
        };
        self.present.array = Some((run.shape.to_vec(), content));
        Ok(offset_bytes(offset, self.order))
    }
}

/// The elements of cell `i`, strings with their lengths.
fn content(run: &Run<'_>, i: usize) -> Vec<u8> {
    let n = element_count(run.shape).unwrap_or(0);
    match run.data {
        Data::Fixed(bytes) => {
            let size = bytes.len() / run.n_cell.max(1);
            bytes[i * size..(i + 1) * size].to_vec()
        }
        Data::Strings(strings) => {
            let mut out = Out::new(Order::Little);
            (i * n..(i + 1) * n).for_each(|k| out.string_bytes(strings.get(k)));
            out.bytes
        }
    }
}

fn offset_bytes(offset: u64, order: Order) -> Vec<u8> {
    let mut out = Out::new(order);
    out.u64(offset);
    out.bytes
}

impl Sink for Values<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        // Of equal cells the first says all; else each round goes through all cells.
        let (rounds, each) = if run.n_cell == 1 { (1, run.repeat) } else { (run.repeat, 1) };
        for _ in 0..rounds {
            for i in 0..run.n_cell {
                if self.is_present(&run, i) {
                    self.row += each as u64;
                    continue;
                }
                let value = self.value(&run, i)?;
                self.next(value, each as u64);
            }
        }
        Ok(())
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.present.array = None;
        let none = offset_bytes(0, self.order);
        self.next(none, n);
        Ok(())
    }
}

//! IncrementalStMan into files; the twin of `ism`, whose head shows the format.
//!
//! Row by row the values that changed go into a bucket until the next would not fit; each new bucket begins with the
//! present value of every column.

use std::ops::Range;

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, element_count};
use crate::ssm::HEADER;
use crate::storage::StoredColumn;
use crate::write::arrays::ArrayWriter;
use crate::write::dat::NARROW_ROWS;
use crate::write::disk::Stream;
use crate::write::out::{Out, pack};
use crate::write::storage::{NewColumn, NewFiles};
use crate::{DataType, Error};

/// Bytes of a bucket, unless one row needs more.
const BUCKET: usize = 32 << 10;
/// Bytes of a value's entry in the index of its bucket: row and offset.
const ENTRY: usize = 8;
/// Rows of all columns that are in memory at once.
const TOGETHER: u64 = 4096;

/// Where a column's value changes: row and value.
type Changes = Vec<(u64, Vec<u8>)>;

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
    let mut buckets = Buckets::new(files, columns.len())?;
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
    buckets.finish(files)?;
    if let Some(arrays) = arrays {
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

/// The buckets of the file, of which the last is being filled.
struct Buckets {
    stream: Stream,
    order: Order,
    size: usize,
    /// First row of each bucket.
    rows: Vec<u64>,
    /// Of the bucket that is being filled: values, and per column (row, offset).
    values: Vec<u8>,
    entries: Vec<Vec<(u64, usize)>>,
    n_entry: usize,
    /// Each column's value.
    present: Vec<Vec<u8>>,
    /// Buckets of this file that are complete, for when they must become larger.
    done: Vec<Vec<u8>>,
}

impl Buckets {
    fn new(files: &NewFiles<'_>, n_column: usize) -> Result<Self, Error> {
        let mut stream = Stream::new(files.create("")?, 0);
        stream.zeros(HEADER as usize)?;
        Ok(Buckets {
            stream,
            order: files.order,
            size: 0,
            rows: Vec::new(),
            values: Vec::new(),
            entries: vec![Vec::new(); n_column],
            n_entry: 0,
            present: vec![Vec::new(); n_column],
            done: Vec::new(),
        })
    }

    /// Adds the changes of all columns, in the order of their rows.
    fn add(&mut self, changes: &[Changes]) -> Result<(), Error> {
        let mut at = vec![0; changes.len()];
        let next = |at: &[usize]| (0..at.len()).filter_map(|c| changes[c].get(at[c]).map(|e| e.0)).min();
        while let Some(row) = next(&at) {
            let mut of_row = Vec::new();
            for (c, at) in at.iter_mut().enumerate() {
                if let Some((_, value)) = changes[c].get(*at).filter(|e| e.0 == row) {
                    of_row.push((c, value));
                    *at += 1;
                }
            }
            self.add_row(row, &of_row)?;
        }
        Ok(())
    }

    fn add_row(&mut self, row: u64, changed: &[(usize, &Vec<u8>)]) -> Result<(), Error> {
        for (c, value) in changed {
            self.present[*c].clone_from(value);
        }
        let more: usize = changed.iter().map(|(_, v)| v.len() + ENTRY).sum();
        let used = 4 + self.values.len() + 4 * self.entries.len() + ENTRY * self.n_entry;
        if self.rows.is_empty() || (self.size > 0 && used + more > self.size) {
            return self.begin(row);
        }
        let base = self.rows.last().copied().unwrap_or(0);
        for (c, value) in changed {
            self.push(*c, row - base, value);
        }
        Ok(())
    }

    fn push(&mut self, c: usize, row: u64, value: &[u8]) {
        self.entries[c].push((row, self.values.len()));
        self.values.extend_from_slice(value);
        self.n_entry += 1;
    }

    /// Begins a bucket at `row` with every column's value.
    fn begin(&mut self, row: u64) -> Result<(), Error> {
        self.complete()?;
        self.rows.push(row);
        let present = std::mem::take(&mut self.present);
        present.iter().enumerate().for_each(|(c, value)| self.push(c, 0, value));
        self.present = present;
        let used = 4 + self.values.len() + 4 * self.entries.len() + ENTRY * self.n_entry;
        // All buckets have one size, which must suit the largest row.
        self.size = self.size.max(BUCKET).max(used.next_multiple_of(BUCKET));
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut out = Out::new(self.order);
        out.count(4 + self.values.len());
        out.bytes.append(&mut self.values);
        for entries in &mut self.entries {
            out.count(entries.len());
            entries.iter().for_each(|e| out.u32(e.0 as u32));
            entries.drain(..).for_each(|e| out.count(e.1));
        }
        self.n_entry = 0;
        self.done.push(out.bytes);
        Ok(())
    }

    /// Writes the buckets, the index and the header.
    fn finish(mut self, files: &NewFiles<'_>) -> Result<(), Error> {
        self.complete()?;
        let size = self.size.max(BUCKET);
        for bucket in &self.done {
            self.stream.push(bucket)?;
            self.stream.zeros(size - bucket.len())?;
        }
        let wide = files.n_row > NARROW_ROWS;
        let n = self.done.len();
        let mut index = Out::new(self.order);
        index.object("ISMIndex", if wide { 2 } else { 1 }, |index| {
            index.count(n);
            let mut rows = self.rows.clone();
            rows.push(files.n_row);
            index.block_rows(&rows, wide);
            index.block_u32(&(0..n as u32).collect::<Vec<_>>());
        });
        self.stream.push(&index.bytes)?;
        let mut head = Out::new(self.order);
        let little = self.order == Order::Little;
        head.object("IncrementalStMan", if little { 5 } else { 4 }, |head| {
            if little {
                head.bool(false);
            }
            head.count(size);
            head.count(n);
            head.u32(2);
            head.u32(0);
            head.u32(0);
            head.i32(-1);
        });
        self.stream.finish(&head.bytes)
    }
}

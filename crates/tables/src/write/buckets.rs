//! The buckets of an IncrementalStMan into its file, each as it is complete.
//!
//! All have one size, which must suit the largest row: where one needs more, those that are written move apart. The size
//! at least doubles then, so that each byte is moved a few times only.

use crate::Error;
use crate::bytes::Order;
use crate::ssm::HEADER;
use crate::write::dat::NARROW_ROWS;
use crate::write::disk::NewFile;
use crate::write::incremental::Changes;
use crate::write::out::Out;
use crate::write::storage::NewFiles;

/// Bytes of a bucket, unless one row needs more.
const BUCKET: usize = 32 << 10;
/// More bytes of a bucket than casacore can count.
const TOO_LARGE: usize = 1 << 31;
/// Bytes of a value's entry in the index of its bucket: row and offset.
const ENTRY: usize = 8;

/// An array's offset in the array file, and of how many values in buckets it is.
pub(crate) type Shared = (u64, u32);

/// The buckets of the file, of which the last is being filled.
pub(crate) struct Buckets<'a> {
    files: &'a NewFiles<'a>,
    file: NewFile,
    size: usize,
    /// Buckets in the file.
    n_done: usize,
    /// First row of each bucket.
    rows: Vec<u64>,
    /// Of the bucket that is being filled: values, and per column (row, offset).
    values: Vec<u8>,
    entries: Vec<Vec<(u64, usize)>>,
    n_entry: usize,
    /// Each column's value.
    present: Vec<Vec<u8>>,
    /// Of columns whose values are offsets of arrays: the present one.
    shares: Vec<Option<Shared>>,
    is_offset: Vec<bool>,
    /// Arrays of more values than one, but for those in `shares`.
    shared: Vec<Shared>,
}

impl<'a> Buckets<'a> {
    /// `is_offset`: for each column, whether its values are offsets of arrays.
    pub(crate) fn new(files: &'a NewFiles<'a>, is_offset: Vec<bool>) -> Result<Self, Error> {
        let n_column = is_offset.len();
        Ok(Buckets {
            files,
            file: files.create("")?,
            size: 0,
            n_done: 0,
            rows: Vec::new(),
            values: Vec::new(),
            entries: vec![Vec::new(); n_column],
            n_entry: 0,
            present: vec![Vec::new(); n_column],
            shares: vec![None; n_column],
            is_offset,
            shared: Vec::new(),
        })
    }

    /// Adds the changes of all columns, in the order of their rows.
    pub(crate) fn add(&mut self, changes: &[Changes]) -> Result<(), Error> {
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
        let base = self.rows.last().copied().unwrap_or(0);
        let is_full = self.size > 0 && self.used() + more > self.size;
        if self.rows.is_empty() || is_full || row - base > u32::MAX.into() {
            return self.begin(row);
        }
        for (c, value) in changed {
            self.push(*c, row - base, value);
        }
        Ok(())
    }

    /// Bytes of the bucket that is being filled.
    fn used(&self) -> usize {
        4 + self.values.len() + 4 * self.entries.len() + ENTRY * self.n_entry
    }

    fn push(&mut self, c: usize, row: u64, value: &[u8]) {
        self.entries[c].push((row, self.values.len()));
        self.values.extend_from_slice(value);
        self.n_entry += 1;
        if let Some(offset) = value.first_chunk().filter(|_| self.is_offset[c]) {
            self.share(c, self.files.order.u64(*offset));
        }
    }

    /// Counts one more value that is the array at `offset`; one that is no longer present does not come again.
    fn share(&mut self, c: usize, offset: u64) {
        match &mut self.shares[c] {
            Some(share) if share.0 == offset => share.1 += 1,
            share => {
                let before = share.replace((offset, 1));
                self.shared.extend(before.filter(is_shared));
            }
        }
    }

    /// Begins a bucket at `row` with every column's value.
    fn begin(&mut self, row: u64) -> Result<(), Error> {
        self.complete()?;
        self.rows.push(row);
        let present = std::mem::take(&mut self.present);
        present.iter().enumerate().for_each(|(c, value)| self.push(c, 0, value));
        self.present = present;
        let used = self.used();
        if used > self.size {
            self.grow(used.next_multiple_of(BUCKET).max(2 * self.size))?;
        }
        Ok(())
    }

    /// Makes all buckets larger, the last first, for each moves into what the next one left.
    fn grow(&mut self, size: usize) -> Result<(), Error> {
        if size >= TOO_LARGE {
            let reason =
                format!("the values of a row of {} take {size} bytes; use StandardStMan", self.files.name);
            return Err(Error::Refused { table: self.files.table.to_owned(), reason });
        }
        let mut bucket = Vec::new();
        for k in (0..self.n_done).rev() {
            bucket.resize(self.size, 0);
            self.file.read_at(place(k, self.size), &mut bucket)?;
            bucket.resize(size, 0);
            self.file.write_at(place(k, size), &bucket)?;
            bucket.clear();
        }
        self.size = size;
        Ok(())
    }

    /// Writes the bucket that was being filled.
    fn complete(&mut self) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut out = Out::new(self.files.order);
        out.count(4 + self.values.len());
        out.bytes.append(&mut self.values);
        for entries in &mut self.entries {
            out.count(entries.len());
            entries.iter().for_each(|e| out.u32(e.0 as u32));
            entries.drain(..).for_each(|e| out.count(e.1));
        }
        self.n_entry = 0;
        out.bytes.resize(self.size, 0);
        self.file.write_at(place(self.n_done, self.size), &out.bytes)?;
        self.n_done += 1;
        Ok(())
    }

    /// Writes what is left, the index and the header; which arrays are more values than one.
    pub(crate) fn finish(mut self) -> Result<Vec<Shared>, Error> {
        self.complete()?;
        let (size, order) = (self.size.max(BUCKET), self.files.order);
        self.file.write_at(place(self.n_done, size), &self.index())?;
        let mut head = Out::new(order);
        let little = order == Order::Little;
        head.object("IncrementalStMan", if little { 5 } else { 4 }, |head| {
            if little {
                head.bool(false);
            }
            head.count(size);
            head.count(self.n_done);
            head.u32(2);
            head.u32(0);
            head.u32(0);
            head.i32(-1);
        });
        head.bytes.resize(HEADER as usize, 0);
        self.file.write_at(0, &head.bytes)?;
        self.file.sync()?;
        self.shared.extend(self.shares.iter().flatten().filter(|share| is_shared(share)));
        Ok(self.shared)
    }

    fn index(&self) -> Vec<u8> {
        let (wide, n) = (self.files.n_row > NARROW_ROWS, self.n_done);
        let mut index = Out::new(self.files.order);
        index.object("ISMIndex", if wide { 2 } else { 1 }, |index| {
            index.count(n);
            let mut rows = self.rows.clone();
            rows.push(self.files.n_row);
            index.block_rows(&rows, wide);
            index.block_u32(&(0..n as u32).collect::<Vec<_>>());
        });
        index.bytes
    }
}

/// Where bucket `k` is in the file.
fn place(k: usize, size: usize) -> u64 {
    HEADER + k as u64 * size as u64
}

fn is_shared(share: &Shared) -> bool {
    share.0 > 0 && share.1 > 1
}

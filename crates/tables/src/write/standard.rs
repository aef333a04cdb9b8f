//! StandardStMan into files; the twin of `ssm`, whose head shows the format.
//!
//! Rows go into as few and large buckets as 32 KiB allow; the buckets of strings lie between them, as they fill up.

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, element_count};
use crate::ssm::HEADER;
use crate::storage::StoredColumn;
use crate::write::arrays::ArrayWriter;
use crate::write::dat::NARROW_ROWS;
use crate::write::disk::NewFile;
use crate::write::out::Out;
use crate::write::standard_strings::StringWriter;
use crate::write::storage::{NewColumn, NewFiles, TOGETHER};
use crate::{DataType, Error};

/// Bytes of a bucket, unless one row needs more.
const LARGEST: usize = 32 << 10;
/// Small tables get small buckets, but strings need some room.
const SMALLEST: usize = 512;
/// Rows that the bucket of a small table has room for.
const FEWEST_ROWS: usize = 32;
/// Bytes of a reference to a string.
const REFERENCE: usize = 12;
/// Bytes of an offset in the array file.
const OFFSET: usize = 8;

/// Where the columns are in a bucket.
struct Layout {
    bucket_size: usize,
    rows_per_bucket: usize,
    offsets: Vec<usize>,
    /// Bytes at the start of a bucket that columns take.
    used: usize,
}

impl Layout {
    fn new(columns: &[NewColumn<'_>], n_row: u64) -> Self {
        let bits: Vec<usize> = columns.iter().map(|c| cell_bits(&c.stored)).collect();
        let per_row = bits.iter().sum::<usize>().max(1);
        let few = n_row.clamp(FEWEST_ROWS as u64, u64::from(u32::MAX)) as usize;
        // Each column is rounded up to bytes, for which a byte each is set aside.
        let fit = LARGEST.saturating_sub(bits.len()) * 8 / per_row;
        let rows_per_bucket = fit.clamp(1, few);
        let mut used = 0;
        let offsets = bits
            .iter()
            .map(|bits| {
                let offset = used;
                used += (bits * rows_per_bucket).div_ceil(8);
                offset
            })
            .collect();
        Layout { bucket_size: used.max(SMALLEST), rows_per_bucket, offsets, used }
    }
}

/// Bits that a cell takes in a bucket.
fn cell_bits(column: &StoredColumn) -> usize {
    if column.data_type == DataType::String {
        return 8 * if column.max_length > 0 && !column.is_array { column.max_length } else { REFERENCE };
    }
    if !column.direct {
        return 8 * OFFSET;
    }
    let n = column.shape.as_deref().and_then(element_count).unwrap_or(0);
    if column.data_type == DataType::Bool { n } else { 8 * n * column.data_type.size().unwrap_or(0) }
}

/// The buckets of the file.
pub(crate) struct Buckets {
    file: NewFile,
    pub(crate) size: usize,
    pub(crate) n: u32,
}

impl Buckets {
    /// The number of the first of `n` new buckets.
    pub(crate) fn claim(&mut self, n: usize) -> u32 {
        let first = self.n;
        self.n += n as u32;
        first
    }

    pub(crate) fn write(&self, bucket: u32, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_at(HEADER + u64::from(bucket) * self.size as u64, bytes)
    }
}

pub(crate) fn write(files: &NewFiles<'_>, columns: &mut [NewColumn<'_>]) -> Result<Vec<u8>, Error> {
    let layout = Layout::new(columns, files.n_row);
    let mut buckets = Buckets { file: files.create("")?, size: layout.bucket_size, n: 0 };
    let any = columns.iter().any(|c| !c.stored.direct && c.stored.data_type != DataType::String);
    let arrays = if any { Some(ArrayWriter::new(files.create("i")?, files.order, false)?) } else { None };
    let mut values = Values { strings: StringWriter::new(layout.bucket_size), arrays };
    let (mut last_rows, mut numbers) = (Vec::new(), Vec::new());
    let together = (TOGETHER / layout.bucket_size).max(1) as u64 * layout.rows_per_bucket as u64;
    let mut start = 0;
    while start < files.n_row {
        let rows = start..files.n_row.min(start + together);
        let n_bucket = (rows.end - start).div_ceil(layout.rows_per_bucket as u64) as usize;
        let first = buckets.claim(n_bucket);
        let mut bytes = vec![0; n_bucket * layout.bucket_size];
        for (column, &offset) in columns.iter_mut().zip(&layout.offsets) {
            let stored = column.stored.clone();
            let place = Place { layout: &layout, offset, order: files.order, column: &stored };
            let (values, buckets) = (&mut values, &mut buckets);
            column
                .cells(rows.clone(), &mut BucketSink { place, bytes: &mut bytes, values, buckets, row: 0 })?;
        }
        buckets.write(first, &bytes)?;
        for k in 0..n_bucket as u64 {
            last_rows.push(rows.end.min(start + (k + 1) * layout.rows_per_bucket as u64) - 1);
            numbers.push(first + k as u32);
        }
        start = rows.end;
    }
    values.strings.flush(&buckets)?;
    let index = index_bytes(files, columns.len(), &layout, &last_rows, &numbers);
    finish(files, &layout, buckets, values, &index)?;
    Ok(private(files.name, &layout))
}

/// Strings and arrays that buckets refer to.
struct Values {
    strings: StringWriter,
    arrays: Option<ArrayWriter>,
}

/// Where a column's cells go.
struct Place<'a> {
    layout: &'a Layout,
    offset: usize,
    order: Order,
    column: &'a StoredColumn,
}

/// Puts the cells of one column into buckets.
struct BucketSink<'a> {
    place: Place<'a>,
    bytes: &'a mut [u8],
    values: &'a mut Values,
    buckets: &'a mut Buckets,
    /// Counted from the first bucket.
    row: usize,
}

impl BucketSink<'_> {
    /// The next `n` rows or, if fewer, those of the same bucket: the bucket's part of the column, which row of it, and
    /// how many.
    fn next_rows(&mut self, n: usize) -> (&mut [u8], usize, usize) {
        let layout = self.place.layout;
        let (bucket, row) = (self.row / layout.rows_per_bucket, self.row % layout.rows_per_bucket);
        let n = n.min(layout.rows_per_bucket - row);
        self.row += n;
        let start = bucket * layout.bucket_size + self.place.offset;
        (&mut self.bytes[start..(bucket + 1) * layout.bucket_size], row, n)
    }

    fn put_bytes(&mut self, bytes: &[u8], n_cell: usize) {
        let size = bytes.len() / n_cell.max(1);
        let mut done = 0;
        while done < n_cell {
            let (part, row, n) = self.next_rows(n_cell - done);
            part[row * size..(row + n) * size].copy_from_slice(&bytes[done * size..(done + n) * size]);
            done += n;
        }
    }

    fn put_bits(&mut self, flags: &[u8], n_cell: usize) {
        let size = flags.len() / n_cell.max(1);
        let mut done = 0;
        while done < n_cell {
            let (part, row, n) = self.next_rows(n_cell - done);
            for (i, &flag) in flags[done * size..(done + n) * size].iter().enumerate() {
                let bit = row * size + i;
                part[bit / 8] |= (flag & 1) << (bit % 8);
            }
            done += n;
        }
    }

    fn put_offset(&mut self, run: &Run<'_>, i: usize) -> Result<(), Error> {
        let is_bool = self.place.column.data_type == DataType::Bool;
        let offset = match &mut self.values.arrays {
            Some(arrays) => arrays.push(run, i, is_bool, 1)?,
            None => 0,
        };
        let raw = if self.place.order == Order::Big { offset.to_be_bytes() } else { offset.to_le_bytes() };
        self.put_bytes(&raw, 1);
        Ok(())
    }

    fn put_string(&mut self, run: &Run<'_>, i: usize) -> Result<(), Error> {
        let Data::Strings(strings) = run.data else { return Ok(()) };
        let column = self.place.column;
        if column.is_array {
            let n = element_count(run.shape).unwrap_or(0);
            let shape = (!column.direct).then_some(run.shape);
            let texts = (i * n..(i + 1) * n).map(|k| strings.get(k));
            let reference = self.values.strings.array(shape, texts, self.buckets, self.place.order)?;
            self.put_bytes(&reference, 1);
            return Ok(());
        }
        let text = strings.get(i);
        if column.max_length > 0 {
            let mut fixed = text[..text.len().min(column.max_length)].to_vec();
            fixed.resize(column.max_length, 0);
            self.put_bytes(&fixed, 1);
            return Ok(());
        }
        let reference = self.values.strings.scalar(text, self.buckets, self.place.order)?;
        self.put_bytes(&reference, 1);
        Ok(())
    }
}

impl Sink for BucketSink<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        for _ in 0..run.repeat {
            match run.data {
                Data::Strings(_) => (0..run.n_cell).try_for_each(|i| self.put_string(&run, i))?,
                Data::Fixed(_) if !self.place.column.direct => {
                    (0..run.n_cell).try_for_each(|i| self.put_offset(&run, i))?;
                }
                Data::Fixed(flags) if self.place.column.data_type == DataType::Bool => {
                    self.put_bits(flags, run.n_cell);
                }
                Data::Fixed(bytes) => self.put_bytes(bytes, run.n_cell),
            }
        }
        Ok(())
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        // Buckets begin as zeros, and a zero offset or reference is no value.
        self.row += n as usize;
        Ok(())
    }
}

fn index_bytes(
    files: &NewFiles<'_>,
    n_column: usize,
    layout: &Layout,
    last_rows: &[u64],
    numbers: &[u32],
) -> Vec<u8> {
    let mut out = Out::new(files.order);
    let wide = files.n_row > NARROW_ROWS;
    out.object("SSMIndex", if wide { 2 } else { 1 }, |out| {
        out.count(numbers.len());
        out.count(layout.rows_per_bucket);
        out.count(n_column);
        let free = layout.bucket_size - layout.used;
        out.object("SimpleOrderedMap", 1, |out| {
            out.i32(0);
            out.u32((free > 0).into());
            out.u32(1);
            if free > 0 {
                out.count(layout.used);
                out.count(free);
            }
        });
        out.block_rows(last_rows, wide);
        out.block_u32(numbers);
    });
    out.bytes
}

/// Writes the index and the header.
fn finish(
    files: &NewFiles<'_>,
    layout: &Layout,
    mut buckets: Buckets,
    values: Values,
    index: &[u8],
) -> Result<(), Error> {
    let room = layout.bucket_size - 8;
    // Casacore has two places in one bucket and uses them in turn; an index that does not fit one is a chain.
    let in_one = index.len() <= room / 2;
    let n_index = if in_one { 1 } else { index.len().div_ceil(room) };
    let first = buckets.claim(n_index);
    for (k, piece) in index.chunks(room).enumerate() {
        let next = if k + 1 < n_index { (first as usize + k + 1) as i32 } else { -1 };
        let mut bytes = [next.to_be_bytes(), next.to_be_bytes()].concat();
        bytes.extend_from_slice(piece);
        bytes.resize(layout.bucket_size, 0);
        buckets.write(first + k as u32, &bytes)?;
    }
    let mut head = Out::new(files.order);
    let little = files.order == Order::Little;
    head.object("StandardStMan", if little { 3 } else { 2 }, |head| {
        if little {
            head.bool(false);
        }
        head.count(layout.bucket_size);
        head.u32(buckets.n);
        head.u32(2);
        head.u32(0);
        head.i32(-1);
        head.count(n_index);
        head.i32(first as i32);
        head.u32(if in_one { 8 } else { 0 });
        head.i32(values.strings.last());
        head.count(index.len());
        head.u32(1);
    });
    head.bytes.resize(HEADER as usize, 0);
    buckets.file.write_at(0, &head.bytes)?;
    buckets.file.sync()?;
    values.arrays.map_or(Ok(()), ArrayWriter::finish)
}

fn private(name: &str, layout: &Layout) -> Vec<u8> {
    let mut out = Out::new(Order::Big);
    out.object("SSM", 2, |out| {
        out.string(name);
        let offsets: Vec<u32> = layout.offsets.iter().map(|&o| o as u32).collect();
        out.block_u32(&offsets);
        out.block_u32(&vec![0; offsets.len()]);
    });
    out.bytes
}

//! IncrementalStMan: a value is stored where it changes and holds for the rows after.
//!
//! ```text
//! table.dat (big-endian):  object "ISM" v3: String name
//! table.fN: 512 bytes of header, buckets, then the index at 512 + nBuckets·bucketSize; the table's byte order
//! header: object "IncrementalStMan" v4 | v5 (v ≥ 5: Bool bigEndian): uInt bucketSize, nBuckets, cacheSize, unique;
//!         (v ≥ 2) uInt nFree; Int firstFree
//! index:  object "ISMIndex" v1|2: uInt nUsed; Block rows (nUsed + 1; uInt | v2 uInt64); Block<uInt> bucketNr
//! bucket: uInt w (low 28 bits: where its index is; above: row numbers are uInt64), values, then the index:
//!         per column uInt n; n row numbers (from the bucket's first, ascending from 0); n uInt offsets (from byte 4)
//! value:  number or direct array | Bool: bits | String: uInt total length, bytes | string array: uInt total length,
//!         per element uInt length + bytes | array of any shape: Int64 offset in table.fNi (0: undefined)
//! ```
//! Before version 3 of "ISM" the arrays of column c are in `table.fNi<c>`.

use std::ops::Range;

use crate::arrayfile::ArrayFile;
use crate::bytes::{Order, Reader};
use crate::cells::{Data, Run, Sink, Strings};
use crate::file::DataFile;
use crate::ssm::HEADER;
use crate::storage::{Place, Storage, StoredColumn};
use crate::{DataType, Error, bits};

const OFFSET_BITS: u32 = 0x0FFF_FFFF;

/// An open IncrementalStMan.
pub(crate) struct Incremental {
    file: DataFile,
    order: Order,
    bucket_size: usize,
    columns: Vec<StoredColumn>,
    /// Per column, where it has arrays of any shape.
    arrays: Vec<Option<ArrayFile>>,
    /// First row of each bucket, and the row count.
    rows: Vec<u64>,
    bucket: Vec<u32>,
}

/// Reused memory.
#[derive(Default)]
struct Scratch {
    bucket: Vec<u8>,
    entries: Vec<(u64, usize)>,
    unpacked: Vec<u8>,
    strings: Strings,
    /// Values that hold for one row each, put together.
    singles: Vec<u8>,
}

impl Incremental {
    pub(crate) fn open(place: Place<'_>) -> Result<Self, Error> {
        let file = DataFile::open(place.path(""))?;
        let table_dat = place.table_dat();
        let mut version = Reader::new(&table_dat, 0, &place.desc.private, Order::Big).open_named("ISM")?;
        let mut bytes = Vec::new();
        file.read_up_to(0, HEADER as usize, &mut bytes)?;
        let mut r = Reader::new(file.path(), 0, &bytes, place.order);
        let header_version = r.open_named("IncrementalStMan")?;
        if header_version >= 5 {
            r.bool()?;
        }
        // Some WSRT tables were written with the two versions swapped.
        if header_version == 3 {
            version = 3;
        }
        let (bucket_size, n_bucket) = (r.u32()? as usize, r.u32()?);
        let (rows, bucket) = read_index(&file, place.order, bucket_size, n_bucket)?;
        let arrays = (place.columns.iter().enumerate())
            .map(|(i, column)| match column.direct {
                true => Ok(None),
                false if version >= 3 => ArrayFile::open(place.path("i"), place.order),
                false => ArrayFile::open(place.path(&format!("i{i}")), place.order),
            })
            .collect::<Result<_, _>>()?;
        Ok(Incremental {
            file,
            order: place.order,
            bucket_size,
            columns: place.columns,
            arrays,
            rows,
            bucket,
        })
    }

    /// Fills `scratch` with bucket `k` and the column's entries: (row in the bucket, byte of the value).
    fn load(&self, k: usize, i_column: usize, scratch: &mut Scratch) -> Result<(), Error> {
        let position = HEADER + u64::from(self.bucket[k]) * self.bucket_size as u64;
        self.file.read(position, self.bucket_size, &mut scratch.bucket)?;
        let mut r = Reader::new(self.file.path(), position, &scratch.bucket, self.order);
        let word = r.u32()?;
        let wide = word & !OFFSET_BITS != 0;
        let row_size = if wide { 8 } else { 4 };
        r.take(((word & OFFSET_BITS) as usize).saturating_sub(4))?;
        let mut n = r.count(row_size + 4)?;
        for _ in 0..i_column {
            r.take(n * (row_size + 4))?;
            n = r.count(row_size + 4)?;
        }
        let (rows, offsets) = (r.take(n * row_size)?, r.take(n * 4)?);
        let offsets = offsets.as_chunks().0.iter();
        let offsets = offsets.map(|&offset| (self.order.u32(offset) as usize).saturating_add(4));
        scratch.entries.clear();
        if wide {
            let rows = rows.as_chunks().0.iter().map(|&row| self.order.u64(row));
            scratch.entries.extend(rows.zip(offsets));
        } else {
            let rows = rows.as_chunks().0.iter().map(|&row| self.order.u32(row).into());
            scratch.entries.extend(rows.zip(offsets));
        }
        let ascends = scratch.entries.windows(2).all(|w| w[0].0 < w[1].0);
        if !ascends || scratch.entries.first().is_none_or(|e| e.0 != 0) {
            return Err(r.fail("ascending rows from 0 in a bucket's index", format!("{n} others")));
        }
        Ok(())
    }

    /// Bytes of a value, where it is numbers as they stand.
    fn size_of_value(&self, i_column: usize) -> Result<Option<usize>, Error> {
        let column = &self.columns[i_column];
        let Some(size) =
            column.data_type.size().filter(|_| column.direct && column.data_type != DataType::Bool)
        else {
            return Ok(None);
        };
        let (_, n) = column.direct_shape(&self.file)?;
        Ok(n.checked_mul(size).filter(|&n| n > 0))
    }

    /// Hands what was put together of values that hold for one row each.
    fn hand_singles(
        &self,
        i_column: usize,
        size: Option<usize>,
        scratch: &mut Scratch,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let Some(size) = size.filter(|_| !scratch.singles.is_empty()) else { return Ok(()) };
        let (shape, _) = self.columns[i_column].direct_shape(&self.file)?;
        let (n_cell, data) = (scratch.singles.len() / size, Data::Fixed(&scratch.singles));
        sink.defined(Run { shape, n_cell, repeat: 1, data })?;
        scratch.singles.clear();
        Ok(())
    }

    /// Hands one value, which holds for `repeat` rows, to `sink`.
    fn hand(
        &self,
        i_column: usize,
        (at, repeat): (usize, u64),
        scratch: &mut Scratch,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let column = &self.columns[i_column];
        let mut r = Reader::at(self.file.path(), &scratch.bucket, self.order, at);
        if !column.direct {
            return self.hand_array(i_column, r.u64()?, repeat, sink);
        }
        let (shape, n) = column.direct_shape(&self.file)?;
        let data = match column.data_type {
            DataType::String => {
                scratch.strings.clear();
                read_strings(&mut r, n, &mut scratch.strings)?;
                Data::Strings(&scratch.strings)
            }
            DataType::Bool => {
                scratch.unpacked.clear();
                bits::unpack(r.take(n.div_ceil(8))?, 0, n, &mut scratch.unpacked);
                Data::Fixed(&scratch.unpacked)
            }
            other => Data::Fixed(r.take(n.saturating_mul(other.size().unwrap_or(1)))?),
        };
        sink.defined(Run { shape, n_cell: 1, repeat: repeat as usize, data })
    }

    fn hand_array(&self, i_column: usize, at: u64, repeat: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        match &self.arrays[i_column] {
            _ if at == 0 => sink.undefined(repeat),
            Some(arrays) => {
                let data_type = self.columns[i_column].data_type;
                arrays.read(&[at], data_type, &mut Repeated { sink, repeat: repeat as usize })
            }
            None => Err(self.file.fail(0, "an array file beside this one", "none, or an empty one")),
        }
    }
}

impl Storage for Incremental {
    fn n_row(&self, _i_column: usize) -> u64 {
        self.rows.last().copied().unwrap_or(0)
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut scratch = Scratch::default();
        let size = self.size_of_value(i_column)?;
        let first = self.rows.partition_point(|&row| row <= rows.start).saturating_sub(1);
        for k in first..self.bucket.len() {
            let base = self.rows[k];
            let end = self.rows[k + 1].min(rows.end);
            if base >= rows.end {
                break;
            }
            if rows.start.max(base) >= end {
                continue;
            }
            self.load(k, i_column, &mut scratch)?;
            let from = rows.start.max(base) - base;
            let entry = scratch.entries.partition_point(|e| e.0 <= from) - 1;
            for i in entry..scratch.entries.len() {
                let (row, at) = scratch.entries[i];
                let until = scratch.entries.get(i + 1).map_or(end - base, |e| e.0.min(end - base));
                if row.max(from) >= until {
                    break;
                }
                let n = until - row.max(from);
                let single =
                    size.filter(|_| n == 1).and_then(|n| scratch.bucket.get(at..at.saturating_add(n)));
                match single {
                    Some(value) => scratch.singles.extend_from_slice(value),
                    None => {
                        self.hand_singles(i_column, size, &mut scratch, sink)?;
                        self.hand(i_column, (at, n), &mut scratch, sink)?;
                    }
                }
            }
            self.hand_singles(i_column, size, &mut scratch, sink)?;
        }
        Ok(())
    }
}

/// The first row of each bucket (and the row count), and the bucket numbers.
fn read_index(
    file: &DataFile,
    order: Order,
    bucket_size: usize,
    n_bucket: u32,
) -> Result<(Vec<u64>, Vec<u32>), Error> {
    let position = HEADER + u64::from(n_bucket) * bucket_size as u64;
    let Some(n) = file.len().checked_sub(position) else {
        let expected = format!("{n_bucket} buckets of {bucket_size} bytes and an index");
        return Err(file.fail(0, expected, format!("a file of {} bytes", file.len())));
    };
    let mut bytes = Vec::new();
    file.read(position, n as usize, &mut bytes)?;
    let mut r = Reader::new(file.path(), position, &bytes, order);
    let version = r.open_named("ISMIndex")?;
    let n_used = r.u32()? as usize;
    let mut rows = r.block_rows(version > 1)?;
    let mut bucket = r.block_u32()?;
    if n_used >= rows.len() || n_used > bucket.len() {
        return Err(
            r.fail(format!("rows of {n_used} buckets"), format!("{} and {}", rows.len(), bucket.len()))
        );
    }
    rows.truncate(n_used + 1);
    bucket.truncate(n_used);
    if rows[0] != 0 || rows.windows(2).any(|w| w[0] > w[1]) || bucket.iter().any(|&b| b >= n_bucket) {
        return Err(r.fail("ascending rows from 0 and buckets of this file", "others"));
    }
    Ok((rows, bucket))
}

/// A String value: one string, or one for each element.
fn read_strings(r: &mut Reader<'_>, n: usize, strings: &mut Strings) -> Result<(), Error> {
    let total = r.u32()? as usize;
    if n == 1 {
        let Some(length) = total.checked_sub(4) else {
            return Err(r.fail("a string's length, itself included", total.to_string()));
        };
        strings.push(r.take(length)?);
        return Ok(());
    }
    for _ in 0..r.fits(n as u64, 4)? {
        strings.push(r.string_bytes()?);
    }
    Ok(())
}

/// Passes a cell on as many.
struct Repeated<'a> {
    sink: &'a mut dyn Sink,
    repeat: usize,
}

impl Sink for Repeated<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        self.sink.defined(Run { repeat: self.repeat, ..run })
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.sink.undefined(n * self.repeat as u64)
    }

    fn shape_only(&self) -> bool {
        self.sink.shape_only()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (value, rows) as handed out; `None`: undefined.
    #[derive(Default)]
    struct Kept(Vec<(Option<Vec<u8>>, usize)>);

    impl Sink for Kept {
        fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
            let value: Vec<u8> = match run.data {
                Data::Fixed(bytes) => bytes.to_vec(),
                Data::Strings(strings) => strings.iter().flatten().copied().collect(),
            };
            for cell in value.chunks_exact(value.len() / run.n_cell) {
                self.0.push((Some(cell.to_vec()), run.repeat));
            }
            Ok(())
        }

        fn undefined(&mut self, n: u64) -> Result<(), Error> {
            self.0.push((None, n as usize));
            Ok(())
        }
    }

    fn column(data_type: DataType, is_array: bool) -> StoredColumn {
        let shape = (!is_array).then(Vec::new);
        StoredColumn { name: "C".to_owned(), data_type, is_array, direct: !is_array, shape, max_length: 0 }
    }

    /// A bucket of the values' bytes and, per column, its (row, offset) entries.
    fn bucket(size: usize, wide: bool, values: &[u8], columns: &[&[(u32, u32)]]) -> Vec<u8> {
        let flag = if wide { 0x1000_0000 } else { 0 };
        let mut bytes = (flag | (4 + values.len() as u32)).to_be_bytes().to_vec();
        bytes.extend(values);
        for entries in columns {
            bytes.extend((entries.len() as u32).to_be_bytes());
            for (row, _) in *entries {
                bytes.extend(vec![0; if wide { 4 } else { 0 }]);
                bytes.extend(row.to_be_bytes());
            }
            entries.iter().for_each(|(_, offset)| bytes.extend(offset.to_be_bytes()));
        }
        bytes.resize(size, 0);
        bytes
    }

    /// Rows 0..10 in bucket 1, rows 10..15 in bucket 0 (with wide row numbers).
    fn open() -> (tempfile::TempDir, Incremental) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.f0");
        let mut values = 7_u32.to_be_bytes().to_vec();
        values.extend(8_u32.to_be_bytes());
        values.extend([0, 0, 0, 6, b'h', b'i']);
        values.extend([0; 8]);
        let early = bucket(200, false, &values, &[&[(0, 0), (4, 4)], &[(0, 8)], &[(0, 14)]]);
        let late = bucket(200, true, &values, &[&[(0, 4), (1, 0)], &[(0, 8)], &[(0, 14)]]);
        let mut bytes = vec![0; HEADER as usize];
        bytes.extend(late);
        bytes.extend(early);
        std::fs::write(&path, bytes).unwrap();
        let of = Incremental {
            file: DataFile::open(path).unwrap(),
            order: Order::Big,
            bucket_size: 200,
            columns: vec![
                column(DataType::UInt, false),
                column(DataType::String, false),
                column(DataType::Float, true),
            ],
            arrays: vec![None, None, None],
            rows: vec![0, 10, 15],
            bucket: vec![1, 0],
        };
        (dir, of)
    }

    fn numbers(of: &Incremental, rows: Range<u64>) -> Vec<(u32, usize)> {
        let mut kept = Kept::default();
        of.read(0, rows, &mut kept).unwrap();
        let number = |v: &Option<Vec<u8>>| u32::from_be_bytes(v.as_deref().unwrap().try_into().unwrap());
        kept.0.iter().map(|(value, n)| (number(value), *n)).collect()
    }

    #[test]
    fn values_hold_until_they_change_across_buckets() {
        let (_dir, of) = open();
        assert_eq!(of.n_row(0), 15);
        assert_eq!(numbers(&of, 0..15), [(7, 4), (8, 6), (8, 1), (7, 4)]);
        assert_eq!(numbers(&of, 3..5), [(7, 1), (8, 1)]);
        assert_eq!(numbers(&of, 9..11), [(8, 1), (8, 1)]);
        assert_eq!(numbers(&of, 14..15), [(7, 1)]);
        assert_eq!(numbers(&of, 5..5), []);
    }

    #[test]
    fn strings_count_their_length_and_offset_zero_is_undefined() {
        let (_dir, of) = open();
        let mut kept = Kept::default();
        of.read(1, 2..12, &mut kept).unwrap();
        assert_eq!(kept.0, [(Some(b"hi".to_vec()), 8), (Some(b"hi".to_vec()), 2)]);
        let mut kept = Kept::default();
        of.read(2, 0..15, &mut kept).unwrap();
        assert_eq!(kept.0, [(None, 10), (None, 5)]);
    }

    #[test]
    fn an_index_that_does_not_begin_at_its_bucket_is_refused() {
        let (dir, of) = open();
        let path = dir.path().join("table.f0");
        let mut bytes = std::fs::read(&path).unwrap();
        let bad = bucket(200, false, &[0; 4], &[&[(1, 0)]]);
        bytes[HEADER as usize + 200..HEADER as usize + 400].copy_from_slice(&bad);
        std::fs::write(&path, bytes).unwrap();
        let message = of.read(0, 0..1, &mut Kept::default()).unwrap_err().to_string();
        assert!(message.contains("ascending rows from 0"), "{message}");
    }
}

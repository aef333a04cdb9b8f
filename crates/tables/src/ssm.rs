//! StandardStMan: buckets that hold some rows of all its columns.
//!
//! ```text
//! table.dat (big-endian):  object "SSM" v2: String name; Block<uInt> columnOffset; Block<uInt> columnIndex
//! table.fN: 512 bytes of header, then buckets; bucket b at 512 + b·bucketSize
//! header:   object "StandardStMan" v2 | v3 (v3: Bool bigEndian): uInt bucketSize, nBuckets, cacheSize, nFree;
//!           Int firstFree; uInt nIndexBuckets; Int firstIndexBucket; (v ≥ 2) uInt indexOffset;
//!           Int lastStringBucket; uInt indexLength, nIndices
//! index:    at indexOffset of its bucket, or chained buckets: Int check, Int next (both big-endian), bytes
//!   nIndices × object "SSMIndex" v1|2: uInt nUsed, rowsPerBucket; Int nColumns; map freeSpace;
//!              Block lastRow (uInt | v2 uInt64); Block<uInt> bucketNr
//! data bucket: per column at columnOffset its values back to back:
//!   number or direct array | Bool: bits without padding between rows | String: 12 bytes (see `ssm_strings`) or
//!   maxLength bytes | array of any shape: Int64 offset in table.fNi (0 undefined) | string array: 12 bytes
//! ```
//! Header and index are in the table's byte order. Rows are found by `lastRow`, for a bucket may hold fewer rows
//! than it has room for.

use std::ops::Range;

use crate::arrayfile::ArrayFile;
use crate::bytes::{Order, Reader};
use crate::cells::{Data, Run, Sink, Strings};
use crate::file::DataFile;
use crate::ssm_strings::{REFERENCE, StringReader};
use crate::storage::{Place, Spot, Storage, StoredColumn};
use crate::{DataType, Error, bits};

pub(crate) const HEADER: u64 = 512;
/// Arrays are fetched for at most this many rows at once.
const ROWS_TOGETHER: usize = 4096;

/// An open StandardStMan.
pub(crate) struct Standard {
    pub(crate) file: DataFile,
    pub(crate) order: Order,
    pub(crate) bucket_size: usize,
    pub(crate) n_bucket: u32,
    columns: Vec<Placed>,
    indices: Vec<Index>,
    arrays: Option<ArrayFile>,
}

struct Placed {
    column: StoredColumn,
    /// Byte offset in each bucket.
    offset: usize,
    index: usize,
}

struct Index {
    /// Last row of each bucket, ascending.
    last_row: Vec<u64>,
    bucket: Vec<u32>,
}

/// Some rows of one bucket.
struct Span {
    bucket: u32,
    /// First row, counted from the bucket's first.
    first: usize,
    n: usize,
}

impl Standard {
    pub(crate) fn open(place: Place<'_>) -> Result<Self, Error> {
        let file = DataFile::open(place.path(""))?;
        let columns = placed_columns(&place)?;
        let any = columns.iter().any(|c| !c.column.direct && c.column.data_type != DataType::String);
        let arrays = if any { ArrayFile::open(place.path("i"), place.order)? } else { None };
        let mut bytes = Vec::new();
        file.read_up_to(0, HEADER as usize, &mut bytes)?;
        let mut r = Reader::new(file.path(), 0, &bytes, place.order);
        let header = IndexPlace::read(&mut r)?;
        let raw = header.index_bytes(&file)?;
        let mut r = Reader::new(file.path(), 0, &raw, place.order);
        let indices =
            (0..header.n_index).map(|_| Index::read(&mut r, header.n_bucket)).collect::<Result<_, _>>()?;
        let (bucket_size, n_bucket) = (header.bucket_size, header.n_bucket);
        Ok(Standard { file, order: place.order, bucket_size, n_bucket, columns, indices, arrays })
    }

    /// Byte `offset` of bucket `bucket`, with `n` bytes from there inside the bucket.
    pub(crate) fn position(&self, bucket: u32, offset: usize, n: usize) -> Result<u64, Error> {
        let start = HEADER + u64::from(bucket) * self.bucket_size as u64;
        if bucket >= self.n_bucket || offset.checked_add(n).is_none_or(|end| end > self.bucket_size) {
            let found = format!("bytes {offset}+{n} of bucket {bucket}");
            let expected = format!("bytes of {} buckets of {} bytes", self.n_bucket, self.bucket_size);
            return Err(self.file.fail(start, expected, found));
        }
        Ok(start + offset as u64)
    }

    fn spans(&self, placed: &Placed, rows: Range<u64>) -> impl Iterator<Item = Span> {
        let index = self.indices.get(placed.index);
        let (last_row, buckets) = index.map_or((&[][..], &[][..]), |i| (&i.last_row[..], &i.bucket[..]));
        let from = last_row.partition_point(|&last| last < rows.start);
        (from..last_row.len()).map_while(move |k| {
            let first_row = if k == 0 { 0 } else { last_row[k - 1] + 1 };
            let (start, end) = (rows.start.max(first_row), rows.end.min(last_row[k] + 1));
            let span = || Span {
                bucket: buckets[k],
                first: (start - first_row) as usize,
                n: (end - start) as usize,
            };
            (start < end).then(span)
        })
    }

    fn read_fixed(&self, placed: &Placed, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let (shape, n_element) = placed.column.direct_shape(&self.file)?;
        let is_bool = placed.column.data_type == DataType::Bool;
        let size = placed.column.data_type.size().unwrap_or(REFERENCE);
        let (mut raw, mut unpacked) = (Vec::new(), Vec::new());
        for span in self.spans(placed, rows) {
            let elements = self.elements(&span, n_element)?;
            let data = if is_bool {
                let bytes = elements.start / 8..elements.end.div_ceil(8);
                self.read_bucket(span.bucket, placed.offset, bytes, &mut raw)?;
                unpacked.clear();
                bits::unpack(&raw, elements.start % 8, elements.len(), &mut unpacked);
                &unpacked
            } else {
                let bytes = elements.start.saturating_mul(size)..elements.end.saturating_mul(size);
                self.read_bucket(span.bucket, placed.offset, bytes, &mut raw)?;
                &raw
            };
            sink.defined(Run { shape, n_cell: span.n, repeat: 1, data: Data::Fixed(data) })?;
        }
        Ok(())
    }

    /// The elements of a span, counted in its bucket.
    fn elements(&self, span: &Span, n_element: usize) -> Result<Range<usize>, Error> {
        let first = span.first.checked_mul(n_element);
        let end = (span.first.checked_add(span.n)).and_then(|end| end.checked_mul(n_element));
        first.zip(end).map(|(first, end)| first..end).ok_or_else(|| {
            let found = format!("{} cells of {n_element} elements", span.n);
            self.file.fail(0, "rows that fit a bucket", found)
        })
    }

    /// Bytes of a bucket, counted from a column's offset.
    fn read_bucket(
        &self,
        bucket: u32,
        column_offset: usize,
        bytes: Range<usize>,
        raw: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let offset = column_offset.saturating_add(bytes.start);
        let position = self.position(bucket, offset, bytes.len())?;
        self.file.read(position, bytes.len(), raw)
    }

    fn read_arrays(&self, placed: &Placed, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let (mut raw, mut offsets) = (Vec::new(), Vec::new());
        for span in self.spans(placed, rows) {
            let cells = self.elements(&span, 8)?;
            self.read_bucket(span.bucket, placed.offset, cells, &mut raw)?;
            let mut r = Reader::new(self.file.path(), 0, &raw, self.order);
            for _ in 0..span.n {
                offsets.push(r.u64()?);
            }
            if offsets.len() >= ROWS_TOGETHER {
                self.hand_arrays(&offsets, placed, sink)?;
                offsets.clear();
            }
        }
        self.hand_arrays(&offsets, placed, sink)
    }

    fn hand_arrays(&self, offsets: &[u64], placed: &Placed, sink: &mut dyn Sink) -> Result<(), Error> {
        match &self.arrays {
            Some(arrays) => arrays.read(offsets, placed.column.data_type, sink),
            None if offsets.iter().all(|&offset| offset == 0) => sink.undefined(offsets.len() as u64),
            None => Err(self.file.fail(0, "an array file beside this one", "none, or an empty one")),
        }
    }

    fn read_strings(&self, placed: &Placed, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let column = &placed.column;
        let (mut raw, mut reader) = (Vec::new(), StringReader::new(self));
        let mut strings = Strings::default();
        let size = if column.is_array || column.max_length == 0 { REFERENCE } else { column.max_length };
        for span in self.spans(placed, rows) {
            let bytes = self.elements(&span, size)?;
            self.read_bucket(span.bucket, placed.offset, bytes, &mut raw)?;
            if column.is_array {
                for cell in raw.chunks_exact(REFERENCE) {
                    reader.array(cell, column.shape.as_deref(), sink)?;
                }
                continue;
            }
            strings.clear();
            for cell in raw.chunks_exact(size) {
                if size == REFERENCE && column.max_length == 0 {
                    reader.scalar(cell, &mut strings)?;
                } else {
                    strings.push(cell.split(|&b| b == 0).next().unwrap_or_default());
                }
            }
            sink.defined(Run { shape: &[], n_cell: span.n, repeat: 1, data: Data::Strings(&strings) })?;
        }
        Ok(())
    }
}

impl Storage for Standard {
    fn n_row(&self, i_column: usize) -> u64 {
        let index = self.indices.get(self.columns[i_column].index);
        index.and_then(|i| i.last_row.last()).map_or(0, |&last| last + 1)
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let placed = &self.columns[i_column];
        if placed.column.data_type == DataType::String {
            self.read_strings(placed, rows, sink)
        } else if placed.column.direct {
            self.read_fixed(placed, rows, sink)
        } else {
            self.read_arrays(placed, rows, sink)
        }
    }

    fn spots<'a>(
        &'a self,
        i_column: usize,
        row: u64,
        shape: &[usize],
        spots: &mut Vec<Spot<'a>>,
    ) -> Result<bool, Error> {
        let placed = &self.columns[i_column];
        let data_type = placed.column.data_type;
        let Some(span) = self.spans(placed, row..row + 1).next() else { return Ok(false) };
        let Some(size) = data_type.size() else { return Ok(false) };
        if !placed.column.direct {
            let cell = self.elements(&span, 8)?;
            let mut raw = Vec::new();
            self.read_bucket(span.bucket, placed.offset, cell, &mut raw)?;
            let offset = Reader::new(self.file.path(), 0, &raw, self.order).u64()?;
            let Some(arrays) = self.arrays.as_ref().filter(|_| offset > 0) else { return Ok(false) };
            return arrays.spot(offset, data_type, shape, spots);
        }
        let (own, n_element) = placed.column.direct_shape(&self.file)?;
        let cell = self.elements(&span, n_element)?;
        let is_bool = data_type == DataType::Bool;
        let bytes = match is_bool {
            true => cell.start / 8..cell.end.div_ceil(8),
            false => cell.start.saturating_mul(size)..cell.end.saturating_mul(size),
        };
        let start = self.position(span.bucket, placed.offset.saturating_add(bytes.start), bytes.len())?;
        if start.checked_add(bytes.len() as u64).is_none_or(|end| end > self.file.len()) {
            return Ok(false);
        }
        let at = if is_bool { start * 8 + cell.start as u64 % 8 } else { start };
        spots.push(Spot { file: self.file.path(), at, elements: 0..n_element });
        Ok(own == shape)
    }
}

/// The columns with their places, from the storage manager's bytes in table.dat.
fn placed_columns(place: &Place<'_>) -> Result<Vec<Placed>, Error> {
    let path = place.table_dat();
    let mut r = Reader::new(&path, 0, &place.desc.private, Order::Big);
    r.open_named("SSM")?;
    r.string_bytes()?;
    let (offsets, indices) = (r.block_u32()?, r.block_u32()?);
    if offsets.len() < place.columns.len() || indices.len() < place.columns.len() {
        let expected = format!("places of {} columns in StandardStMan", place.columns.len());
        return Err(r.fail(expected, format!("{} and {}", offsets.len(), indices.len())));
    }
    let placed = |((column, &offset), &index): ((&StoredColumn, &u32), &u32)| Placed {
        column: column.clone(),
        offset: offset as usize,
        index: index as usize,
    };
    Ok(place.columns.iter().zip(&offsets).zip(&indices).map(placed).collect())
}

/// The header: where the index is.
struct IndexPlace {
    bucket_size: usize,
    n_bucket: u32,
    n_index_bucket: u32,
    first: i32,
    offset: u32,
    length: usize,
    n_index: usize,
}

impl IndexPlace {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let version = r.open_named("StandardStMan")?;
        if version >= 3 {
            r.bool()?;
        }
        let (bucket_size, n_bucket) = (r.u32()? as usize, r.u32()?);
        r.take(12)?;
        let (n_index_bucket, first) = (r.u32()?, r.i32()?);
        let offset = if version >= 2 { r.u32()? } else { 0 };
        r.i32()?;
        let (length, n_index) = (r.u32()? as usize, r.u32()? as usize);
        if bucket_size <= 16 {
            return Err(r.fail("a bucket of more than 16 bytes", bucket_size.to_string()));
        }
        // An index takes at least its framing.
        if n_index > length / 16 {
            return Err(r.fail(format!("as many indices as fit {length} bytes"), n_index.to_string()));
        }
        Ok(IndexPlace { bucket_size, n_bucket, n_index_bucket, first, offset, length, n_index })
    }

    fn index_bytes(&self, file: &DataFile) -> Result<Vec<u8>, Error> {
        // Buckets of an index may follow each other in a ring.
        if self.length as u64 > file.len() {
            let expected = format!("an index that fits a file of {} bytes", file.len());
            return Err(file.fail(0, expected, format!("{} bytes", self.length)));
        }
        let mut raw = Vec::new();
        let start = |bucket: i32| {
            let bucket = u64::try_from(bucket).ok().filter(|&b| b < u64::from(self.n_bucket));
            let bucket =
                bucket.ok_or_else(|| file.fail(0, "the number of an index bucket", format!("{bucket:?}")));
            Ok::<u64, Error>(HEADER + bucket? * self.bucket_size as u64)
        };
        if self.offset > 0 {
            file.read(start(self.first)? + u64::from(self.offset), self.length, &mut raw)?;
            return Ok(raw);
        }
        let (mut bucket, mut piece) = (self.first, Vec::new());
        for _ in 0..self.n_index_bucket.min(self.n_bucket) {
            let left = self.length - raw.len();
            if left == 0 {
                break;
            }
            let position = start(bucket)?;
            file.read(position, 8 + left.min(self.bucket_size - 8), &mut piece)?;
            bucket = Reader::new(file.path(), position + 4, &piece[4..8], Order::Big).i32()?;
            raw.extend_from_slice(&piece[8..]);
        }
        Ok(raw)
    }
}

impl Index {
    fn read(r: &mut Reader<'_>, n_bucket: u32) -> Result<Self, Error> {
        let version = r.open_named("SSMIndex")?;
        let n_used = r.u32()? as usize;
        r.u32()?;
        r.i32()?;
        r.skip_int_map()?;
        let mut last_row = r.block_rows(version > 1)?;
        let mut bucket = r.block_u32()?;
        r.close_object();
        if n_used > last_row.len() || n_used > bucket.len() {
            return Err(r.fail(format!("{n_used} buckets in an index"), bucket.len().to_string()));
        }
        last_row.truncate(n_used);
        bucket.truncate(n_used);
        let ascends = last_row.windows(2).all(|w| w[0] < w[1]) && last_row.last() != Some(&u64::MAX);
        if !ascends || bucket.iter().any(|&b| b >= n_bucket) {
            return Err(r.fail("ascending rows and buckets of this file in an index", "others"));
        }
        Ok(Index { last_row, bucket })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    pub(crate) struct Kept(pub(crate) Vec<(Vec<usize>, usize, Vec<Vec<u8>>)>);

    impl Sink for Kept {
        fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
            let cells = match run.data {
                Data::Fixed(bytes) => vec![bytes.to_vec()],
                Data::Strings(strings) => strings.iter().map(<[u8]>::to_vec).collect(),
            };
            self.0.push((run.shape.to_vec(), run.n_cell, cells));
            Ok(())
        }

        fn undefined(&mut self, n: u64) -> Result<(), Error> {
            self.0.push((Vec::new(), n as usize, Vec::new()));
            Ok(())
        }
    }

    fn placed(data_type: DataType, shape: Option<Vec<usize>>, offset: usize) -> Placed {
        let is_array = shape.as_ref().is_none_or(|s| !s.is_empty());
        let direct = shape.is_some();
        let name = "C".to_owned();
        let column = StoredColumn { name, data_type, is_array, direct, shape, max_length: 0 };
        Placed { column, offset, index: 0 }
    }

    /// Buckets of 64 bytes; rows 0..3 in bucket 2, rows 3..4 in bucket 0; strings in buckets 1 and 3.
    fn open(buckets: [Vec<u8>; 4], columns: Vec<Placed>) -> (tempfile::TempDir, Standard) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.f0");
        let mut bytes = vec![0; HEADER as usize];
        for mut bucket in buckets {
            bucket.resize(64, 0xee);
            bytes.extend(bucket);
        }
        std::fs::write(&path, bytes).unwrap();
        let file = DataFile::open(path).unwrap();
        let indices = vec![Index { last_row: vec![2, 3], bucket: vec![2, 0] }];
        (
            dir,
            Standard {
                file,
                order: Order::Little,
                bucket_size: 64,
                n_bucket: 4,
                columns,
                indices,
                arrays: None,
            },
        )
    }

    fn reference(bucket: i32, offset: i32, length: i32) -> Vec<u8> {
        [bucket, offset, length].iter().flat_map(|n| n.to_le_bytes()).collect()
    }

    /// A string bucket with 48 bytes of data.
    fn string_bucket(used: i32, next: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = [0, used, 0, next].iter().flat_map(|n| n.to_be_bytes()).collect();
        bytes.extend(data);
        bytes
    }

    #[test]
    fn rows_are_found_by_the_last_row_of_each_bucket() {
        let columns =
            vec![placed(DataType::Short, Some(Vec::new()), 4), placed(DataType::Bool, Some(vec![3]), 40)];
        let mut late = vec![0; 4];
        late.extend(99_i16.to_le_bytes());
        late.resize(40, 0);
        late.push(0b0000_0101);
        let mut early = vec![0; 4];
        early.extend([11_i16, 12, 13].iter().flat_map(|n| n.to_le_bytes()));
        early.resize(40, 0);
        early.extend([0b0101_1001, 1]);
        let (_dir, of) = open([late, Vec::new(), early, Vec::new()], columns);
        assert_eq!(of.n_row(0), 4);
        let mut kept = Kept::default();
        of.read(0, 1..4, &mut kept).unwrap();
        assert_eq!(kept.0, [(vec![], 2, vec![vec![12, 0, 13, 0]]), (vec![], 1, vec![vec![99, 0]])]);
        let mut kept = Kept::default();
        of.read(1, 1..4, &mut kept).unwrap();
        assert_eq!(kept.0, [(vec![3], 2, vec![vec![1, 1, 0, 1, 0, 1]]), (vec![3], 1, vec![vec![1, 0, 1]])]);
    }

    #[test]
    fn strings_short_and_across_buckets() {
        let mut early = b"eightby!\x08\0\0\0".to_vec();
        early.extend(reference(1, 40, 12));
        early.extend(reference(0, 0, 0));
        let first = string_bucket(46, 3, &[&[b'.'; 40][..], b"across"].concat());
        let second = string_bucket(6, -1, b" here.");
        let late = reference(3, 0, 9);
        let (_dir, of) =
            open([late, first, early, second], vec![placed(DataType::String, Some(Vec::new()), 0)]);
        let mut kept = Kept::default();
        of.read(0, 0..3, &mut kept).unwrap();
        assert_eq!(kept.0[0].2, [&b"eightby!"[..], b"across here.", b""]);
        let message = of.read(0, 3..4, &mut kept).unwrap_err().to_string();
        assert!(message.contains("number of a string bucket, found -1"), "{message}");
    }

    #[test]
    fn a_ring_of_empty_string_buckets_ends() {
        let ring = string_bucket(0, 1, b"");
        let column = placed(DataType::String, Some(Vec::new()), 0);
        let (_dir, mut of) = open([Vec::new(), ring, reference(1, 0, 12), Vec::new()], vec![column]);
        of.n_bucket = u32::MAX;
        let message = of.read(0, 0..1, &mut Kept::default()).unwrap_err().to_string();
        assert!(message.contains("a string of 12 bytes from bucket 1, found 0 of them"), "{message}");
    }

    #[test]
    fn a_ring_of_index_buckets_ends() {
        let ring: Vec<u8> = [0, 1].iter().flat_map(|n: &i32| n.to_be_bytes()).collect();
        let (_dir, of) = open([Vec::new(), ring, Vec::new(), Vec::new()], Vec::new());
        let place = |length| IndexPlace {
            bucket_size: 64,
            n_bucket: u32::MAX,
            n_index_bucket: u32::MAX,
            first: 1,
            offset: 0,
            length,
            n_index: 1,
        };
        assert_eq!(place(64).index_bytes(&of.file).unwrap().len(), 64);
        let message = place(1 << 31).index_bytes(&of.file).unwrap_err().to_string();
        assert!(message.contains("an index that fits a file of 768 bytes"), "{message}");
    }

    #[test]
    fn string_arrays_of_any_and_of_one_shape() {
        let any =
            [&[0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, b'a', 0, 0, 0, 0][..]].concat();
        let shape_only = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0];
        let mut early = reference(1, 0, 25);
        early.extend(reference(0, 0, 0));
        early.extend(reference(1, 25, 12));
        let strings = string_bucket(37, -1, &[&any[..], &shape_only].concat());
        let fixed = string_bucket(10, -1, b"\0\0\0\x01x\0\0\0\x01y");
        let columns = vec![placed(DataType::String, None, 0), placed(DataType::String, Some(vec![2]), 0)];
        let (_dir, of) = open([reference(3, 0, 10), strings, early, fixed], columns);
        let mut kept = Kept::default();
        of.read(0, 0..3, &mut kept).unwrap();
        assert_eq!(kept.0[0], (vec![2, 1], 1, vec![b"a".to_vec(), Vec::new()]));
        assert_eq!(kept.0[1], (Vec::new(), 1, Vec::new()), "undefined");
        assert_eq!(kept.0[2], (vec![2], 1, vec![Vec::new(), Vec::new()]), "only a shape");
        let mut kept = Kept::default();
        of.read(1, 3..4, &mut kept).unwrap();
        assert_eq!(kept.0, [(vec![2], 1, vec![b"x".to_vec(), b"y".to_vec()])]);
    }

    #[test]
    fn an_index_of_either_version_and_a_damaged_one() {
        let object = |name: &str, version: u32, words: &[u32]| {
            let head = [0, name.len() as u32].into_iter().flat_map(|w| w.to_be_bytes());
            let mut bytes: Vec<u8> = head.collect();
            bytes.extend(name.as_bytes());
            bytes.extend(version.to_be_bytes());
            bytes.extend(words.iter().flat_map(|w| w.to_be_bytes()));
            bytes
        };
        let index = |version, rows: &[u32]| {
            let mut bytes = 0xbebe_bebe_u32.to_be_bytes().to_vec();
            bytes.extend(object("SSMIndex", version, &[2, 32, 1]));
            bytes.extend(object("SimpleOrderedMap", 1, &[0, 0, 1]));
            bytes.extend(object("Block", 1, rows));
            bytes.extend(object("Block", 1, &[2, 1, 0]));
            Index::read(&mut Reader::new(std::path::Path::new("table.f0"), 0, &bytes, Order::Big), 2)
        };
        assert_eq!(index(1, &[2, 7, 9]).unwrap().last_row, [7, 9]);
        assert_eq!(index(2, &[2, 0, 7, 1, 0]).unwrap().last_row, [7, 1 << 32]);
        let message = index(1, &[2, 9, 7]).err().unwrap().to_string();
        assert!(
            message.starts_with("table.f0 is damaged") && message.contains("ascending rows"),
            "{message}"
        );
    }

    #[test]
    fn a_cell_outside_its_bucket_is_refused() {
        let (_dir, of) = open(Default::default(), vec![placed(DataType::Double, Some(vec![3]), 48)]);
        let message = of.read(0, 0..1, &mut Kept::default()).unwrap_err().to_string();
        assert!(message.contains("bytes 48+24 of bucket 2"), "{message}");
    }
}

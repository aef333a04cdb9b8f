//! StManAipsIO, the oldest storage manager: whole columns in one AipsIO object.
//!
//! ```text
//! table.fN, big-endian as the array file, whatever the table's order:
//! object "StManAipsIO" v1|2: (v2) String name; uInt seqnr, unique, nrow, ncol; ncol × Int dataType; then the columns:
//! scalar:   object "StManColumnAipsIO": uInt nrow; until all rows are there: uInt rows (0: the rest); uInt n; values
//! direct:   object "StManColumnArrayAipsIO" v1|2: (v1) uInt dataType; IPosition shape; uInt n;  a scalar column
//!           whose n counts elements
//! indirect: object "StManColumnIndArrayAipsIO" v1|2: Int dataType; uInt seqnr;  a scalar column whose values are uInt
//!           offsets (0: undefined; 2³¹ + 1: an Int64 with the offset follows) in table.fNi, in v1 table.fNi<seqnr>
//! ```
//! Bool values are bits, those of each array from a byte of its own. casacore holds such a file in memory, and so
//! does this.

use std::ops::Range;

use crate::arrayfile::ArrayFile;
use crate::bytes::{Order, Reader};
use crate::cells::{Data, Run, Sink, Strings};
use crate::file::DataFile;
use crate::storage::{Place, Storage, StoredColumn};
use crate::swapped::Swapped;
use crate::{DataType, Error, bits};

/// Instead of an offset: it follows with 64 bits.
const WIDE_OFFSET: u32 = (1 << 31) + 1;
/// Strings and arrays are handed on for at most this many rows at once.
const ROWS_TOGETHER: usize = 4096;

/// An open StManAipsIO.
pub(crate) struct Aips {
    file: DataFile,
    bytes: Vec<u8>,
    order: Order,
    columns: Vec<StoredColumn>,
    cells: Vec<Cells>,
}

/// Where a column's cells are.
enum Cells {
    /// Runs of rows with fixed-size elements; Bool as bits, each array from a byte of its own.
    Fixed(Vec<Chunk>),
    /// Byte offset of each string in the file.
    Strings { rows: u64, at: Vec<usize> },
    /// Offset of each cell in the array file.
    Arrays { offsets: Vec<u64>, file: Option<ArrayFile> },
}

/// Rows whose values are at one place.
struct Chunk {
    rows: Range<u64>,
    /// Byte offset in the file.
    at: usize,
}

impl Aips {
    pub(crate) fn open(place: Place<'_>) -> Result<Self, Error> {
        let file = DataFile::open(place.path(""))?;
        let mut bytes = Vec::new();
        let length = usize::try_from(file.len()).unwrap_or(usize::MAX);
        file.read(0, length, &mut bytes)?;
        let mut r = Reader::new(file.path(), 0, &bytes, Order::Big);
        let version = r.open_named("StManAipsIO")?;
        if version > 2 {
            return Err(r.fail("version 1 or 2 of StManAipsIO", version.to_string()));
        }
        if version == 2 {
            r.string_bytes()?;
        }
        r.take(12)?;
        let n_column = r.u32()? as usize;
        if n_column != place.columns.len() {
            let expected = format!("{} columns, as table.dat says", place.columns.len());
            return Err(r.fail(expected, n_column.to_string()));
        }
        r.take(4 * n_column)?;
        let read = |column| Cells::read(&mut r, &place, column, &file);
        let cells = place.columns.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Aips { file, bytes, order: place.order, columns: place.columns, cells })
    }

    fn read_fixed(
        &self,
        column: &StoredColumn,
        chunks: &[Chunk],
        rows: &Range<u64>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let (shape, n_element) = column.direct_shape(&self.file)?;
        let mut unpacked = Vec::new();
        for chunk in chunks {
            let (start, end) = (rows.start.max(chunk.rows.start), rows.end.min(chunk.rows.end));
            if start >= end {
                continue;
            }
            let n_cell = (end - start) as usize;
            // The chunk is in memory, so its elements can be counted.
            let first = (start - chunk.rows.start) as usize * n_element;
            let data = if column.data_type == DataType::Bool {
                unpacked.clear();
                if column.is_array {
                    for row in start - chunk.rows.start..end - chunk.rows.start {
                        let at = chunk.at + row as usize * n_element.div_ceil(8);
                        bits::unpack(&self.bytes[at..], 0, n_element, &mut unpacked);
                    }
                } else {
                    bits::unpack(&self.bytes[chunk.at..], first, n_cell, &mut unpacked);
                }
                &unpacked[..]
            } else {
                let size = column.data_type.size().unwrap_or(1);
                let at = chunk.at + first * size;
                &self.bytes[at..at + n_cell * n_element * size]
            };
            sink.defined(Run { shape, n_cell, repeat: 1, data: Data::Fixed(data) })?;
        }
        Ok(())
    }

    fn read_strings(
        &self,
        column: &StoredColumn,
        at: &[usize],
        rows: Range<u64>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let (shape, n_element) = column.direct_shape(&self.file)?;
        let mut strings = Strings::default();
        let mut row = rows.start as usize;
        while row < rows.end as usize {
            let end = (rows.end as usize).min(row + ROWS_TOGETHER);
            strings.clear();
            for &at in &at[row * n_element..end * n_element] {
                strings.push(Reader::at(self.file.path(), &self.bytes, Order::Big, at).string_bytes()?);
            }
            sink.defined(Run { shape, n_cell: end - row, repeat: 1, data: Data::Strings(&strings) })?;
            row = end;
        }
        Ok(())
    }
}

impl Storage for Aips {
    fn n_row(&self, i_column: usize) -> u64 {
        match &self.cells[i_column] {
            Cells::Fixed(chunks) => chunks.last().map_or(0, |chunk| chunk.rows.end),
            Cells::Strings { rows, .. } => *rows,
            Cells::Arrays { offsets, .. } => offsets.len() as u64,
        }
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let column = &self.columns[i_column];
        let mut swapped;
        let sink = if self.order == Order::Big {
            sink
        } else {
            swapped = Swapped::new(column.data_type, sink);
            &mut swapped
        };
        match &self.cells[i_column] {
            Cells::Fixed(chunks) => self.read_fixed(column, chunks, &rows, sink),
            Cells::Strings { at, .. } => self.read_strings(column, at, rows, sink),
            Cells::Arrays { offsets, file } => {
                let offsets = &offsets[rows.start as usize..rows.end as usize];
                match file {
                    Some(arrays) => arrays.read(offsets, column.data_type, sink),
                    None if offsets.iter().all(|&o| o == 0) => sink.undefined(offsets.len() as u64),
                    None => Err(self.file.fail(0, "an array file beside this one", "none, or an empty one")),
                }
            }
        }
    }
}

impl Cells {
    fn read(
        r: &mut Reader<'_>,
        place: &Place<'_>,
        column: &StoredColumn,
        file: &DataFile,
    ) -> Result<Self, Error> {
        if !column.direct {
            let version = r.open_named("StManColumnIndArrayAipsIO")?;
            r.i32()?;
            let seqnr = r.u32()?;
            let suffix = if version > 1 { "i".to_owned() } else { format!("i{seqnr}") };
            let offsets = read_offsets(r)?;
            r.close_object();
            return Ok(Cells::Arrays { offsets, file: ArrayFile::open(place.path(&suffix), Order::Big)? });
        }
        let (_, n_element) = column.direct_shape(file)?;
        if column.is_array {
            if r.open_named("StManColumnArrayAipsIO")? == 1 {
                r.u32()?;
                r.iposition()?;
                r.u32()?;
            }
            let cells = Self::values(r, column, n_element);
            r.close_object();
            return cells;
        }
        Self::values(r, column, n_element)
    }

    /// The values of scalars, or of arrays that all have this many elements.
    fn values(r: &mut Reader<'_>, column: &StoredColumn, n_element: usize) -> Result<Self, Error> {
        let data_type = column.data_type;
        r.open_named("StManColumnAipsIO")?;
        let n_row = u64::from(r.u32()?);
        let (mut chunks, mut strings, mut row) = (Vec::new(), Vec::new(), 0);
        while row < n_row {
            let rows = next_rows(r, row, n_row)?;
            let n = r.u32()? as usize;
            if (rows.end - rows.start).checked_mul(n_element as u64) != Some(n as u64) {
                let expected = format!("{n_element} elements for each of {} rows", rows.end - rows.start);
                return Err(r.fail(expected, n.to_string()));
            }
            row = rows.end;
            let at = r.position();
            match data_type.size() {
                None => {
                    for _ in 0..r.fits(n as u64, 4)? {
                        strings.push(r.position());
                        r.string_bytes()?;
                    }
                }
                Some(_) if data_type == DataType::Bool && column.is_array => {
                    let cells = (rows.end - rows.start) as usize;
                    _ = r.take(cells.saturating_mul(n_element.div_ceil(8)))?;
                }
                Some(_) if data_type == DataType::Bool => _ = r.take(n.div_ceil(8))?,
                Some(size) => _ = r.take(n.saturating_mul(size))?,
            }
            chunks.push(Chunk { rows, at });
        }
        r.close_object();
        Ok(match data_type {
            DataType::String => Cells::Strings { rows: n_row, at: strings },
            _ => Cells::Fixed(chunks),
        })
    }
}

/// The rows of the next chunk of a column of `n_row` rows.
fn next_rows(r: &mut Reader<'_>, row: u64, n_row: u64) -> Result<Range<u64>, Error> {
    let n = match r.u32()? {
        0 => n_row - row,
        n => n.into(),
    };
    if n > n_row - row {
        return Err(r.fail(format!("at most {} rows", n_row - row), n.to_string()));
    }
    Ok(row..row + n)
}

fn read_offsets(r: &mut Reader<'_>) -> Result<Vec<u64>, Error> {
    r.open_named("StManColumnAipsIO")?;
    let n_row = u64::from(r.u32()?);
    let mut offsets = Vec::new();
    while (offsets.len() as u64) < n_row {
        let rows = next_rows(r, offsets.len() as u64, n_row)?;
        for _ in 0..r.fits(rows.end - rows.start, 4)? {
            offsets.push(match r.u32()? {
                WIDE_OFFSET => r.u64()?,
                offset => offset.into(),
            });
        }
    }
    r.close_object();
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn column(data_type: DataType, shape: Option<&[usize]>) -> StoredColumn {
        StoredColumn {
            name: "C".to_owned(),
            data_type,
            is_array: shape.is_some(),
            direct: true,
            shape: Some(shape.unwrap_or_default().to_vec()),
            max_length: 0,
        }
    }

    /// A column object of these words after its mark and name.
    fn object(words: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0xbe, 0xbe, 0xbe, 0xbe, 0, 0, 0, 0, 0, 0, 0, 17];
        bytes.extend(b"StManColumnAipsIO");
        bytes.extend([0, 0, 0, 2]);
        bytes.extend(words.iter().flat_map(|w| w.to_be_bytes()));
        bytes
    }

    fn values(words: &[u32], column: &StoredColumn, n_element: usize) -> Result<Cells, Error> {
        let bytes = object(words);
        Cells::values(&mut Reader::new(Path::new("table.f0"), 0, &bytes, Order::Big), column, n_element)
    }

    #[test]
    fn chunks_follow_each_other_and_zero_takes_the_rest() {
        let cells = values(&[3, 1, 1, 7, 0, 2, 8, 9], &column(DataType::Int, None), 1);
        let Ok(Cells::Fixed(chunks)) = cells else { panic!("no numbers") };
        assert_eq!(chunks.iter().map(|c| c.rows.clone()).collect::<Vec<_>>(), [0..1, 1..3]);
        let texts =
            values(&[2, 2, 2, 0, 1, u32::from_be_bytes(*b"abcd")], &column(DataType::String, None), 1);
        let Ok(Cells::Strings { rows: 2, at }) = texts else { panic!("no strings") };
        assert_eq!(at[1] - at[0], 4);
    }

    #[test]
    fn wrong_counts_and_lengths_are_named() {
        let number = column(DataType::Int, None);
        for (words, found) in [
            (&[3, 4, 4, 0, 0, 0, 0][..], "found 4"),
            (&[3, 3, 2, 0, 0], "1 elements for each of 3 rows, found 2"),
            (&[3, 3, 3, 0, 0], "expected 12 bytes, found the end after 8"),
            (&[u32::MAX, 0, u32::MAX, 0], "found the end after 4"),
        ] {
            let message = values(words, &number, 1).err().unwrap().to_string();
            assert!(message.starts_with("table.f0 is damaged") && message.contains(found), "{message}");
        }
        let flags = column(DataType::Bool, Some(&[9]));
        assert!(values(&[2, 0, 18, 0], &flags, 9).is_ok(), "two bytes for each row");
        assert!(values(&[3, 0, 27, 0], &flags, 9).is_err());
    }

    #[test]
    fn offsets_of_64_bits_have_a_mark() {
        let bytes = object(&[3, 1, 16, 0, 0, WIDE_OFFSET, 1, 2]);
        let mut r = Reader::new(Path::new("f"), 0, &bytes, Order::Big);
        assert_eq!(read_offsets(&mut r).unwrap(), [16, 0, (1 << 32) + 2]);
    }
}

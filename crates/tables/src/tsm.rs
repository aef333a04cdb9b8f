//! The tiled storage managers (Column, Shape, Cell, Data): cells stacked to hypercubes, cut into tiles.
//!
//! The last axis of a cube is that of rows; a TiledDataStMan may have several of rows. Tile t (first axis fastest) is at `offset + t·bucketSize` of
//! `table.fN_TSM<k>`, whole also at the edges. In a tile the columns of the hypercolumn follow each other, by
//! descending element size (Bool counts as 0, equal ones in the hypercolumn's order), each part a whole tile, first
//! axis fastest, in the table's byte order; a Bool part is ceil(pixels / 8) bytes of bits over the whole tile.
//!
//! So the rows of one tile are contiguous in each part. A read goes through the range band by band (a band is all
//! tiles of the same rows), some rows at a time: from every tile of the band it fetches just those rows, once, and
//! where a tile holds whole cells they go on as they are; else they are put together, axis by axis.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::bits;
use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, element_count};
use crate::file::DataFile;
use crate::storage::{Place, Spot, Storage, StoredColumn};
use crate::tsm_header::{CubeDesc, Header, Segment};
use crate::tsm_values::CubeValues;
use crate::{DataType, Error};

/// Bytes that are put together before they are handed on: they stay in cache.
const BLOCK: usize = 256 << 10;

/// An open tiled storage manager.
pub(crate) struct Tiled {
    files: BTreeMap<u32, DataFile>,
    pub(crate) header: Header,
    header_file: DataFile,
    order: Order,
    pub(crate) columns: Vec<StoredColumn>,
    /// The columns in the cubes, in the order of their parts; index into `columns`.
    pub(crate) parts: Vec<usize>,
}

/// One column in one cube.
pub(crate) struct Layout<'a> {
    pub(crate) file: &'a DataFile,
    /// Of the first tile's part.
    pub(crate) start: u64,
    pub(crate) bucket_size: u64,
    /// Cell shape, slowest axis first.
    pub(crate) shape: Vec<usize>,
    pub(crate) n_row: u64,
    /// Length of each axis of rows and of the tiles there, fastest first.
    row_axes: Vec<(u64, u64)>,
    /// Lengths of the merged axes but the last, fastest first: cell and tile.
    pub(crate) cell: Vec<usize>,
    pub(crate) tile: Vec<usize>,
    cell_len: usize,
    /// Elements of one row in a tile.
    pub(crate) plane: usize,
    /// Tiles of the same rows.
    pub(crate) band: u64,
    /// Bytes of an element in memory.
    pub(crate) size: usize,
    pub(crate) is_bool: bool,
    /// Rows of neighboring tiles follow each other in the file without anything between them.
    is_one_piece: bool,
}

#[derive(Default)]
struct Scratch {
    raw: Vec<u8>,
    piece: Vec<u8>,
    block: Vec<u8>,
}

impl Tiled {
    pub(crate) fn open(place: Place<'_>) -> Result<Self, Error> {
        let header = Header::read(&place)?;
        let header_file = DataFile::open(place.path(""))?;
        let parts = parts(&place, &header.hypercolumn);
        let open = |k: u32| DataFile::open(place.path(&format!("_TSM{k}"))).map(|file| (k, file));
        let files = header.files().into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Tiled { files, header, header_file, order: place.order, columns: place.columns, parts })
    }

    /// Where column `i_column` is in a cube; `None` for a cube without data.
    pub(crate) fn layout(&self, cube: &CubeDesc, i_column: usize) -> Result<Option<Layout<'_>>, Error> {
        let Some(file) = cube.file.and_then(|k| self.files.get(&k)) else { return Ok(None) };
        self.checked_layout(cube, i_column, file).map(Some).ok_or_else(|| {
            let found = format!("cube {:?} in tiles {:?}", cube.shape, cube.tile);
            let expected = format!(
                "a cube that {} can hold with column {}",
                file.path().display(),
                self.columns[i_column].name
            );
            self.header_file.fail(0, expected, found)
        })
    }

    fn checked_layout<'a>(&self, cube: &CubeDesc, i_column: usize, file: &'a DataFile) -> Option<Layout<'a>> {
        let n_pixel = element_count(&cube.tile)?;
        let part = |&i: &usize| part_bytes(self.columns[i].data_type, n_pixel);
        let at = self.parts.iter().position(|&i| i == i_column)?;
        let sum = |parts: &[usize]| parts.iter().try_fold(0_u64, |sum, i| sum.checked_add(part(i)? as u64));
        let (bucket_size, before) = (sum(&self.parts)?, sum(&self.parts[..at])?);
        let n_cell_axis = cube.shape.len().checked_sub(cube.n_row_axis)?;
        let (cell, row_shape) = cube.shape.split_at(n_cell_axis);
        let (tile, row_tile) = cube.tile.split_at(n_cell_axis);
        // Every place and every tile must be countable.
        let n_row = row_shape.iter().try_fold(1_u64, |n, &k| n.checked_mul(k as u64))?;
        row_tile.iter().try_fold(1_u64, |n, &k| n.checked_mul(k as u64))?;
        let band = cell.iter().zip(tile).try_fold(1_usize, |n, (&c, &t)| n.checked_mul(c.div_ceil(t)))?;
        let (merged_cell, merged_tile) = merge_axes(cell, tile);
        let data_type = self.columns[i_column].data_type;
        let layout = Layout {
            file,
            start: cube.offset.checked_add(before)?,
            bucket_size,
            shape: cell.iter().rev().copied().collect(),
            n_row,
            row_axes: row_shape.iter().zip(row_tile).map(|(&n, &t)| (n as u64, t as u64)).collect(),
            cell_len: element_count(cell)?,
            plane: element_count(tile)?,
            cell: merged_cell,
            tile: merged_tile,
            band: band as u64,
            size: data_type.size()?,
            is_bool: data_type == DataType::Bool,
            is_one_piece: cell == tile && self.parts.len() == 1 && row_shape.len() == 1,
        };
        // One row of all tiles must be in the file (as bits at least), so a damaged shape asks for no memory.
        let most = file.len().checked_mul(8)?;
        let row = (layout.cell_len as u64).checked_mul(layout.size as u64)?;
        (row <= most && layout.band <= most && layout.plane as u64 <= most).then_some(layout)
    }

    /// The segments of a range of rows, each with its rows; the rest is undefined.
    pub(crate) fn segments(&self, rows: Range<u64>) -> impl Iterator<Item = (Range<u64>, Option<Segment>)> {
        let all = &self.header.segments;
        let mut k = all.partition_point(|s| s.last_row < rows.start);
        let mut start = rows.start;
        std::iter::from_fn(move || {
            if start >= rows.end {
                return None;
            }
            let segment = all.get(k).copied();
            let end = segment.map_or(rows.end, |s| rows.end.min(s.last_row + 1));
            let piece = start..end;
            (start, k) = (end, k + 1);
            Some((piece, segment))
        })
    }
}

impl Storage for Tiled {
    fn n_row(&self, _i_column: usize) -> u64 {
        self.header.n_row
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut scratch = Scratch::default();
        for (piece, segment) in self.segments(rows) {
            let n = piece.end - piece.start;
            let Some((segment, cube)) = segment.and_then(|s| Some((s, s.cube?))) else {
                sink.undefined(n)?;
                continue;
            };
            if !self.parts.contains(&i_column) {
                let end = segment.last_position.checked_sub(segment.last_row + 1 - piece.end);
                let start = end.and_then(|end| (end + 1).checked_sub(n));
                let start = start.ok_or_else(|| self.header_file.fail(0, "rows inside a cube", "others"))?;
                let values = CubeValues {
                    cube: &self.header.cubes[cube],
                    column: &self.columns[i_column],
                    header: &self.header_file,
                    order: self.order,
                };
                values.read(start..start + n, sink)?;
                continue;
            }
            match self.layout(&self.header.cubes[cube], i_column)? {
                None => sink.undefined(n)?,
                Some(layout) if sink.shape_only() => {
                    let (shape, n_cell) = (&layout.shape, n as usize);
                    sink.defined(Run { shape, n_cell, repeat: 1, data: Data::Fixed(&[]) })?;
                }
                Some(layout) => {
                    let end = (segment.last_position + 1).checked_sub(segment.last_row + 1 - piece.end);
                    let start = end.and_then(|end| end.checked_sub(n));
                    let Some((start, end)) = start.zip(end).filter(|p| p.1 <= layout.n_row) else {
                        let expected = format!("rows inside a cube of {}", layout.n_row);
                        return Err(self.header_file.fail(0, expected, format!("{end:?}")));
                    };
                    layout.read(start..end, &mut scratch, sink)?;
                }
            }
        }
        Ok(())
    }

    fn spots<'a>(
        &'a self,
        i_column: usize,
        row: u64,
        shape: &[usize],
        spots: &mut Vec<Spot<'a>>,
    ) -> Result<bool, Error> {
        self.cell_spots(i_column, row, shape, spots)
    }
}

impl Layout<'_> {
    /// Hands `rows` of the cube's last axis to `sink`.
    fn read(&self, rows: Range<u64>, scratch: &mut Scratch, sink: &mut dyn Sink) -> Result<(), Error> {
        let together = (BLOCK / (self.cell_len.max(self.plane) * self.size).max(1)).max(1) as u64;
        let mut start = rows.start;
        while start < rows.end {
            let (band, in_tile, contiguous) = self.place(start);
            let end_of_tile = rows.end.min(start.saturating_add(contiguous));
            let end_of_piece = if self.is_one_piece { rows.end } else { end_of_tile };
            if self.put(start..end_of_piece, (band, in_tile), sink)? {
                start = end_of_piece;
                continue;
            }
            let end = end_of_tile.min(start.saturating_add(together));
            let n = (end - start) as usize;
            let Some(end_tile) = band.and_then(|band| band.checked_add(1)?.checked_mul(self.band)) else {
                return Err(self.file.fail(0, "fewer tiles", format!("row {start}")));
            };
            let first_tile = end_tile - self.band;
            let whole = self.cell == self.tile;
            if self.cell_len == 0 {
                scratch.block.clear();
            } else if whole {
                let skip = self.fetch((first_tile, in_tile, n), &mut scratch.raw)?;
                if self.is_bool && sink.bits(&self.shape, n, (&scratch.raw, skip))? {
                    start = end;
                    continue;
                }
                self.unpack(n, skip, &scratch.raw, &mut scratch.piece);
            } else {
                self.assemble(first_tile, in_tile, n, scratch)?;
            }
            let data = match (self.cell_len, whole, self.is_bool) {
                (0, ..) | (_, false, _) => &scratch.block,
                (_, true, true) => &scratch.piece,
                (_, true, false) => &scratch.raw,
            };
            sink.defined(Run { shape: &self.shape, n_cell: n, repeat: 1, data: Data::Fixed(data) })?;
            start = end;
        }
        Ok(())
    }

    /// The band of tiles that holds a row, its place there and how many rows follow each other from it.
    pub(crate) fn place(&self, row: u64) -> (Option<u64>, u64, u64) {
        let (mut left, mut bands, mut stride, mut tile_stride) = (row, Some(0_u64), Some(1_u64), 1_u64);
        let (mut in_tile, mut contiguous) = (0, 0);
        for (axis, &(length, tile)) in self.row_axes.iter().enumerate() {
            let last = axis + 1 == self.row_axes.len();
            let x = if last { left } else { left % length.max(1) };
            left /= length.max(1);
            bands = bands.zip(stride).and_then(|(b, s)| (x / tile).checked_mul(s)?.checked_add(b));
            stride = stride.and_then(|s| s.checked_mul(length.div_ceil(tile)));
            in_tile += x % tile * tile_stride;
            tile_stride *= tile;
            if axis == 0 {
                contiguous = (tile - x % tile).min(if last { u64::MAX } else { length - x });
            }
        }
        (bands, in_tile, contiguous)
    }

    /// Puts rows that are one piece of the file, from a tile and a row in it on, straight to where they are wanted;
    /// whether they could be.
    fn put(
        &self,
        rows: Range<u64>,
        (tile, row): (Option<u64>, u64),
        sink: &mut dyn Sink,
    ) -> Result<bool, Error> {
        if self.cell != self.tile || self.is_bool || self.cell_len == 0 {
            return Ok(false);
        }
        let Some(room) = sink.room(&self.shape, (rows.end - rows.start) as usize)? else { return Ok(false) };
        let part = tile.and_then(|tile| tile.checked_mul(self.bucket_size)?.checked_add(self.start));
        let skip = row.checked_mul((self.plane * self.size) as u64);
        let Some(at) = part.and_then(|part| part.checked_add(skip?)) else {
            return Err(self.file.fail(self.start, "fewer tiles", format!("row {}", rows.start)));
        };
        self.file.read_into(at, room)?;
        sink.placed();
        Ok(true)
    }

    /// `n` rows from `row` of tile `tile` as they are stored; how many bits of Bool come before them.
    fn fetch(&self, (tile, row, n): (u64, u64, usize), raw: &mut Vec<u8>) -> Result<usize, Error> {
        let part = tile.checked_mul(self.bucket_size).and_then(|o| o.checked_add(self.start));
        let first = row.checked_mul(self.plane as u64);
        let byte = if self.is_bool {
            first.map(|f| f / 8)
        } else {
            first.and_then(|f| f.checked_mul(self.size as u64))
        };
        let at = part.zip(byte).and_then(|(part, byte)| part.checked_add(byte));
        let (Some(at), Some(first)) = (at, first) else {
            return Err(self.file.fail(self.start, "fewer tiles", format!("tile {tile}")));
        };
        let n_element = n * self.plane;
        if self.is_bool {
            let skip = (first % 8) as usize;
            self.file.read(at, (skip + n_element).div_ceil(8), raw)?;
            return Ok(skip);
        }
        self.file.read(at, n_element * self.size, raw)?;
        Ok(0)
    }

    /// Bits of `n` rows as bytes; nothing for elements that are no bits.
    fn unpack(&self, n: usize, skip: usize, raw: &[u8], piece: &mut Vec<u8>) {
        if self.is_bool {
            piece.clear();
            bits::unpack(raw, skip, n * self.plane, piece);
        }
    }

    /// Puts `n` rows together from the tiles of a band, in `scratch.block`.
    fn assemble(&self, first_tile: u64, row: u64, n: usize, scratch: &mut Scratch) -> Result<(), Error> {
        let Scratch { raw, piece, block } = scratch;
        let row_bytes = self.cell_len * self.size;
        block.resize(n * row_bytes, 0);
        let mut index = vec![0; self.cell.len()];
        for tile in 0..self.band {
            let skip = self.fetch((first_tile + tile, row, n), raw)?;
            self.unpack(n, skip, raw, piece);
            let source: &[u8] = if self.is_bool { piece } else { raw };
            for (i, cell) in block.chunks_exact_mut(row_bytes).enumerate() {
                let plane = &source[i * self.plane * self.size..(i + 1) * self.plane * self.size];
                self.copy_tile(&index, plane, cell);
            }
            step(&mut index, |axis| self.cell[axis].div_ceil(self.tile[axis]));
        }
        Ok(())
    }

    /// Copies one row of the tile at `index` of the band to where it belongs in the cell.
    fn copy_tile(&self, index: &[usize], plane: &[u8], cell: &mut [u8]) {
        self.lines(index, |from, to, n| {
            let (from, to, n) = (from * self.size, to * self.size, n * self.size);
            cell[to..to + n].copy_from_slice(&plane[from..from + n]);
        });
    }

    /// Gives the elements of one row of the tile at `index` of the band that follow each other: where they begin in the
    /// row's plane of the tile and in the cell, and how many they are.
    pub(crate) fn lines(&self, index: &[usize], mut each: impl FnMut(usize, usize, usize)) {
        let first = |axis: usize| index[axis] * self.tile[axis];
        let kept = |axis: usize| self.tile[axis].min(self.cell[axis] - first(axis));
        let n_line: usize = (1..index.len()).map(kept).product();
        let mut at = vec![0; index.len()];
        for _ in 0..n_line {
            let (mut from, mut to, mut from_stride, mut to_stride) =
                (0, first(0), self.tile[0], self.cell[0]);
            for (axis, &i) in at.iter().enumerate().skip(1) {
                from += i * from_stride;
                to += (first(axis) + i) * to_stride;
                from_stride *= self.tile[axis];
                to_stride *= self.cell[axis];
            }
            each(from, to, kept(0));
            step(&mut at[1..], |axis| kept(axis + 1));
        }
    }
}

/// The next index in a box, first axis fastest.
pub(crate) fn step(index: &mut [usize], length: impl Fn(usize) -> usize) {
    for (axis, i) in index.iter_mut().enumerate() {
        *i += 1;
        if *i < length(axis) {
            return;
        }
        *i = 0;
    }
}

/// Joins each axis that a tile covers exactly with the next: runs get longer and the box has fewer axes.
pub(crate) fn merge_axes(cell: &[usize], tile: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let (mut cells, mut tiles) = (vec![1], vec![1]);
    for (&c, &t) in cell.iter().zip(tile) {
        let last = cells.len() - 1;
        if cells[last] == tiles[last] {
            cells[last] *= c;
            tiles[last] *= t;
        } else {
            cells.push(c);
            tiles.push(t);
        }
    }
    (cells, tiles)
}

/// Bytes of a column's part of a tile.
pub(crate) fn part_bytes(data_type: DataType, n_pixel: usize) -> Option<usize> {
    if data_type == DataType::Bool {
        return Some(n_pixel.div_ceil(8));
    }
    n_pixel.checked_mul(data_type.size()?)
}

/// The columns in the cubes in the order of their parts.
pub(crate) fn parts(place: &Place<'_>, hypercolumn: &str) -> Vec<usize> {
    let roles = place.dat.private.record(&format!("Hypercolumn_{hypercolumn}"));
    let mut parts: Vec<usize> = match roles.and_then(|r| r.strings("data")) {
        Some(names) => names.iter().filter_map(|n| place.columns.iter().position(|c| c.name == *n)).collect(),
        None => (0..place.columns.len()).collect(),
    };
    let size = |i: &usize| match place.columns[*i].data_type {
        DataType::Bool => 0,
        other => other.size().unwrap_or(0),
    };
    parts.sort_by_key(|i| std::cmp::Reverse(size(i)));
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::{Array, Elements, Value};

    /// Keeps what it is given.
    #[derive(Default)]
    struct Kept(Vec<u8>);

    impl Sink for Kept {
        fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
            if let Data::Fixed(bytes) = run.data {
                self.0.extend_from_slice(bytes);
            }
            Ok(())
        }

        fn undefined(&mut self, n: u64) -> Result<(), Error> {
            panic!("{n} cells without a value")
        }
    }

    /// The value of an element of the cube, by its index: different from those around it.
    fn value(index: usize, is_bool: bool) -> u32 {
        let hashed = (index as u32).wrapping_mul(2_654_435_761) >> 7;
        if is_bool { hashed & 1 } else { hashed }
    }

    /// The data file of a cube with an Int and a Bool column, written tile by tile, element by element.
    fn cube_file(shape: &[usize], tile: &[usize]) -> Vec<u8> {
        let n_tiles: Vec<usize> = shape.iter().zip(tile).map(|(s, t)| s.div_ceil(*t)).collect();
        let n_pixel: usize = tile.iter().product();
        let mut file = Vec::new();
        for t in 0..n_tiles.iter().product() {
            let mut ints = Vec::new();
            let mut bools = vec![0_u8; n_pixel.div_ceil(8)];
            for p in 0..n_pixel {
                let (mut t, mut p_left, mut index, mut stride) = (t, p, 0, 1);
                for axis in 0..shape.len() {
                    let x = t % n_tiles[axis] * tile[axis] + p_left % tile[axis];
                    (t, p_left) = (t / n_tiles[axis], p_left / tile[axis]);
                    index += x * stride;
                    stride *= shape[axis];
                }
                ints.extend(value(index, false).to_le_bytes());
                bools[p / 8] |= (value(index, true) as u8) << (p % 8);
            }
            file.extend(ints);
            file.extend(bools);
        }
        file
    }

    fn column(name: &str, data_type: DataType) -> StoredColumn {
        let name = name.to_owned();
        StoredColumn { name, data_type, is_array: true, direct: true, shape: None, max_length: 0 }
    }

    fn open(shape: &[usize], tile: &[usize]) -> (tempfile::TempDir, Tiled) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.f0_TSM0");
        std::fs::write(&path, cube_file(shape, tile)).unwrap();
        let cube = CubeDesc {
            shape: shape.to_vec(),
            tile: tile.to_vec(),
            n_row_axis: 1,
            file: Some(0),
            ..CubeDesc::default()
        };
        let n_row = shape[shape.len() - 1] as u64;
        let segment = Segment { last_row: n_row - 1, cube: Some(0), last_position: n_row - 1 };
        let header = Header { n_row, hypercolumn: String::new(), cubes: vec![cube], segments: vec![segment] };
        let tiled = Tiled {
            files: [(0, DataFile::open(path.clone()).unwrap())].into(),
            header,
            header_file: DataFile::open(path).unwrap(),
            order: Order::Little,
            columns: vec![column("FLAG", DataType::Bool), column("COUNT", DataType::Int)],
            // By descending size.
            parts: vec![1, 0],
        };
        (dir, tiled)
    }

    proptest! {
        #[test]
        fn any_rows_of_any_cube_in_any_tiles(
            axes in prop::collection::vec((1_usize..7, 1_usize..7), 1..4),
            rows in (1_usize..30, 1_usize..12),
            part in (0.0..1.0_f64, 0.0..1.0_f64),
        ) {
            let (mut shape, mut tile): (Vec<usize>, Vec<usize>) = axes.into_iter().unzip();
            shape.push(rows.0);
            tile.push(rows.1);
            let n_row = rows.0 as u64;
            let start = (part.0 * n_row as f64) as u64;
            let end = start + (part.1 * (n_row - start) as f64) as u64;
            let (_dir, tiled) = open(&shape, &tile);
            let cell: usize = shape[..shape.len() - 1].iter().product();
            let elements = start as usize * cell..end as usize * cell;
            let mut ints = Kept::default();
            tiled.read(1, start..end, &mut ints).unwrap();
            let want: Vec<u8> = elements.clone().flat_map(|i| value(i, false).to_le_bytes()).collect();
            prop_assert_eq!(ints.0, want);
            let mut bools = Kept::default();
            tiled.read(0, start..end, &mut bools).unwrap();
            let want: Vec<u8> = elements.map(|i| value(i, true) as u8).collect();
            prop_assert_eq!(bools.0, want);
        }
    }

    #[test]
    fn rows_run_through_all_their_axes() {
        // A cell axis of 2, rows on axes of 3 and 5 in tiles of 2 and 4.
        let (_dir, mut tiled) = open(&[2, 3, 5], &[2, 2, 4]);
        tiled.header.cubes[0].n_row_axis = 2;
        tiled.header.segments = vec![Segment { last_row: 14, cube: Some(0), last_position: 14 }];
        tiled.header.n_row = 15;
        for rows in [0..15, 2..11, 7..8] {
            let mut ints = Kept::default();
            tiled.read(1, rows.clone(), &mut ints).unwrap();
            let elements = rows.start as usize * 2..rows.end as usize * 2;
            let want: Vec<u8> = elements.flat_map(|i| value(i, false).to_le_bytes()).collect();
            assert_eq!(ints.0, want);
        }
    }

    #[test]
    fn coordinates_and_ids_come_from_the_record_of_the_cube() {
        let (_dir, mut tiled) = open(&[2, 5], &[2, 4]);
        let doubles =
            |v: &[f64]| Value::Array(Array { shape: vec![v.len()], elements: Elements::Double(v.to_vec()) });
        tiled.header.cubes[0].values = [
            ("ID".to_owned(), Value::Int(7)),
            ("FREQ".to_owned(), doubles(&[1.0, 2.0])),
            ("TIME".to_owned(), doubles(&[0.0, 10.0, 20.0, 30.0])),
        ]
        .into_iter()
        .collect();
        let scalar = |name, data_type| StoredColumn { is_array: false, ..column(name, data_type) };
        tiled.columns.extend([
            scalar("ID", DataType::Int),
            column("FREQ", DataType::Double),
            scalar("TIME", DataType::Double),
            scalar("ID", DataType::Double),
        ]);
        let read = |i_column, rows| {
            let mut kept = Kept::default();
            tiled.read(i_column, rows, &mut kept).map(|()| kept.0)
        };
        assert_eq!(read(2, 1..3).unwrap(), 7_i32.to_le_bytes(), "one run for all rows");
        assert_eq!(read(3, 0..1).unwrap(), [1.0_f64.to_le_bytes(), 2.0_f64.to_le_bytes()].concat());
        assert_eq!(read(4, 1..3).unwrap(), [10.0_f64.to_le_bytes(), 20.0_f64.to_le_bytes()].concat());
        for (i_column, rows) in [(4, 4..5), (5, 0..1)] {
            let message = read(i_column, rows).unwrap_err().to_string();
            assert!(message.contains("table.f0_TSM0") && message.contains("values of column"), "{message}");
        }
    }

    #[test]
    fn rows_beyond_the_map_and_of_no_cube_are_undefined() {
        #[derive(Default)]
        struct Count(Vec<(bool, u64)>);
        impl Sink for Count {
            fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
                self.0.push((true, run.n_cell as u64));
                Ok(())
            }
            fn undefined(&mut self, n: u64) -> Result<(), Error> {
                self.0.push((false, n));
                Ok(())
            }
        }
        let (_dir, mut tiled) = open(&[2, 10], &[2, 10]);
        // Rows 0..3 at places 4..7 of the cube, rows 3..5 nowhere, rows 5..7 at places 0..2, then no more.
        let segment = |last_row, cube, last_position| Segment { last_row, cube, last_position };
        tiled.header.segments = vec![segment(2, Some(0), 6), segment(4, None, 0), segment(6, Some(0), 1)];
        tiled.header.n_row = 9;
        let mut count = Count::default();
        tiled.read(1, 1..9, &mut count).unwrap();
        assert_eq!(count.0, [(true, 2), (false, 2), (true, 2), (false, 2)]);
        let mut kept = Kept::default();
        tiled.read(1, 1..2, &mut kept).unwrap();
        let want: Vec<u8> = (10..12).flat_map(|i| value(i, false).to_le_bytes()).collect();
        assert_eq!(kept.0, want, "row 1 is place 5");
    }

    #[test]
    fn a_file_cut_short_is_named() {
        let (dir, tiled) = open(&[3, 10], &[3, 4]);
        let path = dir.path().join("table.f0_TSM0");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 50]).unwrap();
        let tiled = Tiled { files: [(0, DataFile::open(path).unwrap())].into(), ..tiled };
        let message = tiled.read(1, 0..10, &mut Kept::default()).unwrap_err().to_string();
        assert!(message.contains("table.f0_TSM0 is damaged or cut short"), "{message}");
        tiled.read(1, 0..8, &mut Kept::default()).unwrap();
    }
}

//! A hypercube that grows by rows, cut into tiles; the twin of reading one in `tsm`.
//!
//! Rows come for one column after another, so the bands (all tiles of the same rows) that are not complete in every
//! column stay in memory.

use std::collections::VecDeque;

use crate::cells::element_count;
use crate::tsm::{merge_axes, part_bytes, step};
use crate::tsm_header::CubeDesc;
use crate::write::disk::NewFile;
use crate::{DataType, Error};

/// Bytes of a tile that casacore cannot count.
const TOO_LARGE: usize = 1 << 31;

/// Where a column's part of each tile is.
#[derive(Clone)]
pub(crate) struct Part {
    offset: usize,
    size: usize,
    is_bool: bool,
}

/// One cube and the file it is in.
pub(crate) struct Cube {
    file: NewFile,
    /// Number in the name of the file.
    pub(crate) number: u32,
    /// Cell and tile, fastest axis first; the tile's last axis is that of rows.
    pub(crate) cell: Vec<usize>,
    pub(crate) tile: Vec<usize>,
    pub(crate) n_row: u64,
    offset: u64,
    bucket_size: usize,
    /// For each column.
    parts: Vec<Part>,
    /// Tiles of the same rows.
    band: usize,
    /// Elements of one row in a tile.
    plane: usize,
    /// Axes of the cell without the rows', joined where tiles cover them.
    merged: (Vec<usize>, Vec<usize>),
    bands: VecDeque<Vec<u8>>,
    first_band: u64,
    /// Memory of bands that were written.
    spare: Vec<Vec<u8>>,
    /// Rows lie in the tile as they come and all of them come.
    is_plain: bool,
}

/// How a cube lies in its file.
pub(crate) struct CubeShape {
    pub(crate) number: u32,
    pub(crate) cell: Vec<usize>,
    pub(crate) tile: Vec<usize>,
    pub(crate) offset: u64,
}

/// Lengths of a cube's pieces, all of which can be counted.
pub(crate) struct Sizes {
    parts: Vec<Part>,
    /// Bytes of a tile and of a band.
    bucket_size: usize,
    pub(crate) band_size: usize,
    /// Tiles of the same rows.
    band: usize,
    /// Elements of one row in a tile.
    plane: usize,
}

impl CubeShape {
    /// As a header has it; `None` for a cube without data.
    pub(crate) fn of(cube: &CubeDesc) -> Option<Self> {
        let (_, cell) = cube.shape.split_last()?;
        let (tile, offset) = (cube.tile.clone(), cube.offset);
        Some(CubeShape { number: cube.file?, cell: cell.to_vec(), tile, offset })
    }

    /// `None` where they cannot be counted. `types` are those of the columns, `order` their parts in a tile.
    pub(crate) fn sizes(&self, types: &[DataType], order: &[usize]) -> Option<Sizes> {
        let n_pixel = element_count(&self.tile)?;
        let mut parts = vec![Part { offset: 0, size: 1, is_bool: false }; types.len()];
        let mut bucket_size = 0_usize;
        for &i in order {
            let (size, is_bool) = (types[i].size().unwrap_or(1), types[i] == DataType::Bool);
            parts[i] = Part { offset: bucket_size, size, is_bool };
            bucket_size = bucket_size.checked_add(part_bytes(types[i], n_pixel)?)?;
        }
        let (_, axes) = self.tile.split_last()?;
        let across: Vec<usize> = self.cell.iter().zip(axes).map(|(&c, &t)| c.div_ceil(t)).collect();
        let band = element_count(&across)?;
        let band_size = band.checked_mul(bucket_size)?;
        let plane = element_count(axes)?;
        (bucket_size < TOO_LARGE).then_some(Sizes { parts, bucket_size, band_size, band, plane })
    }

    /// Whether the bands of this many rows, and those of as many more, are at places that can be counted.
    fn can_hold(&self, n_row: u64, sizes: &Sizes) -> bool {
        let tile_rows = self.tile.last().map_or(1, |&n| n as u64);
        let n_band = n_row.checked_mul(2).map(|n| n.div_ceil(tile_rows));
        let end = n_band.and_then(|n| n.checked_mul(sizes.band_size as u64)?.checked_add(self.offset));
        end.is_some_and(|end| i64::try_from(end).is_ok())
    }
}

impl Cube {
    /// A cube whose first `n_row` rows are in the file already. `types` are those of the columns, `order` their
    /// parts in a tile.
    ///
    /// # Errors
    /// When its tiles are too large or its rows too many to be counted, or its last rows cannot be read.
    pub(crate) fn new(
        file: NewFile,
        shape: CubeShape,
        n_row: u64,
        (types, order): (&[DataType], &[usize]),
    ) -> Result<Self, Error> {
        let sizes = shape.sizes(types, order).filter(|sizes| shape.can_hold(n_row, sizes));
        let Some(Sizes { parts, bucket_size, band, plane, .. }) = sizes else {
            let table = file.path().parent().unwrap_or(file.path()).to_owned();
            let (tile, cell) = (&shape.tile, &shape.cell);
            let reason = format!(
                "tiles {tile:?} for {n_row} cells {cell:?} (fastest axis first) need 2 GiB and more; take fewer rows a \
                 tile"
            );
            return Err(Error::Refused { table, reason });
        };
        let merged = merge_axes(&shape.cell, &shape.tile[..shape.tile.len() - 1]);
        let is_whole = merged.0 == merged.1;
        let CubeShape { number, cell, tile, offset } = shape;
        let (bands, first_band) = (VecDeque::new(), 0);
        let mut cube = Cube {
            file,
            number,
            cell,
            tile,
            n_row,
            offset,
            bucket_size,
            parts,
            band,
            plane,
            merged,
            bands,
            first_band,
            spare: Vec::new(),
            is_plain: types.len() == 1 && types[0] != DataType::Bool && band == 1 && is_whole,
        };
        cube.load_last()?;
        Ok(cube)
    }

    /// Where it begins in its file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn tile_rows(&self) -> u64 {
        self.tile.last().map_or(1, |&n| n as u64)
    }

    /// Reads the band that the next row goes into, if rows are in it.
    fn load_last(&mut self) -> Result<(), Error> {
        self.first_band = self.n_row / self.tile_rows();
        if !self.n_row.is_multiple_of(self.tile_rows()) {
            let mut band = vec![0; self.band_size()];
            let at = self.band_at(self.first_band);
            let there = self.file.len()?.saturating_sub(at).min(band.len() as u64) as usize;
            self.file.read_at(at, &mut band[..there])?;
            self.bands.push_back(band);
        }
        Ok(())
    }

    fn band_size(&self) -> usize {
        self.band * self.bucket_size
    }

    fn band_at(&self, band: u64) -> u64 {
        self.offset + band * self.band_size() as u64
    }

    /// Bytes of the file.
    pub(crate) fn end(&self) -> u64 {
        self.band_at(self.n_row.div_ceil(self.tile_rows()))
    }

    /// Puts `n` cells of column `i` into rows from `position` on.
    pub(crate) fn put(&mut self, i: usize, position: u64, n: usize, data: &[u8]) -> Result<(), Error> {
        let (tile_rows, per_cell) = (self.tile_rows(), data.len() / n.max(1));
        let mut done = 0;
        while done < n {
            let row = position + done as u64;
            let (k, in_tile) = ((row / tile_rows - self.first_band) as usize, (row % tile_rows) as usize);
            let here = (n - done).min(tile_rows as usize - in_tile);
            let cells = &data[done * per_cell..(done + here) * per_cell];
            if self.is_plain && here == tile_rows as usize && k == 0 && self.bands.is_empty() {
                self.file.write_at(self.band_at(self.first_band), cells)?;
                self.first_band += 1;
                done += here;
                continue;
            }
            while self.bands.len() <= k {
                let band = self.new_band();
                self.bands.push_back(band);
            }
            if self.band == 1 && self.merged.0 == self.merged.1 {
                self.put_whole(i, k, in_tile, cells);
            } else {
                let rows = cells.chunks_exact(per_cell.max(1)).enumerate();
                rows.for_each(|(r, cell)| self.scatter(i, k, in_tile + r, cell));
            }
            done += here;
        }
        Ok(())
    }

    /// Memory for a band, of zeros where a row may not come.
    fn new_band(&mut self) -> Vec<u8> {
        let size = self.band_size();
        let mut band = self.spare.pop().unwrap_or_default();
        if !self.is_plain {
            band.clear();
        }
        band.resize(size, 0);
        band
    }

    /// Cells that lie in the tile as they come.
    fn put_whole(&mut self, i: usize, k: usize, row: usize, cells: &[u8]) {
        let part = &self.parts[i];
        let tile = &mut self.bands[k][part.offset..];
        if part.is_bool {
            put_bits(cells, row * self.plane, tile);
        } else {
            let start = row * self.plane * part.size;
            tile[start..start + cells.len()].copy_from_slice(cells);
        }
    }

    /// One cell that several tiles share.
    fn scatter(&mut self, i: usize, k: usize, row: usize, cell: &[u8]) {
        let (cells, tiles) = self.merged.clone();
        let mut index = vec![0; cells.len()];
        for tile in 0..self.band {
            let part = self.parts[i].clone();
            let bucket = &mut self.bands[k][tile * self.bucket_size + part.offset..];
            let first = |axis: usize| index[axis] * tiles[axis];
            let kept = |axis: usize| tiles[axis].min(cells[axis] - first(axis));
            let lines: usize = (1..index.len()).map(kept).product();
            let run = kept(0);
            let mut at = vec![0; index.len()];
            for _ in 0..lines {
                let (mut to, mut from, mut to_stride, mut from_stride) = (0, first(0), tiles[0], cells[0]);
                for (axis, &a) in at.iter().enumerate().skip(1) {
                    to += a * to_stride;
                    from += (first(axis) + a) * from_stride;
                    to_stride *= tiles[axis];
                    from_stride *= cells[axis];
                }
                let to = row * self.plane + to;
                let line = &cell[from * part.size..(from + run) * part.size];
                if part.is_bool {
                    put_bits(line, to, bucket);
                } else {
                    bucket[to * part.size..(to + run) * part.size].copy_from_slice(line);
                }
                step(&mut at[1..], |axis| kept(axis + 1));
            }
            step(&mut index, |axis| cells[axis].div_ceil(tiles[axis]));
        }
    }

    /// Writes the bands that no more row goes into.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        while !self.bands.is_empty() && (self.first_band + 1) * self.tile_rows() <= self.n_row {
            self.write_first()?;
        }
        Ok(())
    }

    fn write_first(&mut self) -> Result<(), Error> {
        let at = self.band_at(self.first_band);
        if let Some(band) = self.bands.pop_front() {
            self.file.write_at(at, &band)?;
            self.first_band += 1;
            self.spare.push(band);
        }
        Ok(())
    }

    /// Writes what is left; all durable.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        if self.is_plain
            && let Some(last) = self.bands.back_mut()
        {
            // Memory that was used before holds other rows there.
            let used = (self.n_row % self.tile[self.tile.len() - 1] as u64) as usize * self.plane;
            let used = used * self.parts[0].size;
            if used > 0 {
                last[used..].fill(0);
            }
        }
        while !self.bands.is_empty() {
            self.write_first()?;
        }
        // What others wrote may end inside its last tile.
        if self.file.len()? < self.end() {
            self.file.set_len(self.end())?;
        }
        self.file.sync()
    }
}

/// Puts flags into bits from bit `first` on.
pub(crate) fn put_bits(flags: &[u8], first: usize, out: &mut [u8]) {
    let head = flags.len().min((8 - first % 8) % 8);
    for (i, &flag) in flags[..head].iter().enumerate() {
        set_bit(out, first + i, flag);
    }
    let (eights, tail) = flags[head..].as_chunks::<8>();
    let at = (first + head) / 8;
    for (byte, eight) in out[at..].iter_mut().zip(eights) {
        // Bit 0 of each byte, gathered into the highest byte.
        let bits = u64::from_le_bytes(*eight) & 0x0101_0101_0101_0101;
        *byte = (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8;
    }
    let first = (at + eights.len()) * 8;
    for (i, &flag) in tail.iter().enumerate() {
        set_bit(out, first + i, flag);
    }
}

fn set_bit(out: &mut [u8], bit: usize, flag: u8) {
    let mask = 1 << (bit % 8);
    out[bit / 8] = (out[bit / 8] & !mask) | ((flag & 1) << (bit % 8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_at_every_place_equal_one_at_a_time_and_leave_the_others() {
        for first in 0..20 {
            for n in 0..40 {
                let flags: Vec<u8> = (0..n).map(|i| (i * i % 3 == 1) as u8).collect();
                for filled in [0, 0xff] {
                    let mut out = vec![filled; 9];
                    let mut want = out.clone();
                    put_bits(&flags, first, &mut out);
                    flags.iter().enumerate().for_each(|(i, &flag)| set_bit(&mut want, first + i, flag));
                    assert_eq!(out, want, "{first} {n}");
                }
            }
        }
    }
}

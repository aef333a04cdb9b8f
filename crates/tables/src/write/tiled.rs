//! TiledColumnStMan and TiledShapeStMan into files; the twins of `tsm` and `tsm_header`.
//!
//! Rows of each cell shape go into a cube of their own. Tiles hold whole cells, as many as make about 1 MiB: so a
//! range of rows is contiguous in the file. An append goes on in the cubes that are there: their files get a second
//! name under the new number, and only what lies behind the rows of old changes in them.

use std::ops::Range;

use crate::cells::{Data, Run, Sink, element_count};
use crate::storage::StoredColumn;
use crate::tsm::Tiled;
use crate::tsm_header::{CubeDesc, Header};
use crate::write::cells::Kept;
use crate::write::cube::{Cube, CubeShape};
use crate::write::storage::{NewColumn, NewFiles, TOGETHER};
use crate::write::tiled_header::{Segment, encode};
use crate::{DataType, Error};

/// Bytes of a tile.
const TILE: usize = 1 << 20;
/// Rows that the tile of a small table has room for.
const FEWEST_ROWS: u64 = 32;
/// First guess of how many rows make a piece of work.
const FIRST_ROWS: u64 = 64;

/// The cubes of a storage manager and which rows are where.
pub(crate) struct Tiles<'a> {
    files: &'a NewFiles<'a>,
    /// Whether all rows are in one cube of a shape that is known.
    one_cube: bool,
    types: Vec<DataType>,
    /// The columns in the order of their parts.
    order: Vec<usize>,
    pub(crate) cubes: Vec<Cube>,
    /// Of the rows so far; ascending.
    pub(crate) segments: Vec<Segment>,
    n_row: u64,
    /// Where the rows of the present piece went: cube, place, how many.
    places: Vec<(Option<usize>, u64, u64)>,
    /// How many rows those are.
    n_placed: u64,
}

/// Bytes of a band that need not be in a file, which may have no rows yet.
const SMALL_BAND: u64 = 16 << 20;

/// Whether every cube is as it can be read, and its bands are not much larger than its file: a new one is held in
/// memory. Damaged tiles do not grow; the cells that can be read are written anew.
pub(crate) fn is_sound(tiled: &Tiled) -> bool {
    let types: Vec<DataType> = tiled.columns.iter().map(|c| c.data_type).collect();
    let is_sound = |cube: &CubeDesc| {
        let Some(shape) = CubeShape::of(cube) else { return true };
        let layout = |&i: &usize| tiled.layout(cube, i).ok().flatten();
        let is_empty = cube.shape.last() == Some(&0);
        let layouts: Option<Vec<_>> = tiled.parts.iter().map(layout).collect();
        let length = layouts.as_ref().and_then(|all| Some(all.first()?.file.len()));
        let most = length.unwrap_or(0).saturating_mul(8).max(SMALL_BAND);
        let band = shape.sizes(&types, &tiled.parts).map(|sizes| sizes.band_size as u64);
        (is_empty || layouts.is_some()) && band.is_some_and(|band| band <= most)
    };
    tiled.header.cubes.iter().all(is_sound)
}

/// The tiles that an append goes on in.
pub(crate) struct OldTiles {
    pub(crate) header: Header,
    /// The columns in the order of their parts.
    pub(crate) order: Vec<usize>,
    /// The number of the files.
    pub(crate) seqnr: u32,
    pub(crate) n_row: u64,
}

pub(crate) fn write(
    files: &NewFiles<'_>,
    kind: &str,
    columns: &mut [NewColumn<'_>],
    old: Option<&OldTiles>,
) -> Result<Vec<u8>, Error> {
    let one_cube = kind == "TiledColumnStMan";
    let types: Vec<DataType> = columns.iter().map(|c| c.stored.data_type).collect();
    let mut tiles = Tiles {
        files,
        one_cube,
        order: in_order(&types),
        types,
        cubes: Vec::new(),
        segments: Vec::new(),
        n_row: 0,
        places: Vec::new(),
        n_placed: 0,
    };
    if let Some(old) = old {
        tiles.order.clone_from(&old.order);
        tiles.go_on(old)?;
    } else if one_cube {
        let shape = columns[0].stored.shape.clone().unwrap_or_default();
        tiles.new_cube(&shape)?;
    }
    let mut together = FIRST_ROWS;
    while tiles.n_row < files.n_row {
        let rows = tiles.n_row..files.n_row.min(tiles.n_row + together);
        let n_byte = tiles.add(columns, rows.clone())?;
        let per_row = (n_byte as u64 / (rows.end - rows.start)).max(1);
        together = (TOGETHER as u64 / per_row).clamp(1, 1 << 16);
    }
    tiles.cubes.iter_mut().try_for_each(Cube::finish)?;
    let n_axis = columns[0].source.target.info.n_axis.unwrap_or(0);
    files.disk.write(files.path(""), &encode(files, kind, &tiles, n_axis + 1, &tiles.types))?;
    Ok(Vec::new())
}

/// Columns by descending size of their elements, Bool last.
fn in_order(types: &[DataType]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..types.len()).collect();
    let size = |t: DataType| if t == DataType::Bool { 0 } else { t.size().unwrap_or(0) };
    order.sort_by_key(|&i| std::cmp::Reverse(size(types[i])));
    order
}

impl Tiles<'_> {
    /// Goes on in the cubes there are.
    fn go_on(&mut self, old: &OldTiles) -> Result<(), Error> {
        let OldTiles { header, seqnr, n_row, .. } = old;
        for number in header.files() {
            let old = self.files.table.join(format!("table.f{seqnr}_TSM{number}"));
            self.files.disk.link_or_copy(&old, &self.files.path(&format!("_TSM{number}")))?;
        }
        for desc in &header.cubes {
            let (Some(shape), Some(&rows)) = (CubeShape::of(desc), desc.shape.last()) else { continue };
            let file = self.files.disk.open(self.files.path(&format!("_TSM{}", shape.number)))?;
            self.cubes.push(Cube::new(file, shape, rows as u64, (&self.types, &self.order))?);
        }
        let with_data: Vec<usize> =
            (0..header.cubes.len()).filter(|&i| header.cubes[i].file.is_some()).collect();
        for segment in &header.segments {
            let cube = segment.cube.and_then(|cube| with_data.iter().position(|&i| i == cube));
            let last_row = segment.last_row;
            self.segments.push(Segment { last_row, cube, last_position: segment.last_position });
        }
        let mapped = self.segments.last().map_or(0, |s| s.last_row + 1);
        if mapped < *n_row {
            self.segments.push(Segment { last_row: *n_row - 1, cube: None, last_position: 0 });
        }
        self.n_row = *n_row;
        Ok(())
    }

    fn new_cube(&mut self, shape: &[usize]) -> Result<usize, Error> {
        let number = self.cubes.iter().map(|c| c.number + 1).max().unwrap_or(u32::from(!self.one_cube));
        let cell: Vec<usize> = shape.iter().rev().copied().collect();
        let n_element = element_count(shape).unwrap_or(0);
        let row_bytes: usize = self.types.iter().map(|t| t.size().unwrap_or(1)).sum::<usize>() * n_element;
        let fit = (TILE / row_bytes.max(1)).max(1) as u64;
        let few = if self.files.n_row == 0 { fit } else { self.files.n_row.max(FEWEST_ROWS) };
        let tile_rows = self.files.tile_rows.map_or(fit.min(few), |n| n.max(1) as u64);
        let mut tile = cell.clone();
        tile.push(tile_rows as usize);
        let file = self.files.create(&format!("_TSM{number}"))?;
        let shape = CubeShape { number, cell, tile, offset: 0 };
        self.cubes.push(Cube::new(file, shape, 0, (&self.types, &self.order))?);
        Ok(self.cubes.len() - 1)
    }

    /// Adds rows, one column after another; their bytes.
    fn add(&mut self, columns: &mut [NewColumn<'_>], rows: Range<u64>) -> Result<usize, Error> {
        self.places.clear();
        self.n_placed = 0;
        if columns.len() > 1 && !self.one_cube {
            return self.add_together(columns, rows);
        }
        let mut n_byte = 0;
        for (i, column) in columns.iter_mut().enumerate() {
            let stored = column.stored.clone();
            let mut sink = TileSink { tiles: self, i, stored: &stored, done: 0, at: (0, 0), n_byte: 0 };
            column.cells(rows.clone(), &mut sink)?;
            n_byte += sink.n_byte;
        }
        self.n_row = rows.end;
        self.cubes.iter_mut().try_for_each(Cube::flush)?;
        Ok(n_byte)
    }

    /// As [`Tiles::add`] where cells of several columns share tiles: a row has a place if any of them has a value, and the
    /// others are zero there.
    fn add_together(&mut self, columns: &mut [NewColumn<'_>], rows: Range<u64>) -> Result<usize, Error> {
        let mut kept: Vec<Kept> = columns.iter().map(|_| Kept::default()).collect();
        for (column, kept) in columns.iter_mut().zip(&mut kept) {
            column.cells(rows.clone(), kept)?;
        }
        for row in 0..rows.end - rows.start {
            let shape = kept.iter().find_map(|k| k.shape(row)).map(<[usize]>::to_vec);
            self.claim(shape.as_deref(), 1, rows.start + row)?;
        }
        let mut n_byte = 0;
        for (i, (column, kept)) in columns.iter().zip(&kept).enumerate() {
            let mut sink =
                TileSink { tiles: self, i, stored: &column.stored, done: 0, at: (0, 0), n_byte: 0 };
            kept.hand(0, rows.end - rows.start, &mut sink)?;
            n_byte += sink.n_byte;
        }
        self.n_row = rows.end;
        self.cubes.iter_mut().try_for_each(Cube::flush)?;
        Ok(n_byte)
    }

    /// Whether no rows of this piece have a place yet.
    fn claims(&self, i: usize, done: u64) -> bool {
        i == 0 && self.n_placed <= done
    }

    /// Finds room for `n` rows of a shape.
    fn claim(&mut self, shape: Option<&[usize]>, n: u64, first_row: u64) -> Result<(), Error> {
        let cube = match shape {
            None => None,
            Some(shape) => {
                let is_it = |c: &Cube| c.cell.iter().rev().eq(shape);
                Some(match self.cubes.iter().position(is_it) {
                    Some(i) => i,
                    None => self.new_cube(shape)?,
                })
            }
        };
        let position = cube.map_or(0, |i| self.cubes[i].n_row);
        if let Some(i) = cube {
            self.cubes[i].n_row += n;
        }
        self.n_placed += n;
        match self.places.last_mut() {
            Some(last) if last.0 == cube && (cube.is_none() || last.1 + last.2 == position) => last.2 += n,
            _ => self.places.push((cube, position, n)),
        }
        let next = Segment {
            last_row: first_row + n - 1,
            cube,
            last_position: if cube.is_some() { position + n - 1 } else { 0 },
        };
        match self.segments.last_mut() {
            // Rows of one shape that follow each other are one segment.
            Some(last) if last.cube == cube && (cube.is_none() || last.last_position + 1 == position) => {
                *last = next
            }
            _ => self.segments.push(next),
        }
        Ok(())
    }
}

/// Takes the cells of one column.
struct TileSink<'t, 'a> {
    tiles: &'t mut Tiles<'a>,
    i: usize,
    stored: &'t StoredColumn,
    /// Rows of the piece that are done.
    done: u64,
    /// The place that the last row was in, and how many rows come before it.
    at: (usize, u64),
    n_byte: usize,
}

impl TileSink<'_, '_> {
    /// The cube and place of the next of at most `n` rows, and how many rows follow each other there.
    fn place(&mut self, n: u64) -> (Option<usize>, u64, u64) {
        while let Some(&(cube, position, here)) = self.tiles.places.get(self.at.0) {
            let skip = self.done - self.at.1;
            if skip < here {
                return (cube, position + skip, n.min(here - skip));
            }
            self.at = (self.at.0 + 1, self.at.1 + here);
        }
        (None, 0, n)
    }

    fn refuse(&self, found: String) -> Error {
        Error::Cell {
            table: self.tiles.files.table.to_owned(),
            column: self.stored.name.clone(),
            expected: "cells that have elements, of the shape of those that share its tiles".to_owned(),
            found,
        }
    }

    fn put(&mut self, shape: &[usize], n_cell: usize, bytes: &[u8]) -> Result<(), Error> {
        if self.tiles.claims(self.i, self.done) {
            let first_row = self.tiles.n_row + self.done;
            self.tiles.claim(Some(shape), n_cell as u64, first_row)?;
        }
        let size = bytes.len() / n_cell.max(1);
        let mut from = 0;
        while from < n_cell {
            let (cube, position, n) = self.place((n_cell - from) as u64);
            let Some(cube) = cube.map(|i| &mut self.tiles.cubes[i]).filter(|c| c.cell.iter().rev().eq(shape))
            else {
                return Err(self.refuse(format!("shape {shape:?}")));
            };
            cube.put(self.i, position, n as usize, &bytes[from * size..(from + n as usize) * size])?;
            from += n as usize;
            self.done += n;
        }
        self.n_byte += bytes.len();
        Ok(())
    }
}

impl Sink for TileSink<'_, '_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        let Data::Fixed(bytes) = run.data else { return Err(self.refuse("strings".to_owned())) };
        if run.shape.contains(&0) {
            return Err(self.refuse(format!("shape {:?}", run.shape)));
        }
        (0..run.repeat).try_for_each(|_| self.put(run.shape, run.n_cell, bytes))
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        if self.tiles.claims(self.i, self.done) {
            let first_row = self.tiles.n_row + self.done;
            self.tiles.claim(None, n, first_row)?;
        }
        self.done += n;
        Ok(())
    }
}

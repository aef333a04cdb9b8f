//! The header of the tiled storage managers: table.fN, one AipsIO object, big-endian always.
//!
//! ```text
//! "TiledColumnStMan" v1: IPosition tileShape; TSMBASE
//! "TiledShapeStMan" v1:  TSMBASE; IPosition defaultTileShape; uInt nUsed; Block<uInt> rowMap, cubeMap, posMap
//! TSMBASE: object "TiledStMan" v1|2|3 (v ≥ 2: Bool bigEndian): uInt seqnr; nrow (uInt; v3 uInt64); uInt ncol;
//!   ncol × Int dataType; String hypercolumn; cache size (uInt; v3 uInt64); uInt ndim; nfiles (uInt; v3 uInt64);
//!   nfiles × [Bool present; (present) uInt fv; uInt fileSeqnr; length (fv 1: uInt, else Int64)]
//!   ncubes (uInt; v3 uInt64); ncubes × [Int cv; Record values; Bool extensible; uInt ndim; IPosition cubeShape,
//!                                        tileShape; Int fileSeqnr (-1: none); offset (cv 1: uInt, else Int64)]
//! "TiledCellStMan" v1: IPosition defaultTileShape; TSMBASE
//! "TiledDataStMan" v1|2: TSMBASE; mapped rows (uInt if v1 and TSMBASE v < 3, else uInt64); (v1) uInt nUsed;
//!   Block rowMap (v1 uInt, v2 uInt64); Block<uInt> cubeMap, posMap
//! ```
//! Row r of a TiledShapeStMan: the smallest i with `rowMap[i] ≥ r` gives its cube `cubeMap[i]` (0: undefined) and
//! its place `posMap[i] − (rowMap[i] − r)` on the cube's last axis; rows beyond the map are undefined.
//! Row r of a TiledDataStMan: the largest i with `rowMap[i] ≤ r` gives its cube `cubeMap[i]`; `r − rowMap[i]` counts
//! through the axes beyond the cell's, the first of them fastest, from place `posMap[i]` of the last.
//! Row r of a TiledCellStMan is cube r; here it gets a last axis of length 1, so that all are alike.

use std::collections::BTreeSet;

use crate::Error;
use crate::bytes::{Order, Reader};
use crate::file::read_all;
use crate::storage::Place;
use crate::value::Record;

/// What the header says.
pub(crate) struct Header {
    pub(crate) n_row: u64,
    pub(crate) hypercolumn: String,
    pub(crate) cubes: Vec<CubeDesc>,
    pub(crate) segments: Vec<Segment>,
}

/// One hypercube; axes fastest first, those of the cells, then those of rows.
#[derive(Default)]
pub(crate) struct CubeDesc {
    pub(crate) shape: Vec<usize>,
    pub(crate) tile: Vec<usize>,
    /// Axes of rows; mostly the last only.
    pub(crate) n_row_axis: usize,
    /// Values of coordinate and id columns.
    pub(crate) values: Record,
    /// Number in the name of its data file; `None` for a cube without data.
    pub(crate) file: Option<u32>,
    pub(crate) offset: u64,
}

/// Rows up to and including `last_row` (from where the segment before ended) in one cube.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) last_row: u64,
    /// `None`: undefined.
    pub(crate) cube: Option<usize>,
    /// Place of `last_row` on the cube's last axis.
    pub(crate) last_position: u64,
}

impl Header {
    pub(crate) fn read(place: &Place<'_>) -> Result<Self, Error> {
        let path = place.path("");
        let bytes = read_all(&path)?;
        let mut r = Reader::new(&path, 0, &bytes, Order::Big);
        let version = r.open_named(&place.desc.kind)?;
        match place.desc.kind.as_str() {
            "TiledColumnStMan" => {
                r.iposition()?;
                let mut header = base(&mut r, place)?.0;
                header.segments = one_segment(&header);
                Ok(header)
            }
            "TiledCellStMan" => {
                r.iposition()?;
                let mut header = base(&mut r, place)?.0;
                header.cubes.iter_mut().for_each(cell_cube);
                header.segments =
                    (0..header.n_row.min(header.cubes.len() as u64)).map(cell_segment).collect();
                Ok(header)
            }
            "TiledDataStMan" => {
                let (mut header, base_version) = base(&mut r, place)?;
                let n_mapped = if version == 1 && base_version < 3 { r.u32()?.into() } else { r.u64()? };
                header.segments = data_segments(&mut r, version, n_mapped, &mut header.cubes, place)?;
                Ok(header)
            }
            _ => {
                let mut header = base(&mut r, place)?.0;
                r.iposition()?;
                header.segments = segments(&mut r, header.cubes.len())?;
                Ok(header)
            }
        }
    }

    /// The numbers of the data files.
    pub(crate) fn files(&self) -> BTreeSet<u32> {
        self.cubes.iter().filter_map(|c| c.file).collect()
    }
}

/// What all tiled storage managers have, and its version.
fn base(r: &mut Reader<'_>, place: &Place<'_>) -> Result<(Header, u32), Error> {
    let version = r.open_named("TiledStMan")?;
    let wide = |r: &mut Reader<'_>| if version >= 3 { r.u64() } else { r.u32().map(u64::from) };
    if version >= 2 {
        let order = if r.bool()? { Order::Big } else { Order::Little };
        if order != place.order {
            return Err(
                r.fail(format!("{:?} endian data, as table.dat says", place.order), format!("{order:?}"))
            );
        }
    }
    r.u32()?;
    let n_row = wide(r)?;
    let n_column = r.u32()? as usize;
    if n_column != place.columns.len() {
        let expected = format!("{} columns, as table.dat says", place.columns.len());
        return Err(r.fail(expected, n_column.to_string()));
    }
    for column in &place.columns {
        let number = r.i32()?;
        if Some(number) != column.data_type.scalar_number() {
            let expected = format!("type {} of column {}", column.data_type, column.name);
            return Err(r.fail(expected, format!("type number {number}")));
        }
    }
    let hypercolumn = r.string()?;
    wide(r)?;
    r.u32()?;
    let n_file = wide(r)?;
    for _ in 0..r.fits(n_file, 1)? {
        if r.bool()? {
            let narrow = r.u32()? == 1;
            r.take(if narrow { 8 } else { 12 })?;
        }
    }
    let n_cube = wide(r)?;
    let cubes = (0..r.fits(n_cube, 30)?).map(|_| cube(r)).collect::<Result<_, _>>()?;
    r.close_object();
    Ok((Header { n_row, hypercolumn, cubes, segments: Vec::new() }, version))
}

fn cube(r: &mut Reader<'_>) -> Result<CubeDesc, Error> {
    let version = r.i32()?;
    let values = r.record()?;
    r.bool()?;
    r.u32()?;
    let (mut shape, mut tile) = (r.shape()?, r.shape()?);
    shape.reverse();
    tile.reverse();
    if shape.len() != tile.len() || tile.contains(&0) {
        return Err(r.fail("a tile shape that suits the cube's", format!("{tile:?} for {shape:?}")));
    }
    let file = u32::try_from(r.i32()?).ok().filter(|_| !shape.is_empty());
    let offset = if version == 1 { r.u32()?.into() } else { r.u64()? };
    Ok(CubeDesc { shape, tile, n_row_axis: 1, values, file, offset })
}

/// All rows in the only cube.
fn one_segment(header: &Header) -> Vec<Segment> {
    let last_row = header.n_row.checked_sub(1);
    let segment = |last_row| Segment {
        last_row,
        cube: (!header.cubes.is_empty()).then_some(0),
        last_position: last_row,
    };
    last_row.map(segment).into_iter().collect()
}

fn segments(r: &mut Reader<'_>, n_cube: usize) -> Result<Vec<Segment>, Error> {
    let n_used = r.u32()? as usize;
    let (rows, cubes, positions) = (r.block_u32()?, r.block_u32()?, r.block_u32()?);
    if n_used > rows.len().min(cubes.len()).min(positions.len()) {
        return Err(r.fail(format!("a row map of {n_used}"), rows.len().to_string()));
    }
    let mut segments: Vec<Segment> = Vec::with_capacity(n_used);
    for i in 0..n_used {
        let cube = cubes[i] as usize;
        let first_row = segments.last().map_or(0, |s| s.last_row + 1);
        let segment = Segment {
            last_row: rows[i].into(),
            cube: (cube > 0).then_some(cube),
            last_position: positions[i].into(),
        };
        let n = (segment.last_row + 1).checked_sub(first_row).filter(|&n| n > 0);
        let fits = n.is_some_and(|n| cube == 0 || n <= segment.last_position + 1);
        if !fits || cube >= n_cube.max(1) {
            return Err(
                r.fail("rows that ascend and cubes of this header in the row map", format!("entry {i}"))
            );
        }
        segments.push(segment);
    }
    Ok(segments)
}

/// A cell as a cube of one row.
fn cell_cube(cube: &mut CubeDesc) {
    if cube.file.is_some() {
        cube.shape.push(1);
        cube.tile.push(1);
    }
}

fn cell_segment(row: u64) -> Segment {
    Segment { last_row: row, cube: Some(row as usize), last_position: 0 }
}

/// The row map of a TiledDataStMan; `cubes` learn how many of their axes are of rows.
fn data_segments(
    r: &mut Reader<'_>,
    version: u32,
    n_mapped: u64,
    cubes: &mut [CubeDesc],
    place: &Place<'_>,
) -> Result<Vec<Segment>, Error> {
    let n_used = if version == 1 { Some(r.u32()? as usize) } else { None };
    let (mut rows, numbers, positions) = (r.block_rows(version > 1)?, r.block_u32()?, r.block_u32()?);
    let n_used = n_used.unwrap_or(rows.len());
    if n_used > rows.len().min(numbers.len()).min(positions.len()) {
        return Err(r.fail(format!("a row map of {n_used}"), rows.len().to_string()));
    }
    rows.truncate(n_used);
    rows.push(n_mapped);
    let n_cell_axis = place.desc.columns.iter().filter_map(|&c| place.dat.columns[c].info.n_axis).max();
    for cube in &mut *cubes {
        cube.n_row_axis = cube.shape.len().saturating_sub(n_cell_axis.unwrap_or(usize::MAX)).max(1);
    }
    let mut segments = Vec::with_capacity(n_used);
    for i in 0..n_used {
        let cube = numbers[i] as usize;
        let n = rows[i + 1].checked_sub(rows[i]).filter(|_| i > 0 || rows[0] == 0);
        let last = n.and_then(|n| last_place(cubes.get(cube)?, positions[i].into(), n));
        let (Some(n), Some(last_position)) = (n, last) else {
            let expected = "rows that ascend from 0 and cubes of this header in the row map";
            return Err(r.fail(expected, format!("entry {i}")));
        };
        if n > 0 {
            segments.push(Segment { last_row: rows[i + 1] - 1, cube: Some(cube), last_position });
        }
    }
    Ok(segments)
}

/// The last of `n` places of rows that begin at `position` of a cube's last axis.
fn last_place(cube: &CubeDesc, position: u64, n: u64) -> Option<u64> {
    let inner = cube.shape.len().checked_sub(cube.n_row_axis)?..cube.shape.len().saturating_sub(1);
    let per_position = cube.shape[inner].iter().try_fold(1_u64, |p, &n| p.checked_mul(n as u64))?;
    position.checked_mul(per_position)?.checked_add(n).map(|end| end.saturating_sub(1))
}

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
//! ```
//! Row r of a TiledShapeStMan: the smallest i with `rowMap[i] ≥ r` gives its cube `cubeMap[i]` (0: undefined) and
//! its place `posMap[i] − (rowMap[i] − r)` on the cube's last axis; rows beyond the map are undefined.

use std::collections::BTreeSet;

use crate::Error;
use crate::bytes::{Order, Reader};
use crate::file::read_all;
use crate::storage::Place;

/// What the header says.
pub(crate) struct Header {
    pub(crate) n_row: u64,
    pub(crate) hypercolumn: String,
    pub(crate) cubes: Vec<CubeDesc>,
    pub(crate) segments: Vec<Segment>,
}

/// One hypercube; axes fastest first, the last one is that of rows.
pub(crate) struct CubeDesc {
    pub(crate) shape: Vec<usize>,
    pub(crate) tile: Vec<usize>,
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
        r.open_named(&place.desc.kind)?;
        if place.desc.kind == "TiledColumnStMan" {
            r.iposition()?;
            let mut header = base(&mut r, place)?;
            header.segments = one_segment(&header);
            return Ok(header);
        }
        let mut header = base(&mut r, place)?;
        r.iposition()?;
        header.segments = segments(&mut r, header.cubes.len())?;
        Ok(header)
    }

    /// The numbers of the data files.
    pub(crate) fn files(&self) -> BTreeSet<u32> {
        self.cubes.iter().filter_map(|c| c.file).collect()
    }
}

fn base(r: &mut Reader<'_>, place: &Place<'_>) -> Result<Header, Error> {
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
    Ok(Header { n_row, hypercolumn, cubes, segments: Vec::new() })
}

fn cube(r: &mut Reader<'_>) -> Result<CubeDesc, Error> {
    let version = r.i32()?;
    r.record()?;
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
    Ok(CubeDesc { shape, tile, file, offset })
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

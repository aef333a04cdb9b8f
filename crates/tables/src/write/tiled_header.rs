//! The header of a tiled storage manager into bytes; the twin of `tsm_header`, whose head shows the format.

use crate::DataType;
use crate::bytes::Order;
use crate::value::Record;
use crate::write::cube::Cube;
use crate::write::dat::NARROW_ROWS;
use crate::write::out::Out;
use crate::write::storage::NewFiles;
use crate::write::tiled::Tiles;

/// Rows up to and including `last_row` (from where the segment before ended) in one of the cubes that hold data.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) last_row: u64,
    pub(crate) cube: Option<usize>,
    pub(crate) last_position: u64,
}

/// File lengths beyond need the wide form.
const NARROW_LENGTH: u64 = u32::MAX as u64;

pub(crate) fn encode(
    files: &NewFiles<'_>,
    kind: &str,
    tiles: &Tiles<'_>,
    n_axis: usize,
    types: &[DataType],
) -> Vec<u8> {
    let default_tile: Vec<i64> =
        tiles.cubes.first().map_or(Vec::new(), |c| c.tile.iter().map(|&n| n as i64).collect());
    let mut out = Out::new(Order::Big);
    out.object(kind, 1, |out| {
        if kind == "TiledColumnStMan" {
            out.iposition(&default_tile);
            base(out, files, (tiles, false), n_axis, types);
            return;
        }
        base(out, files, (tiles, true), n_axis, types);
        out.iposition(&default_tile);
        out.count(tiles.segments.len());
        let block = |out: &mut Out, of: &dyn Fn(&Segment) -> u64| {
            let values: Vec<u32> = tiles.segments.iter().map(|s| of(s) as u32).collect();
            out.block_u32(&values);
        };
        block(out, &|s| s.last_row);
        block(out, &|s| s.cube.map_or(0, |i| i as u64 + 1));
        block(out, &|s| s.last_position);
    });
    out.bytes
}

/// What all tiled ones have; with a cube 0 for cells without a value if `dummy`.
fn base(
    out: &mut Out,
    files: &NewFiles<'_>,
    (tiles, dummy): (&Tiles<'_>, bool),
    n_axis: usize,
    types: &[DataType],
) {
    let wide = files.n_row > NARROW_ROWS;
    let little = files.order == Order::Little;
    let version = if wide { 3 } else { 1 + u32::from(little) };
    out.object("TiledStMan", version, |out| {
        if version > 1 {
            out.bool(!little);
        }
        out.u32(files.seqnr);
        out.row(files.n_row, wide);
        out.count(types.len());
        types.iter().for_each(|t| out.i32(t.scalar_number().unwrap_or(0)));
        out.string(files.name);
        out.row(0, wide);
        out.count(n_axis);
        file_list(out, tiles, wide);
        out.row(tiles.cubes.len() as u64 + u64::from(dummy), wide);
        if dummy {
            cube(out, None, false);
        }
        tiles.cubes.iter().for_each(|c| cube(out, Some(c), true));
    });
}

/// The data files by their numbers, absent ones too.
fn file_list(out: &mut Out, tiles: &Tiles<'_>, wide: bool) {
    let n_file = tiles.cubes.iter().map(|c| c.number + 1).max().unwrap_or(0);
    out.row(n_file.into(), wide);
    for number in 0..n_file {
        let end = tiles.cubes.iter().filter(|c| c.number == number).map(Cube::end).max();
        out.bool(end.is_some());
        if let Some(end) = end {
            let narrow = end <= NARROW_LENGTH;
            out.u32(if narrow { 1 } else { 2 });
            out.u32(number);
            out.row(end, !narrow);
        }
    }
}

fn cube(out: &mut Out, cube: Option<&Cube>, extensible: bool) {
    let offset = cube.map_or(0, Cube::offset);
    let narrow = offset <= NARROW_LENGTH;
    out.i32(if narrow { 1 } else { 2 });
    out.record("Record", &Record::default());
    out.bool(extensible);
    let mut shape: Vec<i64> = cube.iter().flat_map(|c| c.cell.iter().map(|&n| n as i64)).collect();
    shape.extend(cube.map(|c| c.n_row as i64));
    let tile: Vec<i64> = cube.iter().flat_map(|c| c.tile.iter().map(|&n| n as i64)).collect();
    out.count(shape.len());
    out.iposition(&shape);
    out.iposition(&tile);
    out.i32(cube.map_or(-1, |c| c.number as i32));
    out.row(offset, !narrow);
}

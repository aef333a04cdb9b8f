//! Gridding: tiles to buffers, buffers to planes, in parallel over strips of rows.

use super::GridPlan;
use super::footprint::{GridTile, TileInput};
use super::planes::Planes;
use super::runs::{Block, TILE, TileRuns};
use crate::Real;
use rayon::prelude::*;
use std::ops::Range;
use types::StokesVis;

/// Adds a block of visibilities to the planes.
pub(super) fn grid<T: Real>(plan: &GridPlan<T>, vis: &StokesVis<T>, planes: &mut Planes<T>) {
    let block = Block {
        frame: &plan.frame,
        uvw_m: &vis.uvw_m,
        freq_hz: &vis.freq_hz,
        weight_rf: &vis.weight_rf,
        planes: planes.range.clone(),
    };
    let runs = block.runs();
    let tiles = runs.tiles();
    let strips: Vec<&[TileRuns<'_>]> = tiles.chunk_by(|a, b| a.key.strip == b.key.strip).collect();
    for strip in &strips {
        let first = strip[0].key.strip as usize * TILE;
        planes.used[first..first + TILE + plan.taper.support - 1].fill(true);
    }
    let row_len = planes.row_len();
    let writer = StripWriter { plan, vis, slab: planes.range.clone() };
    // A footprint reaches into the next strip only: strips of one parity never meet.
    for parity in 0..2 {
        let mut of_strip = strips_by_index(&strips, parity);
        let rows = &mut planes.values[parity * TILE * row_len..];
        (rows.par_chunks_mut(2 * TILE * row_len).zip(&mut of_strip))
            .filter_map(|(rows, tiles)| Some((rows, tiles.take()?)))
            .for_each_init(
                || plan.taper.new_buffer(),
                |buffer, (rows, tiles)| writer.write(tiles, rows, buffer),
            );
    }
}

/// The strips of one parity, each at half its index.
fn strips_by_index<'a>(strips: &[&'a [TileRuns<'a>]], parity: usize) -> Vec<Option<&'a [TileRuns<'a>]>> {
    let index = |strip: &[TileRuns<'_>]| strip[0].key.strip as usize;
    let mut out = vec![None; strips.last().map_or(0, |s| index(s) / 2 + 1)];
    for strip in strips.iter().filter(|s| index(s) % 2 == parity) {
        out[index(strip) / 2] = Some(*strip);
    }
    out
}

/// Grids the tiles of a strip one after the other.
struct StripWriter<'a, T: Real> {
    plan: &'a GridPlan<T>,
    vis: &'a StokesVis<T>,
    slab: Range<usize>,
}

impl<T: Real> StripWriter<'_, T> {
    /// `rows` begins at the strip's first row; `buffer` is zero before and after.
    fn write(&self, tiles: &[TileRuns<'_>], rows: &mut [T], buffer: &mut [T]) {
        for &runs in tiles {
            let input = TileInput { frame: &self.plan.frame, taper: &self.plan.taper, vis: self.vis, runs };
            T::grid_tile(self.plan.level, GridTile { input, buffer });
            self.flush(&runs, rows, buffer);
        }
    }

    /// Moves what a tile has gathered to its rows, the planes of other slabs excepted.
    fn flush(&self, tile: &TileRuns<'_>, rows: &mut [T], buffer: &mut [T]) {
        let (taper, frame) = (&self.plan.taper, &self.plan.frame);
        let [u, v, w] = tile.covered([taper.support, taper.support, frame.n_w_taps]);
        let nu = frame.nu;
        for (v, w) in v.flat_map(|v| w.clone().map(move |w| (v, w))) {
            let from = &mut buffer[taper.buffer_row(v, w, &u)];
            let plane = tile.first_plane() + w;
            if self.slab.contains(&plane) {
                let row = (v * self.slab.len() + plane - self.slab.start) * nu;
                add_periodic(from, &mut rows[2 * row..2 * (row + nu)], tile.first_u() + u.start);
            }
            from.fill(T::zero());
        }
    }
}

/// Adds pairs to a periodic row from cell `u` on.
fn add_periodic<T: Real>(mut from: &[T], row: &mut [T], u: usize) {
    let mut at = 2 * u % row.len();
    while !from.is_empty() {
        let (now, rest) = from.split_at(from.len().min(row.len() - at));
        for (to, from) in row[at..].iter_mut().zip(now) {
            *to += *from;
        }
        (from, at) = (rest, 0);
    }
}

//! Degridding: planes to buffers, buffers to visibilities, in parallel over tiles.

use super::GridPlan;
use super::footprint::{DegridTile, TileInput};
use super::planes::Planes;
use super::runs::{Block, Runs, TileRuns};
use crate::Real;
use num_complex::Complex;
use rayon::prelude::*;
use types::StokesVis;

/// Rows written by one thread at a time.
const ROWS_PER_PIECE: usize = 64;

/// Adds the predicted visibilities of a slab.
pub(super) fn degrid<T: Real>(plan: &GridPlan<T>, planes: &Planes<T>, vis: &mut StokesVis<T>) {
    let block = Block {
        frame: &plan.frame,
        uvw_m: &vis.uvw_m,
        freq_hz: &vis.freq_hz,
        weight_rf: &vis.weight_rf,
        planes: planes.range.clone(),
    };
    let runs = block.runs();
    let tiles = runs.tiles();
    let mut predicted = vec![Complex::default(); tiles.iter().map(TileRuns::n_sample).sum()];
    let reader = TileReader { plan, planes, vis };
    pair_with_output(&tiles, &mut predicted)
        .into_par_iter()
        .for_each_init(|| plan.taper.new_buffer(), |buffer, (tile, out)| reader.read(tile, buffer, out));
    add_in_stream_order(&runs, &tiles, &predicted, vis);
}

/// Cuts the output, which is in the order of the tiles, into one slice for each.
fn pair_with_output<'a, 'b, T>(
    tiles: &[TileRuns<'a>],
    mut out: &'b mut [Complex<T>],
) -> Vec<(TileRuns<'a>, &'b mut [Complex<T>])> {
    let cut = |tile: &TileRuns<'a>| {
        let (now, rest) = std::mem::take(&mut out).split_at_mut(tile.n_sample());
        out = rest;
        (*tile, now)
    };
    tiles.iter().map(cut).collect()
}

/// Adds what tiles have predicted to the rows that it belongs to.
fn add_in_stream_order<T: Real>(
    runs: &Runs,
    tiles: &[TileRuns<'_>],
    predicted: &[Complex<T>],
    vis: &mut StokesVis<T>,
) {
    let mut place_of_run = vec![0; runs.in_stream.len()];
    let mut place = 0;
    for i in tiles.iter().flat_map(TileRuns::indices) {
        place_of_run[i] = place;
        place += runs.in_stream[i].len as usize;
    }
    let n_chan = vis.freq_hz.len();
    let pieces = vis.vis_rf.par_chunks_mut((ROWS_PER_PIECE * n_chan).max(1)).enumerate();
    pieces.for_each(|(i_piece, samples)| {
        let first_row = i_piece * ROWS_PER_PIECE;
        let from = runs.in_stream.partition_point(|run| (run.row as usize) < first_row);
        let until = runs.in_stream.partition_point(|run| (run.row as usize) < first_row + ROWS_PER_PIECE);
        for (run, &place) in runs.in_stream[from..until].iter().zip(&place_of_run[from..until]) {
            let start = run.start(n_chan) - first_row * n_chan;
            let add = &predicted[place..place + run.len as usize];
            samples[start..].iter_mut().zip(add).for_each(|(to, from)| *to += from);
        }
    });
}

/// Predicts one tile.
struct TileReader<'a, T: Real> {
    plan: &'a GridPlan<T>,
    planes: &'a Planes<T>,
    vis: &'a StokesVis<T>,
}

impl<T: Real> TileReader<'_, T> {
    fn read(&self, runs: TileRuns<'_>, buffer: &mut [T], out: &mut [Complex<T>]) {
        self.load(&runs, buffer);
        let input = TileInput { frame: &self.plan.frame, taper: &self.plan.taper, vis: self.vis, runs };
        T::degrid_tile(self.plan.level, DegridTile { input, buffer, out });
    }

    /// Copies the cells that the tile's footprints cover; planes of other slabs are zero.
    fn load(&self, tile: &TileRuns<'_>, buffer: &mut [T]) {
        let (taper, frame, planes) = (&self.plan.taper, &self.plan.frame, self.planes);
        let [u, v, w] = tile.covered([taper.support, taper.support, frame.n_w_taps]);
        // The padding of a row is multiplied by zero, so it must be finite: it is zero from the start or a cell.
        for (v, w) in v.flat_map(|v| w.clone().map(move |w| (v, w))) {
            let to = &mut buffer[taper.buffer_row(v, w, &u)];
            let plane = tile.first_plane() + w;
            if planes.range.contains(&plane) {
                let row = (tile.first_v() + v) % frame.nv;
                let start = row * planes.row_len() + 2 * (plane - planes.range.start) * frame.nu;
                copy_periodic(&planes.values[start..start + 2 * frame.nu], tile.first_u() + u.start, to);
            } else {
                to.fill(T::zero());
            }
        }
    }
}

/// Copies pairs from a periodic row from cell `u` on.
fn copy_periodic<T: Real>(row: &[T], u: usize, mut to: &mut [T]) {
    let mut at = 2 * u % row.len();
    while !to.is_empty() {
        let n = to.len().min(row.len() - at);
        let (now, rest) = to.split_at_mut(n);
        now.copy_from_slice(&row[at..at + n]);
        (to, at) = (rest, 0);
    }
}

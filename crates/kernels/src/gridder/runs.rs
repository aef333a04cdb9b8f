//! Runs of channels that fall in one tile of the grid, sorted by tile.
//!
//! A tile is a box of first taps: [`TILE`] cells along u and v and [`TILE_W`] planes. Positions along u and v are
//! periodic; a run keeps the tile's origin on the infinite grid, so that within a run no sample needs to wrap.

use super::batch::{Frame, RowFrame};
use rayon::prelude::*;
use std::ops::Range;

/// Side of a tile along u and v, cells; also the height of a strip. At least the largest support.
pub(super) const TILE: usize = 16;
/// Depth of a tile, planes.
pub(super) const TILE_W: usize = 8;
/// Rows indexed by one thread at a time.
const ROWS_PER_PIECE: usize = 256;

/// Consecutive channels of a row in one tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) row: u32,
    pub(super) chan: u32,
    pub(super) len: u32,
    /// First tap of the tile's corner on the infinite grid, u and v.
    pub(super) origin: [f64; 2],
    /// Smallest and largest first tap within the tile, u, v and w.
    pub(super) low: [u8; 3],
    pub(super) high: [u8; 3],
    key: Key,
}

/// A tile's place in the order of work: strip (v), then u, then w.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) strip: u32,
    pub(super) tile_u: u32,
    pub(super) tile_w: u32,
}

/// All runs of a block, in stream order, and their order by tile.
pub(super) struct Runs {
    pub(super) in_stream: Vec<Run>,
    /// (tile, index of the run), ascending: stream order within a tile.
    by_tile: Vec<(Key, u32)>,
}

/// Bytes of the index for each sample, where each is a run of its own: runs before and after they are joined, and their
/// order.
pub(super) const INDEX_BYTES_PER_SAMPLE: usize = 2 * size_of::<Run>() + size_of::<(Key, u32)>();

/// What runs are made from.
pub(super) struct Block<'a, W> {
    pub(super) frame: &'a Frame,
    pub(super) uvw_m: &'a [[f64; 3]],
    pub(super) freq_hz: &'a [f64],
    pub(super) weight_rf: &'a [W],
    /// Planes of the slab.
    pub(super) planes: Range<usize>,
}

impl<W: Copy + PartialEq + Default + Sync> Block<'_, W> {
    /// Runs of all rows, those that touch no plane of the slab left out.
    ///
    /// # Panics
    /// When a sample of non-zero weight lies outside the planned range of |w|.
    pub(super) fn runs(&self) -> Runs {
        let n_chan = self.freq_hz.len();
        assert_eq!(self.weight_rf.len(), self.uvw_m.len() * n_chan, "weights and rows differ");
        let n_row = u32::try_from(self.uvw_m.len()).unwrap_or(u32::MAX) as usize;
        assert_eq!(n_row, self.uvw_m.len(), "a block has too many rows");
        let rising = self.freq_hz.windows(2).all(|f| f[0] < f[1]);
        let falling = self.freq_hz.windows(2).all(|f| f[0] > f[1]);
        let pieces: Vec<Vec<Run>> = (0..n_row.div_ceil(ROWS_PER_PIECE))
            .into_par_iter()
            .map(|piece| {
                let mut runs = Vec::new();
                for row in piece * ROWS_PER_PIECE..n_row.min((piece + 1) * ROWS_PER_PIECE) {
                    self.runs_of_row(row, rising || falling, &mut runs);
                }
                runs
            })
            .collect();
        let in_stream = pieces.concat();
        let mut by_tile: Vec<(Key, u32)> = (0u32..).zip(&in_stream).map(|(i, run)| (run.key, i)).collect();
        by_tile.par_sort_unstable();
        Runs { in_stream, by_tile }
    }

    fn runs_of_row(&self, row: usize, monotonic: bool, out: &mut Vec<Run>) {
        let Some(frame) = self.frame.row(&self.uvw_m[row]) else { return };
        let n_chan = self.freq_hz.len();
        let mut chan = 0;
        while chan < n_chan {
            let taps = frame.taps(self.freq_hz[chan]);
            let Some(tile) = Tile::around(taps, self.frame) else {
                let weight = self.weight_rf[row * n_chan + chan];
                assert!(
                    weight == W::default(),
                    "row {row}, channel {chan}: |w| is outside the planned range"
                );
                chan += 1;
                continue;
            };
            let mut run = tile.run(row, chan, taps);
            let len =
                if monotonic { self.bisect(&frame, &tile, chan) } else { self.walk(&frame, &tile, &mut run) };
            run.extend(&tile, frame.taps(self.freq_hz[chan + len - 1]));
            run.len = len as u32;
            chan += len;
            if self.touches_slab(&run) {
                out.push(run);
            }
        }
    }

    /// Length of the run from `chan`: coordinates are monotonic in the channel, so the channels inside are a prefix.
    fn bisect(&self, frame: &RowFrame, tile: &Tile, chan: usize) -> usize {
        let rest = &self.freq_hz[chan..];
        let inside = |i: usize| tile.contains(frame.taps(rest[i]));
        let mut known = 0;
        let mut step = 1;
        // Gallop, then bisect between the last channel inside and the first one outside.
        while known + step < rest.len() && inside(known + step) {
            known += step;
            step *= 2;
        }
        let mut outside = rest.len().min(known + step);
        while outside - known > 1 {
            let middle = (known + outside) / 2;
            if inside(middle) { known = middle } else { outside = middle }
        }
        known + 1
    }

    /// Length of the run where channels come in any order.
    fn walk(&self, frame: &RowFrame, tile: &Tile, run: &mut Run) -> usize {
        let rest = &self.freq_hz[run.chan as usize..];
        let taps = rest.iter().map(|&f| frame.taps(f));
        taps.take_while(|&taps| tile.contains(taps)).map(|taps| run.extend(tile, taps)).count().max(1)
    }

    fn touches_slab(&self, run: &Run) -> bool {
        let base = run.key.tile_w as usize * TILE_W;
        let (low, high) = (base + run.low[2] as usize, base + run.high[2] as usize);
        low < self.planes.end && high + self.frame.n_w_taps > self.planes.start
    }
}

/// The tile around a sample, on the infinite grid.
struct Tile {
    origin: [f64; 3],
    size: [f64; 3],
    key: Key,
}

impl Tile {
    /// `None` when w is outside the planned range.
    fn around(taps: [f64; 3], frame: &Frame) -> Option<Self> {
        if !(0.0 <= taps[2] && taps[2] < frame.n_first_planes as f64) {
            return None;
        }
        let wrapped = |tap: f64, n: usize| (tap - n as f64 * (tap / n as f64).floor()) as usize % n;
        let place = [wrapped(taps[0], frame.nu), wrapped(taps[1], frame.nv), taps[2] as usize];
        let edge = [TILE, TILE, TILE_W];
        let end = [frame.nu, frame.nv, frame.n_first_planes];
        let start: [usize; 3] = std::array::from_fn(|i| place[i] - place[i] % edge[i]);
        Some(Tile {
            origin: std::array::from_fn(|i| taps[i] - (place[i] - start[i]) as f64),
            size: std::array::from_fn(|i| edge[i].min(end[i] - start[i]) as f64),
            key: Key {
                strip: (start[1] / TILE) as u32,
                tile_u: (start[0] / TILE) as u32,
                tile_w: (start[2] / TILE_W) as u32,
            },
        })
    }

    #[inline(always)]
    fn contains(&self, taps: [f64; 3]) -> bool {
        (0..3).all(|i| self.origin[i] <= taps[i] && taps[i] < self.origin[i] + self.size[i])
    }

    fn local(&self, taps: [f64; 3]) -> [u8; 3] {
        std::array::from_fn(|i| (taps[i] - self.origin[i]) as u8)
    }

    fn run(&self, row: usize, chan: usize, taps: [f64; 3]) -> Run {
        let at = self.local(taps);
        let origin = [self.origin[0], self.origin[1]];
        Run { row: row as u32, chan: chan as u32, len: 1, origin, low: at, high: at, key: self.key }
    }
}

impl Run {
    fn extend(&mut self, tile: &Tile, taps: [f64; 3]) {
        let at = tile.local(taps);
        self.low = std::array::from_fn(|i| self.low[i].min(at[i]));
        self.high = std::array::from_fn(|i| self.high[i].max(at[i]));
    }

    /// Corner of the tile on the infinite grid.
    pub(super) fn corner(&self) -> [f64; 3] {
        [self.origin[0], self.origin[1], (self.key.tile_w as usize * TILE_W) as f64]
    }

    /// Index of the first sample in `[row][frequency]`.
    pub(super) fn start(&self, n_chan: usize) -> usize {
        self.row as usize * n_chan + self.chan as usize
    }
}

/// The runs of one tile.
#[derive(Clone, Copy)]
pub(super) struct TileRuns<'a> {
    pub(super) key: Key,
    runs: &'a [Run],
    order: &'a [(Key, u32)],
}

impl Runs {
    /// Tiles in order.
    pub(super) fn tiles(&self) -> Vec<TileRuns<'_>> {
        let groups = self.by_tile.chunk_by(|a, b| a.0 == b.0);
        groups.map(|order| TileRuns { key: order[0].0, runs: &self.in_stream, order }).collect()
    }
}

impl<'a> TileRuns<'a> {
    /// Runs in stream order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Run> {
        let runs = self.runs;
        self.order.iter().map(move |&(_, i)| &runs[i as usize])
    }

    /// Indices of the runs in the stream, in the order of [`Self::iter`].
    pub(super) fn indices(&self) -> impl Iterator<Item = usize> {
        self.order.iter().map(|&(_, i)| i as usize)
    }

    /// First plane of the tile.
    pub(super) fn first_plane(&self) -> usize {
        self.key.tile_w as usize * TILE_W
    }

    /// First column of the tile.
    pub(super) fn first_u(&self) -> usize {
        self.key.tile_u as usize * TILE
    }

    /// First row of the tile.
    pub(super) fn first_v(&self) -> usize {
        self.key.strip as usize * TILE
    }

    /// Number of samples.
    pub(super) fn n_sample(&self) -> usize {
        self.iter().map(|run| run.len as usize).sum()
    }

    /// Box of cells within the tile's buffer that footprints of `taps` cells (u, v, w) cover.
    pub(super) fn covered(&self, taps: [usize; 3]) -> [Range<usize>; 3] {
        let low = |i: usize| self.iter().map(|run| run.low[i]).min().unwrap_or(0) as usize;
        let high = |i: usize| self.iter().map(|run| run.high[i]).max().unwrap_or(0) as usize;
        std::array::from_fn(|i| low(i)..high(i) + taps[i])
    }
}

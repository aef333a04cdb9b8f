//! `Survey`: how far the baselines of a selection reach and how long it was observed.

use crate::Data;
use flow::{Accumulator, BoxError, Source};
use ms::GeometryChunk;
use sim::Simulation;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Streams baseline coordinates and times of [`Data`], without visibilities.
///
/// # Outputs
/// The index of the MeasurementSet and a [`GeometryChunk`] of it.
/// # State
/// The position in the stream.
/// # Replicable?
/// No.
pub struct ReadGeometry {
    parts: VecDeque<(usize, Part)>,
}

enum Part {
    Ms(Box<ms::Geometry>),
    Simulated(Arc<Simulation>, usize),
}

impl ReadGeometry {
    pub(crate) fn open(data: &Data) -> Result<Self, BoxError> {
        let parts = match data {
            Data::MeasurementSets { selected, read_rows } => selected
                .iter()
                .map(|s| Ok(Part::Ms(Box::new(s.geometry(*read_rows)?))))
                .collect::<Result<Vec<_>, BoxError>>()?,
            Data::Simulated(simulation) => vec![Part::Simulated(simulation.clone(), 0)],
        };
        Ok(ReadGeometry { parts: parts.into_iter().enumerate().collect() })
    }
}

impl Part {
    fn next(&mut self) -> Result<Option<GeometryChunk>, BoxError> {
        match self {
            Part::Ms(geometry) => Ok(geometry.next()?),
            Part::Simulated(simulation, i_time) => {
                let observation = &simulation.observation;
                if *i_time == observation.n_time {
                    return Ok(None);
                }
                let uvw_m = observation.uvw_m(*i_time);
                let n_row = uvw_m.len();
                let time_s = observation.start_mjd_s + (*i_time as f64 + 0.5) * observation.interval_s;
                *i_time += 1;
                let interval_s = vec![observation.interval_s; n_row];
                let (time_s, flagged) = (vec![time_s; n_row], vec![false; n_row]);
                Ok(Some(GeometryChunk { uvw_m, time_s, interval_s, flagged, n_row_read: n_row as u64 }))
            }
        }
    }
}

impl Source for ReadGeometry {
    type Out = (usize, GeometryChunk);

    fn next(&mut self) -> Result<Option<(usize, GeometryChunk)>, BoxError> {
        while let Some((i_ms, part)) = self.parts.front_mut() {
            if let Some(chunk) = part.next()? {
                return Ok(Some((*i_ms, chunk)));
            }
            self.parts.pop_front();
        }
        Ok(None)
    }
}

/// What a pass over the baseline coordinates of one MeasurementSet found.
#[derive(Clone, Debug, PartialEq)]
pub struct Extent {
    /// Rows selected, flagged ones included.
    pub n_row: u64,
    /// Largest √(u² + v²) of a row that is not flagged, metres.
    pub max_uv_m: f64,
    /// Smallest |w|, metres.
    pub min_w_m: f64,
    /// Largest |w|, metres.
    pub max_w_m: f64,
}

impl Default for Extent {
    fn default() -> Self {
        Extent { n_row: 0, max_uv_m: 0.0, min_w_m: f64::INFINITY, max_w_m: 0.0 }
    }
}

/// The extents of all MeasurementSets and the time they were observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Surveyed {
    /// One a MeasurementSet.
    pub extents: Vec<Extent>,
    /// Sum of INTERVAL over the distinct TIMEs of all selected rows, seconds.
    pub observed_s: f64,
    /// Distinct TIMEs.
    pub n_time: u64,
    /// Rows of a TIME: half of them have no more.
    pub rows_per_time: u64,
    /// Start of the first integration, seconds of modified Julian date.
    pub start_mjd_s: f64,
    /// End of the last integration, seconds of modified Julian date.
    pub end_mjd_s: f64,
}

/// Finds the extent of every MeasurementSet of the stream.
///
/// # Inputs
/// The index of a MeasurementSet and a [`GeometryChunk`] of it.
/// # Outputs
/// [`Surveyed`].
/// # State
/// The extents so far and the distinct times.
/// # Replicable?
/// No.
pub struct Survey {
    extents: Vec<Extent>,
    /// By the bits of TIME: INTERVAL, and how many rows.
    times: BTreeMap<u64, (f64, u64)>,
}

impl Survey {
    /// Nothing seen yet, of `n_ms` MeasurementSets.
    pub fn new(n_ms: usize) -> Self {
        Survey { extents: vec![Extent::default(); n_ms], times: BTreeMap::new() }
    }
}

impl Extent {
    fn add_row(&mut self, uvw_m: [f64; 3], flagged: bool) {
        let [u, v, w] = uvw_m;
        self.n_row += 1;
        // A baseline whose coordinates are not finite is treated as flagged.
        if !flagged && u.is_finite() && v.is_finite() && w.is_finite() {
            self.max_uv_m = self.max_uv_m.max(u.hypot(v));
            self.min_w_m = self.min_w_m.min(w.abs());
            self.max_w_m = self.max_w_m.max(w.abs());
        }
    }
}

impl Survey {
    fn rows_per_time(&self) -> u64 {
        let mut rows: Vec<u64> = self.times.values().map(|&(_, n_row)| n_row).collect();
        rows.sort_unstable();
        rows.get(rows.len() / 2).copied().unwrap_or(0)
    }
}

impl Accumulator for Survey {
    type In = (usize, GeometryChunk);
    type Out = Surveyed;

    fn add(&mut self, (i_ms, chunk): Self::In) -> Result<(), BoxError> {
        for (&uvw_m, &flagged) in chunk.uvw_m.iter().zip(&chunk.flagged) {
            self.extents[i_ms].add_row(uvw_m, flagged);
        }
        let times = chunk.time_s.iter().zip(&chunk.interval_s);
        for (time_s, &interval_s) in times.filter(|(t, dt)| t.is_finite() && dt.is_finite()) {
            let (longest_s, n_row) = self.times.entry(time_s.to_bits()).or_insert((interval_s, 0));
            *longest_s = longest_s.max(interval_s);
            *n_row += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Surveyed, BoxError> {
        let times = || self.times.iter().map(|(&bits, &(interval_s, _))| (f64::from_bits(bits), interval_s));
        Ok(Surveyed {
            observed_s: times().map(|(_, interval_s)| interval_s).sum(),
            start_mjd_s: times().map(|(t, dt)| t - dt / 2.0).fold(f64::INFINITY, f64::min),
            end_mjd_s: times().map(|(t, dt)| t + dt / 2.0).fold(f64::NEG_INFINITY, f64::max),
            n_time: self.times.len() as u64,
            rows_per_time: self.rows_per_time(),
            extents: std::mem::take(&mut self.extents),
        })
    }
}

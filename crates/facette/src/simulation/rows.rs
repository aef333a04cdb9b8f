//! The rows of a simulation on their way into a MeasurementSet.

use crate::{Error, Session};
use ms::{RowError, RowHead, RowSource};
use rayon::ThreadPool;
use sim::{Rows, Simulation};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use types::Complex32;

/// Computes rows when they are asked for.
pub(super) struct SimulatedRows<'a> {
    simulation: &'a Simulation,
    session: &'a Session,
    pool: ThreadPool,
    /// Visibilities computed.
    done: AtomicU64,
}

impl<'a> SimulatedRows<'a> {
    pub(super) fn new(
        simulation: &'a Simulation,
        session: &'a Session,
        threads: usize,
    ) -> Result<Self, Error> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|source| Error::Declare(source.into()))?;
        Ok(SimulatedRows { simulation, session, pool, done: AtomicU64::new(0) })
    }

    fn per_row(&self) -> u64 {
        (self.simulation.observation.freq_hz.len() * self.simulation.correlations.len()) as u64
    }
}

/// Rows of this program's memory from rows of a table.
fn inside(rows: Range<u64>) -> Range<usize> {
    rows.start as usize..rows.end as usize
}

impl RowSource for SimulatedRows<'_> {
    fn n_row(&self) -> u64 {
        self.simulation.observation.n_row() as u64
    }

    fn heads(&self, rows: Range<u64>) -> Vec<RowHead> {
        let observation = &self.simulation.observation;
        let head = |id: sim::RowId| RowHead {
            time_s: observation.time_mjd_s(id.i_time),
            antenna1: id.antenna1 as i32,
            antenna2: id.antenna2 as i32,
        };
        observation.ids(inside(rows)).into_iter().map(head).collect()
    }

    fn uvw_m(&self, rows: Range<u64>) -> Vec<[f64; 3]> {
        self.simulation.observation.rows(inside(rows)).1
    }

    fn flags(&self, rows: Range<u64>) -> Vec<bool> {
        let n_corr = self.simulation.correlations.len();
        let flag_rf = self.simulation.flags(inside(rows));
        flag_rf.iter().flat_map(|&flag| std::iter::repeat_n(flag, n_corr)).collect()
    }

    fn visibilities(&self, rows: Range<u64>) -> Result<Vec<Complex32>, RowError> {
        if self.session.cancel.is_cancelled() {
            return Err(flow::Error::Cancelled.into());
        }
        let n = (rows.end - rows.start) * self.per_row();
        let Rows { vis_rfc, .. } = self.pool.install(|| self.simulation.rows(inside(rows)));
        let done = self.done.fetch_add(n, Ordering::Relaxed) + n;
        self.session.screen.progress("simulating", done, self.n_row() * self.per_row());
        Ok(vis_rfc)
    }
}

//! `Survey`: how far the baselines reach and how long was observed.
//!
//! ```text
//! read_geometry → survey ⇒ extents, observed time
//! ```

use flow::{BoxError, Chain, Output};
use tasks::{Data, Survey, Surveyed};

/// Declares the survey of `n_ms` MeasurementSets.
///
/// # Errors
/// When one of them cannot be read.
pub fn survey(chain: &mut Chain, data: &Data, n_ms: usize) -> Result<Output<Surveyed>, BoxError> {
    let surveyed = chain.per_chunk(data.read_geometry()?, |c, rows| c.accumulate(rows, Survey::new(n_ms)));
    Ok(chain.output(surveyed))
}

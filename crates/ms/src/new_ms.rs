//! A MeasurementSet to be made: one field, one spectral window, one array.

use crate::History;
use std::ops::Range;
use types::{Complex32, Correlation, RaDec};

/// What a new MeasurementSet says besides its rows.
#[derive(Clone, Debug)]
pub struct NewMs {
    /// Name of the telescope, as casacore knows the observatory.
    pub telescope: String,
    /// Who observed.
    pub observer: String,
    /// Name of the project.
    pub project: String,
    /// Antennas, ITRF.
    pub antennas: Vec<NewAntenna>,
    /// Name of the field.
    pub field: String,
    /// Phase center, also delay and reference center, J2000.
    pub phase_center: RaDec,
    /// Channel frequencies, Hz, topocentric.
    pub freq_hz: Vec<f64>,
    /// Width of every channel, Hz; negative where they descend.
    pub chan_width_hz: f64,
    /// Correlations.
    pub correlations: Vec<Correlation>,
    /// Start and end, seconds of modified Julian date, UTC.
    pub time_range_s: [f64; 2],
    /// Length of every integration, seconds.
    pub interval_s: f64,
    /// Standard deviation of the real and of the imaginary part of a visibility, for SIGMA; WEIGHT is 1/σ². Parallel
    /// hands of an antenna with itself, which are real, have √2 times as much. `None`: no noise, both are 1.
    pub sigma_jy: Option<f64>,
    /// How it came about.
    pub history: History,
}

/// An antenna of a new MeasurementSet.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAntenna {
    /// Name.
    pub name: String,
    /// Name of the place it stands on.
    pub station: String,
    /// Position, ITRF, metres.
    pub position_m: [f64; 3],
    /// Diameter, metres.
    pub diameter_m: f64,
    /// Mount: `ALT-AZ`, `EQUATORIAL`, `X-Y`.
    pub mount: String,
}

/// Time and antennas of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowHead {
    /// Middle of the integration, seconds of modified Julian date, UTC.
    pub time_s: f64,
    /// First antenna.
    pub antenna1: i32,
    /// Second antenna.
    pub antenna2: i32,
}

/// Why a source of rows gave none.
pub type RowError = Box<dyn std::error::Error + Send + Sync>;

/// Gives the rows of a new MeasurementSet, column by column, some of them at a time; each column once, in order.
pub trait RowSource {
    /// How many rows there are.
    fn n_row(&self) -> u64;
    /// Times and antennas.
    fn heads(&self, rows: Range<u64>) -> Vec<RowHead>;
    /// Baseline coordinates, metres.
    fn uvw_m(&self, rows: Range<u64>) -> Vec<[f64; 3]>;
    /// Flags `[row][frequency][correlation]`.
    fn flags(&self, rows: Range<u64>) -> Vec<bool>;
    /// Visibilities `[row][frequency][correlation]`, Jy.
    ///
    /// # Errors
    /// When it was cancelled.
    fn visibilities(&self, rows: Range<u64>) -> Result<Vec<Complex32>, RowError>;
}

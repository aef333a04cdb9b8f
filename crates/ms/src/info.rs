//! What is in a MeasurementSet, for people.

use crate::{
    Antenna, ColumnSummary, DataDescription, Error, Field, Ms, Part, Polarization, SpectralWindow, columns,
    scan::{blocks, count_parts},
};

/// What is in a MeasurementSet.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Rows of the main table.
    pub n_row: u64,
    /// How many rows each field has with each data description.
    pub parts: Vec<Part>,
    /// Start of the first and end of the last integration, seconds of modified Julian date, UTC; `None` without rows.
    pub time_range_mjd_s: Option<(f64, f64)>,
    /// TELESCOPE_NAME of the first row of OBSERVATION, empty where there is none; so are the next two.
    pub telescope: String,
    /// OBSERVER.
    pub observer: String,
    /// PROJECT.
    pub project: String,
    /// Antennas, by ANTENNA1 and ANTENNA2.
    pub antennas: Vec<Antenna>,
    /// Fields, by FIELD_ID.
    pub fields: Vec<Field>,
    /// Spectral windows, by SPECTRAL_WINDOW_ID.
    pub spws: Vec<SpectralWindow>,
    /// Sets of correlations, by POLARIZATION_ID.
    pub polarizations: Vec<Polarization>,
    /// Data descriptions, by DATA_DESC_ID.
    pub data_descriptions: Vec<DataDescription>,
    /// Columns of the main table.
    pub columns: Vec<ColumnSummary>,
}

impl Info {
    pub(crate) fn read(ms: &Ms) -> Result<Self, Error> {
        let description = ms.description();
        Ok(Info {
            n_row: ms.n_row(),
            parts: count_parts(ms)?,
            time_range_mjd_s: time_range(ms)?,
            telescope: description.observation.telescope.clone(),
            observer: description.observation.observer.clone(),
            project: description.observation.project.clone(),
            antennas: description.antennas.clone(),
            fields: description.fields.clone(),
            spws: description.spws.clone(),
            polarizations: description.polarizations.clone(),
            data_descriptions: description.data_descriptions.clone(),
            columns: columns::summaries(ms),
        })
    }
}

/// From the main table, because OBSERVATION/TIME_RANGE is often left empty.
fn time_range(ms: &Ms) -> Result<Option<(f64, f64)>, Error> {
    const READ_ROWS: usize = 1 << 16;
    let (time, interval) = (ms.main().column("TIME")?, ms.main().column("INTERVAL")?);
    let (mut times_s, mut intervals_s) = (Vec::<f64>::new(), Vec::<f64>::new());
    let (mut start, mut end) = (f64::INFINITY, f64::NEG_INFINITY);
    for rows in blocks(ms.n_row(), READ_ROWS) {
        times_s.clear();
        intervals_s.clear();
        time.read_flat(rows.clone(), &mut times_s)?;
        interval.read_flat(rows, &mut intervals_s)?;
        for (time_s, interval_s) in times_s.iter().zip(&intervals_s) {
            start = start.min(time_s - interval_s / 2.0);
            end = end.max(time_s + interval_s / 2.0);
        }
    }
    Ok((start <= end).then_some((start, end)))
}

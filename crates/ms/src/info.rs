//! What is in a MeasurementSet, for people.

use crate::{
    Antenna, ColumnSummary, DataDescription, Error, Field, Ms, Part, Polarization, SpectralWindow, columns,
    scan::count_parts,
    scans::{self, ScanSummary},
    source::{self, Source},
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
    /// Scans, by observation, subarray and number.
    pub scans: Vec<ScanSummary>,
    /// OBS_MODE, what the telescope was doing, by STATE_ID; empty where the MeasurementSet has no such subtable.
    pub intents: Vec<String>,
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
    /// Rows of SOURCE; empty where the MeasurementSet has no such subtable.
    pub sources: Vec<Source>,
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
        let scans = scans::read(ms)?;
        Ok(Info {
            n_row: ms.n_row(),
            parts: count_parts(ms)?,
            time_range_mjd_s: scans::time_range(&scans),
            scans,
            intents: description.intents.clone(),
            telescope: description.observation.telescope.clone(),
            observer: description.observation.observer.clone(),
            project: description.observation.project.clone(),
            antennas: description.antennas.clone(),
            fields: description.fields.clone(),
            sources: source::read(ms.main())?,
            spws: description.spws.clone(),
            polarizations: description.polarizations.clone(),
            data_descriptions: description.data_descriptions.clone(),
            columns: columns::summaries(ms),
        })
    }
}

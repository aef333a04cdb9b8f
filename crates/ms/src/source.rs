//! The SOURCE subtable, which a MeasurementSet may have: names, rest frequencies, velocities.

use crate::{Error, subtable::Subtable};
use tables::Table;

/// One row of SOURCE.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// SOURCE_ID, what FIELD refers to; several rows may have one.
    pub source_id: i32,
    /// SPECTRAL_WINDOW_ID, −1 for all.
    pub spw: i32,
    /// NAME.
    pub name: String,
    /// REST_FREQUENCY of its lines, Hz; empty where there are none.
    pub rest_freq_hz: Vec<f64>,
    /// SYSVEL of its lines, systemic velocities in m/s; empty where there are none.
    pub system_velocity_m_s: Vec<f64>,
}

/// All rows; none where the MeasurementSet has no such subtable.
pub(crate) fn read(main: &Table) -> Result<Vec<Source>, Error> {
    if main.keywords().get("SOURCE").is_none() {
        return Ok(Vec::new());
    }
    // A subtable that is named and not there is no reason to say nothing of the rest.
    let Ok(subtable) = Subtable::open(main, "SOURCE") else { return Ok(Vec::new()) };
    let lines = |column: &str| -> Result<Vec<Option<Vec<f64>>>, Error> {
        if subtable.has(column) { subtable.cells(column) } else { Ok(vec![None; subtable.n_row()]) }
    };
    let names = subtable.scalars_or("NAME", String::new())?;
    let ids = subtable.scalars_or("SOURCE_ID", -1)?;
    let spws = subtable.scalars_or("SPECTRAL_WINDOW_ID", -1)?;
    let rows = names.into_iter().zip(ids).zip(spws).zip(lines("REST_FREQUENCY")?).zip(lines("SYSVEL")?);
    let source =
        |((((name, source_id), spw), rest), velocity): ((((_, _), _), Option<_>), Option<_>)| Source {
            source_id,
            spw,
            name,
            rest_freq_hz: rest.unwrap_or_default(),
            system_velocity_m_s: velocity.unwrap_or_default(),
        };
    Ok(rows.map(source).collect())
}

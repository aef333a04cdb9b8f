//! The rows of a new MeasurementSet's subtables.

use crate::{Error, NewMs};
use tables::{CellElement, Editor};
use types::Correlation;

/// Longer than any observation: FEED and SOURCE hold for all times.
const ALWAYS_S: f64 = 1e30;
/// Code of the topocentric frame in MEAS_FREQ_REF.
const TOPO: i32 = 5;

/// A subtable that gets rows.
struct Rows<'a>(Editor<'a>);

impl Rows<'_> {
    /// All rows of a scalar column.
    fn scalars<T: CellElement>(&mut self, column: &str, values: &[T]) -> Result<(), Error> {
        Ok(self.0.put(column, 0, &[], values)?)
    }

    /// The same scalar in all rows.
    fn same<T: CellElement + Clone>(&mut self, column: &str, value: T) -> Result<(), Error> {
        let n = self.0.n_row() as usize;
        self.scalars(column, &vec![value; n])
    }

    /// The same array in all rows.
    fn arrays<T: CellElement + Copy>(
        &mut self,
        column: &str,
        shape: &[usize],
        value: &[T],
    ) -> Result<(), Error> {
        let n = self.0.n_row() as usize;
        Ok(self.0.put(column, 0, shape, &value.repeat(n))?)
    }

    fn done(self) -> Result<(), Error> {
        self.0.commit()?;
        Ok(())
    }
}

/// Fills all of them.
pub(crate) fn subtables(ms: &Editor<'_>, new: &NewMs) -> Result<(), Error> {
    let begin = |name: &str, n_row: usize| -> Result<Rows<'_>, Error> {
        let mut editor = ms.subtable(name)?;
        editor.add_rows(n_row as u64);
        Ok(Rows(editor))
    };
    antennas(begin("ANTENNA", new.antennas.len())?, new)?;
    feeds(begin("FEED", new.antennas.len())?, new)?;
    pointing(begin("POINTING", new.antennas.len())?, new)?;
    field(begin("FIELD", 1)?, new)?;
    source(begin("SOURCE", 1)?, new)?;
    window(begin("SPECTRAL_WINDOW", 1)?, new)?;
    polarization(begin("POLARIZATION", 1)?, new)?;
    observation(begin("OBSERVATION", 1)?, new)?;
    small(begin("DATA_DESCRIPTION", 1)?, begin("STATE", 1)?, begin("PROCESSOR", 1)?)?;
    let mut history = begin("HISTORY", 0)?;
    new.history.add_to(&mut history.0)?;
    history.done()
}

fn antennas(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    let names: Vec<&str> = new.antennas.iter().map(|a| a.name.as_str()).collect();
    t.scalars("NAME", &names)?;
    let stations: Vec<&str> = new.antennas.iter().map(|a| a.station.as_str()).collect();
    t.scalars("STATION", &stations)?;
    let mounts: Vec<&str> = new.antennas.iter().map(|a| a.mount.as_str()).collect();
    t.scalars("MOUNT", &mounts)?;
    t.same("TYPE", "GROUND-BASED")?;
    let diameters: Vec<f64> = new.antennas.iter().map(|a| a.diameter_m).collect();
    t.scalars("DISH_DIAMETER", &diameters)?;
    let positions: Vec<f64> = new.antennas.iter().flat_map(|a| a.position_m).collect();
    t.0.put("POSITION", 0, &[3], &positions)?;
    t.arrays("OFFSET", &[3], &[0.0; 3])?;
    t.same("FLAG_ROW", false)?;
    t.done()
}

fn feeds(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    let n = t.0.n_row() as i32;
    t.scalars("ANTENNA_ID", &(0..n).collect::<Vec<_>>())?;
    for (column, value) in [("FEED_ID", 0), ("SPECTRAL_WINDOW_ID", -1), ("BEAM_ID", -1), ("NUM_RECEPTORS", 2)]
    {
        t.same(column, value)?;
    }
    t.same("TIME", 0.0)?;
    t.same("INTERVAL", ALWAYS_S)?;
    t.arrays("BEAM_OFFSET", &[2, 2], &[0.0; 4])?;
    let circular = new
        .correlations
        .iter()
        .any(|c| matches!(c, Correlation::RR | Correlation::RL | Correlation::LR | Correlation::LL));
    t.arrays("POLARIZATION_TYPE", &[2], if circular { &["R", "L"] } else { &["X", "Y"] })?;
    t.arrays("POL_RESPONSE", &[2, 2], &[[1.0_f32, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])?;
    t.arrays("POSITION", &[3], &[0.0; 3])?;
    t.arrays("RECEPTOR_ANGLE", &[2], &[0.0; 2])?;
    t.done()
}

/// One row an antenna, for the whole observation.
fn pointing(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    let n = t.0.n_row() as i32;
    let [start_s, end_s] = new.time_range_s;
    t.scalars("ANTENNA_ID", &(0..n).collect::<Vec<_>>())?;
    t.same("TIME", (start_s + end_s) / 2.0)?;
    t.same("INTERVAL", end_s - start_s)?;
    t.same("TIME_ORIGIN", start_s)?;
    t.same("NAME", new.field.as_str())?;
    t.same("NUM_POLY", 0)?;
    t.same("TRACKING", true)?;
    for column in ["DIRECTION", "TARGET"] {
        t.arrays(column, &[1, 2], &direction(new))?;
    }
    t.done()
}

fn direction(new: &NewMs) -> [f64; 2] {
    [new.phase_center.ra_rad, new.phase_center.dec_rad]
}

fn field(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    t.same("NAME", new.field.as_str())?;
    t.same("CODE", "")?;
    t.same("TIME", new.time_range_s[0])?;
    t.same("NUM_POLY", 0)?;
    t.same("SOURCE_ID", 0)?;
    t.same("FLAG_ROW", false)?;
    for column in ["PHASE_DIR", "DELAY_DIR", "REFERENCE_DIR"] {
        t.arrays(column, &[1, 2], &direction(new))?;
    }
    t.done()
}

fn source(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    let [start_s, end_s] = new.time_range_s;
    t.same("NAME", new.field.as_str())?;
    t.same("CODE", "")?;
    t.same("TIME", (start_s + end_s) / 2.0)?;
    t.same("INTERVAL", ALWAYS_S)?;
    for (column, value) in
        [("SOURCE_ID", 0), ("SPECTRAL_WINDOW_ID", 0), ("NUM_LINES", 1), ("CALIBRATION_GROUP", 0)]
    {
        t.same(column, value)?;
    }
    t.arrays("DIRECTION", &[2], &direction(new))?;
    t.arrays("PROPER_MOTION", &[2], &[0.0; 2])?;
    t.arrays("REST_FREQUENCY", &[1], &[mean(&new.freq_hz)])?;
    t.arrays("SYSVEL", &[1], &[0.0])?;
    t.done()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn window(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    let n = new.freq_hz.len();
    let widths = vec![new.chan_width_hz; n];
    let sizes = vec![new.chan_width_hz.abs(); n];
    t.arrays("CHAN_FREQ", &[n], &new.freq_hz)?;
    t.arrays("CHAN_WIDTH", &[n], &widths)?;
    t.arrays("EFFECTIVE_BW", &[n], &sizes)?;
    t.arrays("RESOLUTION", &[n], &sizes)?;
    t.same("REF_FREQUENCY", mean(&new.freq_hz))?;
    t.same("TOTAL_BANDWIDTH", new.chan_width_hz.abs() * n as f64)?;
    let side = if new.chan_width_hz < 0.0 { -1 } else { 1 };
    for (column, value) in [
        ("NUM_CHAN", n as i32),
        ("MEAS_FREQ_REF", TOPO),
        ("NET_SIDEBAND", side),
        ("FREQ_GROUP", 0),
        ("IF_CONV_CHAIN", 0),
    ] {
        t.same(column, value)?;
    }
    t.same("NAME", "window 0")?;
    t.same("FREQ_GROUP_NAME", "")?;
    t.same("FLAG_ROW", false)?;
    t.done()
}

fn polarization(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    let n = new.correlations.len();
    let codes: Vec<i32> = new.correlations.iter().map(|c| c.casacore()).collect();
    let receptors = new.correlations.iter().map(|c| c.receptors().unwrap_or_default());
    let products: Vec<i32> = receptors.flat_map(|(p, q)| [p as i32, q as i32]).collect();
    t.same("NUM_CORR", n as i32)?;
    t.arrays("CORR_TYPE", &[n], &codes)?;
    t.arrays("CORR_PRODUCT", &[n, 2], &products)?;
    t.same("FLAG_ROW", false)?;
    t.done()
}

fn observation(mut t: Rows<'_>, new: &NewMs) -> Result<(), Error> {
    t.same("TELESCOPE_NAME", new.telescope.as_str())?;
    t.same("OBSERVER", new.observer.as_str())?;
    t.same("PROJECT", new.project.as_str())?;
    t.same("SCHEDULE_TYPE", "")?;
    t.arrays("TIME_RANGE", &[2], &new.time_range_s)?;
    t.same("RELEASE_DATE", 0.0)?;
    for column in ["LOG", "SCHEDULE"] {
        t.arrays(column, &[1], &[""])?;
    }
    t.same("FLAG_ROW", false)?;
    t.done()
}

/// Tables that say the same whatever was observed.
fn small(mut description: Rows<'_>, mut state: Rows<'_>, mut processor: Rows<'_>) -> Result<(), Error> {
    for column in ["SPECTRAL_WINDOW_ID", "POLARIZATION_ID"] {
        description.same(column, 0)?;
    }
    description.same("FLAG_ROW", false)?;
    description.done()?;
    state.same("OBS_MODE", "OBSERVE_TARGET.ON_SOURCE")?;
    state.same("SIG", true)?;
    for column in ["REF", "FLAG_ROW"] {
        state.same(column, false)?;
    }
    for column in ["CAL", "LOAD"] {
        state.same(column, 0.0)?;
    }
    state.same("SUB_SCAN", 0)?;
    state.done()?;
    processor.same("TYPE", "CORRELATOR")?;
    processor.same("SUB_TYPE", "SIMULATION")?;
    for column in ["TYPE_ID", "MODE_ID"] {
        processor.same(column, -1)?;
    }
    processor.same("FLAG_ROW", false)?;
    processor.done()
}

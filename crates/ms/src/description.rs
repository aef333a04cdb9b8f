//! What the subtables say, read once when a MeasurementSet is opened.

use crate::{Error, Field, SpectralWindow, field, spectral_window, subtable::Subtable};
use tables::Table;
use types::Correlation;

/// One row of ANTENNA.
#[derive(Clone, Debug, PartialEq)]
pub struct Antenna {
    /// NAME, or STATION where the name is empty.
    pub name: String,
    /// STATION.
    pub station: String,
    /// MOUNT, such as `ALT-AZ`.
    pub mount: String,
    /// POSITION, metres, ITRF as a rule; `None` where it has no usable value.
    pub position_m: Option<[f64; 3]>,
    /// DISH_DIAMETER, metres.
    pub diameter_m: f64,
}

/// One row of POLARIZATION.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polarization {
    /// CORR_TYPE, casacore's codes in the order of the data; empty where it has no value.
    pub codes: Vec<i32>,
    /// What the codes mean; `None` for one that is neither a Stokes parameter nor a product of linear or of circular
    /// feeds.
    pub correlations: Vec<Option<Correlation>>,
}

/// One row of DATA_DESCRIPTION: which spectral window and which correlations rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataDescription {
    /// Row of SPECTRAL_WINDOW, as stored.
    pub spw: i32,
    /// Row of POLARIZATION, as stored.
    pub polarization: i32,
}

/// The first row of OBSERVATION; empty texts where there is none.
pub(crate) struct Observation {
    pub(crate) telescope: String,
    pub(crate) observer: String,
    pub(crate) project: String,
}

/// The subtables that imaging looks at.
pub(crate) struct Description {
    pub(crate) antennas: Vec<Antenna>,
    pub(crate) fields: Vec<Field>,
    pub(crate) spws: Vec<SpectralWindow>,
    pub(crate) polarizations: Vec<Polarization>,
    pub(crate) data_descriptions: Vec<DataDescription>,
    pub(crate) observation: Observation,
    /// OBS_MODE by STATE_ID.
    pub(crate) intents: Vec<String>,
}

impl Description {
    pub(crate) fn read(main: &Table) -> Result<Self, Error> {
        let open = |name| Subtable::open(main, name);
        Ok(Description {
            antennas: antennas(&open("ANTENNA")?)?,
            fields: field::read(&open("FIELD")?)?,
            spws: spectral_window::read(&open("SPECTRAL_WINDOW")?)?,
            polarizations: polarizations(&open("POLARIZATION")?)?,
            data_descriptions: data_descriptions(&open("DATA_DESCRIPTION")?)?,
            observation: observation(&open("OBSERVATION")?)?,
            intents: intents(main),
        })
    }

    /// Shape [channel][correlation] of the cells of a data description; `None` where it refers to rows that are not.
    pub(crate) fn cell_shape(&self, data_description: DataDescription) -> Option<[usize; 2]> {
        let spw = self.spws.get(usize::try_from(data_description.spw).ok()?)?;
        let polarization = self.polarizations.get(usize::try_from(data_description.polarization).ok()?)?;
        Some([spw.freq_hz.len(), polarization.codes.len()])
    }
}

fn antennas(subtable: &Subtable) -> Result<Vec<Antenna>, Error> {
    let names = subtable.scalars_or("NAME", String::new())?;
    let stations = subtable.scalars_or("STATION", String::new())?;
    let mounts = subtable.scalars_or("MOUNT", String::new())?;
    let diameters_m = subtable.scalars_or("DISH_DIAMETER", f64::NAN)?;
    let positions_m: Vec<Option<Vec<f64>>> =
        if subtable.has("POSITION") { subtable.cells("POSITION")? } else { vec![None; subtable.n_row()] };
    let mut antennas = Vec::with_capacity(names.len());
    for (i, (name, position_m)) in names.into_iter().zip(positions_m).enumerate() {
        antennas.push(Antenna {
            name: if name.is_empty() { stations[i].clone() } else { name },
            station: stations[i].clone(),
            mount: mounts[i].clone(),
            position_m: position_m.and_then(|p| p.try_into().ok()),
            diameter_m: diameters_m[i],
        });
    }
    Ok(antennas)
}

/// OBS_MODE of every state; nothing where the subtable is absent or damaged, for no image depends on it.
fn intents(main: &Table) -> Vec<String> {
    let read = || Subtable::open(main, "STATE")?.scalars_or("OBS_MODE", String::new());
    read().unwrap_or_default()
}

fn polarizations(subtable: &Subtable) -> Result<Vec<Polarization>, Error> {
    let polarization = |codes: Option<Vec<i32>>| {
        let codes = codes.unwrap_or_default();
        let correlations = codes.iter().map(|&c| Correlation::from_casacore(c)).collect();
        Polarization { codes, correlations }
    };
    Ok(subtable.cells("CORR_TYPE")?.into_iter().map(polarization).collect())
}

fn data_descriptions(subtable: &Subtable) -> Result<Vec<DataDescription>, Error> {
    let spws = subtable.scalars("SPECTRAL_WINDOW_ID")?;
    let polarizations = subtable.scalars("POLARIZATION_ID")?;
    let rows = spws.into_iter().zip(polarizations);
    Ok(rows.map(|(spw, polarization)| DataDescription { spw, polarization }).collect())
}

fn observation(subtable: &Subtable) -> Result<Observation, Error> {
    let first = |column| -> Result<String, Error> {
        Ok(subtable.scalars_or(column, String::new())?.into_iter().next().unwrap_or_default())
    };
    Ok(Observation {
        telescope: first("TELESCOPE_NAME")?,
        observer: first("OBSERVER")?,
        project: first("PROJECT")?,
    })
}

//! Opening a MeasurementSet: is it one, and are its subtables there?

use crate::{
    Error, Info, Selected, Selection,
    description::{Antenna, Description},
};
use std::{path::Path, sync::Arc};
use tables::{OpenOptions, Table};

pub(crate) const COLUMNS: [&str; 9] =
    ["ANTENNA1", "ANTENNA2", "DATA_DESC_ID", "FIELD_ID", "FLAG", "FLAG_ROW", "INTERVAL", "TIME", "UVW"];
pub(crate) const SUBTABLES: [&str; 6] =
    ["ANTENNA", "DATA_DESCRIPTION", "FIELD", "OBSERVATION", "POLARIZATION", "SPECTRAL_WINDOW"];

/// An open MeasurementSet; cheap to clone, shared by threads, read only.
#[derive(Clone)]
pub struct Ms {
    inner: Arc<Inner>,
}

struct Inner {
    main: Table,
    description: Description,
}

impl Ms {
    /// Opens the MeasurementSet in the directory `path` and reads its subtables.
    ///
    /// # Errors
    /// When `path` is no table, or a table without the columns and subtables that every MeasurementSet has, or when a
    /// subtable cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Ms, Error> {
        Ms::open_with(path, &OpenOptions::default())
    }

    /// Opens the MeasurementSet, with a say in how its tables are locked.
    ///
    /// # Errors
    /// As [`Ms::open`], and when another program holds a lock for longer than the options allow.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Ms, Error> {
        let main = Table::open_with(path.as_ref(), options)?;
        check(&main)?;
        let description = Description::read(&main)?;
        Ok(Ms { inner: Arc::new(Inner { main, description }) })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.inner.main.path()
    }

    /// Rows of the main table, auto-correlations and all fields included.
    pub fn n_row(&self) -> u64 {
        self.inner.main.n_row()
    }

    /// The antennas, without a look at the main table.
    pub fn antennas(&self) -> &[Antenna] {
        &self.description().antennas
    }

    /// What is in it. Reads the identifiers and times of all rows, but no visibilities.
    ///
    /// # Errors
    /// When a column cannot be read.
    pub fn info(&self) -> Result<Info, Error> {
        Info::read(self)
    }

    /// Resolves a selection: everything that reading it needs is checked here, but for the cells themselves.
    ///
    /// # Errors
    /// When the MeasurementSet lacks what is asked for, when the field's phase center is in a frame that cannot be
    /// imaged, or when no row is left.
    pub fn select(&self, selection: &Selection) -> Result<Selected, Error> {
        Selected::resolve(self, selection)
    }

    pub(crate) fn main(&self) -> &Table {
        &self.inner.main
    }

    pub(crate) fn description(&self) -> &Description {
        &self.inner.description
    }
}

fn check(main: &Table) -> Result<(), Error> {
    let absent = |kind: &str, names: Vec<&str>| {
        let plural = if names.len() > 1 { "s" } else { "" };
        let missing = format!("{kind}{plural} {}", names.join(", "));
        Error::NotMeasurementSet { path: main.path().to_owned(), missing }
    };
    let columns: Vec<_> = COLUMNS.into_iter().filter(|c| !main.has_column(c)).collect();
    if !columns.is_empty() {
        return Err(absent("column", columns));
    }
    let subtables: Vec<_> = SUBTABLES.into_iter().filter(|s| main.keywords().get(s).is_none()).collect();
    if subtables.is_empty() { Ok(()) } else { Err(absent("subtable", subtables)) }
}

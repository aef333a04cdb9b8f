//! The antennas of rows, from the columns ANTENNA1 and ANTENNA2 of the same table.

use std::ops::Range;
use std::path::PathBuf;

use crate::storage::{Place, Siblings};
use crate::{DataType, Error};

/// Where the two columns are found.
pub(super) struct Antennas {
    siblings: Siblings,
    table_dat: PathBuf,
}

impl Antennas {
    pub(super) fn open(place: &Place<'_>) -> Result<Antennas, Error> {
        let antennas = Antennas { siblings: place.siblings.clone(), table_dat: place.table_dat() };
        for name in ["ANTENNA1", "ANTENNA2"] {
            let column = place.dat.columns.iter().find(|column| column.info.name == name);
            let info = column.map(|column| &column.info);
            // Dysco keeps no whole numbers, so reading them does not come back here.
            if info.is_none_or(|info| info.data_type != DataType::Int || info.is_array) {
                let found = info.map_or("none".to_owned(), |info| format!("one of {}", info.data_type));
                return Err(antennas.wrong(format!("a column {name} of whole numbers"), found));
            }
        }
        Ok(antennas)
    }

    fn wrong(&self, expected: String, found: String) -> Error {
        Error::corrupt(&self.table_dat, 0, format!("{expected}, which Dysco's factors go by"), found)
    }

    /// The pairs of antennas of some rows, each below `n_antenna`.
    pub(super) fn read(&self, rows: Range<u64>, n_antenna: usize) -> Result<Vec<(usize, usize)>, Error> {
        let (first, second) = (self.numbers("ANTENNA1", rows.clone())?, self.numbers("ANTENNA2", rows)?);
        let index = |n: i32| usize::try_from(n).ok().filter(|&i| i < n_antenna);
        let pair = |(&a, &b): (&i32, &i32)| Some((index(a)?, index(b)?));
        let pairs: Option<Vec<_>> = first.iter().zip(&second).map(pair).collect();
        pairs.ok_or_else(|| {
            let last = n_antenna.saturating_sub(1);
            self.wrong(format!("antennas 0 to {last} in ANTENNA1 and ANTENNA2"), "others".to_owned())
        })
    }

    fn numbers(&self, name: &str, rows: Range<u64>) -> Result<Vec<i32>, Error> {
        let mut numbers = Vec::new();
        self.siblings.column(name)?.read_flat(rows, &mut numbers)?;
        Ok(numbers)
    }
}

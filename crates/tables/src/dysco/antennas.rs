//! The antennas of rows, from the columns ANTENNA1 and ANTENNA2 of the same table.

use std::ops::Range;
use std::path::PathBuf;

use crate::bytes::{Order, Reader};
use crate::cells::{Data, Run, Sink};
use crate::storage::{self, Place, Storage};
use crate::{DataType, Error};

/// The two columns, opened beside the table's own managers.
pub(super) struct Antennas {
    columns: [(Box<dyn Storage>, usize); 2],
    order: Order,
    table_dat: PathBuf,
}

impl Antennas {
    pub(super) fn open(place: &Place<'_>) -> Result<Antennas, Error> {
        let columns = [open_int(place, "ANTENNA1")?, open_int(place, "ANTENNA2")?];
        Ok(Antennas { columns, order: place.order, table_dat: place.table_dat() })
    }

    /// The pairs of antennas of some rows, each below `n_antenna`.
    pub(super) fn read(&self, rows: Range<u64>, n_antenna: usize) -> Result<Vec<(usize, usize)>, Error> {
        let (first, second) = (self.numbers(0, rows.clone())?, self.numbers(1, rows)?);
        let index = |n: i32| usize::try_from(n).ok().filter(|&i| i < n_antenna);
        let pair = |(a, b): (i32, i32)| Some((index(a)?, index(b)?));
        let pairs: Option<Vec<_>> = first.iter().copied().zip(second.iter().copied()).map(pair).collect();
        pairs.filter(|pairs| pairs.len() == first.len().max(second.len())).ok_or_else(|| {
            let expected = format!("antennas 0 to {} in ANTENNA1 and ANTENNA2", n_antenna.saturating_sub(1));
            Error::corrupt(&self.table_dat, 0, expected, "others, or rows without")
        })
    }

    fn numbers(&self, which: usize, rows: Range<u64>) -> Result<Vec<i32>, Error> {
        let (storage, i_column) = &self.columns[which];
        let stored = storage.n_row(*i_column);
        if rows.end > stored {
            let expected = format!("{} rows of ANTENNA{}", rows.end, which + 1);
            return Err(Error::corrupt(&self.table_dat, 0, expected, stored.to_string()));
        }
        let mut sink = Numbers { of: self, out: Vec::new() };
        storage.read(*i_column, rows, &mut sink)?;
        Ok(sink.out)
    }
}

/// A scalar column of Int: its storage manager and its number there.
fn open_int(place: &Place<'_>, name: &str) -> Result<(Box<dyn Storage>, usize), Error> {
    let wrong = |found: String| {
        let expected = format!("a column {name} of whole numbers, which Dysco's factors go by");
        Error::corrupt(&place.table_dat(), 0, expected, found)
    };
    let dat = place.dat;
    let column = dat.columns.iter().position(|c| c.info.name == name);
    let column = column.ok_or_else(|| wrong("none".to_owned()))?;
    let info = &dat.columns[column].info;
    let i_storage = dat.columns[column].storage;
    // Dysco keeps no whole numbers, so this does not come back here.
    if info.data_type != DataType::Int || info.is_array || dat.storages[i_storage].kind == super::KIND {
        return Err(wrong(format!("one of {} in {}", info.data_type, info.storage_manager)));
    }
    let storage = storage::open(place.table, dat, i_storage)?;
    let storage = storage.ok_or_else(|| wrong(format!("one in {}", info.storage_manager)))?;
    let i_column = dat.storages[i_storage].columns.iter().position(|&c| c == column).unwrap_or(0);
    Ok((storage, i_column))
}

struct Numbers<'a> {
    of: &'a Antennas,
    out: Vec<i32>,
}

impl Sink for Numbers<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        if let Data::Fixed(bytes) = run.data {
            let start = self.out.len();
            let mut r = Reader::new(&self.of.table_dat, 0, bytes, self.of.order);
            for _ in 0..bytes.len() / 4 {
                self.out.push(r.i32()?);
            }
            crate::column::repeat_from(&mut self.out, start, run.repeat);
        }
        Ok(())
    }

    fn undefined(&mut self, _n: u64) -> Result<(), Error> {
        Ok(())
    }
}

//! DyscoStMan into files: cells of whole blocks of rows, and the antennas of the rows, for the encoder in `dysco`.

use std::ops::Range;
use std::path::PathBuf;

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink};
use crate::dysco::KIND;
use crate::dysco::write::{BlockRows, NewFile, append, rows_per_block, settings_of, write as encode};
use crate::storage::StoredColumn;
use crate::write::disk::Stream;
use crate::write::editor::Editor;
use crate::write::storage::{NewColumn, NewFiles};
use crate::{DataType, DyscoSettings, Error};

/// Columns that casacore's Dysco wants in its table.
const NEEDED: [&str; 5] = ["ANTENNA1", "ANTENNA2", "FIELD_ID", "DATA_DESC_ID", "TIME"];

/// What the cells' storage manager does not know.
pub(crate) struct Around {
    pub(crate) settings: DyscoSettings,
    /// ANTENNA1 and ANTENNA2 of all rows.
    pub(crate) pairs: [Vec<i32>; 2],
    /// Rows of a block there were.
    pub(crate) rows_per_block: Option<usize>,
    /// A file that goes on with new rows, and how many it has.
    pub(crate) old: Option<(PathBuf, u64)>,
}

impl Around {
    fn fail(what: &str) -> Error {
        Error::Compression { what: what.to_owned() }
    }

    /// More than the largest number of an antenna.
    fn n_antenna(&self) -> Result<usize, Error> {
        let all = || self.pairs.iter().flatten();
        if all().any(|&a| a < 0) {
            return Err(Self::fail("rows whose ANTENNA1 or ANTENNA2 is negative"));
        }
        Ok(all().max().map_or(1, |&a| a as usize + 1))
    }

    fn of(&self, rows: Range<u64>) -> Vec<(usize, usize)> {
        let [first, second] = &self.pairs;
        let rows = rows.start as usize..rows.end as usize;
        first[rows.clone()].iter().zip(&second[rows]).map(|(&a, &b)| (a as usize, b as usize)).collect()
    }

    /// Rows of a block: about those of one time, after which the first pair of antennas comes again.
    fn rows_per_block(&self, n_row: u64) -> u64 {
        let [first, second] = &self.pairs;
        let mut pairs = first.iter().zip(second);
        let again = pairs.next().and_then(|pair| pairs.position(|p| p == pair)).map(|i| i as u64 + 1);
        let wanted = self.rows_per_block.map_or(again.unwrap_or(n_row), |n| n as u64);
        rows_per_block(n_row, wanted)
    }
}

impl Editor<'_> {
    /// What it needs to know; `None` for one of another kind.
    pub(crate) fn around(&self, i: usize) -> Result<Option<Around>, Error> {
        if self.dat.storages[i].kind != KIND {
            return Ok(None);
        }
        let pairs = self.antennas()?;
        let Some(old) = self.old_blocks(i)? else {
            let settings = self.plans[i].dysco.unwrap_or_default();
            return Ok(Some(Around { settings, pairs, rows_per_block: None, old: None }));
        };
        Ok(Some(Around { pairs, ..old }))
    }

    /// The settings of old Dysco storage manager `i`, which is written whole or goes on; `None` for a new one.
    ///
    /// # Errors
    /// When cells of a block are to stay as they are, new rows are not whole blocks, or columns are not there without
    /// which casacore opens no such table.
    pub(crate) fn old_blocks(&self, i: usize) -> Result<Option<Around>, Error> {
        if let Some(missing) = NEEDED.iter().find(|needed| !self.column_names().any(|name| name == **needed))
        {
            let reason = format!("Dysco needs the columns {}; {missing} is not there", NEEDED.join(", "));
            return Err(self.refused(reason));
        }
        let Some(old) = self.plans[i].old else { return Ok(None) };
        let desc = &self.old.dat().storages[old];
        let stored = desc.columns.iter().map(|&c| StoredColumn::new(&self.old.dat().columns[c]));
        let kinds: Option<Vec<_>> = stored.map(|column| kind(&column)).collect();
        let file = self.path().join(format!("table.f{}", desc.seqnr));
        let (settings, per_block) = settings_of(&file, &kinds.unwrap_or_default())?;
        let n_old = self.old.n_row();
        let sources: Vec<_> =
            self.dat.storages[i].columns.iter().map(|&c| self.edits[c].source.as_ref()).collect();
        if sources.iter().all(|s| s.is_some_and(|s| s.is_all_changed())) {
            let rows_per_block = Some(per_block).filter(|&n| n > 0);
            return Ok(Some(Around { settings, pairs: Default::default(), rows_per_block, old: None }));
        }
        let in_old = sources.iter().flatten().flat_map(|s| s.changed()).any(|rows| rows.start < n_old);
        let is_whole = |n: u64| per_block > 0 && n.is_multiple_of(per_block as u64);
        if in_old || self.plans[i].lost_one || !is_whole(n_old) || !is_whole(self.n_row) {
            return Err(self.refused(format!(
                "its column {} is compressed by Dysco in blocks of {per_block} rows, which are not compressed again: \
                 write the whole column, add whole blocks of rows, or copy the table with that column in tiles first",
                self.old.dat().columns[desc.columns[0]].info.name
            )));
        }
        Ok(Some(Around {
            settings,
            pairs: Default::default(),
            rows_per_block: None,
            old: Some((file, n_old)),
        }))
    }
}

/// Whether Dysco holds such a column: whether it is one of weights, its channels and its correlations.
pub(crate) fn kind(column: &StoredColumn) -> Option<(bool, usize, usize)> {
    let is_weight = column.data_type == DataType::Float && column.name == "WEIGHT_SPECTRUM";
    match column.shape.as_deref() {
        Some(&[n_chan, n_corr]) if is_weight || column.data_type == DataType::Complex => {
            Some((is_weight, n_chan, n_corr))
        }
        _ => None,
    }
}

pub(crate) fn write(
    files: &NewFiles<'_>,
    columns: &mut [NewColumn<'_>],
    around: &Around,
) -> Result<Vec<u8>, Error> {
    let kinds: Option<Vec<_>> = columns.iter().map(|c| kind(&c.stored)).collect();
    let kinds = kinds.ok_or_else(|| Around::fail("columns of other types or without a fixed shape"))?;
    let n_antenna = around.n_antenna()?;
    let mut out = Stream::new(files.create("")?, 0);
    let mut source = |rows: Range<u64>, block: &mut BlockRows| {
        block.pairs = around.of(rows.clone());
        for (column, values) in columns.iter_mut().zip(&mut block.values) {
            values.clear();
            column.cells(rows.clone(), &mut Floats { order: files.order, values })?;
        }
        Ok(())
    };
    let push = &mut |bytes: &[u8]| out.push(bytes);
    if let Some((old, n_old)) = &around.old {
        append(push, old, &kinds, (*n_old..files.n_row, around.settings.seed), &mut source)?;
    } else {
        let rows_per_block = around.rows_per_block(files.n_row) as usize;
        let (name, n_row) = (files.name, files.n_row);
        let new = NewFile { name, n_row, rows_per_block, n_antenna, columns: &kinds };
        encode(push, &around.settings, new, &mut source)?;
    }
    out.finish(&[])?;
    Ok(Vec::new())
}

/// Takes floats.
struct Floats<'a> {
    order: Order,
    values: &'a mut Vec<f32>,
}

impl Sink for Floats<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        let Data::Fixed(bytes) = run.data else { return Ok(()) };
        let (floats, _) = bytes.as_chunks::<4>();
        let decode = match self.order {
            Order::Little => |raw: &[u8; 4]| f32::from_le_bytes(*raw),
            Order::Big => |raw: &[u8; 4]| f32::from_be_bytes(*raw),
        };
        (0..run.repeat).for_each(|_| self.values.extend(floats.iter().map(decode)));
        Ok(())
    }

    fn undefined(&mut self, _n: u64) -> Result<(), Error> {
        Err(Around::fail("cells without a value"))
    }
}

//! ForwardColumnEngine and ForwardColumnIndexedRowEngine: columns whose cells are in another table.
//!
//! A column's keyword `_ForwardColumn_TableName` (for the second engine with `_Row` behind) names the table, by the
//! rules of names in keywords; the column has the same name there. With indexed rows, the table's keyword
//! `_ForwardColumn_RowName_<number of the engine>` names the column here that holds the row there.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::bytes::Order;
use crate::cells::Sink;
use crate::engine::refuse_circles;
use crate::keyword_path::resolve;
use crate::reference::scan_rows;
use crate::storage::{Place, Siblings, Storage};
use crate::{ColumnInfo, Error, Table};

/// The engine whose rows are in a column.
pub(crate) const INDEXED: &str = "ForwardColumnIndexedRowEngine";
/// Row numbers that are read at once.
const ROWS_TOGETHER: u64 = 4096;

/// Columns that are elsewhere.
pub(crate) struct Forward {
    siblings: Siblings,
    order: Order,
    columns: Vec<Target>,
    /// The column of this table with the rows there.
    row_column: Option<String>,
}

struct Target {
    info: ColumnInfo,
    path: PathBuf,
    /// Opened when needed, so that a missing table harms no other column.
    table: OnceLock<Table>,
}

impl Forward {
    pub(crate) fn open(place: Place<'_>) -> Result<Self, Error> {
        let indexed = place.desc.kind == INDEXED;
        let keyword = if indexed { "_ForwardColumn_TableName_Row" } else { "_ForwardColumn_TableName" };
        let target = |&i: &usize| {
            let info = place.dat.columns[i].info.clone();
            let name = info.keywords.str(keyword).ok_or_else(|| place.no_keyword(&info.name, keyword))?;
            let path = resolve(place.table, name);
            Ok(Target { info, path, table: OnceLock::new() })
        };
        let columns = place.desc.columns.iter().map(target).collect::<Result<_, Error>>()?;
        place.desc.columns.iter().try_for_each(|&i| refuse_circles(&place, i))?;
        let row_column = if indexed { Some(row_column(&place)?) } else { None };
        Ok(Forward { siblings: place.siblings, order: place.order, columns, row_column })
    }

    /// The table of a column.
    fn table(&self, target: &Target) -> Result<Table, Error> {
        if let Some(table) = target.table.get() {
            return Ok(table.clone());
        }
        let table = self.siblings.open_other(&target.path)?;
        Ok(target.table.get_or_init(|| table).clone())
    }
}

/// The table's keyword that names the column with the rows, for the engine of this number.
pub(crate) fn row_keyword(seqnr: u32) -> String {
    format!("_ForwardColumn_RowName_{seqnr}")
}

fn row_column(place: &Place<'_>) -> Result<String, Error> {
    let keyword = row_keyword(place.desc.seqnr);
    let name = place.dat.keywords.str(&keyword).map(str::to_owned);
    name.ok_or_else(|| Error::corrupt(&place.table_dat(), 0, format!("a keyword {keyword}"), "none"))
}

impl Storage for Forward {
    /// Any row may be asked for; the other table says what it has.
    fn n_row(&self, _i_column: usize) -> u64 {
        u64::MAX
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let target = &self.columns[i_column];
        let failed = |source| Error::Reference { table: self.siblings.path(), source: Box::new(source) };
        let column = self.table(target)?.column(&target.info.name).map_err(failed)?;
        column.must_suit(&self.siblings.path(), &target.info)?;
        let Some(row_column) = &self.row_column else {
            return column.scan_as(self.order, rows, sink).map_err(failed);
        };
        let row_column = self.siblings.column(row_column)?;
        column.scan(0..0, sink)?;
        let mut start = rows.start;
        while start < rows.end {
            let end = rows.end.min(start + ROWS_TOGETHER);
            let mut there = Vec::<i64>::new();
            row_column.read_flat(start..end, &mut there)?;
            let there: Vec<u64> = there.iter().map(|&row| u64::try_from(row).unwrap_or(u64::MAX)).collect();
            scan_rows(&column, self.order, &there, sink).map_err(failed)?;
            start = end;
        }
        Ok(())
    }
}

//! ConcatTable: the rows of several tables one after another, as in a CASA Multi-MS.
//!
//! ```text
//! object "ConcatTable" v0: uInt n; n × String table; Block<String> subtables that are concatenated too
//! ```
//! Names follow the rules of names in keywords. Keywords and columns are those of the first table; the others must
//! have columns of the same names and types.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bytes::{Order, Reader};
use crate::cells::Sink;
use crate::desc::{ColumnDesc, DIRECT, FIXED_SHAPE};
use crate::keyword_path::resolve;
use crate::lock::OpenOptions;
use crate::storage::Storage;
use crate::table::Inner;
use crate::{ColumnInfo, Error, Table};

/// What table.dat says of a ConcatTable.
pub(crate) struct Concatenation {
    tables: Vec<String>,
    joined: Vec<String>,
}

/// The cells of a ConcatTable.
struct Parts {
    path: PathBuf,
    columns: Vec<ColumnInfo>,
    order: Order,
    parts: Vec<Table>,
    /// Row after the last of each part.
    ends: Vec<u64>,
}

impl Concatenation {
    pub(crate) fn parse(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.open_named("ConcatTable")?;
        let n = r.count(4)?;
        let tables = (0..n).map(|_| r.string()).collect::<Result<Vec<_>, _>>()?;
        if tables.is_empty() {
            return Err(r.fail("one table or more", "none"));
        }
        Ok(Concatenation { tables, joined: r.block_strings()? })
    }

    /// Opens the tables.
    pub(crate) fn open(
        self,
        path: &Path,
        above: Vec<PathBuf>,
        options: &OpenOptions,
    ) -> Result<Inner, Error> {
        let open = |name: &String| Table::open_below(&resolve(path, name), &above, options);
        let failed = |source| Error::Reference { table: path.to_owned(), source: Box::new(source) };
        let parts = self.tables.iter().map(open).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let mut inner = Concatenation::join(path, above, parts)?;
        inner.joined = self.joined;
        Ok(inner)
    }

    /// Shows tables as one.
    pub(crate) fn join(path: &Path, above: Vec<PathBuf>, parts: Vec<Table>) -> Result<Inner, Error> {
        let Some(first) = parts.first().cloned() else {
            return Err(Error::corrupt(&path.join("table.dat"), 0, "one table or more", "none"));
        };
        let mut ends = Vec::new();
        for part in &parts {
            let end = ends.last().copied().unwrap_or(0_u64).checked_add(part.n_row());
            let too_many = || Error::corrupt(&path.join("table.dat"), 0, "fewer than 2⁶⁴ rows", "more");
            ends.push(end.ok_or_else(too_many)?);
        }
        let mut dat = first.inner().dat.of_view("ConcatTable", first.inner().dat.columns.clone());
        for desc in &mut dat.columns {
            let same = |part: &Table| {
                part.column(&desc.info.name).is_ok_and(|column| column.info().shape == desc.info.shape)
            };
            if !parts.iter().all(same) {
                forget_shape(desc);
            }
        }
        let columns = dat.columns.iter().map(|c| c.info.clone()).collect();
        let n_row = ends.last().copied().unwrap_or(0);
        let storage = Parts { path: path.to_owned(), columns, order: dat.order, parts: parts.clone(), ends };
        let mut inner = Inner::view(path, dat, above, (&first, n_row, Arc::new(storage)));
        inner.parts = parts;
        Ok(inner)
    }
}

/// Makes a column one whose cells may have any shape, as those of the parts differ.
fn forget_shape(desc: &mut ColumnDesc) {
    desc.info.shape = None;
    desc.direct = false;
    desc.written.option &= !(DIRECT | FIXED_SHAPE);
    desc.written.shape.clear();
}

impl Storage for Parts {
    fn n_row(&self, _i_column: usize) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let info = &self.columns[i_column];
        let mut first = 0;
        for (part, &end) in self.parts.iter().zip(&self.ends) {
            let piece = rows.start.max(first)..rows.end.min(end);
            // Reading no rows tells whether the column can be read at all.
            if piece.start < piece.end || rows.is_empty() {
                let column = part.column(&info.name)?;
                column.must_suit(&self.path, info)?;
                let own = if rows.is_empty() { 0..0 } else { piece.start - first..piece.end - first };
                column.scan_as(self.order, own, sink)?;
            }
            first = end;
        }
        Ok(())
    }
}

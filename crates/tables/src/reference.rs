//! RefTable: rows and columns of another table, as a selection or a sort leaves them.
//!
//! ```text
//! object "RefTable" v1|2|3: String root; SimpleOrderedMap<String, String> columns (name here → name there);
//!   (v ≥ 2) Array<String> names in their order; rows of the root (uInt; v3 uInt64); Bool rowOrder;
//!   n (uInt; v3 uInt64); n × row of the root (uInt; v3 uInt64)
//! ```
//! The root's name follows the rules of names in keywords; keywords are the root's.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bytes::{Order, Reader};
use crate::cells::Sink;
use crate::keyword_path::resolve;
use crate::lock::OpenOptions;
use crate::storage::Storage;
use crate::table::Inner;
use crate::value::{Array, Elements};
use crate::{Column, DataType, Error, Table};

/// What table.dat says of a RefTable.
pub(crate) struct Reference {
    root: String,
    /// Name here and in the root.
    columns: Vec<(String, String)>,
    rows: Vec<u64>,
}

/// The cells of a RefTable.
struct Selection {
    columns: Vec<Column>,
    order: Order,
    /// Row of the root for each row.
    rows: Vec<u64>,
}

impl Reference {
    pub(crate) fn parse(r: &mut Reader<'_>) -> Result<Self, Error> {
        let version = r.open_named("RefTable")?;
        let root = r.string()?;
        let mut columns = r.string_map()?;
        if version >= 2
            && let Array { elements: Elements::String(names), .. } = r.array_object(DataType::String)?
        {
            let place = |name: &str| names.iter().position(|n| n == name).unwrap_or(names.len());
            columns.sort_by_cached_key(|column| place(&column.0));
        }
        let wide = version >= 3;
        let number = |r: &mut Reader<'_>| if wide { r.u64() } else { r.u32().map(u64::from) };
        let n_root = number(r)?;
        r.bool()?;
        let n = number(r)?;
        let n = r.fits(n, if wide { 8 } else { 4 })?;
        let rows = (0..n).map(|_| number(r)).collect::<Result<Vec<_>, _>>()?;
        if let Some(outside) = rows.iter().find(|&&row| row >= n_root) {
            return Err(r.fail(format!("rows below {n_root}"), outside.to_string()));
        }
        Ok(Reference { root, columns, rows })
    }

    /// Opens the root and shows what is selected of it.
    pub(crate) fn open(
        self,
        path: &Path,
        above: Vec<PathBuf>,
        options: &OpenOptions,
    ) -> Result<Inner, Error> {
        let failed = |source| Error::Reference { table: path.to_owned(), source: Box::new(source) };
        let root = Table::open_below(&resolve(path, &self.root), &above, options).map_err(failed)?;
        let (mut descs, mut columns) = (Vec::new(), Vec::new());
        for (name, there) in &self.columns {
            let column = root.column(there).map_err(failed)?;
            let mut desc = column.desc().clone();
            desc.info.name.clone_from(name);
            descs.push(desc);
            columns.push(column);
        }
        let dat = root.inner().dat.of_view("RefTable", descs);
        let n_row = self.rows.len() as u64;
        let storage = Arc::new(Selection { columns, order: dat.order, rows: self.rows });
        let mut inner = Inner::view(path, dat, above, (&root, n_row, storage));
        // Of a ConcatTable some subtables are those of all parts.
        inner.parts.clone_from(&root.inner().parts);
        inner.joined.clone_from(&root.inner().joined);
        Ok(inner)
    }
}

impl Storage for Selection {
    fn n_row(&self, _i_column: usize) -> u64 {
        self.rows.len() as u64
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let rows = &self.rows[rows.start as usize..rows.end as usize];
        scan_rows(&self.columns[i_column], self.order, rows, sink)
    }
}

/// Hands the cells of these rows of a column to `sink`, neighbouring rows together.
pub(crate) fn scan_rows(
    column: &Column,
    order: Order,
    rows: &[u64],
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let follows = |a: &u64, b: &u64| a.checked_add(1) == Some(*b);
    for run in rows.chunk_by(follows) {
        column.scan_as(order, run[0]..run[0].saturating_add(run.len() as u64), sink)?;
    }
    Ok(())
}

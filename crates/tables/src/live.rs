//! The storage managers of an open table, opened when first needed and again when others changed them.
//!
//! What a table shows (columns, keywords, row count) stays as it was opened. Cells are read as they are: under the
//! lock, the sync record says whether table.dat or a manager's files changed since they were opened here, and then
//! they are opened again. A column that is no longer described as it was, and rows that are gone, are errors.

use std::path::Path;
use std::sync::Arc;

use crate::Error;
use crate::desc::{ColumnDesc, Description, TableDat};
use crate::lock::SyncRecord;
use crate::storage::{self, Storage};
use crate::table::Inner;

/// What is open of a table's files.
pub(crate) struct Live {
    /// The state that `dat` and `storages` belong to; `None` where nobody knows.
    sync: Option<SyncRecord>,
    dat: Arc<TableDat>,
    /// An unreadable one harms no other: each is opened when the first of its columns is read.
    storages: Vec<Option<Arc<dyn Storage>>>,
}

/// A column in its storage manager.
pub(crate) struct Located {
    /// `None` if its kind is not supported.
    pub(crate) storage: Option<Arc<dyn Storage>>,
    /// Its number within the manager.
    pub(crate) i_column: usize,
}

impl Live {
    pub(crate) fn new(sync: Option<SyncRecord>, dat: Arc<TableDat>) -> Self {
        let storages = dat.storages.iter().map(|_| None).collect();
        Live { sync, dat, storages }
    }

    /// Of a table whose cells are all in others.
    pub(crate) fn of_view(dat: Arc<TableDat>, storage: Arc<dyn Storage>) -> Self {
        Live { sync: None, dat, storages: vec![Some(storage)] }
    }

    /// Drops what is not as `sync`, read under the lock that is held now, says.
    ///
    /// # Errors
    /// When there are fewer than `n_row` rows now, or table.dat cannot be read.
    pub(crate) fn follow(&mut self, path: &Path, n_row: u64, sync: Option<&SyncRecord>) -> Result<(), Error> {
        // Without locks, or a record, there is nothing to go by.
        let Some(now) = sync.filter(|&now| self.sync.as_ref() != Some(now)) else { return Ok(()) };
        if now.n_row < n_row {
            let what = format!("it has {} rows now and had {n_row}", now.n_row);
            return Err(Error::Changed { table: path.to_owned(), what });
        }
        if self.sync.as_ref().is_none_or(|before| now.table_differs(before)) {
            *self = Live::new(None, Arc::new(Description::read_plain(path)?));
        }
        for (i, slot) in self.storages.iter_mut().enumerate() {
            if self.sync.as_ref().is_none_or(|before| now.storage_differs(before, i)) {
                *slot = None;
            }
        }
        self.sync = Some(now.clone());
        Ok(())
    }

    /// The column that was described as `opened`, its manager opened if it is not yet.
    ///
    /// # Errors
    /// When the column is another now, or the manager's files are damaged.
    pub(crate) fn locate(&mut self, table: &Arc<Inner>, opened: &ColumnDesc) -> Result<Located, Error> {
        let name = &opened.info.name;
        let is_same = |column: &ColumnDesc| column.info.name == *name && same_cells(column, opened);
        let Some(index) = self.dat.columns.iter().position(is_same) else {
            let what = format!("column {name} is gone or another");
            return Err(Error::Changed { table: table.path.clone(), what });
        };
        let i = self.dat.columns[index].storage;
        if self.storages[i].is_none() {
            self.storages[i] = storage::open(table, &self.dat, i)?.map(Arc::from);
        }
        let i_column = self.dat.storages[i].columns.iter().position(|&c| c == index).unwrap_or(0);
        Ok(Located { storage: self.storages[i].clone(), i_column })
    }
}

/// Whether cells of both are decoded alike.
fn same_cells(a: &ColumnDesc, b: &ColumnDesc) -> bool {
    let (x, y) = (&a.info, &b.info);
    (x.data_type, x.is_array, &x.shape) == (y.data_type, y.is_array, &y.shape)
        && (a.direct, a.max_length) == (b.direct, b.max_length)
}

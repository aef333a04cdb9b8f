//! Columns that come and go, and the storage managers that keep them.

use crate::desc::StorageDesc;
use crate::storage::StoredColumn;
use crate::value::{Record, Value};
use crate::write::cells::Target;
use crate::write::dysco;
use crate::write::editor::{Edit, Editor, StoragePlan};
use crate::write::source::Source;
use crate::write::spec::{ColumnSpec, StorageKind};
use crate::{DataType, Error};

impl Editor<'_> {
    /// Adds a column. Until it is written, its cells are as those of added rows.
    ///
    /// # Errors
    /// When there is one of this name, or the storage manager does not keep cells of its type.
    pub fn add_column(&mut self, spec: &ColumnSpec) -> Result<(), Error> {
        self.check_new(spec)?;
        let storage = self.storage_for(spec);
        let desc = spec.describe(storage);
        self.dat.storages[storage].columns.push(self.dat.columns.len());
        let target = Target::new(self.path().to_owned(), &desc, self.dat.order);
        self.dat.columns.push(desc);
        self.edits.push(Edit { source: Some(Source::nowhere(target, self.n_row)) });
        if matches!(spec.storage, StorageKind::Tiled { .. }) {
            self.set_hypercolumn(storage);
        }
        Ok(())
    }

    /// Checks that there can be such a column.
    fn check_new(&self, spec: &ColumnSpec) -> Result<(), Error> {
        if self.column_names().any(|n| n == spec.name) {
            return Err(self.refused(format!("there is a column {} already", spec.name)));
        }
        let tiled = matches!(spec.storage, StorageKind::Tiled { .. });
        if tiled && matches!(spec.data_type, DataType::String | DataType::Record) {
            let what = spec.data_type;
            return Err(self.refused(format!("tiles do not hold a {what}; keep {} elsewhere", spec.name)));
        }
        if tiled && spec.describe(0).info.n_axis.is_none() && spec.storage_kind() == "TiledShapeStMan" {
            return Err(self.refused(format!("tiles need the number of axes of the cells of {}", spec.name)));
        }
        if tiled && spec.describe(0).info.shape.is_some_and(|shape| shape.contains(&0)) {
            return Err(self.refused(format!("tiles hold no cells without elements, as {} has", spec.name)));
        }
        if matches!(spec.data_type, DataType::Char | DataType::UShort) {
            let reason =
                format!("casacore opens no table with a {} column; use Short, UChar or Int", spec.data_type);
            return Err(self.refused(format!("{} of {reason}", spec.name)));
        }
        if let StorageKind::Dysco(settings) = spec.storage {
            settings.check()?;
            if dysco::kind(&StoredColumn::new(&spec.describe(0))).is_none() {
                return Err(self.refused(format!(
                    "Dysco holds complex columns and WEIGHT_SPECTRUM of Float, of a fixed shape [channel, \
                     correlation]; keep {} elsewhere",
                    spec.name
                )));
            }
        }
        Ok(())
    }

    /// The new storage manager that a new column shares, or one of its own.
    fn storage_for(&mut self, spec: &ColumnSpec) -> usize {
        let (kind, mut name) = (spec.storage_kind(), spec.storage_name());
        let is = |plan: &StoragePlan, desc: &StorageDesc| {
            plan.old.is_none() && plan.name == name && desc.kind == kind
        };
        let plans = self.plans.iter().zip(&self.dat.storages);
        if let Some(i) = plans.clone().position(|(plan, desc)| is(plan, desc)) {
            return i;
        }
        // Casacore wants different names for different managers.
        let taken = |name: &str| self.plans.iter().any(|p| p.name == name);
        let wanted = name.clone();
        let mut n = 1;
        while taken(&name) {
            name = format!("{wanted}_{n}");
            n += 1;
        }
        let tile_rows = match spec.storage {
            StorageKind::Tiled { tile_rows } => tile_rows,
            _ => None,
        };
        let storage = self.new_storage(kind, name, tile_rows);
        if let StorageKind::Dysco(settings) = spec.storage {
            self.plans[storage].dysco = Some(settings);
        }
        storage
    }

    pub(crate) fn new_storage(&mut self, kind: &str, name: String, tile_rows: Option<usize>) -> usize {
        let desc = StorageDesc { kind: kind.to_owned(), seqnr: 0, private: Vec::new(), columns: Vec::new() };
        self.dat.storages.push(desc);
        self.plans.push(StoragePlan {
            old: None,
            name,
            tile_rows,
            dysco: None,
            lost_one: false,
            is_written: false,
        });
        self.plans.len() - 1
    }

    /// Notes which columns a tiled storage manager stacks.
    pub(crate) fn set_hypercolumn(&mut self, storage: usize) {
        let columns: Vec<_> =
            self.dat.storages[storage].columns.iter().map(|&c| &self.dat.columns[c].info).collect();
        let names = |names: Vec<String>| {
            let elements = crate::Elements::String(names);
            Value::Array(crate::Array { shape: vec![elements.len()], elements })
        };
        let n_axis = columns.iter().map(|c| if c.is_array { c.n_axis } else { Some(0) }).next().flatten();
        let data = names(columns.iter().map(|c| c.name.clone()).collect());
        let mut role = Record::default();
        role.set("ndim", Value::UInt(n_axis.map_or(0, |n| n as u32 + 1)));
        role.set("data", data);
        role.set("coord", names(Vec::new()));
        role.set("id", names(Vec::new()));
        let key = format!("Hypercolumn_{}", self.plans[storage].name);
        // Without a number of axes there is nothing that casacore could check cells against.
        if n_axis.is_some() {
            self.dat.private.set(key, Value::Record(role));
        }
    }

    /// Removes a column.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn remove_column(&mut self, name: &str) -> Result<(), Error> {
        let index = self.index(name)?;
        let removed = self.dat.columns.remove(index);
        self.edits.remove(index);
        self.plans[removed.storage].lost_one = true;
        for storage in &mut self.dat.storages {
            storage.columns.retain(|&c| c != index);
            storage.columns.iter_mut().filter(|c| **c > index).for_each(|c| *c -= 1);
        }
        self.forget_hypercolumn(removed.storage, name);
        Ok(())
    }

    fn forget_hypercolumn(&mut self, storage: usize, name: &str) {
        let key = format!("Hypercolumn_{}", self.plans[storage].name);
        if self.dat.storages[storage].columns.is_empty() {
            self.dat.private.remove(&key);
        } else if self
            .dat
            .private
            .record(&key)
            .and_then(|r| r.strings("data"))
            .is_some_and(|d| d.iter().any(|n| n == name))
        {
            self.set_hypercolumn(storage);
        }
    }
}

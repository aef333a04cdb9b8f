//! Whether a path has to do with the directories of a table, so that nobody writes over what is being read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::Table;
use crate::keyword_path::real;
use crate::value::Value;

impl Table {
    /// The table that `path` is, holds or lies in: this one, one whose rows it shows, or one that keywords refer to, as
    /// far as they are there. Links are followed; nothing needs to be at `path`.
    pub fn overlapping(&self, path: &Path) -> Option<PathBuf> {
        let (place, mut tables) = (real(path), BTreeSet::new());
        collect(self, &mut tables);
        tables.into_iter().find(|table| place.starts_with(table) || table.starts_with(&place))
    }
}

fn collect(table: &Table, out: &mut BTreeSet<PathBuf>) {
    out.extend(table.shown());
    out.insert(real(table.path()));
    let keywords = table.keywords().iter().filter(|(_, value)| matches!(value, Value::Table(_)));
    for subtable in keywords.filter_map(|(name, _)| table.subtable(name).ok()) {
        if !out.contains(&real(subtable.path())) {
            collect(&subtable, out);
        }
    }
}

//! What a copy of a table holds besides its own cells: tables that keywords refer to, and others that lie inside.

use std::path::{Path, PathBuf};

use crate::keyword_path::{real, resolve};
use crate::value::{Record, Value};
use crate::write::disk::Disk;
use crate::{Error, Table};

/// A table, where its copy is made, and the copy that this one is part of.
pub(crate) struct Job<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) table: &'a Table,
    pub(crate) place: &'a Path,
    pub(crate) outer: Option<&'a Job<'a>>,
}

impl Job<'_> {
    /// Copies all tables that belong to this one, and lets `keywords` refer to the copies.
    pub(crate) fn copy_tables(&self, keywords: &mut Record, copy: MakeCopy) -> Result<(), Error> {
        let table = |(name, value): (&str, &Value)| match value {
            Value::Table(stored) => Some((name.to_owned(), stored.clone())),
            _ => None,
        };
        let named: Vec<(String, String)> = keywords.iter().filter_map(table).collect();
        for (name, stored) in &named {
            match self.subtable(name, stored, copy)? {
                Some(now) => keywords.set(name, Value::Table(now)),
                None => drop(keywords.remove(name)),
            }
        }
        let base = self.table.base();
        let named: Vec<PathBuf> = named.iter().map(|(_, stored)| real(&resolve(base, stored))).collect();
        for inside in tables_inside(base) {
            let place = self.place.join(inside.file_name().unwrap_or_default());
            if !named.contains(&real(&inside)) && self.around(&inside).is_none() {
                let table = Table::open_with(&inside, self.table.options())?;
                self.copy_table(&table, &place, copy)?;
            }
        }
        Ok(())
    }

    /// Copies the table that a keyword refers to; what the copy's keyword is to say, if there is to be one.
    fn subtable(&self, name: &str, stored: &str, copy: MakeCopy) -> Result<Option<String>, Error> {
        let path = resolve(self.table.base(), stored);
        if let Some(around) = self.around(&path) {
            return Ok(around.name_from(self.place));
        }
        // What is missing stays a name; so does a table around this one that is not copied.
        if !path.join("table.dat").is_file() || real(self.table.path()).starts_with(real(&path)) {
            return Ok(Some(stored.to_owned()));
        }
        let folder = folder_name(name);
        let is_copied = self.copy_table(&self.table.subtable(name)?, &self.place.join(&folder), copy)?;
        Ok(is_copied.then(|| format!("././{folder}")))
    }

    /// Copies a table of this one; whether it is one that shows no rows of those that are being copied.
    fn copy_table(&self, table: &Table, place: &Path, copy: MakeCopy) -> Result<bool, Error> {
        let shown = table.shown();
        let is_view = |job: &Job<'_>| job.table.shown().iter().any(|path| shown.contains(path));
        if table.is_view() && self.chain().any(is_view) {
            return Ok(false);
        }
        copy(&Job { disk: self.disk, table, place, outer: Some(self) })?;
        Ok(true)
    }

    fn chain(&self) -> impl Iterator<Item = &Job<'_>> {
        std::iter::successors(Some(self), |job| job.outer)
    }

    /// The job that copies the table at `path`, this one or one around it.
    fn around(&self, path: &Path) -> Option<&Job<'_>> {
        let path = real(path);
        self.chain().find(|job| real(job.table.path()) == path || job.table.shown().contains(&path))
    }

    /// The name of this copy in keywords of one inside; there is none for itself.
    fn name_from(&self, inside: &Path) -> Option<String> {
        let below = inside.strip_prefix(self.place).ok().filter(|below| !below.as_os_str().is_empty())?;
        Some(format!("{}/.", below.display()))
    }
}

/// Makes the copy of a job.
pub(crate) type MakeCopy = fn(&Job<'_>) -> Result<(), Error>;

/// Tables in the directory of another one, in the order of their names; what a program left half done is hidden.
fn tables_inside(table: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(table).into_iter().flatten().flatten();
    let shown = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let mut tables: Vec<PathBuf> = shown.map(|entry| entry.path()).collect();
    tables.retain(|path| path.join("table.dat").is_file());
    tables.sort();
    tables
}

/// A keyword as the name of a directory: it does not leave the table's.
fn folder_name(keyword: &str) -> String {
    let name = keyword.replace('/', "_");
    if name.starts_with('.') || name.is_empty() { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_cannot_leave_the_table() {
        assert_eq!(["ANTENNA", "../x", "..", ""].map(folder_name), ["ANTENNA", "_.._x", "_..", "_"]);
    }
}

//! New files under names of their own, `.new-PID-N.fM…`, until the table is locked and they get theirs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;
use crate::lock::is_alive;
use crate::write::disk::Disk;

/// What all such names begin with.
const MARK: &str = ".new-";

/// The new files of one commit.
pub(crate) struct Stage {
    prefix: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Stage { prefix: format!("{MARK}{}-{n}.", std::process::id()) }
    }

    /// What stands for `table.fN`.
    pub(crate) fn stem(&self, seqnr: u32) -> String {
        format!("{}f{seqnr}", self.prefix)
    }

    /// What stands for a file of that name.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.trim_start_matches("table."))
    }

    /// Gives all files their names.
    pub(crate) fn reveal(&self, disk: &Disk, table: &Path) -> Result<(), Error> {
        for (file, rest) in files_of(table, &self.prefix) {
            disk.rename(&file, &table.join(format!("table.{rest}")))?;
        }
        Ok(())
    }

    /// Removes what has not got its name, after an error.
    pub(crate) fn remove(&self, disk: &Disk, table: &Path) {
        // The error is what is told.
        files_of(table, &self.prefix).iter().for_each(|(file, _)| drop(disk.remove(file)));
    }
}

/// Removes the files of processes that are no more.
pub(crate) fn remove_abandoned(disk: &Disk, table: &Path) -> Result<(), Error> {
    let is_abandoned = |rest: &str| {
        let process = rest.split('-').next().and_then(|pid| pid.parse().ok());
        process.is_some_and(|process| !is_alive(process))
    };
    let files = files_of(table, MARK);
    files.iter().filter(|(_, rest)| is_abandoned(rest)).try_for_each(|(file, _)| disk.remove(file))
}

/// The files whose names begin like this, in order, and how their names go on.
fn files_of(table: &Path, prefix: &str) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(table).into_iter().flatten().flatten();
    let rest = |name: &str| name.strip_prefix(prefix).map(str::to_owned);
    let mut files: Vec<_> =
        entries.filter_map(|e| Some((e.path(), rest(&e.file_name().to_string_lossy())?))).collect();
    files.sort();
    files
}

//! New files under names of their own, `.new-PID-N-TIME.fM…`, until the table is locked and they get theirs.
//!
//! A process number says nothing on another machine or in a container: a commit from there may take these for files of
//! a killed writer and remove them. So it is remembered which there are to be, and none gets its name unless all are
//! there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Error;
use crate::lock::is_alive;
use crate::write::disk::Disk;

/// What all such names begin with.
const MARK: &str = ".new-";

/// The new files of one commit.
pub(crate) struct Stage {
    prefix: String,
    /// All that there are to be.
    files: Mutex<BTreeSet<PathBuf>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        // So that a process of the same number elsewhere has other names.
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos());
        Stage { prefix: format!("{MARK}{}-{n}-{time:x}.", std::process::id()), files: Mutex::default() }
    }

    /// Remembers a file that is about to be made.
    pub(crate) fn expect(&self, file: &Path) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(file.to_owned());
    }

    /// Fails if a file is missing.
    pub(crate) fn check(&self, table: &Path) -> Result<(), Error> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(missing) = files.iter().find(|file| !file.exists()) else { return Ok(()) };
        let name = missing.file_name().unwrap_or_default().to_string_lossy();
        Err(Error::Refused {
            table: table.to_owned(),
            reason: format!(
                "its new file {name} went while others were written, as when a program on another machine or in a \
                 container changes the table as well; see that only one does, and do it again"
            ),
        })
    }

    /// What stands for `table.fN`.
    pub(crate) fn stem(&self, seqnr: u32) -> String {
        format!("{}f{seqnr}", self.prefix)
    }

    /// What stands for a file of that name.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.trim_start_matches("table."))
    }

    /// Gives all files their names, or none if one is missing.
    pub(crate) fn reveal(&self, disk: &Disk, table: &Path) -> Result<(), Error> {
        self.check(table)?;
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

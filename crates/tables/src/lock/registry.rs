//! The one table.lock of a table that a process has open.
//!
//! Byte locks belong to the process, and the system drops all of a file as soon as *any* of its descriptors is closed
//! in that process. So all tables of a process share one descriptor for a file, found by device and inode, and it is
//! opened and closed under the registry's mutex only.

use std::collections::HashMap;
use std::fs::OpenOptions as FileOptions;
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::file::LockFile;
use super::process::ProcessLock;
use crate::Error;

/// Device and inode.
type Key = (u64, u64);

struct Entry {
    lock: Arc<ProcessLock>,
    /// Descriptors that were opened by mistake, when a file was replaced just then; closed with the entry.
    spare: Vec<LockFile>,
    n_user: usize,
}

static OPEN: LazyLock<Mutex<HashMap<Key, Entry>>> = LazyLock::new(Mutex::default);

fn registry() -> MutexGuard<'static, HashMap<Key, Entry>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A use of a table.lock; the last one of a process closes it.
pub(crate) struct Shared {
    key: Key,
    /// `Some` until it is dropped.
    lock: Option<Arc<ProcessLock>>,
}

impl Shared {
    /// The lock file of a table; `None` where it has none, or one that may not be read.
    pub(crate) fn open(table: &Path) -> Result<Option<Shared>, Error> {
        let path = table.join("table.lock");
        match open(&path) {
            Ok(shared) => Ok(Some(shared)),
            // What is no folder is no table, as reading its description will say.
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(source) => Err(Error::io(&path, source)),
        }
    }

    /// As [`Shared::open`], with an empty file made where there is none.
    pub(crate) fn create(table: &Path) -> Result<Option<Shared>, Error> {
        let path = table.join("table.lock");
        let fail = |source| Error::Write { file: path.clone(), source };
        let opening = registry();
        match path.symlink_metadata() {
            // Nobody in this process has a file open that is not there.
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let file = FileOptions::new().write(true).create_new(true).open(&path).map_err(fail)?;
                io::Write::write_all(&mut &file, &[0; super::requests::LENGTH]).map_err(fail)?;
            }
            _ => {}
        }
        drop(opening);
        Shared::open(table)
    }
}

/// Opens the file, or joins those of this process that have it open.
fn open(path: &Path) -> io::Result<Shared> {
    let mut open = registry();
    let key = key(&path.metadata()?);
    if let Some(entry) = open.get_mut(&key) {
        return Ok(entry.join(key));
    }
    let file = LockFile::open(path.to_owned())?;
    let key = self::key(&file.file().metadata()?);
    if let Some(entry) = open.get_mut(&key) {
        entry.spare.push(file);
        return Ok(entry.join(key));
    }
    let lock = Arc::new(ProcessLock::new(file));
    let entry = open.entry(key).or_insert(Entry { lock, spare: Vec::new(), n_user: 0 });
    Ok(entry.join(key))
}

fn key(metadata: &std::fs::Metadata) -> Key {
    (metadata.dev(), metadata.ino())
}

impl Entry {
    fn join(&mut self, key: Key) -> Shared {
        self.n_user += 1;
        Shared { key, lock: Some(Arc::clone(&self.lock)) }
    }
}

impl Deref for Shared {
    type Target = ProcessLock;

    fn deref(&self) -> &ProcessLock {
        self.lock.as_ref().unwrap_or_else(|| unreachable!("only dropping takes it"))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut open = registry();
        // Declared after the mutex, so closed before it is released.
        let _mine = self.lock.take();
        let Some(entry) = open.get_mut(&self.key) else { return };
        entry.n_user -= 1;
        if entry.n_user == 0 {
            open.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::file::Byte;
    use crate::lock::option::LockKind;

    #[test]
    fn one_descriptor_for_a_file_whatever_its_name() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Shared::open(dir.path()).unwrap().is_none());
        let first = Shared::create(dir.path()).unwrap().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        let second = Shared::create(&link).unwrap().unwrap();
        assert!(std::ptr::eq(&*first, &*second));
        drop(first);
        assert!(registry().contains_key(&second.key));
        let key = second.key;
        drop(second);
        assert!(!registry().contains_key(&key));
    }

    #[test]
    fn a_file_that_took_the_place_of_another_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let first = Shared::create(dir.path()).unwrap().unwrap();
        std::fs::rename(dir.path().join("table.lock"), dir.path().join("old")).unwrap();
        let second = Shared::create(dir.path()).unwrap().unwrap();
        assert!(!std::ptr::eq(&*first, &*second));
        assert!(second.file().holder(Byte::Data, LockKind::Write).is_none());
    }
}

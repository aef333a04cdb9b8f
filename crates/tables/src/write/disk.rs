//! Every call that changes the disk, in one place: what a test lets fail or stop here is all that can.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;

/// One call that changes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskCall {
    /// A file or directory begins.
    Create,
    /// Bytes are written.
    Write,
    /// A file or directory is made durable.
    Sync,
    /// A name takes the place of another.
    Rename,
    /// A file gets a second name.
    Link,
    /// A file is copied.
    Copy,
    /// A file or directory goes.
    Remove,
}

/// Called before each call that changes the disk; an error takes the place of the call.
///
/// For tests of what happens when a process is killed or a disk is full.
pub type DiskHook = Arc<dyn Fn(DiskCall, &Path) -> io::Result<()> + Send + Sync>;

/// Makes the calls.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    hook: Option<DiskHook>,
}

impl Disk {
    pub(crate) fn hooked(hook: DiskHook) -> Self {
        Disk { hook: Some(hook) }
    }

    fn call<T>(
        &self,
        call: DiskCall,
        path: &Path,
        action: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, Error> {
        let before = self.hook.as_ref().map_or(Ok(()), |hook| hook(call, path));
        before.and_then(|()| action()).map_err(|source| Error::Write { file: path.to_owned(), source })
    }

    /// Calls the hook before a call that is made elsewhere.
    pub(crate) fn before(&self, call: DiskCall, path: &Path) -> Result<(), Error> {
        self.call(call, path, || Ok(()))
    }

    pub(crate) fn create_dir(&self, path: &Path) -> Result<(), Error> {
        self.call(DiskCall::Create, path, || std::fs::create_dir(path))
    }

    /// A new file, or an emptied one.
    pub(crate) fn create(&self, path: PathBuf) -> Result<NewFile, Error> {
        let file = self.call(DiskCall::Create, &path, || {
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)
        })?;
        Ok(NewFile { disk: self.clone(), path, file })
    }

    /// A file that exists, to be changed.
    pub(crate) fn open(&self, path: PathBuf) -> Result<NewFile, Error> {
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(|source| Error::Write { file: path.clone(), source })?;
        Ok(NewFile { disk: self.clone(), path, file })
    }

    /// A whole small file, durable.
    pub(crate) fn write(&self, path: PathBuf, bytes: &[u8]) -> Result<(), Error> {
        let file = self.create(path)?;
        file.write_at(0, bytes)?;
        file.sync()
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.call(DiskCall::Rename, to, || std::fs::rename(from, to))
    }

    /// A second name for a file, or a copy where the file system refuses one.
    pub(crate) fn link_or_copy(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let linked = self.call(DiskCall::Link, to, || Ok(std::fs::hard_link(from, to).is_ok()))?;
        if linked { Ok(()) } else { self.copy(from, to) }
    }

    pub(crate) fn copy(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.call(DiskCall::Copy, to, || std::fs::copy(from, to).map(|_| ()))
    }

    pub(crate) fn remove(&self, path: &Path) -> Result<(), Error> {
        self.call(DiskCall::Remove, path, || std::fs::remove_file(path))
    }

    pub(crate) fn remove_dir(&self, path: &Path) -> Result<(), Error> {
        self.call(DiskCall::Remove, path, || std::fs::remove_dir_all(path))
    }

    /// Makes what is in a file durable, also of one that may not be written.
    pub(crate) fn sync_file(&self, path: &Path) -> Result<(), Error> {
        self.sync_dir(path)
    }

    /// Makes the names in a directory durable.
    pub(crate) fn sync_dir(&self, path: &Path) -> Result<(), Error> {
        self.call(DiskCall::Sync, path, || File::open(path)?.sync_all())
    }
}

/// A file being written.
pub(crate) struct NewFile {
    disk: Disk,
    path: PathBuf,
    file: File,
}

impl NewFile {
    pub(crate) fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        self.disk.call(DiskCall::Write, &self.path, || self.file.write_all_at(bytes, offset))
    }

    pub(crate) fn set_len(&self, len: u64) -> Result<(), Error> {
        self.disk.call(DiskCall::Write, &self.path, || self.file.set_len(len))
    }

    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.disk.call(DiskCall::Sync, &self.path, || self.file.sync_all())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> Result<u64, Error> {
        self.file.metadata().map(|m| m.len()).map_err(|source| Error::io(&self.path, source))
    }

    pub(crate) fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), Error> {
        self.file.read_exact_at(bytes, offset).map_err(|source| Error::io(&self.path, source))
    }
}

/// Bytes that follow each other in a file, written a large piece at a time.
pub(crate) struct Stream {
    file: NewFile,
    /// Where `pending` goes.
    at: u64,
    pending: Vec<u8>,
}

/// Bytes of one write.
const PIECE: usize = 1 << 20;

impl Stream {
    pub(crate) fn new(file: NewFile, at: u64) -> Self {
        Stream { file, at, pending: Vec::new() }
    }

    /// Where the next byte goes.
    pub(crate) fn position(&self) -> u64 {
        self.at + self.pending.len() as u64
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.pending.len() + bytes.len() > PIECE {
            self.flush()?;
        }
        if bytes.len() >= PIECE {
            self.file.write_at(self.at, bytes)?;
            self.at += bytes.len() as u64;
        } else {
            self.pending.extend_from_slice(bytes);
        }
        Ok(())
    }

    pub(crate) fn zeros(&mut self, n: usize) -> Result<(), Error> {
        if self.pending.len() + n > PIECE {
            self.flush()?;
        }
        self.pending.resize(self.pending.len() + n, 0);
        Ok(())
    }

    /// Writes bytes over those at an offset before the position.
    pub(crate) fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        self.flush()?;
        self.file.write_at(offset, bytes)
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }

    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if !self.pending.is_empty() {
            self.file.write_at(self.at, &self.pending)?;
            self.at += self.pending.len() as u64;
            self.pending.clear();
        }
        Ok(())
    }

    /// Writes what is pending and then `head` over the start of the file; all durable.
    pub(crate) fn finish(mut self, head: &[u8]) -> Result<(), Error> {
        self.flush()?;
        if !head.is_empty() {
            self.file.write_at(0, head)?;
        }
        self.file.sync()
    }
}

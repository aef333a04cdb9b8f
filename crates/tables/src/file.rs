//! Reading at positions of a file whose length bounds every request.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::Error;

/// An open file.
pub(crate) struct DataFile {
    path: PathBuf,
    file: File,
    len: u64,
}

impl DataFile {
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((len, file)) => Ok(DataFile { path, file, len }),
            Err(source) => Err(Error::io(&path, source)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Makes `buffer` the `n` bytes at `offset`.
    pub(crate) fn read(&self, offset: u64, n: usize, buffer: &mut Vec<u8>) -> Result<(), Error> {
        if offset.checked_add(n as u64).is_none_or(|end| end > self.len) {
            return Err(self.too_short(offset, n));
        }
        // Grows only: the old contents are overwritten, so there is nothing to clear.
        if buffer.len() < n {
            buffer.resize(n, 0);
        }
        buffer.truncate(n);
        self.read_into(offset, buffer)
    }

    /// Fills `out` with the bytes at `offset`.
    pub(crate) fn read_into(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let n = out.len();
        if offset.checked_add(n as u64).is_none_or(|end| end > self.len) {
            return Err(self.too_short(offset, n));
        }
        self.file.read_exact_at(out, offset).map_err(|source| {
            if source.kind() == ErrorKind::UnexpectedEof {
                self.fail(offset, format!("{n} bytes"), "a file that became shorter")
            } else {
                Error::io(&self.path, source)
            }
        })
    }

    /// The `n` bytes at `offset` or, where the file ends before, those there are.
    pub(crate) fn read_up_to(&self, offset: u64, n: usize, buffer: &mut Vec<u8>) -> Result<(), Error> {
        let there = self.len.saturating_sub(offset).min(n as u64) as usize;
        self.read(offset.min(self.len), there, buffer)
    }

    fn too_short(&self, offset: u64, n: usize) -> Error {
        self.fail(offset, format!("{n} bytes"), format!("a file of {} bytes", self.len))
    }

    pub(crate) fn fail(&self, offset: u64, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::corrupt(&self.path, offset, expected, found)
    }
}

/// The whole of a file, for the small ones.
pub(crate) fn read_all(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::io(path, source))
}

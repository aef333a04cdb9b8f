//! The open table.lock of a process: its byte locks, its request list and its sync record.

use std::fs::{File, OpenOptions as FileOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::option::LockKind;
use super::requests::{LENGTH, Requests};
use super::sync::SyncRecord;
use crate::Error;

/// What each byte of the file stands for.
#[derive(Clone, Copy)]
pub(crate) enum Byte {
    /// Reading and writing the table.
    Data = 0,
    /// Having it open.
    InUse = 1,
}

/// What the system said to a lock.
pub(crate) enum Answer {
    Granted,
    Refused,
    /// The file system knows no locks; in the system's words.
    Unsupported(String),
}

/// The file. Invariant: a process has at most one of these for a file, see [`super::registry`].
pub(crate) struct LockFile {
    path: PathBuf,
    file: File,
    /// It was opened for writing too: requests can be left, and write locks taken.
    pub(crate) writable: bool,
}

/// Read at once: enough for the list and the record of a table with 400 storage managers.
const USUAL: usize = 2048;

impl LockFile {
    /// Opens the file, for writing if that is allowed.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        match FileOptions::new().read(true).write(true).open(&path) {
            Ok(file) => Ok(LockFile { path, file, writable: true }),
            Err(e) if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
                File::open(&path).map(|file| LockFile { path, file, writable: false })
            }
            Err(e) => Err(e),
        }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Tries to take a lock, without waiting.
    pub(crate) fn lock(&self, byte: Byte, kind: LockKind) -> Result<Answer, Error> {
        let kind = if kind == LockKind::Read { libc::F_RDLCK } else { libc::F_WRLCK };
        match fcntl(&self.file, FcntlArg::F_SETLK(&one_byte(byte, kind))) {
            Ok(_) => Ok(Answer::Granted),
            Err(Errno::EAGAIN | Errno::EACCES | Errno::EINTR) => Ok(Answer::Refused),
            Err(errno @ (Errno::ENOLCK | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL)) => {
                Ok(Answer::Unsupported(errno.desc().to_owned()))
            }
            Err(errno) => Err(self.fail(errno.into())),
        }
    }

    pub(crate) fn unlock(&self, byte: Byte) {
        // Giving up what one has does not fail; were it to, closing the file would do it.
        let _ = fcntl(&self.file, FcntlArg::F_SETLK(&one_byte(byte, libc::F_UNLCK)));
    }

    /// Another process whose lock stands in the way of one of this kind; `Some(None)` if the system does not name it.
    pub(crate) fn holder(&self, byte: Byte, kind: LockKind) -> Option<Option<u32>> {
        let wanted = if kind == LockKind::Read { libc::F_RDLCK } else { libc::F_WRLCK };
        let mut lock = one_byte(byte, wanted);
        fcntl(&self.file, FcntlArg::F_GETLK(&mut lock)).ok()?;
        let is_free = lock.l_type == libc::F_UNLCK as libc::c_short;
        (!is_free).then(|| u32::try_from(lock.l_pid).ok().filter(|&pid| pid > 0))
    }

    /// The request list and the sync record. Only under a lock are they sure to belong together.
    pub(crate) fn read(&self) -> Result<(Requests, Option<SyncRecord>), Error> {
        let mut bytes = self.start(USUAL)?;
        if bytes.len() == USUAL {
            let length = self.file.metadata().map_err(|e| self.fail(e))?.len();
            // The length in the record decides what is parsed; a file this long is no table.lock.
            bytes = self.start(length.min(1 << 24) as usize)?;
        }
        let record = SyncRecord::parse(&self.path, LENGTH as u64, bytes.get(LENGTH..).unwrap_or_default())?;
        Ok((Requests::parse(&bytes), record))
    }

    pub(crate) fn requests(&self) -> Requests {
        self.start(LENGTH).map(|bytes| Requests::parse(&bytes)).unwrap_or_default()
    }

    /// Changes the request list. Whoever cannot write there waits without having asked.
    pub(crate) fn change_requests(&self, change: impl FnOnce(&mut Requests) -> bool) {
        let mut list = self.requests();
        if self.writable && change(&mut list) {
            let _ = self.file.write_all_at(&list.bytes(), 0);
        }
    }

    /// Replaces the sync record, durably, or takes it away; under a write lock only.
    pub(crate) fn write(&self, record: Option<&SyncRecord>) -> Result<(), Error> {
        let write = || {
            let length = self.file.metadata()?.len();
            if length < LENGTH as u64 {
                self.file.write_all_at(&vec![0; LENGTH - length as usize], length)?;
            }
            self.file.write_all_at(&record.map_or_else(|| vec![0; 4], SyncRecord::bytes), LENGTH as u64)?;
            self.file.sync_data()
        };
        write().map_err(|source| Error::Write { file: self.path.clone(), source })
    }

    /// The first bytes, at most `most`.
    fn start(&self, most: usize) -> Result<Vec<u8>, Error> {
        let (mut bytes, mut n) = (vec![0; most], 0);
        while n < most {
            match self.file.read_at(&mut bytes[n..], n as u64) {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(self.fail(e)),
            }
        }
        bytes.truncate(n);
        Ok(bytes)
    }

    fn fail(&self, source: io::Error) -> Error {
        Error::io(&self.path, source)
    }
}

fn one_byte(byte: Byte, kind: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}

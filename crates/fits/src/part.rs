//! Output files under a temporary name: whole or absent.

use crate::Error;
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Whether an image can be written to `path`: its directory exists and takes new files, and `path` is absent unless
/// `overwrite`. For use before a long run; writes and removes an empty file with a name of its own.
///
/// # Errors
/// With a message that names the path and the way out.
pub fn check_writable(path: &Path, overwrite: bool) -> Result<(), Error> {
    check_absent(path, overwrite)?;
    Part::create(path).map(drop)
}

/// The part of [`check_writable`] that touches nothing.
pub(crate) fn check_absent(path: &Path, overwrite: bool) -> Result<(), Error> {
    // Not `exists`: a dangling symbolic link is something, too.
    match fs::symlink_metadata(path) {
        Ok(_) if path.is_dir() => Err(Error::NotAFile { path: path.to_owned(), reason: "it is a directory" }),
        Ok(_) if !overwrite => Err(Error::Exists { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// A new file beside its final place, removed on drop unless it was moved there.
pub(crate) struct Part {
    path: PathBuf,
    target: PathBuf,
    directory: PathBuf,
    file: File,
    moved: bool,
}

impl Part {
    /// Creates `<name>.<process>.part`, with a number where that exists.
    pub(crate) fn create(target: &Path) -> Result<Part, Error> {
        let not_a_file = || Error::NotAFile { path: target.to_owned(), reason: "it has no file name" };
        let name = target.file_name().ok_or_else(not_a_file)?;
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let (path, file) = create_new(&directory, name)
            .map_err(|source| Error::Directory { directory: directory.clone(), source })?;
        Ok(Part { path, target: target.to_owned(), directory, file, moved: false })
    }

    /// The file, opened for reading and writing.
    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Its name for CFITSIO.
    pub(crate) fn cfitsio_name(&self) -> Result<String, Error> {
        cfitsio_name(&self.path, &self.file)
    }

    /// Puts the file on the disk, then in its place.
    pub(crate) fn finish(mut self, overwrite: bool) -> Result<(), Error> {
        let io = |action, source| Error::Io { action, path: self.target.clone(), source };
        self.file.sync_all().map_err(|e| io("write", e))?;
        check_absent(&self.target, overwrite)?;
        fs::rename(&self.path, &self.target).map_err(|e| io("rename the finished file to", e))?;
        self.moved = true;
        // The name is safe once the directory is; systems that cannot sync directories lose nothing else by it.
        if let Ok(directory) = File::open(&self.directory) {
            let _ = directory.sync_all();
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.moved {
            // Nothing to be done about a failure: the error that led here is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn create_new(directory: &Path, name: &OsStr) -> std::io::Result<(PathBuf, File)> {
    let mut n = 0;
    loop {
        let mut part = OsString::from(name);
        let number = if n == 0 { String::new() } else { format!("-{n}") };
        part.push(format!(".{}{number}.part", std::process::id()));
        let path = directory.join(part);
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            // Another thread's, or one that a killed process with the same number left behind.
            Err(e) if e.kind() == ErrorKind::AlreadyExists && n < 100 => n += 1,
            other => return other.map(|file| (path, file)),
        }
    }
}

/// A name by which CFITSIO opens `file`, which lies at `path`.
///
/// CFITSIO reads brackets, parentheses, `+`, `!`, `:` and more in a name as commands, and `fitsio` wants UTF-8; a
/// path with anything but plain characters is therefore given as the descriptor's entry under `/proc`.
///
/// # Errors
/// For such a path where there is no `/proc`.
pub(crate) fn cfitsio_name(path: &Path, file: &File) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if let Some(name) = std::path::absolute(path).ok().and_then(|p| p.to_str().map(str::to_owned)) {
        // 1024 bytes is what CFITSIO takes; an absolute path cannot be its `-` or `stdin`.
        if name.starts_with('/') && name.len() < 1000 && name.chars().all(plain) {
            return Ok(name);
        }
    }
    descriptor_name(file).ok_or_else(|| Error::Name { path: path.to_owned() })
}

#[cfg(unix)]
fn descriptor_name(file: &File) -> Option<String> {
    use std::os::fd::AsRawFd;
    let name = format!("/proc/self/fd/{}", file.as_raw_fd());
    Path::new(&name).exists().then_some(name)
}

#[cfg(not(unix))]
fn descriptor_name(_file: &File) -> Option<String> {
    None
}

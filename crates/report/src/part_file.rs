//! Files that appear whole or not at all.

use crate::Error;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, remove_file, rename};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes to a name of its own beside `path` and gives it that name when all is on disk; removes it on failure.
pub(crate) fn write_whole(
    path: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), Error>,
) -> Result<(), Error> {
    let refuse =
        || if !overwrite && path.exists() { Err(Error::Exists { path: path.into() }) } else { Ok(()) };
    refuse()?;
    let failed = |source| Error::Write { path: path.into(), source };
    let (part, file) = create_part(path).map_err(failed)?;
    let write = || {
        let mut file = BufWriter::new(file);
        fill(&mut file)?;
        file.flush().map_err(failed)?;
        file.get_ref().sync_all().map_err(failed)?;
        // Looked at again: writing may have taken a while.
        refuse()?;
        rename(&part, path).map_err(failed)
    };
    write().inspect_err(|_| {
        // Nothing more can be done where even this fails; the first error is the one to tell.
        let _ = remove_file(&part);
    })
}

/// A new file beside `path`, `.<name>.<process>.part`, with a number where that exists: what is there under that name,
/// a link above all, is neither followed nor emptied.
fn create_part(path: &Path) -> std::io::Result<(PathBuf, File)> {
    let mut n = 0;
    loop {
        let part = part_name(path, n);
        match OpenOptions::new().write(true).create_new(true).open(&part) {
            // Another thread's, or one that a killed process with the same number left behind.
            Err(e) if e.kind() == ErrorKind::AlreadyExists && n < 100 => n += 1,
            other => return other.map(|file| (part, file)),
        }
    }
}

fn part_name(path: &Path, n: usize) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let number = if n == 0 { String::new() } else { format!("-{n}") };
    name.push(format!(".{}{number}.part", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            dir.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_no_part() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        std::fs::write(&path, "old").unwrap();
        let failure = || Error::Write { path: path.clone(), source: std::io::Error::other("disk full") };
        let err = write_whole(&path, true, |f| {
            f.write_all(b"half").unwrap();
            Err(failure())
        });
        assert!(err.unwrap_err().to_string().contains("a.json"));
        assert_eq!(
            (names(dir.path()), std::fs::read(&path).unwrap()),
            (vec!["a.json".into()], b"old".to_vec())
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_stands_under_the_temporary_name_is_neither_followed_nor_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let (path, precious) = (dir.path().join("a"), dir.path().join("precious"));
        std::fs::write(&precious, "mine").unwrap();
        std::os::unix::fs::symlink(&precious, part_name(&path, 0)).unwrap();
        std::fs::write(part_name(&path, 1), "left behind").unwrap();
        let text = |f: &mut BufWriter<File>| {
            f.write_all(b"new").map_err(|source| Error::Write { path: path.clone(), source })
        };
        write_whole(&path, false, text).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read(&precious).unwrap(), b"mine");
        assert_eq!(std::fs::read(part_name(&path, 1)).unwrap(), b"left behind");
        assert_eq!(names(dir.path()).len(), 4);
    }

    #[test]
    fn an_error_and_its_source_say_the_cause_once() {
        let dir = tempfile::tempdir().unwrap();
        let error = write_whole(&dir.path().join("no/a"), false, |_| Ok(())).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(!cause.is_empty() && !error.to_string().contains(&cause), "{error}");
    }

    #[test]
    fn an_existing_file_is_kept_unless_told_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let put = |text: &'static [u8], overwrite| {
            write_whole(&path, overwrite, |f| {
                f.write_all(text).map_err(|e| Error::Write { path: path.clone(), source: e })
            })
        };
        put(b"one", false).unwrap();
        assert!(matches!(put(b"two", false), Err(Error::Exists { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        put(b"two", true).unwrap();
        assert_eq!((names(dir.path()), std::fs::read(&path).unwrap()), (vec!["a".into()], b"two".to_vec()));
        let nowhere = dir.path().join("no/such/dir/a");
        assert!(matches!(write_whole(&nowhere, false, |_| Ok(())), Err(Error::Write { .. })));
    }
}

//! Files that appear whole or not at all.

use crate::Error;
use std::ffi::OsString;
use std::fs::{File, remove_file, rename};
use std::io::{BufWriter, Write};
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
    let part = part_name(path);
    let failed = |source| Error::Write { path: path.into(), source };
    let write = || {
        let mut file = BufWriter::new(File::create(&part).map_err(failed)?);
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

fn part_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
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

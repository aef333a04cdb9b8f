//! A MeasurementSet that gets its name when it is complete.

use crate::staging::{Scratch, TemporaryFolder};
use crate::{Error, Session};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A folder beside the MeasurementSet in which it is written.
pub(crate) struct StagedMs {
    folder: TemporaryFolder,
    scratch: Scratch,
    /// Where it is written.
    place: PathBuf,
    /// Where it will be.
    target: PathBuf,
    /// Whether a table that is there is replaced.
    overwrite: bool,
}

impl StagedMs {
    /// For a MeasurementSet at `target`; only another table may be there, and only with `overwrite`.
    pub(crate) fn new(target: &Path, overwrite: bool, session: &Session) -> Result<Self, Error> {
        let target: PathBuf = target.components().collect();
        let name = target.file_name().ok_or_else(|| {
            let problem = format!("`{}` is not the name of a MeasurementSet", target.display());
            Error::Option { option: "OUT", problem, way_out: "a name such as observation.ms".to_owned() }
        })?;
        check_free(&target, overwrite)?;
        let beside = target.parent().unwrap_or(Path::new(""));
        let folder = TemporaryFolder::new(beside, "OUT", &session.scratch)?;
        let (place, scratch) = (folder.path().join(name), session.scratch.clone());
        Ok(StagedMs { folder, scratch, place, target: target.clone(), overwrite })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.place
    }

    /// An error in the words of the MeasurementSet's own name.
    pub(crate) fn name(&self, error: ms::Error) -> Error {
        let (here, there) = (self.folder.path().display().to_string(), self.target.parent());
        let there =
            there.filter(|p| !p.as_os_str().is_empty()).map_or(".".to_owned(), |p| p.display().to_string());
        Error::Product(Error::Ms(error).full_text().replace(&here, &there))
    }

    /// Gives it its name, if that is still free or may be replaced. One that was there goes aside first, and away when the new one is in its place; a program
    /// that is killed between leaves it beside the target, under a hidden name.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let scratch = self.scratch.clone();
        let old = scratch.undisturbed(|| {
            check_free(&self.target, self.overwrite)?;
            let old = self.set_aside()?;
            self.put_in_place(old.as_deref())?;
            Ok::<_, Error>(old)
        })?;
        if let Some(old) = old {
            // The new one is there: nothing is lost where this fails.
            drop(fs::remove_dir_all(old));
        }
        Ok(())
    }

    /// Where the one that was there is now.
    fn set_aside(&self) -> Result<Option<PathBuf>, Error> {
        if self.target.symlink_metadata().is_err() {
            return Ok(None);
        }
        let aside = hidden(&self.target);
        fs::rename(&self.target, &aside).map_err(|source| self.failed(source))?;
        // Another program may have put something there since it was looked at.
        if is_table(&aside) {
            return Ok(Some(aside));
        }
        fs::rename(&aside, &self.target).map_err(|source| self.set_aside_for_ever(&aside, &source))?;
        Err(no_table(&self.target))
    }

    /// Renames the new one, or puts the old one back. Nothing is lost where something appears now: only an empty folder
    /// gives way to another one.
    fn put_in_place(&self, old: Option<&Path>) -> Result<(), Error> {
        let Err(source) = fs::rename(&self.place, &self.target) else { return Ok(()) };
        match old.map(|old| (old, fs::rename(old, &self.target))) {
            Some((old, Err(_))) => Err(self.set_aside_for_ever(old, &source)),
            _ => Err(self.failed(source)),
        }
    }

    /// The old one has no way back.
    fn set_aside_for_ever(&self, old: &Path, why: &io::Error) -> Error {
        let (target, old) = (self.target.display(), old.display());
        Error::Product(format!(
            "{target} cannot be replaced ({why}); the old one is {old} now\n  try: mv {old} {target}"
        ))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Folder { path: self.target.clone(), option: "OUT", source }
    }
}

/// A name beside `target` that nothing has, where the old one waits while the new one takes its place.
fn hidden(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let names = (0_u64..).map(|n| format!(".{name}.replaced-{}-{n}", std::process::id()));
    let mut free = names.map(|name| target.with_file_name(name)).filter(|p| p.symlink_metadata().is_err());
    // Invariant: no folder has all of them.
    free.next().unwrap_or_default()
}

/// Whether a MeasurementSet may be made at `target`.
fn check_free(target: &Path, overwrite: bool) -> Result<(), Error> {
    if target.symlink_metadata().is_err() {
        return Ok(());
    }
    let text = target.display();
    if !overwrite {
        return Err(Error::Product(format!("{text} exists already\n  try: another name, or --overwrite")));
    }
    if is_table(target) { Ok(()) } else { Err(no_table(target)) }
}

fn is_table(path: &Path) -> bool {
    path.join("table.dat").is_file() && !path.is_symlink()
}

fn no_table(path: &Path) -> Error {
    Error::Product(format!("{} is no table, and is not replaced\n  try: another name", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table is what has a `table.dat`.
    fn table(path: &Path, text: &str) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("table.dat"), text).unwrap();
    }

    fn text(path: &Path) -> String {
        fs::read_to_string(path.join("table.dat")).unwrap()
    }

    /// An old one, and a new one that is to replace it.
    fn old_and_new(dir: &Path) -> (Session, StagedMs) {
        table(&dir.join("x.ms"), "old");
        let session = Session::silent();
        let staged = StagedMs::new(&dir.join("x.ms"), true, &session).unwrap();
        table(staged.path(), "new");
        (session, staged)
    }

    fn names(dir: &Path) -> Vec<PathBuf> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn the_new_one_takes_the_place_of_the_old() {
        let dir = tempfile::tempdir().unwrap();
        let (_, staged) = old_and_new(dir.path());
        staged.commit().unwrap();
        assert_eq!(
            (names(dir.path()), text(&dir.path().join("x.ms"))),
            (vec![dir.path().join("x.ms")], "new".into())
        );
    }

    #[test]
    fn the_old_one_outlives_a_stop_between_the_renames() {
        let dir = tempfile::tempdir().unwrap();
        let (session, staged) = old_and_new(dir.path());
        let old = staged.set_aside().unwrap().unwrap();
        session.scratch.discard();
        drop(staged);
        assert_eq!(names(dir.path()), std::slice::from_ref(&old));
        assert_eq!(text(&old), "old");
    }

    #[test]
    fn what_appears_meanwhile_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let session = Session::silent();
        let target = dir.path().join("x.ms");
        for (overwrite, file) in [(false, "table.dat"), (true, "thesis.txt")] {
            let staged = StagedMs::new(&target, overwrite, &session).unwrap();
            table(staged.path(), "new");
            fs::create_dir(&target).unwrap();
            fs::write(target.join(file), "another's").unwrap();
            assert!(staged.commit().is_err());
            assert_eq!(fs::read_to_string(target.join(file)).unwrap(), "another's");
            assert_eq!(names(dir.path()), std::slice::from_ref(&target));
            fs::remove_dir_all(&target).unwrap();
        }
    }

    #[test]
    fn the_old_one_comes_back_when_the_new_one_cannot_be_named() {
        let dir = tempfile::tempdir().unwrap();
        let (_, staged) = old_and_new(dir.path());
        fs::remove_dir_all(staged.path()).unwrap();
        assert!(staged.commit().is_err());
        assert_eq!(
            (names(dir.path()), text(&dir.path().join("x.ms"))),
            (vec![dir.path().join("x.ms")], "old".into())
        );
    }
}

//! A MeasurementSet that gets its name when it is complete.

use crate::staging::TemporaryFolder;
use crate::{Error, Session};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder beside the MeasurementSet in which it is written.
pub(crate) struct StagedMs {
    folder: TemporaryFolder,
    /// Where it is written.
    place: PathBuf,
    /// Where it will be.
    target: PathBuf,
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
        Ok(StagedMs { place: folder.path().join(name), folder, target: target.clone() })
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

    /// Gives it its name. One that was there goes aside first and away afterwards.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let failed = |source| Error::Folder { path: self.target.clone(), option: "OUT", source };
        let aside = self.folder.path().join("replaced");
        let replaces = self.target.symlink_metadata().is_ok();
        if replaces {
            fs::rename(&self.target, &aside).map_err(failed)?;
        }
        if let Err(source) = fs::rename(&self.place, &self.target) {
            if replaces {
                // It was there a moment ago: nothing else can be done for it.
                drop(fs::rename(&aside, &self.target));
            }
            return Err(failed(source));
        }
        Ok(())
    }
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
    if target.join("table.dat").is_file() && !target.is_symlink() {
        return Ok(());
    }
    Err(Error::Product(format!("{text} is no table, and is not replaced\n  try: another name")))
}

//! Running the real binary on the small MeasurementSet that is committed as a fixture.

use assert_cmd::Command;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A folder of its own for one test.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

#[allow(dead_code, reason = "every test file uses its share of these")]
impl Place {
    pub(crate) fn new() -> Self {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A copy of the fixture that the test may damage.
    pub(crate) fn copy_ms(&self) -> PathBuf {
        let to = self.path("copy.ms");
        testkit::copy_tree(&testkit::fixture("tiny.ms"), &to);
        to
    }

    /// `facette dirty MS --npix 64 --cell 20arcsec --out <here>/out` and what else is given.
    pub(crate) fn dirty(&self, ms: &Path, more: &[&str]) -> Command {
        let mut command = facette(&["dirty"]);
        command
            .arg(ms)
            .args(["--npix", "64", "--cell", "20arcsec", "--out"])
            .arg(self.path("out"))
            .args(more);
        command
    }

    /// Names of the files in this folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<_> = names.map(|n| n.into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The binary with these arguments.
pub(crate) fn facette(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facette"));
    command.args(args);
    command
}

/// Every file below `dir` with its bytes.
#[allow(dead_code, reason = "every test file uses its share of these")]
pub(crate) fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

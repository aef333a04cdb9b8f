//! `cargo xtask conformance`: every table below a folder against what casacore reads of it.

use crate::{repo, run};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "conformance",
    about: "compares every table below a folder with digests that casacore made",
    help: "usage: cargo xtask conformance [DIR]\n\n\
           Reads every table below DIR and compares every cell of every column and every keyword with\n\
           DIR.digest.json, which python-casacore wrote. Says which tables and columns were read, which are\n\
           kept by storage managers that are not supported, and everything that differs: then it fails.\n\
           Without DIR it is `ms` in the folder FACETTE_DATA, else in ../shared/data; there fewer than\n\
           321 tables fail too, and without those data it says that it was skipped.",
    run: |args| match args {
        [] => check(),
        [folder] => compare(Path::new(folder), 0),
        _ => bail!("one folder, please"),
    },
};

/// Tables among the real data.
const REAL_TABLES: usize = 321;

/// Compares the real data where they are.
///
/// # Errors
/// When anything differs or tables are missing.
pub(crate) fn check() -> Result<()> {
    let data = std::env::var_os("FACETTE_DATA")
        .map_or_else(|| repo::root().join("../shared/data"), |data| repo::root().join(data));
    let folder = data.join("ms");
    if folder.exists() && data.join("ms.digest.json").exists() {
        return compare(&folder, REAL_TABLES);
    }
    println!("SKIPPED conformance: no ms and ms.digest.json below FACETTE_DATA or ../shared/data");
    Ok(())
}

fn compare(folder: &Path, least: usize) -> Result<()> {
    let here: PathBuf = std::env::current_dir()?.join(folder);
    let args =
        ["run", "--quiet", "--locked", "--package", "facette-tables", "--example", "conformance", "--"];
    let mut read = None;
    let mut command = run::cargo();
    let ok = run::lines(command.args(args).arg(&here), |line| {
        println!("{line}");
        read = read.or_else(|| tables_read(line));
    })?;
    if !ok {
        bail!("tables below {} are not read as casacore reads them", folder.display());
    }
    let read = read.context("the comparison did not say how many tables it read")?;
    if read < least {
        bail!("{read} tables below {}, there should be {least}", folder.display());
    }
    Ok(())
}

/// The number in `12 tables read, …`.
fn tables_read(line: &str) -> Option<usize> {
    line.split_once(" tables read,")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_its_line_only() {
        assert_eq!(tables_read("321 tables read, 0 skipped, 3095 columns compared"), Some(321));
        assert_eq!(tables_read("3 mismatches"), None);
    }
}

//! A table and its subtables into a folder.

use crate::{
    Error, Format,
    place::{only_exported, replaceable},
    write::write,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use tables::{Table, Value};

/// What to export, and where to.
pub struct Request<'a> {
    /// The table.
    pub table: &'a Table,
    /// The folder that is made.
    pub out: &'a Path,
    /// Format of its files.
    pub format: Format,
    /// Columns of the table; all where empty.
    pub columns: Vec<String>,
    /// Whether the tables that its keywords refer to are exported too.
    pub subtables: bool,
    /// Whether a folder of this name may be replaced, if it holds nothing but what an export made.
    pub overwrite: bool,
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, the main table first.
    pub files: Vec<PathBuf>,
    /// Their sizes together.
    pub n_byte: u64,
    /// What could not be read and was left out: columns of storage that is not supported, missing subtables.
    pub left_out: Vec<String>,
}

/// Exports a table. Files are written in a folder beside the one asked for, which is then renamed.
///
/// # Errors
/// When `out` is there and may not be replaced, at the start or when it is to get its name; is part of the table or
/// holds it, the table is damaged, a column that was asked for is not there, or files cannot be written; then nothing is
/// left behind.
pub fn export(request: &Request<'_>) -> Result<Written, Error> {
    replaceable(request)?;
    let part = beside(request.out, "part");
    let io = |source| Error::Io { path: part.clone(), source };
    fs::create_dir(&part).map_err(io)?;
    let written = Folder { request, part: &part, written: Written::default(), seen: BTreeSet::new() }
        .fill()
        .and_then(|written| put_in_place(request, &part).map(|()| written));
    if written.is_err() {
        drop(fs::remove_dir_all(&part));
    }
    written
}

/// `out.part-1234`, of this process.
fn beside(out: &Path, what: &str) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}-{}", std::process::id()));
    out.with_file_name(name)
}

/// Puts `part` in the place of `out`; what was there is gone only when it is, and only if it is still an export that may
/// be replaced.
fn put_in_place(request: &Request<'_>, part: &Path) -> Result<(), Error> {
    replaceable(request)?;
    let out = request.out;
    let io = |source| Error::Io { path: out.to_owned(), source };
    if out.symlink_metadata().is_err() {
        // Nothing is lost where something appears now: only an empty folder gives way to one.
        return fs::rename(part, out).map_err(io);
    }
    let old = beside(out, "old");
    fs::rename(out, &old).map_err(io)?;
    let put = only_exported(&old, out).and_then(|()| fs::rename(part, out).map_err(io));
    match put {
        Ok(()) => fs::remove_dir_all(&old).map_err(|source| Error::Io { path: old, source }),
        Err(error) => match fs::rename(&old, out) {
            Ok(()) => Err(error),
            Err(_) => Err(Error::SetAside { path: out.to_owned(), old, why: error.to_string() }),
        },
    }
}

/// A folder in the making.
struct Folder<'a> {
    request: &'a Request<'a>,
    part: &'a Path,
    written: Written,
    seen: BTreeSet<PathBuf>,
}

impl Folder<'_> {
    fn fill(mut self) -> Result<Written, Error> {
        let table = self.request.table;
        let columns = self.readable(table, "main", &self.request.columns.clone())?;
        self.table("main", table, &columns)?;
        if self.request.subtables {
            self.subtables(table, "")?;
        }
        Ok(self.written)
    }

    fn subtables(&mut self, table: &Table, prefix: &str) -> Result<(), Error> {
        self.seen.insert(table.path().to_owned());
        let keywords = table.keywords().iter().filter(|(_, value)| matches!(value, Value::Table(_)));
        for (keyword, _) in keywords {
            let name = format!("{prefix}{}", file_name(keyword));
            match table.subtable(keyword) {
                Ok(subtable) if self.seen.contains(subtable.path()) => {}
                Ok(subtable) => {
                    let columns = self.readable(&subtable, &name, &[])?;
                    self.table(&name, &subtable, &columns)?;
                    self.subtables(&subtable, &format!("{name}."))?;
                }
                Err(error) => self.written.left_out.push(format!("{name}: {error}")),
            }
        }
        Ok(())
    }

    /// The columns that were asked for, or all whose storage is supported.
    fn readable(&mut self, table: &Table, name: &str, asked: &[String]) -> Result<Vec<String>, Error> {
        if !asked.is_empty() {
            return Ok(asked.to_vec());
        }
        let mut columns = Vec::new();
        for column in table.column_names() {
            match table.column(column)?.read(0..0) {
                Err(tables::Error::UnsupportedStorage { storage_manager, .. }) => {
                    self.written.left_out.push(format!("{name} {column}: stored by {storage_manager}"));
                }
                Err(error) => return Err(error.into()),
                Ok(_) => columns.push(column.to_owned()),
            }
        }
        Ok(columns)
    }

    fn table(&mut self, name: &str, table: &Table, columns: &[String]) -> Result<(), Error> {
        let file = format!("{name}.{}", self.request.format.extension());
        let path = self.part.join(&file);
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        write(&path, self.request.format, table.batches(&columns, 0..table.n_row(), None)?)?;
        self.written.n_byte += path.metadata().map_or(0, |m| m.len());
        self.written.files.push(self.request.out.join(file));
        Ok(())
    }
}

/// A keyword as a file's name: what is neither letter, digit nor underscore becomes an underscore.
fn file_name(keyword: &str) -> String {
    keyword.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_cannot_leave_the_folder() {
        assert_eq!(file_name("../x/ANTENNA 1"), "___x_ANTENNA_1");
        assert!(beside(Path::new("/a/out"), "part").starts_with("/a"));
    }

    /// A table, an export of it that waits beside its place, and the place.
    fn waiting(dir: &Path) -> (Table, PathBuf, PathBuf) {
        let (part, out) = (dir.join("part"), dir.join("out"));
        fs::create_dir(&part).unwrap();
        fs::write(part.join("main.parquet"), "new").unwrap();
        (Table::open(testkit::fixture("tiny.ms")).unwrap(), part, out)
    }

    fn put(table: &Table, (part, out): (&Path, &Path), overwrite: bool) -> Result<(), Error> {
        let (format, columns) = (Format::Parquet, Vec::new());
        put_in_place(&Request { table, out, format, columns, subtables: true, overwrite }, part)
    }

    #[test]
    fn what_appears_meanwhile_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (table, part, out) = waiting(dir.path());
        fs::create_dir(&out).unwrap();
        fs::write(out.join("main.parquet"), "another's").unwrap();
        assert!(matches!(put(&table, (&part, &out), false), Err(Error::Exists { .. })));
        fs::write(out.join("thesis.txt"), "years").unwrap();
        assert!(matches!(put(&table, (&part, &out), true), Err(Error::NotOurs { .. })));
        assert_eq!(fs::read_to_string(out.join("main.parquet")).unwrap(), "another's");
        fs::remove_file(out.join("thesis.txt")).unwrap();
        put(&table, (&part, &out), true).unwrap();
        assert_eq!(fs::read_to_string(out.join("main.parquet")).unwrap(), "new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_old_one_comes_back_when_the_new_one_cannot_be_named() {
        let dir = tempfile::tempdir().unwrap();
        let (table, part, out) = waiting(dir.path());
        fs::create_dir(&out).unwrap();
        fs::write(out.join("main.parquet"), "old").unwrap();
        fs::remove_dir_all(&part).unwrap();
        assert!(matches!(put(&table, (&part, &out), true), Err(Error::Io { .. })));
        assert_eq!(fs::read_to_string(out.join("main.parquet")).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

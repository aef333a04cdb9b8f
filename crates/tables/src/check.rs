//! Walks the whole structure of a table and its subtables and says everything that is damaged.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::keyword_path::resolve;
use crate::{Column, Error, OpenOptions, Record, Table, Value};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, nothing is wrong.
    Note,
    /// Programs may stumble over it.
    Warning,
    /// Something cannot be read, or contradicts itself.
    Damage,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The table.
    pub table: PathBuf,
    /// The column, where it is one.
    pub column: Option<String>,
    /// The rows, where it is some.
    pub rows: Option<Range<u64>>,
    /// What is wrong.
    pub problem: String,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Tables that could be opened, the first one first.
    pub tables: Vec<PathBuf>,
    /// Columns whose cells were read.
    pub n_column: usize,
    /// Cells that could be read.
    pub n_cell: u64,
    /// Files in the tables' directories.
    pub n_file: usize,
    /// Their sizes together, in bytes.
    pub n_byte: u64,
    /// Everything that was found, table by table.
    pub findings: Vec<Finding>,
}

/// Ranges of damaged rows that are named of one column; after them the rest is not looked at.
const MOST_RANGES: usize = 16;

impl Finding {
    /// A finding about a table.
    pub fn new(severity: Severity, table: &Path, problem: impl Into<String>) -> Finding {
        Finding { severity, table: table.to_owned(), column: None, rows: None, problem: problem.into() }
    }

    /// The same about a column.
    pub fn of_column(self, column: &str) -> Finding {
        Finding { column: Some(column.to_owned()), ..self }
    }

    /// The same about rows of it.
    pub fn at_rows(self, rows: Range<u64>) -> Finding {
        Finding { rows: Some(rows), ..self }
    }
}

impl Walk {
    /// Reads every file, description, keyword and cell of a table and of all tables that its keywords refer to.
    /// Goes on behind damage, so that all of it is found in one run.
    ///
    /// Tables are opened as `options` say; a walk that is cancelled ends, and its findings are worth nothing. Files that belong to nothing are notes. Reading takes as long as reading the table does, and some megabytes.
    pub fn through(path: &Path, options: &OpenOptions) -> Walk {
        let mut walk = Walk::default();
        let mut seen = BTreeSet::new();
        walk.table(path, options, &mut seen);
        walk
    }

    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|f| f.severity < Severity::Damage)
    }

    fn table(&mut self, path: &Path, options: &OpenOptions, seen: &mut BTreeSet<PathBuf>) {
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned())) {
            return;
        }
        let table = match Table::open_with(path, options) {
            Ok(table) => table,
            Err(error) => {
                return self.findings.push(Finding::new(severity_of(&error), path, full_text(&error)));
            }
        };
        self.tables.push(path.to_owned());
        // A view has the keywords of another table, and their names are to be understood from there.
        let base = table.base().to_owned();
        let mut referred: Vec<(String, PathBuf)> = Vec::new();
        collect_tables(&base, table.keywords(), &mut referred);
        let names: Vec<String> = table.column_names().map(str::to_owned).collect();
        for name in names {
            if table.options().still_wanted(path).is_err() {
                return;
            }
            match table.column(&name) {
                Ok(column) => {
                    collect_tables(&base, &column.info().keywords, &mut referred);
                    self.column(&table, &column);
                }
                Err(error) => self
                    .findings
                    .push(Finding::new(severity_of(&error), path, full_text(&error)).of_column(&name)),
            }
        }
        self.files(&table, &referred);
        for (keyword, subtable) in referred {
            if subtable.join("table.dat").exists() {
                self.table(&subtable, options, seen);
            } else {
                let problem =
                    format!("the keyword {keyword} refers to {}, which is no table", subtable.display());
                self.findings.push(Finding::new(Severity::Damage, path, problem));
            }
        }
    }

    fn column(&mut self, table: &Table, column: &Column) {
        let name = column.info().name.as_str();
        let found =
            |error: &Error| Finding::new(severity_of(error), table.path(), full_text(error)).of_column(name);
        let mut n_row = table.n_row();
        // What fails without a row fails in all of them.
        if let Err(error) = column.read(0..0) {
            return self.findings.push(found(&error));
        }
        if let Some(error) = column.read(0..n_row.min(1)).err().or_else(|| last_row(column, n_row)) {
            if let Error::MissingRows { stored, .. } = error {
                self.findings.push(found(&error).at_rows(stored..n_row));
                n_row = stored;
            } else if !is_local(&error) {
                return self.findings.push(found(&error));
            }
        }
        self.n_column += 1;
        let mut bad: Vec<(Range<u64>, Error)> = Vec::new();
        for rows in column.blocks(n_row) {
            if table.options().still_wanted(table.path()).is_err() {
                return;
            }
            self.n_cell += unreadable(column, rows.clone(), &mut bad);
            if bad.len() > MOST_RANGES {
                let rest = format!("more is damaged, rows from {} on were not looked at", rows.end);
                bad.truncate(MOST_RANGES);
                self.findings.push(Finding::new(Severity::Damage, table.path(), rest).of_column(name));
                break;
            }
        }
        self.findings.extend(bad.iter().map(|(rows, error)| found(error).at_rows(rows.clone())));
    }

    /// Counts files, and notes those that belong to nothing.
    fn files(&mut self, table: &Table, referred: &[(String, PathBuf)]) {
        let Ok(entries) = std::fs::read_dir(table.path()) else { return };
        let mut names: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.file_name())).collect();
        names.sort();
        for name in names {
            let path = table.path().join(&name);
            let name = name.to_string_lossy();
            if path.is_dir() {
                let known = referred.iter().any(|(_, subtable)| *subtable == path);
                if !known && path.join("table.dat").exists() {
                    let problem = format!("the table {name} inside is referred to by no keyword");
                    self.findings.push(Finding::new(Severity::Note, table.path(), problem));
                }
                continue;
            }
            self.n_file += 1;
            self.n_byte += path.metadata().map_or(0, |m| m.len());
            if !belongs(table, &name) {
                let problem = format!("the file {name} belongs to no storage manager");
                self.findings.push(Finding::new(Severity::Note, table.path(), problem));
            }
        }
    }
}

/// Whether a file of a table's directory is one of the table format.
fn belongs(table: &Table, name: &str) -> bool {
    let Some(rest) = name.strip_prefix("table.f") else {
        return matches!(name, "table.dat" | "table.info" | "table.lock" | "table.mf");
    };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().is_ok_and(|number: u32| table.storages().any(|s| s.number == number))
}

fn last_row(column: &Column, n_row: u64) -> Option<Error> {
    if n_row == 0 { None } else { column.cell_shape(n_row - 1).err() }
}

/// Whether other rows may be readable where a row gave this error.
fn is_local(error: &Error) -> bool {
    match error {
        Error::Column { source, .. } => is_local(source),
        Error::Corrupt { .. } | Error::Io { .. } | Error::TooLarge { .. } => true,
        _ => false,
    }
}

fn severity_of(error: &Error) -> Severity {
    match error {
        Error::UnsupportedStorage { .. } | Error::UnsupportedTable { .. } => Severity::Warning,
        _ => Severity::Damage,
    }
}

/// Reads `rows`, and where that fails its halves, down to the rows that are to blame; cells that could be read.
fn unreadable(column: &Column, rows: Range<u64>, bad: &mut Vec<(Range<u64>, Error)>) -> u64 {
    let n = rows.end - rows.start;
    if n == 0 || bad.len() > MOST_RANGES {
        return 0;
    }
    let Err(error) = column.read(rows.clone()) else { return n };
    if n == 1 {
        match bad.last_mut() {
            Some((last, before)) if last.end == rows.start && before.to_string() == error.to_string() => {
                last.end = rows.end;
            }
            _ => bad.push((rows, error)),
        }
        return 0;
    }
    let middle = rows.start + n / 2;
    unreadable(column, rows.start..middle, bad) + unreadable(column, middle..rows.end, bad)
}

/// Keywords that refer to tables, and where those are.
fn collect_tables(table: &Path, keywords: &Record, out: &mut Vec<(String, PathBuf)>) {
    for (name, value) in keywords.iter() {
        match value {
            Value::Table(stored) => out.push((name.to_owned(), resolve(table, stored))),
            Value::Record(record) => collect_tables(table, record, out),
            _ => {}
        }
    }
}

/// The message, without what its cause says once more.
fn full_text(error: &Error) -> String {
    match error {
        Error::Column { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

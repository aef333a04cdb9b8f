//! Exported tables: complete, the same bytes each time, nothing left behind; values as pyarrow and casacore read them.

use facette_export::{Error, Format, Request, Written, export};
use std::path::Path;
use tables::Table;

fn run(table: &Path, out: &Path, format: Format, overwrite: bool) -> Result<Written, Error> {
    let table = Table::open(table).unwrap();
    export(&Request { table: &table, out, format, columns: Vec::new(), subtables: true, overwrite })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_table_is_a_file_and_bytes_repeat() {
    let dir = tempfile::tempdir().unwrap();
    for format in [Format::Ipc, Format::Parquet] {
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        let written = run(&testkit::fixture("tiny.ms"), &a, format, true).unwrap();
        run(&testkit::fixture("tiny.ms"), &b, format, true).unwrap();
        assert_eq!((written.files.len(), written.left_out.len()), (13, 0));
        assert_eq!(names(&a), names(&b));
        for name in names(&a) {
            assert!(std::fs::read(a.join(&name)).unwrap() == std::fs::read(b.join(&name)).unwrap(), "{name}");
        }
        assert_eq!(names(dir.path()), ["a", "b"], "nothing else is left");
    }
}

#[test]
fn what_exists_stays_and_what_fails_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    run(&testkit::fixture("tiny.ms"), &out, Format::Ipc, false).unwrap();
    let again = run(&testkit::fixture("tiny.ms"), &out, Format::Ipc, false);
    assert!(matches!(again, Err(Error::Exists { .. })));
    let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
    let columns = vec!["NOT_THERE".to_owned()];
    let other = dir.path().join("other");
    let request = Request {
        table: &table,
        out: &other,
        format: Format::Ipc,
        columns,
        subtables: false,
        overwrite: false,
    };
    assert!(export(&request).is_err());
    assert_eq!(names(dir.path()), ["out"]);
}

/// Neither the table nor a folder with something else is replaced, whatever is asked for.
#[test]
fn nothing_but_an_export_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let ms = dir.path().join("my.ms");
    testkit::copy_tree(&testkit::fixture("tiny.ms"), &ms);
    let (link, other) = (dir.path().join("link"), dir.path().join("other"));
    std::os::unix::fs::symlink(&ms, &link).unwrap();
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("main.parquet"), "").unwrap();
    std::fs::write(other.join("thesis.txt"), "years").unwrap();
    let n_file = names(&ms).len();
    for out in [&ms, &link, &other, &ms.join("ANTENNA"), &ms.join("new"), &dir.path().to_owned()] {
        let refused = run(&ms, out, Format::Parquet, true);
        assert!(matches!(refused, Err(Error::NotOurs { .. })), "{}: {refused:?}", out.display());
    }
    assert_eq!((names(&ms).len(), names(&other).len()), (n_file, 2));
    assert_eq!(names(dir.path()), ["link", "my.ms", "other"]);
    std::fs::remove_file(other.join("thesis.txt")).unwrap();
    assert_eq!(run(&ms, &other, Format::Parquet, true).unwrap().files.len(), 13);
}

/// Every cell that pyarrow reads equals casacore's.
#[test]
fn pyarrow_and_casacore_read_the_same() {
    let test = "pyarrow_and_casacore_read_the_same";
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compare.py");
    let mut tables = vec![testkit::fixture("tiny.ms"), testkit::fixture("mixed.ms")];
    for name in ["ms/evla_day2.ms", "ms/wsrt_ndppp_bda.ms", "ms/lwa_sv.ms"] {
        tables.extend(testkit::real_data(test, name));
    }
    for (i, table) in tables.iter().enumerate() {
        for format in [Format::Ipc, Format::Parquet] {
            let Some(mut python) = testkit::peer_python(test) else { return };
            let out = dir.path().join(format!("{i}.{}", format.extension()));
            let written = run(table, &out, format, false).unwrap();
            assert!(written.left_out.is_empty(), "{written:?}");
            let output = python.arg(&script).arg(table).arg(&out).arg(format.extension()).output().unwrap();
            let (said, failed) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{}: {failed}", table.display());
            let n_cell: u64 = said.trim().parse().unwrap();
            assert!(n_cell > 300, "{}: {n_cell}", table.display());
        }
    }
}

#[test]
fn an_export_that_is_cancelled_leaves_nothing() {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };
    let dir = tempfile::tempdir().unwrap();
    // The first question is asked while shapes are looked at, later ones between batches of every table.
    for after in [0, 30, 200] {
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let asked = left.clone();
        let cancelled = Arc::new(move || asked.fetch_sub(1, Ordering::Relaxed) <= 0);
        let options = tables::OpenOptions { cancelled: Some(cancelled), ..Default::default() };
        let table = Table::open_with(testkit::fixture("tiny.ms"), &options).unwrap();
        left.store(after, Ordering::Relaxed);
        let out = dir.path().join("out");
        let request = Request {
            table: &table,
            out: &out,
            format: Format::Parquet,
            columns: Vec::new(),
            subtables: true,
            overwrite: false,
        };
        let error = export(&request).unwrap_err();
        assert!(error.to_string().contains("cancelled"), "after {after}: {error}");
        assert!(names(dir.path()).is_empty(), "after {after}: {:?}", names(dir.path()));
    }
}

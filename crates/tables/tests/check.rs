//! What the walk through a table finds: nothing in sound ones, every damage in damaged ones.

use std::path::PathBuf;

use facette_tables::{OpenOptions, Severity, Table, TableDiff, Tolerance, Walk};

fn fixture_copy(dir: &tempfile::TempDir) -> PathBuf {
    let to = dir.path().join("copy.ms");
    testkit::copy_tree(&testkit::fixture("tiny.ms"), &to);
    to
}

fn damages(walk: &Walk) -> Vec<String> {
    let bad = walk.findings.iter().filter(|f| f.severity == Severity::Damage);
    bad.map(|f| format!("{} {:?} {:?} {}", f.table.display(), f.column, f.rows, f.problem)).collect()
}

#[test]
fn a_sound_table_has_no_findings() {
    let walk = Walk::through(&testkit::fixture("tiny.ms"), &OpenOptions::default());
    assert_eq!(walk.findings, []);
    assert_eq!(walk.tables.len(), 13);
    assert!(walk.is_sound() && walk.n_column > 100 && walk.n_cell > 84 * 20, "{walk:?}");
}

/// Their subtables are those of the tables they show.
#[test]
fn sound_views_have_no_damage() {
    let walk = Walk::through(&testkit::fixture("managers/multi.mms"), &OpenOptions::default());
    assert_eq!(damages(&walk), [""; 0]);
    assert!(Walk::through(&testkit::fixture("managers/selected.tab"), &OpenOptions::default()).is_sound());
}

#[test]
fn every_damage_is_found_in_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let ms = fixture_copy(&dir);
    let cut = |file: &str| {
        let path = ms.join(file);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    };
    cut("table.f0");
    cut("ANTENNA/table.dat");
    std::fs::remove_dir_all(ms.join("FIELD")).unwrap();
    std::fs::write(ms.join("table.f77"), b"?").unwrap();
    let walk = Walk::through(&ms, &OpenOptions::default());
    let found = damages(&walk);
    assert!(!walk.is_sound());
    for what in ["table.f0", "ANTENNA", "FIELD"] {
        assert!(found.iter().any(|f| f.contains(what)), "{what} is not in {found:#?}");
    }
    let notes: Vec<_> = walk.findings.iter().filter(|f| f.severity == Severity::Note).collect();
    assert!(notes.iter().any(|f| f.problem.contains("table.f77")), "{notes:?}");
    // The other subtables were walked through all the same.
    assert_eq!(walk.tables.len(), 11);
}

#[test]
fn all_real_tables_are_sound() {
    let Some(root) = testkit::real_data("all_real_tables_are_sound", "ms") else { return };
    for name in ["evla_day2.ms", "askap_csimulator.ms", "wsrt_ndppp_bda.ms", "lwa_sv.ms", "ovro_lwa.ms"] {
        let walk = Walk::through(&root.join(name), &OpenOptions::default());
        assert_eq!(damages(&walk), [""; 0], "{name}");
    }
}

/// A stored value is changed in the file: the row and the size of the change are found.
#[test]
fn a_changed_value_is_found_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let ms = fixture_copy(&dir);
    let original = Table::open(testkit::fixture("tiny.ms")).unwrap();
    let mut times: Vec<f64> = Vec::new();
    original.column("TIME").unwrap().read_flat(0..84, &mut times).unwrap();
    let path = ms.join("table.f0");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(8).position(|w| w == times[50].to_le_bytes()).unwrap();
    let i_first = times.iter().position(|&t| t == times[50]).unwrap() as u64;
    bytes[at..at + 8].copy_from_slice(&(times[50] + 0.5).to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let changed = Table::open(&ms).unwrap();
    let diff = TableDiff::between(&changed, &original, Tolerance::default()).unwrap();
    let column = diff.columns.iter().find(|c| c.column.starts_with("TIME")).unwrap();
    let largest = column.largest.unwrap();
    assert_eq!((column.n_row, column.n_element, largest.absolute), (1, 1, 0.5));
    assert!(column.rows[0].start >= i_first && largest.row == column.rows[0].start, "{column:?}");
    let within = Tolerance { relative: 0.0, absolute: 0.5 };
    assert!(TableDiff::between(&changed, &original, within).unwrap().is_same());
}

/// Options that say after so many ranges of rows that nobody wants more, and how often that was asked.
fn cancelled_after(n: u64) -> (std::sync::Arc<std::sync::atomic::AtomicU64>, facette_tables::OpenOptions) {
    use std::sync::{Arc, atomic::AtomicU64, atomic::Ordering};
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let cancelled = Arc::new(move || counted.fetch_add(1, Ordering::Relaxed) >= n);
    (asked, facette_tables::OpenOptions { cancelled: Some(cancelled), ..Default::default() })
}

#[test]
fn a_walk_and_a_comparison_end_soon_once_they_are_cancelled() {
    use facette_tables::{Error, Table, TableDiff, Tolerance, Walk};
    let ms = testkit::fixture("tiny.ms");
    let (asked, options) = cancelled_after(u64::MAX);
    let whole = Walk::through(&ms, &options);
    let all = asked.load(std::sync::atomic::Ordering::Relaxed);
    let (asked, options) = cancelled_after(10);
    let cut = Walk::through(&ms, &options);
    assert!(cut.n_cell < whole.n_cell && cut.findings.len() <= 1, "{cut:?}");
    // The main table alone has two dozen columns; after the end each open table is left at once.
    let after = asked.load(std::sync::atomic::Ordering::Relaxed);
    assert!(after < 40 && all > 200, "{after} of {all}");
    let (_, options) = cancelled_after(10);
    let table = Table::open_with(&ms, &options).unwrap();
    let diff = TableDiff::between(&table, &Table::open(&ms).unwrap(), Tolerance::default()).unwrap();
    assert!(!diff.is_same() && diff.columns.iter().all(|c| c.failed.as_ref().unwrap().contains("cancelled")));
    let column = table.column("UVW").unwrap();
    assert!(matches!(column.read(0..1), Err(Error::Cancelled { .. })));
}

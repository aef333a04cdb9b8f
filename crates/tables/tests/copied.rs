//! Whole copies: as sound as what they are of, with the same cells and keywords, of all subtables too.

use std::path::{Path, PathBuf};

use facette_tables::{
    ColumnSpec, DataType, Editor, OpenOptions, Selection, Severity, Table, TableDiff, TableSpec, Tolerance,
    Value, Walk,
};

/// Real tables of every writer and storage manager.
const REAL: [&str; 19] = [
    "askap_csimulator.ms",
    "atca_tiled_data/atca.ms",
    "evla_day2.ms",
    "lofar_applycal2.parmdb",
    "lofar_predict.tab",
    "lwa_sv.ms",
    "mwa_birli.ms",
    "oskar_ska_low.ms",
    "ovro_lwa.ms",
    "paper_zen.ms",
    "sma.dcal",
    "sma.pha.gcal",
    "vla_casa_simulated.ms",
    "writers/big_endian.ms",
    "writers/concat.ms",
    "writers/concat.ms_CONCAT",
    "writers/dysco_TG_AF_10.MS",
    "writers/engines.tab",
    "wsrt_ndppp_bda.ms",
];

/// The tables of a folder of fixtures.
fn fixtures(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(testkit::fixture(folder)).unwrap();
    let mut tables: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    tables.retain(|path| path.join("table.dat").is_file());
    tables.sort();
    tables
}

fn damage(path: &Path) -> Vec<String> {
    let findings = Walk::through(path, &OpenOptions::default()).findings;
    let damage = findings.into_iter().filter(|found| found.severity == Severity::Damage);
    damage.map(|found| format!("{found:?}")).collect()
}

/// Compares cells and keywords of two tables and of all that their keywords refer to.
fn assert_equal(source: &Table, copy: &Table) {
    let what = source.path().display();
    let diff = TableDiff::between(source, copy, Tolerance::default()).unwrap();
    let is_left_out = |name: &str| name == "SORTED_TABLE" || name.contains("_ForwardColumn_");
    assert!(diff.keywords.iter().all(|(name, ..)| is_left_out(name)), "{what}: {:?}", diff.keywords);
    let columns = (&diff.only_first, &diff.only_second, &diff.columns, diff.n_row);
    assert_eq!(columns, (&vec![], &vec![], &vec![], None), "{what}");
    assert_eq!(source.info(), copy.info(), "{what}");
    for (name, value) in source.keywords().iter() {
        let (Value::Table(_), Ok(theirs)) = (value, source.subtable(name)) else { continue };
        if name == "SORTED_TABLE" {
            assert!(
                !copy.keywords().iter().any(|(other, _)| other == name),
                "{what}: a view of the table itself"
            );
        } else {
            assert_equal(&theirs, &copy.subtable(name).unwrap());
        }
    }
}

#[test]
fn every_table_is_copied_with_all_that_belongs_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables = [fixtures(""), fixtures("managers"), fixtures("byhand")].concat();
    let test = "every_table_is_copied_with_all_that_belongs_to_it";
    tables.extend(REAL.iter().filter_map(|name| testkit::real_data(test, &format!("ms/{name}"))));
    for (i, path) in tables.iter().enumerate() {
        let source = Table::open(path).unwrap();
        let place = dir.path().join(format!("{i}/copy"));
        std::fs::create_dir(place.parent().unwrap()).unwrap();
        let copy = source.copy_to(&place, &Selection::all()).unwrap();
        assert_equal(&source, &copy);
        let (before, after) = (damage(path), damage(&place));
        assert!(after.len() <= before.len(), "{}: {after:#?}", path.display());
        std::fs::remove_dir_all(place).unwrap();
    }
}

/// Subtables of a Multi-MS: some are those of the first part, some of all parts one after the other.
#[test]
fn a_copy_of_a_view_has_the_subtables_of_its_tables() {
    let dir = tempfile::tempdir().unwrap();
    let source = Table::open(testkit::fixture("managers/multi.mms")).unwrap();
    let copy = source.copy_to(dir.path().join("plain"), &Selection::all()).unwrap();
    assert_eq!(source.subtable("SUB").unwrap().n_row(), 4);
    assert_equal(&source.subtable("SUB").unwrap(), &copy.subtable("SUB").unwrap());
    assert!(copy.subtable("SUB").unwrap().path().starts_with(copy.path()));
}

/// A table with one column of cells of this shape, each number that of its row.
fn small(path: &Path, shape: &[usize]) -> Table {
    let column = ColumnSpec::array("A", DataType::Double).shape(shape);
    let mut editor = Table::create(path, &TableSpec::new().column(column)).unwrap();
    editor.add_rows(3);
    let n_element: usize = shape.iter().product();
    (0..3).for_each(|row| editor.put("A", row, shape, &vec![row as f64; n_element]).unwrap());
    editor.commit().unwrap()
}

#[test]
fn parts_of_different_fixed_shapes_make_a_column_of_any_shape() {
    let dir = tempfile::tempdir().unwrap();
    let multi = dir.path().join("multi.mms");
    testkit::copy_tree(&testkit::fixture("managers/multi.mms"), &multi);
    for (part, shape) in [("a.ms", [2]), ("b.ms", [5])] {
        let path = multi.join("SUBMSS").join(part);
        std::fs::remove_dir_all(&path).unwrap();
        small(&path, &shape);
    }
    let source = Table::open(&multi).unwrap();
    let copy = source.copy_to(dir.path().join("copy"), &Selection::all()).unwrap();
    assert_equal(&source, &copy);
    let shape = |row| copy.column("A").unwrap().cell_shape(row).unwrap().unwrap();
    assert_eq!((shape(2), shape(3), copy.n_row()), (vec![2], vec![5], 6));
    if let Some(mut python) = testkit::peer_python("parts_of_different_fixed_shapes") {
        let read = "import sys; from casacore.tables import table; t = table(sys.argv[1], ack=False); \
                    print([t.getcell('A', row).tolist() for row in (2, 4)])";
        let output = python.args(["-c", read]).arg(copy.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said, "[[2.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.0]]\n", "{:?}", output.stderr);
    }
}

/// Tables that keywords refer to: those that are missing stay names, those that cannot be read stop the copy.
#[test]
fn a_damaged_subtable_is_an_error_and_a_missing_one_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let ms = dir.path().join("my.ms");
    testkit::copy_tree(&testkit::fixture("tiny.ms"), &ms);
    std::fs::remove_dir_all(ms.join("FEED")).unwrap();
    let copy = Table::open(&ms).unwrap().copy_to(dir.path().join("copy"), &Selection::all()).unwrap();
    assert!(matches!(copy.keywords().get("FEED"), Some(Value::Table(_))));
    std::fs::write(ms.join("ANTENNA/table.dat"), "no table at all").unwrap();
    let place = dir.path().join("other");
    assert!(Table::open(&ms).unwrap().copy_to(&place, &Selection::all()).is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left");
}

/// A table that no keyword names, as the ephemerides in FIELD; a file of a storage manager that nobody here knows.
#[test]
fn tables_inside_and_directories_of_storage_managers_come_along() {
    let dir = tempfile::tempdir().unwrap();
    let ms = dir.path().join("my.ms");
    testkit::copy_tree(&testkit::fixture("tiny.ms"), &ms);
    small(&ms.join("FIELD/EPHEM0_Mars.tab"), &[4]);
    small(&ms.join("FIELD/.EPHEM0_Mars.tab.unfinished-1"), &[4]);
    for directory in ["table.f0.bp", "table.f77.bp", "table.f0.bp/inner"] {
        std::fs::create_dir(ms.join(directory)).unwrap();
        std::fs::write(ms.join(directory).join("data.0"), "cells").unwrap();
    }
    let source = Table::open(&ms).unwrap();
    let copy = source.copy_to(dir.path().join("copy"), &Selection::all()).unwrap();
    let ephemeris = |of: &Table| Table::open(of.path().join("FIELD/EPHEM0_Mars.tab")).unwrap();
    assert_equal(&ephemeris(&source), &ephemeris(&copy));
    let has = |name: &str| copy.path().join(name).exists();
    assert!(has("table.f0.bp/data.0") && has("table.f0.bp/inner/data.0") && !has("table.f77.bp"));
    assert!(!has("FIELD/.EPHEM0_Mars.tab.unfinished-1"));
}

/// Keywords from inside refer to the copy, not to what it is a copy of.
#[test]
fn a_subtable_refers_to_the_copy_around_it() {
    let dir = tempfile::tempdir().unwrap();
    let ms = dir.path().join("my.ms");
    testkit::copy_tree(&testkit::fixture("tiny.ms"), &ms);
    let mut editor = Editor::open(ms.join("FIELD")).unwrap();
    let absolute = ms.to_str().unwrap().to_owned();
    editor.set_keyword("MAIN", Value::Table(absolute));
    editor.commit().unwrap();
    let copy = Table::open(&ms).unwrap().copy_to(dir.path().join("copy"), &Selection::all()).unwrap();
    let main = copy.subtable("FIELD").unwrap().subtable("MAIN").unwrap();
    assert_eq!(main.path().canonicalize().unwrap(), copy.path().canonicalize().unwrap());
}

#[test]
fn what_a_table_is_made_of_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let multi = dir.path().join("multi.mms");
    testkit::copy_tree(&testkit::fixture("managers/multi.mms"), &multi);
    let table = Table::open(&multi).unwrap();
    let within = ["multi.mms", "multi.mms/new", "multi.mms/SUBMSS/a.ms", "multi.mms/SUBMSS/b.ms/SUB", ""];
    for path in within {
        assert!(table.overlapping(&dir.path().join(path)).is_some(), "{path}");
    }
    assert_eq!(table.overlapping(&dir.path().join("multi.mms2")), None);
    let part = Table::open(multi.join("SUBMSS/a.ms")).unwrap();
    assert!(part.overlapping(&multi).is_some() && part.overlapping(&multi.join("SUBMSS/b.ms")).is_none());
}

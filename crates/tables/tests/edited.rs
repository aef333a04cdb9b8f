//! Tables that CASA, DP3 and others wrote, changed here: every cell of old is as it was, in casacore, which reads the
//! new ones too.

use std::path::{Path, PathBuf};

use facette_tables::{ColumnSpec, DataType, Editor, Error, Selection, StorageKind, Table, Value};

const TILED: StorageKind = StorageKind::Tiled { tile_rows: None };
const REAL: [&str; 9] = [
    "askap_csimulator.ms",
    "evla_day2.ms",
    "vla_casa_simulated.ms",
    "oskar_ska_low.ms",
    "ovro_lwa.ms",
    "wsrt_ndppp.ms",
    "wsrt_ndppp_bda.ms",
    "mwa_birli.ms",
    "paper_zen.ms",
];

/// Copies of the real tables that are there.
fn copies(test: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let copies = REAL.iter().filter_map(|name| {
        let path = testkit::real_data(test, &format!("ms/{name}"))?;
        let copy = dir.path().join(name);
        testkit::copy_tree(&path, &copy);
        Some(copy)
    });
    let copies = copies.collect();
    (dir, copies)
}

#[test]
fn columns_are_added_and_the_old_cells_stay() {
    let test = "columns_are_added_and_the_old_cells_stay";
    let (_dir, copies) = copies(test);
    for path in copies {
        let before = digest(test, &path, u64::MAX);
        let mut editor = Editor::open(&path).unwrap();
        let n_row = editor.n_row();
        editor.add_column(&ColumnSpec::array("X_MODEL", DataType::Complex).axes(2).storage(TILED)).unwrap();
        editor.add_column(&ColumnSpec::array("X_WEIGHT", DataType::Float).axes(1).storage(TILED)).unwrap();
        editor.add_column(&ColumnSpec::scalar("X_NAME", DataType::String)).unwrap();
        editor
            .write("X_MODEL", 0..n_row, |rows, cells| {
                for row in rows {
                    let v: Vec<f32> = (0..24).map(|i| row as f32 + i as f32).collect();
                    cells.push(&[3, 4, 2], &v)?;
                }
                Ok(())
            })
            .unwrap();
        editor.put("X_NAME", 0, &[], &["a name of some length"]).unwrap();
        editor.set_keyword("X_KEY", Value::Double(1.5));
        let table = editor.commit().unwrap();
        assert_eq!(table.keywords().float("X_KEY"), Some(1.5));
        assert_eq!(table.column("X_MODEL").unwrap().cell_shape(n_row - 1).unwrap().unwrap(), [3, 4]);
        assert_eq!(table.column("X_WEIGHT").unwrap().cell_shape(0).unwrap(), None);
        compare(&before, &digest(test, &path, u64::MAX), &["X_MODEL", "X_WEIGHT", "X_NAME"]);
        let mut editor = Editor::open(&path).unwrap();
        ["X_MODEL", "X_WEIGHT", "X_NAME"].iter().for_each(|name| editor.remove_column(name).unwrap());
        editor.commit().unwrap();
        compare(&before, &digest(test, &path, u64::MAX), &[]);
    }
}

#[test]
fn copies_hold_the_same_cells() {
    let test = "copies_hold_the_same_cells";
    let dir = tempfile::tempdir().unwrap();
    let dysco = ["writers/dysco_G_Row_6.MS", "writers/dysco_TG_AF_10.MS"];
    // The first is large.
    for (i, name) in REAL[1..].iter().chain(&dysco).enumerate() {
        let Some(path) = testkit::real_data(test, &format!("ms/{name}")) else { continue };
        let table = Table::open(&path).unwrap();
        let n_row = table.n_row();
        let whole = dir.path().join(format!("whole{i}"));
        table.copy_to(&whole, &Selection::all()).unwrap();
        for subtable in ["", "ANTENNA", "SPECTRAL_WINDOW"] {
            let (path, whole) = (path.join(subtable), whole.join(subtable));
            compare(
                &named(digest(test, &path, n_row), &path),
                &named(digest(test, &whole, n_row), &whole),
                &[],
            );
        }
        if name.contains("dysco") {
            continue;
        }
        let part = dir.path().join(format!("part{i}"));
        let copy = table.copy_to(&part, &Selection::all().rows([0..1, 0..n_row])).unwrap();
        assert_eq!(copy.n_row(), n_row + 1);
        let rest = dir.path().join(format!("rest{i}"));
        let first = copy.copy_to(&rest, &Selection::all().rows(std::iter::once(1..n_row + 1))).unwrap();
        assert_eq!(first.n_row(), n_row);
        let (before, after) = (digest(test, &path, n_row), digest(test, &rest, n_row));
        compare(&named(before, &path), &named(after, &rest), &[]);
    }
}

/// Without the table's own path, which is in keywords.
fn named(lines: Vec<String>, path: &Path) -> Vec<String> {
    let path = path.to_string_lossy();
    lines.into_iter().map(|line| line.replace(&*path, "")).collect()
}

#[test]
fn rows_are_added_and_the_old_cells_stay() {
    let test = "rows_are_added_and_the_old_cells_stay";
    let (_dir, copies) = copies(test);
    for path in copies {
        let old = Table::open(&path).unwrap();
        let n_row = old.n_row();
        let before = digest(test, &path, n_row);
        for n_more in [1, 37] {
            let mut editor = Editor::open(&path).unwrap();
            let first = editor.n_row();
            editor.add_rows(n_more);
            editor
                .write("TIME", first..first + n_more, |rows, cells| {
                    rows.into_iter().try_for_each(|row| cells.push(&[], &[row as f64]))
                })
                .unwrap();
            if let Some(shape) = old.column("DATA").unwrap().cell_shape(0).unwrap() {
                let n: usize = shape.iter().product();
                editor.put("DATA", first, &shape, &vec![[1.5_f32, -2.0]; n]).unwrap();
            }
            let table = match editor.commit() {
                Ok(table) => table,
                Err(error @ Error::Refused { .. }) => panic!("{error}"),
                Err(error) => panic!("{}: {error}", path.display()),
            };
            assert_eq!(table.n_row(), first + n_more);
            let (mut time, mut data) = (Vec::<f64>::new(), Vec::<f32>::new());
            table.column("TIME").unwrap().read_flat(first..first + n_more, &mut time).unwrap();
            assert_eq!(time, (first..first + n_more).map(|row| row as f64).collect::<Vec<_>>());
            table.column("DATA").unwrap().read_flat(first..first + 1, &mut data).unwrap();
            assert!(data.chunks(2).all(|v| v == [1.5, -2.0]));
        }
        compare(&before, &digest(test, &path, n_row), &[]);
    }
}

/// Digests by casacore of the first rows of all columns, one a line; empty where there is no casacore.
fn digest(test: &str, table: &Path, n_row: u64) -> Vec<String> {
    let Some(mut python) = testkit::peer_python(test) else { return Vec::new() };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written/digest.py");
    let output = python.arg(script).arg(table).arg(n_row.to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", table.display());
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// All lines of before are there, and no columns but those and `more`.
fn compare(before: &[String], after: &[String], more: &[&str]) {
    let is_more = |line: &&String| more.iter().any(|name| line.starts_with(&format!("{name} ")));
    let kept: Vec<_> =
        after.iter().filter(|line| !is_more(line) && !line.starts_with("keyword X_")).collect();
    assert_eq!(kept, before.iter().filter(|line| !line.starts_with("keyword X_")).collect::<Vec<_>>());
    assert_eq!(after.iter().filter(is_more).count(), if before.is_empty() { 0 } else { more.len() });
}

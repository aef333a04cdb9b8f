//! Tables of every storage manager: committed ones equal what casacore reads of them, damaged references are named.

#[path = "../examples/conformance/canonical.rs"]
mod canonical;
#[path = "../examples/conformance/compare.rs"]
mod compare;

use facette_tables::{ColumnSpec, DataType, Error, StorageKind, Table, TableSpec, Value, Values};

#[test]
fn committed_tables_equal_casacore() {
    let tally = compare::compare(&testkit::fixture("managers")).unwrap();
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
    assert!(tally.unsupported.is_empty() && tally.skipped.is_empty());
    assert_eq!((tally.tables, tally.only_here), (14, 0));
    assert!(tally.columns > 130, "{} columns", tally.columns);
}

#[test]
fn a_changed_cell_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("t");
    testkit::copy_tree(&testkit::fixture("managers"), &root);
    std::fs::copy(testkit::fixture("managers.digest.json"), folder.path().join("t.digest.json")).unwrap();
    let file = root.join("tiles_little.tab/table.f1_TSM0");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[9] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    std::fs::remove_dir_all(root.join("forward.tab")).unwrap();
    let wrong = compare::compare(&root).unwrap().wrong.join("\n");
    assert!(wrong.contains("tiles_little.tab UVW") && wrong.contains("sorted.tab UVW"), "{wrong}");
    assert!(wrong.contains("forward.tab: is not there") && wrong.lines().count() == 3, "{wrong}");
}

/// A cell is the same alone as it is among others, also where each row has a scale and an offset of its own.
#[test]
fn virtual_columns_row_by_row() {
    for name in ["byhand/scaled.tab", "managers/engines_big.tab"] {
        let table = Table::open(testkit::fixture(name)).unwrap();
        for column in table.column_names().map(|name| table.column(name).unwrap()) {
            for row in 0..table.n_row() {
                let (alone, among) =
                    (column.cells(row..row + 1).unwrap(), column.cells(0..table.n_row()).unwrap());
                let what = format!("{name} {} row {row}", column.info().name);
                assert_eq!(alone.is_defined(row), among.is_defined(row), "{what}");
                let of = |block: &facette_tables::CellBlock| match block.values() {
                    Values::Floats(v) => v[block.range(row)].iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                    Values::Ints(v) => v[block.range(row)].iter().map(|&v| v as u64).collect(),
                    Values::Texts(v) => v[block.range(row)].iter().map(|v| v.len() as u64).collect(),
                };
                assert_eq!(of(&alone), of(&among), "{what}");
            }
        }
    }
}

/// Written from the format's description; no casacore here has these engines.
#[test]
fn engines_by_hand() {
    let table = Table::open(testkit::fixture("byhand/scaled.tab")).unwrap();
    let mut values = Vec::<f32>::new();
    assert_eq!(table.column("SA").unwrap().read_flat(0..3, &mut values).unwrap(), [2, 3]);
    let want: Vec<f32> =
        (0..18).map(|i| (i % 6 - 2 + i / 6) as f32 * ((i / 6) as f32 + 0.5) + 0.25).collect();
    assert_eq!(values, want);
    values.clear();
    assert_eq!(table.column("SC").unwrap().read_flat(0..3, &mut values).unwrap(), [2, 3, 2]);
    let part = |i: i32| {
        let v = (i % 12 - 5 + i / 12) as f32;
        if i % 2 == 0 { v * 2.0 + 0.5 } else { v * 3.0 - 1.0 }
    };
    assert_eq!(values, (0..36).map(part).collect::<Vec<_>>());
    assert_eq!(table.column("SC").unwrap().cell_shape(1).unwrap().unwrap(), [2, 3]);
    values.clear();
    table.column("RT").unwrap().read_flat(1..2, &mut values).unwrap();
    assert_eq!(values[..4], [1.0, 0.0, 2.0, 2.0]);
}

/// As above.
#[test]
fn forwarded_rows_by_hand() {
    let table = Table::open(testkit::fixture("byhand/indexed.tab")).unwrap();
    let there = Table::open(testkit::fixture("managers/tiles_big.tab")).unwrap();
    let mut time_s = Vec::<f64>::new();
    table.column("TIME").unwrap().read_flat(0..4, &mut time_s).unwrap();
    assert_eq!(time_s, [3.0, 0.0, 0.0, 3.0]);
    for (here, row) in [(0, 9), (1, 0), (2, 1), (3, 9)] {
        let (mut got, mut want) = (Vec::<f32>::new(), Vec::<f32>::new());
        table.column("DATA").unwrap().read_flat(here..here + 1, &mut got).unwrap();
        there.column("DATA").unwrap().read_flat(row..row + 1, &mut want).unwrap();
        assert_eq!(got, want);
    }
}

#[test]
fn a_selection_shows_the_rows_of_its_root() {
    let root = Table::open(testkit::fixture("managers/tiles_little.tab")).unwrap();
    let sorted = Table::open(testkit::fixture("managers/sorted.tab")).unwrap();
    let (mut there, mut here) = (Vec::<f64>::new(), Vec::<f64>::new());
    root.column("TIME").unwrap().read_flat(0..11, &mut there).unwrap();
    sorted.column("TIME").unwrap().read_flat(0..11, &mut here).unwrap();
    there.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(here, there);
    let selected = Table::open(testkit::fixture("managers/selected.tab")).unwrap();
    assert!(selected.has_column("BASELINE") && !selected.has_column("UVW"));
    let (mut uvw_m, mut baseline_m) = (Vec::<f64>::new(), Vec::<f64>::new());
    root.column("UVW").unwrap().read_flat(5..11, &mut uvw_m).unwrap();
    let n = selected.n_row();
    selected.column("BASELINE").unwrap().read_flat(n - 6..n, &mut baseline_m).unwrap();
    assert_eq!(baseline_m, uvw_m);
}

#[test]
fn a_multi_ms_is_one_table_and_a_missing_part_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("multi.mms");
    testkit::copy_tree(&testkit::fixture("managers/multi.mms"), &path);
    let table = Table::open(&path).unwrap();
    assert_eq!((table.n_row(), table.column_names().count()), (11, 6));
    let mut uvw_m = Vec::<f64>::new();
    table.column("UVW").unwrap().read_flat(3..7, &mut uvw_m).unwrap();
    assert_eq!(uvw_m.chunks(3).map(|uvw| uvw[0]).collect::<Vec<_>>(), [3.0, 4.0, 0.0, 1.0]);
    let sub = table.subtable("SUB").unwrap();
    let mut id = Vec::<i32>::new();
    sub.column("ID").unwrap().read_flat(0..sub.n_row(), &mut id).unwrap();
    assert_eq!(id, [0, 1, 10, 11], "joined too, as casacore has it");
    std::fs::remove_dir_all(path.join("SUBMSS/b.ms")).unwrap();
    let message = Table::open(&path).err().unwrap().to_string();
    assert!(
        message.contains("multi.mms refers to another table") && message.contains("SUBMSS/b.ms"),
        "{message}"
    );
}

#[test]
fn circles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    testkit::copy_tree(&testkit::fixture("managers"), folder.path());
    let own = |name: &str, from: &str, to: &str| {
        let file = folder.path().join(name).join("table.dat");
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, replaced(&bytes, from, to)).unwrap();
        folder.path().join(name)
    };
    let selected = own("selected.tab", "./tiles_little.tab", "./selected.tab");
    let message = Table::open(selected).err().unwrap().to_string();
    assert!(message.contains("selected.tab refers to itself"), "{message}");
    let forward = Table::open(own("forward.tab", "./tiles_big.tab", "./forward.tab")).unwrap();
    let message = forward.column("TIME").unwrap().read(0..1).unwrap_err().to_string();
    assert!(message.contains("forward.tab refers to itself"), "{message}");
    let engine = Table::open(own("engines_big.tab", "CF_S", "CF")).unwrap();
    assert!(matches!(engine.column("CF").unwrap().read(0..1), Err(Error::Cycle { .. })));
    assert!(engine.column("CC").unwrap().read(0..1).is_ok());
}

/// Rows that are in a column of the same engine.
#[test]
fn rows_that_are_forwarded_by_themselves_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    testkit::copy_tree(&testkit::fixture("managers"), &folder.path().join("managers"));
    let path = folder.path().join("byhand/indexed.tab");
    testkit::copy_tree(&testkit::fixture("byhand/indexed.tab"), &path);
    let bytes = std::fs::read(path.join("table.dat")).unwrap();
    let keyword = bytes.windows(4).position(|w| w == b"\x03ROW").unwrap();
    let changed = [&bytes[..keyword], b"\x04TIME", &bytes[keyword + 4..]].concat();
    std::fs::write(path.join("table.dat"), changed).unwrap();
    let table = Table::open(&path).unwrap();
    for name in ["TIME", "DATA"] {
        let error = table.column(name).unwrap().read(0..1).unwrap_err();
        assert!(matches!(error, Error::Cycle { .. }), "{error}");
    }
}

/// Each would be read by way of the one before.
#[test]
fn long_chains_of_computed_columns_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.tab");
    let column = |i: usize| {
        let column = ColumnSpec::array(format!("C{i}"), DataType::Complex).shape(&[2]);
        let column = column.storage(StorageKind::Aipsio).group(format!("G{i}"));
        column.keyword("_BaseMappedArrayEngine_Name", Value::String(format!("C{}", i + 1)))
    };
    let spec = (0..100).map(column).fold(TableSpec::new(), TableSpec::column);
    let mut editor = Table::create(&path, &spec).unwrap();
    editor.add_rows(1);
    editor.commit().unwrap();
    let bytes = std::fs::read(path.join("table.dat")).unwrap();
    let bytes = replaced(&bytes, "StManAipsIO", "RetypedArrayEngine");
    std::fs::write(path.join("table.dat"), bytes).unwrap();
    let message = Table::open(&path).unwrap().column("C0").unwrap().read(0..1).unwrap_err().to_string();
    assert!(message.contains("at most 32 computed columns"), "{message}");
}

#[test]
fn what_is_not_supported_is_named_and_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for kind in
        ["SiscoStMan", "Adios2StMan", "StokesIStMan", "UvwStMan", "AntennaPairStMan", "VirtualTaQLColumn"]
    {
        let path = folder.path().join(kind);
        testkit::copy_tree(&testkit::fixture("managers/tiles_little.tab"), &path);
        let bytes = std::fs::read(path.join("table.dat")).unwrap();
        std::fs::write(path.join("table.dat"), replaced(&bytes, "TiledCellStMan", kind)).unwrap();
        let table = Table::open(&path).unwrap();
        let message = table.column("MAP").unwrap().read(0..1).unwrap_err().to_string();
        assert!(message.contains(kind) && message.contains("MAP"), "{message}");
        assert!(table.column("DATA").unwrap().read(0..1).is_ok());
    }
}

/// A string and its length replaced wherever it is.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let framed = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let (from, to) = (framed(from), framed(to));
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(&from) {
            out.extend(&to);
            at += from.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    assert_ne!(out, bytes);
    out
}

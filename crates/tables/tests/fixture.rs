//! The committed MeasurementSet: what was put in comes out.

use arrow_array::{Array, StringArray};
use facette_tables::{DataType, Error, Table};

#[test]
fn description_subtables_and_cells() {
    let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
    assert_eq!(table.info().table_type, "Measurement Set");
    assert_eq!(table.keywords().float("MS_VERSION"), Some(2.0));
    let data = table.column("DATA").unwrap();
    assert_eq!(data.info().data_type, DataType::Complex);
    assert!(data.info().is_array);
    let cell = data.cell_shape(0).unwrap().unwrap();
    let mut vis = Vec::<f32>::new();
    let shape = data.read_flat(0..table.n_row(), &mut vis).unwrap();
    assert_eq!(shape[..2], cell[..]);
    assert_eq!(shape[2], 2);
    assert_eq!(vis.len() as u64, table.n_row() * shape.iter().product::<usize>() as u64);
    let array = data.read(0..table.n_row()).unwrap();
    assert_eq!(array.len() as u64, table.n_row());
    let frequencies = table.subtable("SPECTRAL_WINDOW").unwrap().column("CHAN_FREQ").unwrap();
    assert_eq!(frequencies.cell_shape(0).unwrap().unwrap(), [cell[0]]);
    assert_eq!(frequencies.info().keywords.strings("QuantumUnits").unwrap(), ["Hz"]);
    let antennas = table.subtable("ANTENNA").unwrap();
    let names = antennas.column("NAME").unwrap().read(0..antennas.n_row()).unwrap();
    let names = names.as_any().downcast_ref::<StringArray>().unwrap();
    let mut flat = Vec::<String>::new();
    antennas.column("NAME").unwrap().read_flat(0..antennas.n_row(), &mut flat).unwrap();
    assert!(names.iter().flatten().eq(flat.iter()));
}

#[test]
fn small_ranges_equal_the_whole() {
    let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
    for name in ["DATA", "UVW"] {
        let column = table.column(name).unwrap();
        let mut whole = Vec::<f64>::new();
        let shape = column.read_flat(0..table.n_row(), &mut whole).unwrap();
        let per_row: usize = shape.iter().product();
        for start in [0, 1, 7, table.n_row() - 1] {
            let end = table.n_row().min(start + 5);
            let mut part = Vec::<f64>::new();
            column.read_flat(start..end, &mut part).unwrap();
            assert_eq!(part, whole[start as usize * per_row..end as usize * per_row], "{name} {start}");
        }
    }
}

#[test]
fn messages_name_what_is_wrong_and_what_there_is() {
    let path = testkit::fixture("tiny.ms");
    let table = Table::open(&path).unwrap();
    let message = table.column("CORRECTED").err().unwrap().to_string();
    assert!(
        message.contains("CORRECTED") && message.contains("tiny.ms") && message.contains("UVW"),
        "{message}"
    );
    let message = table.subtable("NOWHERE").err().unwrap().to_string();
    assert!(message.contains("SPECTRAL_WINDOW"), "{message}");
    let uvw = table.column("UVW").unwrap();
    assert!(matches!(uvw.read(0..table.n_row() + 1), Err(Error::Rows { .. })));
    let mut kept = vec![1_f32];
    let message = uvw.read_flat(0..1, &mut kept).unwrap_err().to_string();
    assert!(message.contains("holds Double, which does not read as f32"), "{message}");
    assert_eq!(kept, [1.0]);
    let empty = tempfile::tempdir().unwrap();
    let message = Table::open(empty.path()).err().unwrap().to_string();
    assert!(message.starts_with("not a table: no table.dat in "), "{message}");
}

#[test]
fn tables_and_columns_are_shared_by_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Table>();
    shared::<facette_tables::Column>();
    let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
    let column = table.column("UVW").unwrap();
    let read = || {
        let mut uvw_m = Vec::<f64>::new();
        column.read_flat(0..table.n_row(), &mut uvw_m).unwrap();
        uvw_m
    };
    let here = read();
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), here));
    });
}

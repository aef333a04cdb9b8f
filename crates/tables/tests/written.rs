//! Tables of all types that are written here read equal in casacore, which then changes them, and equal again here.

mod made;

use facette_tables::{ByteOrder, StorageKind, Table};

#[test]
fn standard_columns_of_all_types_read_equal_here_and_in_casacore() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for n_row in [0, 1, 7, 1000] {
            round_trip(StorageKind::Standard, order, n_row);
        }
    }
}

#[test]
fn tiled_columns_of_all_types_read_equal_here_and_in_casacore() {
    for tile_rows in [None, Some(3)] {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for n_row in [0, 1, 7, 1000] {
                round_trip(StorageKind::Tiled { tile_rows }, order, n_row);
            }
        }
    }
}

#[test]
fn incremental_columns_of_all_types_read_equal_here_and_in_casacore() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for n_row in [0, 1, 7, 1000] {
            round_trip(StorageKind::Incremental, order, n_row);
        }
    }
}

#[test]
fn aipsio_columns_of_all_types_read_equal_here_and_in_casacore() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for n_row in [0, 1, 7, 1000] {
            round_trip(StorageKind::Aipsio, order, n_row);
        }
    }
}

fn round_trip(storage: StorageKind, order: ByteOrder, n_row: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.tab");
    made::make(&path, storage, order, n_row);
    let table = Table::open(&path).unwrap();
    assert_eq!(table.n_row(), n_row);
    made::check(&table, 0..n_row, |row| row);
    if !made::casacore("standard columns", "read", &path) {
        return;
    }
    made::casacore("standard columns", "change", &path);
    let table = Table::open(&path).unwrap();
    assert_eq!(table.n_row(), n_row + 2);
    let changed = [0, n_row / 2, n_row, n_row + 1];
    made::check(&table, 0..n_row + 2, |row| if changed.contains(&row) { row + 132 } else { row });
}

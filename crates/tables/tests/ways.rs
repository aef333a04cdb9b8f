//! All ways of reading a column give the same: appended, into memory of the caller's, by several threads, as Arrow, and
//! in small ranges.

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use facette_tables::{Column, Element, Error, Table};

/// The values of nested lists.
fn leaf(array: &ArrayRef) -> ArrayRef {
    match array.as_fixed_size_list_opt() {
        Some(list) => leaf(list.values()),
        None => array.clone(),
    }
}

fn appended<T: Element>(column: &Column, n_row: u64) -> Vec<T> {
    let mut all = Vec::new();
    column.read_flat(0..n_row, &mut all).unwrap();
    all
}

fn same_by_threads<T: Element + PartialEq + std::fmt::Debug>(column: &Column, n_row: u64) -> Vec<T> {
    let all = appended::<T>(column, n_row);
    for threads in [1, 2, 3, 7] {
        let mut out = vec![T::default(); all.len()];
        let shape = column.read_into_on(threads, 0..n_row, &mut out).unwrap();
        assert_eq!(shape.iter().product::<usize>() as u64 * n_row, all.len() as u64);
        assert!(out == all, "{} on {threads} threads", column.info().name);
    }
    all
}

/// 11 MB of visibilities in tiles with their flags, and uvw in StandardStMan.
#[test]
fn all_ways_agree_on_real_tiles() {
    for (test, path) in [("askap", "ms/askap_csimulator.ms"), ("evla", "ms/evla_day2.ms")] {
        let Some(path) = testkit::real_data(test, path) else { return };
        let table = Table::open(path).unwrap();
        let n_row = table.n_row();
        let column = |name| table.column(name).unwrap();
        let vis = same_by_threads::<f32>(&column("DATA"), n_row);
        let uvw = same_by_threads::<f64>(&column("UVW"), n_row);
        let flags = same_by_threads::<bool>(&column("FLAG"), n_row);
        for threads in [1, 3] {
            let all = |name| column(name).read_on(threads, 0..n_row).unwrap();
            assert!(leaf(&all("DATA")).as_primitive::<Float32Type>().values()[..] == vis[..]);
            assert!(leaf(&all("UVW")).as_primitive::<Float64Type>().values()[..] == uvw[..]);
            assert!(leaf(&all("FLAG")).as_boolean().iter().map(Option::unwrap).eq(flags.iter().copied()));
        }
        let each = flags.len() / n_row as usize;
        let some = column("FLAG").read(5..n_row - 3).unwrap();
        let bits = leaf(&some);
        assert!(
            bits.as_boolean().iter().flatten().eq(flags[5 * each..flags.len() - 3 * each].iter().copied())
        );
    }
}

/// Widened and swapped values do not go straight from the file; big-endian ones do, and are put in order.
#[test]
fn wider_types_and_the_other_byte_order() {
    let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
    let column = table.column("DATA").unwrap();
    let wide = same_by_threads::<f64>(&column, table.n_row());
    let narrow = same_by_threads::<f32>(&column, table.n_row());
    assert!(wide.iter().map(|&x| x as f32).eq(narrow));
    let Some(path) = testkit::real_data("big endian", "ms/writers/big_endian.ms") else { return };
    let table = Table::open(path).unwrap();
    same_by_threads::<f32>(&table.column("DATA").unwrap(), table.n_row());
}

#[test]
fn memory_of_another_size_is_refused() {
    let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
    let column = table.column("DATA").unwrap();
    let n = appended::<f32>(&column, table.n_row()).len();
    for (n, threads) in [(n - 1, 1), (n + 1, 1), (n + 1, 4), (2 * n, 4), (0, 2)] {
        let mut out = vec![0_f32; n];
        let error = column.read_into_on(threads, 0..table.n_row(), &mut out).unwrap_err();
        assert!(matches!(error, Error::Size { .. }), "{n}: {error}");
        assert!(error.to_string().contains("DATA"), "{error}");
    }
    assert_eq!(column.read_into::<f32>(3..3, &mut []).unwrap().last(), Some(&2));
}

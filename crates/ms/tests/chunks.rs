//! Chunks of the two committed MeasurementSets: every value, for any size of chunks and reads.

mod common;

use common::{All, chunks, fixture, read, read_all, select};
use facette_ms::{FieldRef, Read, Selection};
use std::ops::Range;
use types::Complex32;

/// Cell shapes [channel, correlation] of the data descriptions of mixed.ms.
const SHAPES: [[usize; 2]; 3] = [[4, 2], [3, 4], [4, 2]];
const BASELINES: [(i32, i32); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

/// Field, baseline and data description of every row of mixed.ms, as fixtures/mixed_ms.py orders them.
fn mixed_rows() -> Vec<(usize, (i32, i32), usize)> {
    let mut rows = Vec::new();
    for time in 0..4 {
        let mut some: Vec<_> =
            BASELINES.iter().flat_map(|&b| (0..3).map(move |d| (time % 2, b, d))).collect();
        if time % 2 == 1 {
            some.sort_by_key(|row| row.2);
        }
        rows.extend(some);
    }
    rows
}

/// What reading mixed.ms must give, from the formulas of fixtures/mixed_ms.py.
fn mixed(field: usize, ddid: usize, chan: Range<usize>) -> All {
    let mut all = All::default();
    for (row, (f, (antenna1, antenna2), d)) in mixed_rows().into_iter().enumerate() {
        if (f, d) != (field, ddid) || antenna1 == antenna2 {
            continue;
        }
        let r = row as f64;
        all.uvw_m.push([r, -r, r / 2.0]);
        for f in chan.clone() {
            for c in 0..SHAPES[ddid][1] {
                all.vis_rfc.push(Complex32::new(row as f32, (10 * f + c) as f32));
                all.flag_rfc.push((row + f + c).is_multiple_of(7) || row.is_multiple_of(11));
                let has_spectrum = !row.is_multiple_of(5) && ddid != 2;
                all.weight_rfc.push(if has_spectrum {
                    (100 + row + f) as f32
                } else {
                    row as f32 + c as f32 / 2.0
                });
            }
        }
    }
    all
}

#[test]
fn every_value_of_interleaved_rows_is_right_for_any_size_of_chunks_and_reads() {
    let ms = fixture("mixed.ms");
    for (field, ddid) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        let want = mixed(field, ddid, 0..SHAPES[ddid][0]);
        assert_eq!(want.uvw_m.len(), 6);
        let selected = select(&ms, field, ddid, "DATA").unwrap();
        for chunk_rows in [1, 2, 4, 5, 6, 100] {
            for read_rows in [1, 2, 5, 17, 72, 1000] {
                let got = read_all(&selected, read(chunk_rows, read_rows));
                assert_eq!(
                    got, want,
                    "field {field} ddid {ddid} chunk_rows {chunk_rows} read_rows {read_rows}"
                );
            }
        }
    }
}

#[test]
fn channels_are_cut_from_data_flags_weights_and_frequencies() {
    let ms = fixture("mixed.ms");
    for (ddid, chan) in [(0, 1..3), (0, 3..4), (1, 0..2), (1, 1..3), (2, 2..4)] {
        let selection = Selection {
            field: FieldRef::Name("B".to_owned()),
            ddid,
            chan: (chan.start, Some(chan.end)),
            ..Selection::default()
        };
        let selected = ms.select(&selection).unwrap();
        assert_eq!(read_all(&selected, read(4, 9)), mixed(1, ddid, chan.clone()), "{ddid} {chan:?}");
        let setup = selected.setup();
        assert_eq!((setup.freq_hz.len(), selected.chan_width_hz().len()), (chan.len(), chan.len()));
        let first_hz = [
            1.4e9 + 1e6 * chan.start as f64,
            1.6e9 - 2e6 * chan.start as f64,
            1.5e9 + 1e6 * chan.start as f64,
        ];
        assert_eq!(setup.freq_hz[0], first_hz[ddid]);
        assert_eq!(selected.chan(), chan);
    }
}

#[test]
fn other_columns_are_read_as_complex_numbers() {
    let ms = fixture("mixed.ms");
    let want = mixed(1, 0, 0..4);
    let get = |column| read_all(&select(&ms, 1, 0, column).unwrap(), read(4, 100)).vis_rfc;
    assert_eq!(get("DOUBLE_DATA"), want.vis_rfc);
    // Between the selected rows lie auto-correlations without a value here, which must not matter.
    assert_eq!(get("CORRECTED_DATA"), want.vis_rfc.iter().map(|v| -v).collect::<Vec<_>>());
    let real = |v: &Complex32| Complex32::new(v.re + (v.im / 10.0).floor() / 8.0, 0.0);
    assert_eq!(get("FLOAT_DATA"), want.vis_rfc.iter().map(real).collect::<Vec<_>>());
}

#[test]
fn only_what_is_asked_for_is_read() {
    let selected = select(&fixture("mixed.ms"), 0, 1, "DATA").unwrap();
    let part = |data, flags_and_weights| {
        let read = Read { chunk_rows: 10, read_rows: 7, data, flags_and_weights };
        let chunk = chunks(&selected, read).unwrap().remove(0);
        (chunk.n_row(), chunk.vis_rfc.len(), chunk.flag_rfc.len(), chunk.weight_rfc.len())
    };
    assert_eq!(part(true, false), (6, 72, 0, 0));
    assert_eq!(part(false, true), (6, 0, 72, 72));
    assert_eq!(part(false, false), (6, 0, 0, 0));
}

#[test]
fn geometry_gives_the_selected_rows_and_counts_all() {
    let selected = select(&fixture("mixed.ms"), 1, 2, "DATA").unwrap();
    for read_rows in [1, 10, 72, 1 << 20] {
        let mut geometry = selected.geometry(read_rows).unwrap();
        let (mut uvw_m, mut time_s, mut interval_s, mut n_row_read) = (Vec::new(), Vec::new(), Vec::new(), 0);
        while let Some(chunk) = geometry.next().unwrap() {
            uvw_m.extend(chunk.uvw_m);
            time_s.extend(chunk.time_s);
            interval_s.extend(chunk.interval_s);
            n_row_read += chunk.n_row_read;
        }
        assert_eq!(uvw_m, mixed(1, 2, 0..4).uvw_m);
        assert_eq!(time_s, [5e9 + 10.0, 5e9 + 10.0, 5e9 + 10.0, 5e9 + 30.0, 5e9 + 30.0, 5e9 + 30.0]);
        assert_eq!((interval_s, n_row_read), (vec![10.0; 6], 72));
    }
}

#[test]
fn tiny_is_the_same_for_any_size_of_reads_and_ends_with_a_short_chunk() {
    let selected = fixture("tiny.ms").select(&Selection::default()).unwrap();
    let want = chunks(&selected, read(30, 84)).unwrap();
    assert_eq!(want.iter().map(|c| c.n_row()).collect::<Vec<_>>(), [30, 30, 24]);
    for read_rows in [1, 13, 30, 83, 5000] {
        for (a, b) in chunks(&selected, read(30, read_rows)).unwrap().iter().zip(&want) {
            assert_eq!((a.i_chunk, &a.uvw_m, &a.vis_rfc), (b.i_chunk, &b.uvw_m, &b.vis_rfc), "{read_rows}");
            assert_eq!((&a.flag_rfc, &a.weight_rfc), (&b.flag_rfc, &b.weight_rfc), "{read_rows}");
        }
    }
    assert!(want.iter().all(|c| c.weight_rfc.iter().all(|w| *w == 1.0) && !c.flag_rfc.contains(&true)));
}

#[test]
fn a_part_of_the_rows_gives_what_the_whole_gives_there() {
    let ms = fixture("mixed.ms");
    let selected = select(&ms, 0, 1, "DATA").unwrap();
    let whole = read_all(&selected, read(100, 100));
    let wanted: Vec<u64> = (0..72)
        .filter(|&row| {
            let (field, (antenna1, antenna2), ddid) = mixed_rows()[row as usize];
            (field, ddid) == (0, 1) && antenna1 != antenna2
        })
        .collect();
    // Of the selected rows 4, 7, 13, 40, 43 and 49 these hold three.
    let ranges = [0..0, 5..10, 36..41, 45..1000];
    for read_rows in [1, 7, 100] {
        let part = read_all(&selected.part(&ranges), read(2, read_rows));
        let is_in = |row: &u64| ranges.iter().any(|range| range.contains(row));
        let want: Vec<_> =
            wanted.iter().zip(&whole.uvw_m).filter(|(row, _)| is_in(row)).map(|(_, uvw)| *uvw).collect();
        assert!(!want.is_empty() && want.len() < whole.uvw_m.len());
        assert_eq!(part.uvw_m, want, "{read_rows}");
    }
    assert!(read_all(&selected.part(std::slice::from_ref(&(72..80))), read(2, 5)).uvw_m.is_empty());
}

//! Flags of whole rows, the size of reads, and directions and lines that cannot be.

mod common;

use common::{chunks, fixture, message, read, select};
use facette_ms::{Error, Ms, Selected, Selection};
use std::path::Path;

/// FLAG_ROW or all flags of the selected channels, for every selected row.
fn flagged(selected: &Selected, read_rows: usize) -> Vec<bool> {
    let mut geometry = selected.geometry(read_rows).unwrap();
    let mut flagged = Vec::new();
    while let Some(chunk) = geometry.next().unwrap() {
        assert_eq!(chunk.flagged.len(), chunk.uvw_m.len());
        flagged.extend(chunk.flagged);
    }
    flagged
}

/// The same from the flags of all samples.
fn flagged_by_sample(selected: &Selected) -> Vec<bool> {
    let of_chunk = |chunk: types::VisChunk| {
        let n_flag = chunk.flag_rfc.len() / chunk.n_row();
        chunk.flag_rfc.chunks(n_flag).map(|row| row.iter().all(|f| *f)).collect::<Vec<_>>()
    };
    chunks(selected, read(5, 100)).unwrap().into_iter().flat_map(of_chunk).collect()
}

/// Replaces every occurrence of a big- or little-endian double in the data files of a subtable.
fn replace_f64(subtable: &Path, from: f64, to: f64) -> usize {
    let mut replaced = 0;
    for entry in std::fs::read_dir(subtable).unwrap().map(|e| e.unwrap().path()) {
        if !entry.is_file() {
            continue;
        }
        let mut bytes = std::fs::read(&entry).unwrap();
        for (old, new) in [(from.to_le_bytes(), to.to_le_bytes()), (from.to_be_bytes(), to.to_be_bytes())] {
            while let Some(at) = bytes.windows(8).position(|w| w == old) {
                bytes[at..at + 8].copy_from_slice(&new);
                replaced += 1;
            }
        }
        std::fs::write(&entry, bytes).unwrap();
    }
    replaced
}

#[test]
fn rows_are_flagged_where_all_their_selected_samples_are() {
    let ms = fixture("mixed.ms");
    let mut counts = [0, 0];
    for (field, ddid) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        let n_chan = select(&ms, field, ddid, "DATA").unwrap().chan().end;
        for chan in (0..n_chan).map(|c| (c, Some(c + 1))).chain([(0, None), (1, None)]) {
            let field = facette_ms::FieldRef::Id(field);
            let selected = ms.select(&Selection { field, ddid, chan, ..Selection::default() }).unwrap();
            let want = flagged_by_sample(&selected);
            want.iter().for_each(|f| counts[usize::from(*f)] += 1);
            for read_rows in [1, 7, 1000] {
                assert_eq!(flagged(&selected, read_rows), want, "ddid {ddid} {chan:?} {read_rows}");
            }
        }
    }
    assert!(counts[0] > 0 && counts[1] > 0, "{counts:?}");
}

#[test]
fn flag_row_alone_flags_a_row() {
    let none = fixture("tiny.ms").select(&Selection::default()).unwrap();
    assert_eq!(flagged(&none, 50), [false; 84]);
    let copy = tempfile::tempdir().unwrap();
    testkit::copy_tree(&testkit::fixture("tiny.ms"), copy.path());
    std::fs::copy(testkit::fixture("tiny.all_flagged.table.f0"), copy.path().join("table.f0")).unwrap();
    let all = Ms::open(copy.path()).unwrap().select(&Selection::default()).unwrap();
    assert_eq!(flagged(&all, 50), [true; 84]);
}

#[test]
fn reads_hold_what_was_asked_for_up_to_a_limit() {
    let selected = fixture("tiny.ms").select(&Selection::default()).unwrap();
    let one = selected.read_bytes(1);
    // 4 × 4 single-precision complex numbers, flags and weights at least.
    assert!(one >= 16 * (8 + 1 + 4), "{one}");
    assert_eq!((selected.read_bytes(0), selected.read_bytes(100)), (one, 100 * one));
    assert!((8 << 20..=16 << 20).contains(&selected.read_bytes(usize::MAX)));
    assert_eq!(chunks(&selected, read(50, usize::MAX)).unwrap().len(), 2);
}

#[test]
fn antennas_are_known_without_the_main_table() {
    let ms = fixture("mixed.ms");
    assert_eq!(ms.antennas(), ms.info().unwrap().antennas);
    assert_eq!(ms.antennas()[1].name, "M1");
}

#[test]
fn a_phase_center_beyond_the_poles_is_refused() {
    for dec_rad in [1.6, -2.0, f64::NAN, f64::INFINITY] {
        let copy = tempfile::tempdir().unwrap();
        testkit::copy_tree(&testkit::fixture("mixed.ms"), copy.path());
        // Field 0 of mixed.ms is at 0.5, −0.25.
        assert!(replace_f64(&copy.path().join("FIELD"), -0.25, dec_rad) > 0);
        let err = select(&Ms::open(copy.path()).unwrap(), 0, 0, "DATA").err().unwrap();
        let text = message::<()>(Err(err));
        let path = copy.path().display().to_string();
        assert!(text.contains("row 0 of FIELD") && text.contains(&path), "{dec_rad}: {text}");
    }
}

#[test]
fn an_optional_source_table_never_stops_a_selection() {
    let copy = tempfile::tempdir().unwrap();
    testkit::copy_tree(&testkit::fixture("mixed.ms"), copy.path());
    let source = copy.path().join("SOURCE");
    for entry in std::fs::read_dir(&source).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()) {
        let whole = std::fs::read(&entry).unwrap();
        for kept in [0, whole.len() / 3, whole.len() / 2] {
            std::fs::write(&entry, &whole[..kept]).unwrap();
            let selected: Result<Selected, Error> =
                Ms::open(copy.path()).and_then(|ms| select(&ms, 0, 0, "DATA"));
            assert!(selected.is_ok(), "{entry:?} {kept}: {}", message(selected));
        }
        std::fs::write(&entry, &whole).unwrap();
    }
}

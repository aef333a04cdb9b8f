//! What a check of a MeasurementSet finds: nothing in sound ones, the direction of baselines, identifiers out of range.

use facette_ms::{Direction, MsCheck};
use std::path::{Path, PathBuf};
use tables::{OpenOptions, Severity, Table};

fn damages(check: &MsCheck) -> Vec<String> {
    let bad = check.walk.findings.iter().filter(|f| f.severity == Severity::Damage);
    bad.map(|f| format!("{} {:?} {:?} {}", f.table.display(), f.column, f.rows, f.problem)).collect()
}

#[test]
fn the_fixture_is_sound_and_its_baselines_are_told() {
    let check = MsCheck::of(&testkit::fixture("tiny.ms"), &OpenOptions::default());
    assert_eq!(damages(&check), [""; 0]);
    let uvw = check.uvw.unwrap();
    assert!(check.is_ms && uvw.direction == Direction::FirstMinusSecond && !uvw.by_phase_centers, "{uvw:?}");
}

/// Which way real MeasurementSets have their baselines; those of OSKAR, WSRT and OVRO are the other way round.
#[test]
fn real_baselines_go_both_ways() {
    let Some(root) = testkit::real_data("real_baselines_go_both_ways", "ms") else { return };
    use Direction::{FirstMinusSecond as Minus21, SecondMinusFirst as Minus12};
    for (name, direction) in [
        ("evla_day2.ms", Minus21),
        ("vla_casa_simulated.ms", Minus21),
        ("askap_csimulator.ms", Minus21),
        ("oskar_ska_low.ms", Minus12),
        ("ovro_lwa.ms", Minus12),
        ("wsrt_ndppp.ms", Minus12),
    ] {
        let check = MsCheck::of(&root.join(name), &OpenOptions::default());
        assert_eq!(damages(&check), [""; 0], "{name}");
        let uvw = check.uvw.unwrap();
        assert_eq!(uvw.direction, direction, "{name}: {uvw:?}");
        assert!((uvw.factor.abs() - 1.0).abs() < 0.02 && uvw.relative_rms < 0.15, "{name}: {uvw:?}");
    }
}

/// Every occurrence of ANTENNA2's largest number in the data file becomes one that is not in ANTENNA.
#[test]
fn identifiers_out_of_range_and_missing_subtables_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    let ms: PathBuf = dir.path().join("copy.ms");
    testkit::copy_tree(&testkit::fixture("tiny.ms"), &ms);
    let antenna = Table::open(ms.join("ANTENNA")).unwrap();
    assert_eq!(antenna.n_row(), 7);
    // A subtable with fewer rows makes the numbers of the main table wrong.
    std::fs::remove_dir_all(ms.join("ANTENNA")).unwrap();
    testkit::copy_tree(&ms.join("DATA_DESCRIPTION"), &ms.join("ANTENNA"));
    std::fs::remove_dir_all(ms.join("STATE")).unwrap();
    let check = MsCheck::of(&ms, &OpenOptions::default());
    let found = damages(&check);
    for says in ["ANTENNA1", "ANTENNA2", "outside the 1 rows of ANTENNA", "STATE, which is no table"] {
        assert!(found.iter().any(|f| f.contains(says)), "{says} is not in {found:#?}");
    }
    assert!(!check.is_sound());
}

#[test]
fn other_tables_are_checked_as_tables() {
    let check = MsCheck::of(&testkit::fixture("tiny.ms").join("ANTENNA"), &OpenOptions::default());
    assert!(check.is_sound() && !check.is_ms && check.uvw.is_none());
    let nothing = MsCheck::of(Path::new("/nowhere/x.ms"), &OpenOptions::default());
    assert!(!nothing.is_sound() && nothing.walk.findings[0].problem.contains("not a table"));
}

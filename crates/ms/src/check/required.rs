//! Columns and subtables that every MeasurementSet of version 2 has.

use crate::measurement_set::{COLUMNS, SUBTABLES};
use tables::{Finding, Severity, Table};

/// Those of the definition that imaging does without.
const MORE_COLUMNS: [&str; 12] = [
    "ARRAY_ID",
    "EXPOSURE",
    "FEED1",
    "FEED2",
    "FLAG_CATEGORY",
    "OBSERVATION_ID",
    "PROCESSOR_ID",
    "SCAN_NUMBER",
    "SIGMA",
    "STATE_ID",
    "TIME_CENTROID",
    "WEIGHT",
];
const MORE_SUBTABLES: [&str; 6] = ["FEED", "FLAG_CMD", "HISTORY", "POINTING", "PROCESSOR", "STATE"];

pub(super) fn check(main: &Table, found: &mut Vec<Finding>) {
    let mut missing = |severity, kind: &str, name: &str| {
        found.push(Finding::new(severity, main.path(), format!("there is no {kind} {name}")));
    };
    for (severity, names) in [(Severity::Damage, &COLUMNS[..]), (Severity::Warning, &MORE_COLUMNS[..])] {
        names.iter().filter(|n| !main.has_column(n)).for_each(|n| missing(severity, "column", n));
    }
    for (severity, names) in [(Severity::Damage, &SUBTABLES[..]), (Severity::Warning, &MORE_SUBTABLES[..])] {
        let absent = names.iter().filter(|n| main.keywords().get(n).is_none());
        absent.for_each(|n| missing(severity, "subtable", n));
    }
    match main.keywords().float("MS_VERSION") {
        Some(2.0) => {}
        Some(version) => found.push(Finding::new(
            Severity::Warning,
            main.path(),
            format!("MS_VERSION is {version}, and 2 is what is read"),
        )),
        None => missing(Severity::Warning, "keyword", "MS_VERSION"),
    }
}

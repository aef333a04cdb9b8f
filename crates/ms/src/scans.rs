//! The scans of a MeasurementSet, as listings of observations show them.

use crate::{Error, Ms, scan::blocks};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use tables::Element;

/// The rows of one scan of one observation and subarray.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanSummary {
    /// SCAN_NUMBER.
    pub number: i32,
    /// OBSERVATION_ID.
    pub observation: i32,
    /// ARRAY_ID.
    pub array: i32,
    /// Start of its first and end of its last integration, seconds of modified Julian date, UTC.
    pub time_range_mjd_s: (f64, f64),
    /// Rows, auto-correlations included.
    pub n_row: u64,
    /// FIELD_IDs, ascending.
    pub fields: Vec<i32>,
    /// DATA_DESC_IDs, ascending.
    pub ddids: Vec<i32>,
    /// STATE_IDs, ascending.
    pub states: Vec<i32>,
    /// INTERVAL of its first row, seconds.
    pub interval_s: f64,
}

/// Scans by observation, subarray and number.
pub(crate) fn read(ms: &Ms) -> Result<Vec<ScanSummary>, Error> {
    const READ_ROWS: usize = 1 << 16;
    let mut scans = BTreeMap::<[i32; 3], Gathered>::new();
    for rows in blocks(ms.n_row(), READ_ROWS) {
        let times_s: Vec<f64> = column(ms, "TIME", &rows, 0.0)?;
        let intervals_s: Vec<f64> = column(ms, "INTERVAL", &rows, 0.0)?;
        let ids = |name, absent| column::<i32>(ms, name, &rows, absent);
        let keys = [ids("OBSERVATION_ID", 0)?, ids("ARRAY_ID", 0)?, ids("SCAN_NUMBER", 0)?];
        let kinds = [ids("FIELD_ID", 0)?, ids("DATA_DESC_ID", 0)?, ids("STATE_ID", -1)?];
        for i in 0..times_s.len() {
            let gathered = scans.entry([keys[0][i], keys[1][i], keys[2][i]]).or_default();
            gathered.add(times_s[i], intervals_s[i], [kinds[0][i], kinds[1][i], kinds[2][i]]);
        }
    }
    Ok(scans.into_iter().map(|(key, gathered)| gathered.scan(key)).collect())
}

/// A column of `rows`, or `absent` in all of them where there is no such column.
fn column<T: Element>(ms: &Ms, name: &str, rows: &Range<u64>, absent: T) -> Result<Vec<T>, Error> {
    if !ms.main().has_column(name) {
        return Ok(vec![absent; (rows.end - rows.start) as usize]);
    }
    let mut values = Vec::new();
    ms.main().column(name)?.read_flat(rows.clone(), &mut values)?;
    Ok(values)
}

/// What is known of a scan so far.
struct Gathered {
    start_s: f64,
    end_s: f64,
    interval_s: f64,
    n_row: u64,
    /// FIELD_ID, DATA_DESC_ID and STATE_ID.
    kinds: BTreeSet<[i32; 3]>,
    last: Option<[i32; 3]>,
}

impl Default for Gathered {
    fn default() -> Self {
        Gathered {
            start_s: f64::INFINITY,
            end_s: f64::NEG_INFINITY,
            interval_s: 0.0,
            n_row: 0,
            kinds: BTreeSet::new(),
            last: None,
        }
    }
}

impl Gathered {
    fn add(&mut self, time_s: f64, interval_s: f64, kind: [i32; 3]) {
        self.start_s = self.start_s.min(time_s - interval_s / 2.0);
        self.end_s = self.end_s.max(time_s + interval_s / 2.0);
        if self.n_row == 0 {
            self.interval_s = interval_s;
        }
        self.n_row += 1;
        if self.last != Some(kind) {
            self.kinds.insert(kind);
            self.last = Some(kind);
        }
    }

    fn scan(self, [observation, array, number]: [i32; 3]) -> ScanSummary {
        let distinct =
            |i: usize| self.kinds.iter().map(|k| k[i]).collect::<BTreeSet<_>>().into_iter().collect();
        ScanSummary {
            number,
            observation,
            array,
            time_range_mjd_s: (self.start_s, self.end_s),
            n_row: self.n_row,
            fields: distinct(0),
            ddids: distinct(1),
            states: distinct(2),
            interval_s: self.interval_s,
        }
    }
}

/// Start of the first and end of the last integration; `None` without rows.
///
/// From the main table, because OBSERVATION/TIME_RANGE is often left empty.
pub(crate) fn time_range(scans: &[ScanSummary]) -> Option<(f64, f64)> {
    let start = scans.iter().map(|s| s.time_range_mjd_s.0).reduce(f64::min)?;
    let end = scans.iter().map(|s| s.time_range_mjd_s.1).reduce(f64::max)?;
    (start <= end).then_some((start, end))
}

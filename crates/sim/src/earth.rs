//! How the Earth is turned: UT1 and the pole, from an embedded table or from a file of the IERS.
//!
//! The embedded table (`data/eop.txt`) holds every second day from 2000-01-01 on, as the IERS Rapid Service published
//! it on [`EMBEDDED_DATE`]. Between its days UT1 − TAI, which knows no leap seconds, and the pole are interpolated by
//! the cubic through four days: within 0.09 ms and 0.6 mas of the daily values, 0.06 mm on a baseline of 10 km.

use crate::time::tai_minus_utc_s;
use std::sync::Arc;
use types::ARCSEC_RAD;

/// When the embedded table was published.
pub const EMBEDDED_DATE: &str = "2026-11-02";

/// Where the Earth stands at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orientation {
    /// UT1 − UTC, seconds.
    pub ut1_minus_utc_s: f64,
    /// Pole in the direction of Greenwich, radians.
    pub pole_x_rad: f64,
    /// Pole in the direction of 90° West, radians.
    pub pole_y_rad: f64,
}

/// One day of a table: days of modified Julian date (UTC), UT1 − TAI in seconds, pole in arcseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Day {
    mjd: f64,
    ut1_minus_tai_s: f64,
    pole_arcsec: [f64; 2],
}

/// A table of UT1 and pole.
#[derive(Clone, Debug, PartialEq)]
pub struct EarthTable {
    days: Arc<[Day]>,
    /// Last day that was measured, not predicted.
    measured_mjd: f64,
    /// What messages call it.
    source: String,
}

/// Why a text is no table of the Earth's orientation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct EarthTableError {
    /// Line, from 1; 0 for the whole.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub problem: String,
}

/// A time at which a table does not know the Earth's orientation well.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// The table has predictions only.
    Predicted {
        /// Days since the last measurement.
        days: f64,
        /// Expected error of the sky's rotation, radians.
        error_rad: f64,
    },
    /// The table ends before, or begins after.
    Outside {
        /// Largest error of the sky's rotation, radians.
        error_rad: f64,
    },
}

impl Doubt {
    /// The error of the sky's rotation, radians; on a baseline times its length in metres.
    pub fn error_rad(&self) -> f64 {
        match self {
            Doubt::Predicted { error_rad, .. } | Doubt::Outside { error_rad } => *error_rad,
        }
    }
}

/// Radians that the Earth turns in a second.
const TURN_RAD_S: f64 = 7.292_115e-5;
/// UTC is kept this close to UT1.
const MOST_DUT1_S: f64 = 0.9;

impl EarthTable {
    /// The embedded table.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn embedded() -> EarthTable {
        parse_embedded(include_str!("../data/eop.txt"))
            .unwrap_or_else(|line| unreachable!("eop.txt, line {line}"))
    }

    /// Reads the IERS's format `finals2000A` (`finals.all`, `finals.data`, `finals.daily`): fixed columns, of which
    /// those of Bulletin A are used.
    ///
    /// # Errors
    /// When a line is not of this format, days do not follow on each other, or fewer than four days have values.
    pub fn parse_finals2000a(source: &str, text: &str) -> Result<EarthTable, EarthTableError> {
        let (mut days, mut measured_mjd): (Vec<Day>, f64) = (Vec::new(), f64::NEG_INFINITY);
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let at = |problem: &str| EarthTableError { line: i + 1, problem: problem.to_owned() };
            let Some(day) = finals_day(line).ok_or_else(|| at("not of the IERS's format finals2000A"))?
            else {
                // Predictions end before the file does.
                continue;
            };
            if days.last().is_some_and(|last| day.mjd <= last.mjd || day.mjd > last.mjd + 10.0) {
                return Err(at("the days do not follow on each other"));
            }
            if line.as_bytes().get(57) == Some(&b'I') {
                measured_mjd = day.mjd;
            }
            days.push(day);
        }
        if days.len() < 4 {
            let problem =
                format!("{} days with values; expected the IERS's finals2000A, four at least", days.len());
            return Err(EarthTableError { line: 0, problem });
        }
        Ok(EarthTable { days: days.into(), measured_mjd, source: source.to_owned() })
    }

    /// What messages call the table.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// First, last measured and last day, modified Julian dates.
    pub fn span_mjd(&self) -> [f64; 3] {
        [self.days[0].mjd, self.measured_mjd, self.days[self.days.len() - 1].mjd]
    }

    /// UT1 and pole at a time, days of modified Julian date (UTC).
    ///
    /// Outside the table those of its nearest day stand, with UT1 − UTC kept within what UTC promises.
    pub fn at(&self, mjd: f64) -> Orientation {
        let [first, _, last] = self.span_mjd();
        let inside = mjd.clamp(first, last);
        let [ut1_minus_tai_s, x, y] = self.interpolate(inside);
        let ut1_minus_utc_s = ut1_minus_tai_s + tai_minus_utc_s(inside);
        Orientation {
            ut1_minus_utc_s: if inside == mjd {
                ut1_minus_utc_s
            } else {
                ut1_minus_utc_s.clamp(-MOST_DUT1_S, MOST_DUT1_S)
            },
            pole_x_rad: x * ARCSEC_RAD,
            pole_y_rad: y * ARCSEC_RAD,
        }
    }

    /// UT1 − TAI and pole by Lagrange's cubic through the four days around.
    fn interpolate(&self, mjd: f64) -> [f64; 3] {
        let after = self.days.partition_point(|day| day.mjd <= mjd);
        let start = after.saturating_sub(2).min(self.days.len() - 4);
        let four = &self.days[start..start + 4];
        let mut sum = [0.0; 3];
        for (j, day) in four.iter().enumerate() {
            let others = four.iter().enumerate().filter(|(k, _)| *k != j);
            let weight: f64 = others.map(|(_, other)| (mjd - other.mjd) / (day.mjd - other.mjd)).product();
            sum[0] += weight * day.ut1_minus_tai_s;
            sum[1] += weight * day.pole_arcsec[0];
            sum[2] += weight * day.pole_arcsec[1];
        }
        sum
    }

    /// Whether the orientation at a time (days of modified Julian date) is not measured, and how far off it may be.
    ///
    /// The error of a prediction is the IERS's own estimate (Bulletin A): 0.25 ms × days^0.75 of UT1.
    pub fn doubt(&self, mjd: f64) -> Option<Doubt> {
        let [first, measured, last] = self.span_mjd();
        if mjd < first || mjd > last {
            return Some(Doubt::Outside { error_rad: 2.0 * MOST_DUT1_S * TURN_RAD_S });
        }
        let days = mjd - measured;
        (days > 0.0).then(|| Doubt::Predicted { days, error_rad: 2.5e-4 * days.powf(0.75) * TURN_RAD_S })
    }
}

/// A day of finals2000A; `Some(None)` if it has no values, `None` if it is not of this format.
fn finals_day(line: &str) -> Option<Option<Day>> {
    let columns = |from: usize, to: usize| line.get(from..to.min(line.len())).map(str::trim);
    let mjd: f64 = columns(7, 15)?.parse().ok().filter(|m| (0.0..200_000.0).contains(m))?;
    let field = |from, to| columns(from, to).unwrap_or("");
    let texts = [field(18, 27), field(37, 46), field(58, 68)];
    if texts.iter().any(|t| t.is_empty()) {
        return Some(None);
    }
    let mut values = [0.0; 3];
    for (value, text) in values.iter_mut().zip(texts) {
        *value = text.parse().ok().filter(|v: &f64| v.abs() < 10.0)?;
    }
    let ut1_minus_tai_s = values[2] - tai_minus_utc_s(mjd);
    Some(Some(Day { mjd, ut1_minus_tai_s, pole_arcsec: [values[0], values[1]] }))
}

/// The embedded table; the line that is wrong.
fn parse_embedded(text: &str) -> Result<EarthTable, usize> {
    let (mut head, mut days) = ([f64::NAN; 3], Vec::new());
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |k: usize| words.get(k).and_then(|w| w.parse::<f64>().ok()).ok_or(i + 1);
        if let Some(k) = ["first", "step", "measured"].iter().position(|key| words.first() == Some(key)) {
            head[k] = number(1)?;
        } else {
            let mjd = head[0] + head[1] * days.len() as f64;
            let pole_arcsec = [number(0)? * 1e-4, number(1)? * 1e-4];
            days.push(Day { mjd, ut1_minus_tai_s: number(2)? * 1e-5, pole_arcsec });
        }
    }
    let source = format!("the embedded table of {EMBEDDED_DATE}");
    if days.len() < 4 || head.iter().any(|h| h.is_nan()) {
        return Err(0);
    }
    Ok(EarthTable { days: days.into(), measured_mjd: head[2], source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days as published (finals2000A.all), the fourth as if predicted, and one that has no values yet.
    const FINALS: &str = "\
24 1 1 60310.00 I  0.136912 0.000012  0.202190 0.000019  I 0.0087837 0.0000084
24 1 2 60311.00 I  0.134902 0.000009  0.202519 0.000017  I 0.0084956 0.0000085
24 1 3 60312.00 I  0.133135 0.000012  0.203129 0.000024  I 0.0081219 0.0000074
24 1 4 60313.00 P  0.131592 0.000012  0.203991 0.000024  P 0.0077010 0.0000075
24 1 5 60314.00
";

    #[test]
    fn the_embedded_table_agrees_with_published_days() {
        let table = EarthTable::embedded();
        // IERS: UT1 − UTC and pole of 2024-01-01 and 2017-01-01, the day of the last leap second.
        for (mjd, dut1_s, x, y) in [(60310.0, 0.0087837, 0.136912, 0.202190), (57754.0, 0.5915, 0.078, 0.269)]
        {
            let got = table.at(mjd);
            assert!((got.ut1_minus_utc_s - dut1_s).abs() < 4e-4, "{mjd}: {got:?}");
            assert!((got.pole_x_rad / ARCSEC_RAD - x).abs() < 2e-2, "{mjd}: {got:?}");
            assert!((got.pole_y_rad / ARCSEC_RAD - y).abs() < 2e-2, "{mjd}: {got:?}");
        }
        // A leap second makes UT1 − UTC jump by one, and nothing else.
        let (before, after) = (table.at(57753.9999), table.at(57754.0001));
        assert!((after.ut1_minus_utc_s - before.ut1_minus_utc_s - 1.0).abs() < 1e-4);
    }

    #[test]
    fn finals2000a_is_read() {
        let table = EarthTable::parse_finals2000a("finals", FINALS).unwrap();
        assert_eq!(table.span_mjd(), [60310.0, 60312.0, 60313.0]);
        let at = table.at(60311.0);
        assert!(
            (at.ut1_minus_utc_s - 0.0084956).abs() < 1e-9
                && (at.pole_y_rad / ARCSEC_RAD - 0.202519).abs() < 1e-9
        );
        assert!(table.doubt(60311.5).is_none());
        let Some(Doubt::Predicted { days, error_rad }) = table.doubt(60313.0) else { panic!("no doubt") };
        assert!(days == 1.0 && (error_rad / TURN_RAD_S - 2.5e-4).abs() < 1e-12);
        for outside in [60309.0, 60314.0, f64::MAX] {
            let doubt = table.doubt(outside).unwrap();
            assert!(matches!(doubt, Doubt::Outside { .. }) && doubt.error_rad() * 1e4 < 1.4);
            assert!(table.at(outside).ut1_minus_utc_s.abs() <= 0.9);
        }
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, want) in [
            ("", "0 days with values"),
            ("hello\n", "line 1: not of the IERS's format"),
            (&FINALS.replace("60312.00", "60311.00"), "line 3: the days do not follow"),
            (&FINALS.replace("0.202190", "0.2x2190"), "line 1: not of"),
        ] {
            let error = EarthTable::parse_finals2000a("f", text).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}

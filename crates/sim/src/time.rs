//! Times: UTC as people write it, and the scales that the sky and the Earth follow.

use sofars::{
    cal::{cal2jd, jd2cal},
    ts::dat,
};

/// Julian date of modified Julian date 0.
pub(crate) const MJD_0: f64 = 2_400_000.5;
/// Seconds of a day.
pub(crate) const DAY_S: f64 = 86_400.0;
/// TT − TAI, seconds.
const TT_MINUS_TAI_S: f64 = 32.184;
/// TAI − UTC since 2017; what holds where SOFA knows no better.
const LATEST_LEAP_S: f64 = 37.0;

/// TAI − UTC at a modified Julian date, seconds; leap seconds as SOFA knows them.
pub(crate) fn tai_minus_utc_s(mjd: f64) -> f64 {
    let (Ok((year, month, day, _)), true) = (jd2cal(MJD_0, mjd.floor()), mjd < 2e6) else {
        return LATEST_LEAP_S;
    };
    dat(year, month, day, 0.0).unwrap_or(LATEST_LEAP_S)
}

/// Terrestrial time of UTC, days of modified Julian date.
pub(crate) fn tt_mjd(utc_mjd: f64) -> f64 {
    utc_mjd + (tai_minus_utc_s(utc_mjd) + TT_MINUS_TAI_S) / DAY_S
}

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{text}` is not a time in UTC such as 2026-03-01T18:00:00 or 2026/03/01/18:00:00")]
pub struct TimeError {
    /// What was given.
    pub text: String,
}

/// UTC such as `2026-03-01T18:00:00.5`, `2026-03-01 18:00`, `2026/03/01/18:00:00` or `2026-03-01`; seconds of modified
/// Julian date.
///
/// # Errors
/// When the text is not of this form, or the date or time of day does not exist.
pub fn parse_utc_mjd_s(text: &str) -> Result<f64, TimeError> {
    parse(text.trim().trim_end_matches(['Z', 'z'])).ok_or_else(|| TimeError { text: text.to_owned() })
}

fn parse(text: &str) -> Option<f64> {
    let separator = if text.contains('/') { '/' } else { '-' };
    let (date, clock) = match separator {
        '/' => text.match_indices('/').nth(2).map_or((text, "0"), |(at, _)| (&text[..at], &text[at + 1..])),
        _ => text.split_once(['T', ' ']).unwrap_or((text, "0")),
    };
    let parts: Vec<i32> = date.split(separator).map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day] = parts[..] else { return None };
    let (_, mjd) = cal2jd(year, month, day).ok().filter(|_| (1900..=2200).contains(&year))?;
    Some(mjd * DAY_S + clock_s(clock)?)
}

/// `18:00:00.5`; seconds.
fn clock_s(clock: &str) -> Option<f64> {
    let parts: Vec<f64> = clock.trim().split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let limits = [24.0, 60.0, 60.0];
    let fits = parts.len() <= 3 && parts.iter().zip(limits).all(|(p, limit)| (0.0..limit).contains(p));
    let units = [3600.0, 60.0, 1.0];
    fits.then(|| parts.iter().zip(units).map(|(p, unit)| p * unit).sum())
}

/// Seconds of modified Julian date as `2026-03-01T18:00:00.0`.
pub fn format_utc(mjd_s: f64) -> String {
    let tenths = (mjd_s * 10.0).round();
    let (day, rest) = ((tenths / (DAY_S * 10.0)).floor(), tenths.rem_euclid(DAY_S * 10.0) as u64);
    let (year, month, date, _) = jd2cal(MJD_0, day).unwrap_or_default();
    let (h, m, s) = (rest / 36_000, rest / 600 % 60, rest % 600);
    format!("{year:04}-{month:02}-{date:02}T{h:02}:{m:02}:{:02}.{}", s / 10, s % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        // 2000-01-01 is MJD 51544.
        let noon = 51_544.5 * DAY_S;
        for text in
            ["2000-01-01T12:00:00", "2000-01-01 12:00", "2000/01/01/12:00:00.0", "2000-01-01T12:00:00Z"]
        {
            assert_eq!(parse_utc_mjd_s(text).unwrap(), noon, "{text}");
        }
        assert_eq!(parse_utc_mjd_s("2000-01-01").unwrap(), noon - 43_200.0);
        assert_eq!(format_utc(noon + 1.26), "2000-01-01T12:00:01.3");
        assert_eq!(format_utc(noon - 0.01), "2000-01-01T12:00:00.0");
        for bad in
            ["", "yesterday", "2000-13-01", "2000-02-30", "2000-01-01T25:00", "2000-01-01T1:2:3:4", "2000-01"]
        {
            assert!(parse_utc_mjd_s(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn leap_seconds_are_known() {
        for (mjd, leap_s) in
            [(51_544.0, 32.0), (57_753.9, 36.0), (57_754.0, 37.0), (61_000.0, 37.0), (90_000.0, 37.0)]
        {
            assert_eq!(tai_minus_utc_s(mjd), leap_s, "{mjd}");
        }
        assert!(((tt_mjd(61_000.0) - 61_000.0) * DAY_S - 69.184).abs() < 1e-5);
        assert_eq!(tai_minus_utc_s(f64::INFINITY), LATEST_LEAP_S);
    }
}

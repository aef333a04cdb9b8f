//! Times as headers write them: ISO 8601, UTC (Rots et al. 2015).

const DAY_S: f64 = 86_400.0;
/// Julian date of the origin of modified Julian dates.
const MJD_ZERO: f64 = 2_400_000.5;
/// Decimals of the seconds; a double of seconds since 1858 holds a few more.
const DECIMALS: i32 = 3;

/// A time in seconds of modified Julian date, UTC, as a FITS date: `2015-03-21T04:05:06.7`.
///
/// To the millisecond, without trailing zeros. A time that no calendar has (NaN, years before 0 or after 9999) gives
/// `unknown`.
pub fn iso_date(mjd_s: f64) -> String {
    date_text(mjd_s).unwrap_or_else(|| "unknown".to_owned())
}

/// As [`iso_date`]; `None` where there is no such date.
pub(crate) fn date_text(mjd_s: f64) -> Option<String> {
    // Days of a few million have an exact sum with the half of MJD_ZERO, and cannot overflow SOFA's integers.
    if !(mjd_s.is_finite() && mjd_s.abs() < 4e6 * DAY_S) {
        return None;
    }
    let day = (mjd_s / DAY_S).floor();
    let fraction = (mjd_s - day * DAY_S) / DAY_S;
    // SOFA gives no UTC before 1960; the calendar goes on all the same.
    let (year, month, date, [h, m, s, milli]) = ["UTC", "TAI"]
        .iter()
        .find_map(|scale| sofars::ts::d2dtf(scale, DECIMALS, MJD_ZERO + day, fraction).ok())?;
    if !(0..=9999).contains(&year) {
        return None;
    }
    let seconds = format!("{s:02}.{milli:03}");
    let seconds = seconds.trim_end_matches('0');
    let zero = if seconds.ends_with('.') { "0" } else { "" };
    Some(format!("{year:04}-{month:02}-{date:02}T{h:02}:{m:02}:{seconds}{zero}"))
}

/// The inverse of [`iso_date`], with or without a time of day; `None` for anything else.
pub(crate) fn parse_date(text: &str) -> Option<f64> {
    let (date, time) = text.trim().trim_end_matches('Z').split_once('T').unwrap_or((text.trim(), "0:0:0"));
    let mut parts = date.splitn(3, '-').map(|p| p.parse::<i32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (_, mjd) = sofars::cal::cal2jd(year, month, day).ok()?;
    let mut parts = time.splitn(3, ':').map(|p| p.parse::<f64>().ok());
    let seconds = parts.next()?? * 3600.0 + parts.next()?? * 60.0 + parts.next()??;
    (0.0..=DAY_S + 1.0).contains(&seconds).then_some(mjd * DAY_S + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // MJD 57102 is 2015-03-21, 51544 is 2000-01-01, 60000 is 2023-02-25.
        assert_eq!(iso_date(57102.0 * DAY_S + 14_706.7), "2015-03-21T04:05:06.7");
        assert_eq!(iso_date(51544.0 * DAY_S), "2000-01-01T00:00:00.0");
        assert_eq!(iso_date(60000.0 * DAY_S + 0.125), "2023-02-25T00:00:00.125");
        assert_eq!(iso_date(60000.0 * DAY_S - 1e-4), "2023-02-25T00:00:00.0");
        assert_eq!(iso_date(0.0), "1858-11-17T00:00:00.0");
        // 2016 ended with a leap second; the next day begins at midnight.
        assert_eq!(iso_date(57754.0 * DAY_S), "2017-01-01T00:00:00.0");
        // Far enough that leap seconds are not known.
        assert_eq!(iso_date(80000.0 * DAY_S), "2077-11-28T00:00:00.0");
    }

    #[test]
    fn times_outside_the_calendar_are_unknown() {
        for bad in [f64::NAN, f64::INFINITY, -1e300, 1e18, -9e5 * DAY_S, 3e6 * DAY_S] {
            assert_eq!(iso_date(bad), "unknown", "{bad}");
        }
    }

    #[test]
    fn dates_read_back() {
        for mjd_s in [57102.0 * DAY_S + 14_706.7, 0.0, 4.9e9 + 0.5] {
            assert!((parse_date(&iso_date(mjd_s)).unwrap() - mjd_s).abs() < 1e-3);
        }
        assert_eq!(parse_date("2000-01-01"), Some(51544.0 * DAY_S));
        for bad in ["", "2000", "2000-13-01", "2000-01-01T", "2000-01-01T99:00:00", "31/12/99", "a-b-cTd"] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }
}

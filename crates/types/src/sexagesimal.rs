//! Right ascensions and declinations as people and catalogues write them.

use crate::{RaDec, UnitError, parse_angle_rad};
use std::f64::consts::PI;

const RA: &str = "a right ascension such as 05:34:31.9, 5h34m31.9s or 83.633deg";
const DEC: &str =
    "a declination such as -30:42:47, 22.00.52 (degrees.minutes.seconds), 22d00m52s or 22.0145deg";

/// A right ascension such as `05:34:31.9`, `5h34m31.9s` or `83.633deg`; radians.
///
/// # Errors
/// When the text is none, or a field of it is out of its range.
pub fn parse_ra_rad(text: &str) -> Result<f64, UnitError> {
    let fields = split(text, ['h', 'm', 's']).and_then(|f| value(&f, 360.0));
    let hours = fields.map(|(sign, hours)| sign * hours * PI / 12.0);
    hours
        .or_else(|| parse_angle_rad(text).ok())
        .ok_or_else(|| UnitError { text: text.to_owned(), expected: RA })
}

/// A declination such as `-30:42:47`, `+22.00.52.1` (degrees, minutes, seconds), `22d00m52s` or `22.0145deg`; radians.
///
/// # Errors
/// When the text is none, or lies beyond a pole.
pub fn parse_dec_rad(text: &str) -> Result<f64, UnitError> {
    let fields = split(text, ['d', 'm', 's']).or_else(|| dotted(text)).and_then(|f| value(&f, 360.0));
    let angle =
        fields.map(|(sign, degrees)| (sign * degrees).to_radians()).or_else(|| parse_angle_rad(text).ok());
    let inside = angle.filter(|rad| rad.abs() <= PI / 2.0 + 1e-12);
    inside.ok_or_else(|| UnitError { text: text.to_owned(), expected: DEC })
}

/// Both, such as `05:34:31.9` and `22:00:52`.
///
/// # Errors
/// Those of its parts.
pub fn parse_radec(ra: &str, dec: &str) -> Result<RaDec, UnitError> {
    Ok(RaDec { ra_rad: parse_ra_rad(ra)?, dec_rad: parse_dec_rad(dec)? })
}

/// Sign and up to three fields.
type Fields<'a> = (f64, Vec<&'a str>);

/// At colons, or at the letters of the units, all of which must be there in their order.
fn split(text: &str, letters: [char; 3]) -> Option<Fields<'_>> {
    let (sign, rest) = signed(text);
    if rest.contains(':') {
        return Some((sign, rest.split(':').collect()));
    }
    let (mut fields, mut left) = (Vec::new(), rest);
    for letter in letters {
        let Some((field, after)) = left.split_once(letter) else { break };
        fields.push(field);
        left = after;
    }
    (!fields.is_empty() && left.is_empty()).then_some((sign, fields))
}

/// `22.00.52.1`: the dialect of BBS, which has more than one dot.
fn dotted(text: &str) -> Option<Fields<'_>> {
    let (sign, rest) = signed(text);
    (rest.matches('.').count() > 1).then(|| (sign, rest.splitn(3, '.').collect()))
}

fn signed(text: &str) -> (f64, &str) {
    let text = text.trim();
    match text.strip_prefix(['-', '−']) {
        Some(rest) => (-1.0, rest.trim_start()),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Fields in the ratio of sixty to one; the first below `limit`, the others below 60.
fn value((sign, fields): &Fields<'_>, limit: f64) -> Option<(f64, f64)> {
    if fields.len() > 3 {
        return None;
    }
    let (mut sum, mut unit) = (0.0, 1.0);
    for (i, field) in fields.iter().enumerate() {
        let digits = field.trim();
        let plain = digits.starts_with(|c: char| c.is_ascii_digit());
        let number: f64 = digits.parse().ok().filter(|_| plain)?;
        if !(0.0..if i == 0 { limit } else { 60.0 }).contains(&number) {
            return None;
        }
        (sum, unit) = (sum + number * unit, unit / 60.0);
    }
    Some((*sign, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_read_in_every_dialect() {
        let ra = (83.625_f64).to_radians();
        for text in ["05:34:30", "5h34m30s", "05h34m30.0s", "83.625deg", "+5:34:30.000", "5:34.5"] {
            assert!((parse_ra_rad(text).unwrap() - ra).abs() < 1e-12, "{text}");
        }
        let dec = (-(30.0 + 42.0 / 60.0 + 47.5 / 3600.0_f64)).to_radians();
        for text in ["-30:42:47.5", "-30.42.47.5", "-30d42m47.5s", "-30.713194444444444deg", " −30:42:47.5"]
        {
            assert!((parse_dec_rad(text).unwrap() - dec).abs() < 1e-12, "{text}");
        }
        assert!((parse_dec_rad("-00:30:00").unwrap() + 0.5_f64.to_radians()).abs() < 1e-15);
        assert!((parse_dec_rad("-0.5deg").unwrap() + 0.5_f64.to_radians()).abs() < 1e-15);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["", "5", "5:60:1", "a:b:c", "5:4:3:2", "5h34", "-", "5::3", "inf:0:0"] {
            assert!(parse_ra_rad(bad).is_err(), "{bad}");
        }
        for bad in ["91:00:00", "100deg", "22.5", "22", "-90.00.01"] {
            assert!(parse_dec_rad(bad).is_err(), "{bad}");
        }
    }
}

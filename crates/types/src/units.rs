//! Quantities with units, as people type and read them.

use crate::ARCSEC_RAD;

/// A text that should have been a number with a unit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct UnitError {
    /// What was given.
    pub text: String,
    /// What was expected, with examples.
    pub expected: &'static str,
}

type Table = &'static [(&'static str, f64)];

const ANGLES: Table = &[
    ("arcsec", ARCSEC_RAD),
    ("asec", ARCSEC_RAD),
    ("\"", ARCSEC_RAD),
    ("mas", ARCSEC_RAD / 1e3),
    ("arcmin", 60.0 * ARCSEC_RAD),
    ("amin", 60.0 * ARCSEC_RAD),
    ("'", 60.0 * ARCSEC_RAD),
    ("deg", 3600.0 * ARCSEC_RAD),
    ("°", 3600.0 * ARCSEC_RAD),
    ("rad", 1.0),
];
const FREQS: Table = &[("Hz", 1.0), ("kHz", 1e3), ("MHz", 1e6), ("GHz", 1e9)];
const FLUXES: Table = &[("Jy", 1.0), ("mJy", 1e-3), ("uJy", 1e-6), ("µJy", 1e-6), ("nJy", 1e-9)];
const TIMES: Table =
    &[("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0)];
const BYTES: Table = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

fn parse(text: &str, units: Table, expected: &'static str) -> Result<f64, UnitError> {
    let err = || UnitError { text: text.to_owned(), expected };
    let trimmed = text.trim();
    // The longest matching unit wins, so that `mas` is not read as `as`.
    let unit = units.iter().filter(|u| trimmed.ends_with(u.0)).max_by_key(|u| u.0.len()).ok_or_else(err)?;
    let number: f64 = trimmed[..trimmed.len() - unit.0.len()].trim().parse().map_err(|_| err())?;
    if number.is_finite() { Ok(number * unit.1) } else { Err(err()) }
}

/// An angle such as `2arcsec`, `0.5arcmin`, `1deg`; radians.
///
/// # Errors
/// When the text is not a number followed by a unit of angle.
pub fn parse_angle_rad(text: &str) -> Result<f64, UnitError> {
    parse(text, ANGLES, "an angle with its unit (2arcsec, 0.5arcmin, 1deg, 100mas)")
}

/// A frequency such as `1.4GHz`; Hz.
///
/// # Errors
/// When the text is not a number followed by a unit of frequency.
pub fn parse_freq_hz(text: &str) -> Result<f64, UnitError> {
    parse(text, FREQS, "a frequency with its unit (1.4GHz, 150MHz)")
}

/// A flux density such as `1mJy`; Jy.
///
/// # Errors
/// When the text is not a number followed by a unit of flux density.
pub fn parse_flux_jy(text: &str) -> Result<f64, UnitError> {
    parse(text, FLUXES, "a flux density with its unit (1mJy, 50uJy)")
}

/// A duration such as `60s` or `2min`; seconds.
///
/// # Errors
/// When the text is not a number followed by a unit of time.
pub fn parse_time_s(text: &str) -> Result<f64, UnitError> {
    parse(text, TIMES, "a time with its unit (60s, 2min, 500ms)")
}

/// A size of memory such as `16GiB` or `500MB`; bytes.
///
/// # Errors
/// When the text is not a number followed by a unit of bytes, or is negative.
pub fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    let expected = "a size of memory with its unit (16GiB, 500MB)";
    let bytes = parse(text, BYTES, expected)?;
    if bytes >= 0.0 { Ok(bytes as u64) } else { Err(UnitError { text: text.to_owned(), expected }) }
}

fn scaled(value: f64, units: &[(&str, f64)]) -> String {
    let unit = units.iter().rev().find(|u| value.abs() >= u.1).or(units.first());
    unit.map_or_else(String::new, |u| format!("{} {}", digits(value / u.1), u.0))
}

/// Four digits that mean something, without trailing zeros.
fn digits(value: f64) -> String {
    let after = 3 - (value.abs().max(1e-300).log10().floor() as i32).clamp(0, 3);
    let text = format!("{value:.*}", after as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Bytes in binary units: `3.6 GiB`.
pub fn format_bytes(bytes: u64) -> String {
    scaled(
        bytes as f64,
        &[
            ("B", 1.0),
            ("KiB", 1024.0),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
            ("TiB", 1_099_511_627_776.0),
        ],
    )
}

/// An angle in the unit that suits it: `1.5 arcsec`.
pub fn format_angle(rad: f64) -> String {
    scaled(
        rad,
        &[
            ("mas", ARCSEC_RAD / 1e3),
            ("arcsec", ARCSEC_RAD),
            ("arcmin", 60.0 * ARCSEC_RAD),
            ("deg", 3600.0 * ARCSEC_RAD),
        ],
    )
}

/// A frequency in the unit that suits it: `1.284 GHz`.
pub fn format_freq(hz: f64) -> String {
    scaled(hz, FREQS)
}

/// A count with thousands separators: `907,200`.
pub fn format_count(n: u64) -> String {
    let text = n.to_string();
    let mut out = String::with_capacity(text.len() + text.len() / 3);
    for (i, c) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_parse_with_their_units_only() {
        assert_eq!(parse_angle_rad("2arcsec").unwrap(), 2.0 * ARCSEC_RAD);
        assert_eq!(parse_angle_rad(" 1.5 mas ").unwrap(), 1.5 * (ARCSEC_RAD / 1e3));
        assert!((parse_angle_rad("90deg").unwrap() - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
        assert_eq!(parse_freq_hz("1.4GHz").unwrap(), 1.4e9);
        assert_eq!(parse_bytes("2GiB").unwrap(), 2 << 30);
        assert_eq!(parse_flux_jy("3mJy").unwrap(), 0.003);
        let times = ["60s", "500ms", "2min", "1.5h"].map(|text| parse_time_s(text).unwrap());
        assert_eq!(times, [60.0, 0.5, 120.0, 5400.0]);
        assert!(parse_time_s("60").is_err() && parse_time_s("1month").is_err());
        for bad in ["2", "arcsec", "2parsec", "nan arcsec", ""] {
            assert!(parse_angle_rad(bad).is_err(), "{bad}");
        }
        assert!(parse_bytes("-1GB").is_err());
    }

    #[test]
    fn quantities_print_four_digits_at_most() {
        assert_eq!(format_angle(1.5 * ARCSEC_RAD), "1.5 arcsec");
        assert_eq!(format_angle(6156.0 * ARCSEC_RAD), "1.71 deg");
        assert_eq!(format_freq(1.284e9), "1.284 GHz");
        assert_eq!(format_bytes(3_865_470_566), "3.6 GiB");
        assert_eq!((format_count(907_200), format_count(12)), ("907,200".into(), "12".into()));
    }
}

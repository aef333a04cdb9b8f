//! Catalogues of sources: WSClean's component lists, BBS sky models, and plain columns.
//!
//! ```text
//! Format = Name, Type, Ra, Dec, I, Q, U, V, ReferenceFrequency='1.4e9', SpectralIndex, MajorAxis, MinorAxis, Orientation
//! a, POINT, 05:34:31.9, -30.42.47, 1.0, , , , , [-0.7]
//! b, GAUSSIAN, 05:34:40.0, -30.45.00, 0.5, 0, 0, 0, 1.5e9, [-0.7, 0.1], 30, 20, 45
//! ```
//!
//! Columns may come in any order and be absent; a value after `=` stands where a line has none. Axes are full widths
//! at half maximum in arcseconds, the orientation degrees from North through East, frequencies Hz, fluxes Jy;
//! `LogarithmicSI` (true or false) says how the terms of `SpectralIndex` are meant ([`Spectrum`]). A line with neither
//! name nor type names a patch, which is skipped. `RotationMeasure`, `PolarizationAngle`, `PolarizedFraction` and
//! `ReferenceWavelength` must be empty or zero: polarization is given by Q and U. Other columns are not looked at, and
//! named in [`Catalogue::unknown_columns`].
//!
//! Without a line `Format = …` the columns are separated by blanks and stand in this order, of which the first four
//! or more are there:
//!
//! ```text
//! name ra dec I [Q [U [V [ref_freq [spectral_index [major minor [pa]]]]]]]
//! ```

use crate::{
    Spectrum,
    catalogue_line::{Columns, Fields, PLAIN},
};
use types::{ARCSEC_RAD, Gaussian, RaDec, SkySource, parse_dec_rad, parse_ra_rad};

/// A source of a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Name.
    pub name: String,
    /// Where, J2000.
    pub direction: RaDec,
    /// How bright.
    pub spectrum: Spectrum,
    /// Shape, about the direction; `None`: a point.
    pub gaussian: Option<Gaussian>,
}

/// What a catalogue says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// Its sources.
    pub components: Vec<Component>,
    /// Columns that were not looked at, lower case.
    pub unknown_columns: Vec<String>,
}

/// Columns that would change the sky, and are not simulated.
const NOT_SIMULATED: [&str; 4] =
    ["RotationMeasure", "PolarizationAngle", "PolarizedFraction", "ReferenceWavelength"];
/// Columns of a format line that are understood besides those and the plain ones, lower case.
const KNOWN: [&str; 3] = ["type", "patch", "logarithmicsi"];

/// A sky as seen from a phase center.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sky {
    /// Sources with their flux density I at the reference frequency.
    pub sources: Vec<SkySource>,
    /// Their spectra.
    pub spectra: Vec<Spectrum>,
    /// Names of sources that lie on the other half of the sky, and were left out.
    pub behind: Vec<String>,
}

/// Why a text is no catalogue.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CatalogueError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl Sky {
    /// Sources in direction cosines about `phase_center`.
    pub fn new(components: &[Component], phase_center: RaDec) -> Sky {
        let mut sky = Sky::default();
        for component in components {
            let Some(lmn) = component.direction.to_lmn(phase_center) else {
                sky.behind.push(component.name.clone());
                continue;
            };
            let (flux_jy, gaussian) = (component.spectrum.stokes_jy[0], component.gaussian);
            sky.sources.push(SkySource { l: lmn.l, m: lmn.m, flux_jy, gaussian });
            sky.spectra.push(component.spectrum.clone());
        }
        sky
    }
}

/// Reads a catalogue; `ref_freq_hz` is the reference frequency of sources that name none.
///
/// # Errors
/// When a line is no source: which, what is wrong with it, what was expected.
pub fn parse_catalogue(text: &str, ref_freq_hz: f64) -> Result<Catalogue, CatalogueError> {
    let (mut columns, mut catalogue) = (Columns::plain(), Catalogue::default());
    for (i, line) in text.lines().enumerate() {
        let at = |problem: String| CatalogueError { line: i + 1, problem };
        if let Some(format) = Columns::of_format_line(line) {
            columns = format.map_err(at)?;
            catalogue.unknown_columns.extend(unknown(&columns));
            continue;
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fields = columns.fields(line).map_err(at)?;
        let is_patch = fields.get("name").is_none() && fields.get("type").is_none();
        if !is_patch {
            not_simulated(&fields).map_err(at)?;
            catalogue.components.push(component(&fields, ref_freq_hz).map_err(at)?);
        }
    }
    Ok(catalogue)
}

fn unknown(columns: &Columns) -> Vec<String> {
    let is_known = |name: &str| {
        PLAIN.contains(&name)
            || KNOWN.contains(&name)
            || NOT_SIMULATED.iter().any(|n| n.eq_ignore_ascii_case(name))
    };
    columns.names().filter(|name| !is_known(name)).map(str::to_owned).collect()
}

/// An error where a column that is not simulated says anything.
fn not_simulated(fields: &Fields<'_>) -> Result<(), String> {
    for column in NOT_SIMULATED {
        let key = column.to_lowercase();
        if let Some(text) =
            fields.get(&key).filter(|_| fields.list(&key).map_or(true, |v| v.iter().any(|v| *v != 0.0)))
        {
            return Err(format!(
                "{column}: `{text}` is not simulated; expected 0 or nothing, and Q and U in their columns"
            ));
        }
    }
    Ok(())
}

fn component(fields: &Fields<'_>, ref_freq_hz: f64) -> Result<Component, String> {
    let need = |key: &str| fields.get(key).ok_or_else(|| format!("no {key}"));
    let direction = RaDec {
        ra_rad: parse_ra_rad(need("ra")?).map_err(|e| e.to_string())?,
        dec_rad: parse_dec_rad(need("dec")?).map_err(|e| e.to_string())?,
    };
    need("i")?;
    let mut stokes_jy = [0.0; 4];
    for (flux, key) in stokes_jy.iter_mut().zip(["i", "q", "u", "v"]) {
        *flux = fields.number(key)?.unwrap_or(0.0);
    }
    let ref_freq_hz = fields.number("referencefrequency")?.filter(|f| *f != 0.0).unwrap_or(ref_freq_hz);
    if ref_freq_hz <= 0.0 {
        return Err(format!("the reference frequency {ref_freq_hz} is not above zero"));
    }
    let logarithmic = !fields.get("logarithmicsi").is_some_and(|text| text.eq_ignore_ascii_case("false"));
    let spectrum = Spectrum { stokes_jy, ref_freq_hz, terms: fields.list("spectralindex")?, logarithmic };
    let name = fields.get("name").unwrap_or("source").to_owned();
    Ok(Component { name, direction, spectrum, gaussian: gaussian(fields)? })
}

fn gaussian(fields: &Fields<'_>) -> Result<Option<Gaussian>, String> {
    let kind = fields.get("type").unwrap_or("");
    let is_point = kind.eq_ignore_ascii_case("point");
    if !(is_point || kind.is_empty() || kind.eq_ignore_ascii_case("gaussian")) {
        return Err(format!("sources of type `{kind}` are not known; expected POINT or GAUSSIAN"));
    }
    let major = fields.number("majoraxis")?.unwrap_or(0.0);
    let minor = fields.number("minoraxis")?.unwrap_or(major);
    if !(major >= 0.0 && minor >= 0.0) {
        return Err(format!("axes of {major} and {minor} arcsec; expected widths from zero on"));
    }
    let pa_rad = fields.number("orientation")?.unwrap_or(0.0).to_radians();
    let [fwhm_major_rad, fwhm_minor_rad] = [major, minor].map(|arcsec| arcsec * ARCSEC_RAD);
    let is_extended = !is_point && (major > 0.0 || minor > 0.0);
    Ok(is_extended.then_some(Gaussian { fwhm_major_rad, fwhm_minor_rad, pa_rad }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BBS: &str = "\
Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI, ReferenceFrequency='150e6', MajorAxis, MinorAxis, Orientation

, , patch, 08:28:05, 39.35.08
s0c0,POINT,08:28:05.152,39.35.08.511,0.5,[-0.7,0.1],false,,,,
s0c1,GAUSSIAN,08:28:06,39:35:00,0.25,[],true,1.4e9,30,20,45
";

    #[test]
    fn component_lists_are_read() {
        let got = parse_catalogue(BBS, 1e9).unwrap().components;
        assert_eq!(got.len(), 2);
        let (point, extended) = (&got[0], &got[1]);
        assert_eq!((point.name.as_str(), point.gaussian), ("s0c0", None));
        let want = Spectrum {
            stokes_jy: [0.5, 0.0, 0.0, 0.0],
            ref_freq_hz: 150e6,
            terms: vec![-0.7, 0.1],
            logarithmic: false,
        };
        assert_eq!(point.spectrum, want);
        assert!((point.direction.dec_rad.to_degrees() - 39.585_697_5).abs() < 1e-9);
        let gaussian = extended.gaussian.unwrap();
        assert!((gaussian.fwhm_minor_rad - 20.0 * ARCSEC_RAD).abs() < 1e-15);
        assert!((gaussian.pa_rad - std::f64::consts::FRAC_PI_4).abs() < 1e-15);
        assert!(extended.spectrum.logarithmic && extended.spectrum.ref_freq_hz == 1.4e9);
    }

    #[test]
    fn plain_columns_and_bbs_headers_are_read() {
        let plain = "# name ra dec I\na 05:34:31.9 -30:42:47 1.5\nb 83.6deg 22.0deg 1 0.1 -0.2 0.01 1.4e9 -0.7 30 20 45\n";
        let got = parse_catalogue(plain, 1e9).unwrap().components;
        assert_eq!((got[0].spectrum.stokes_jy, got[0].spectrum.ref_freq_hz), ([1.5, 0.0, 0.0, 0.0], 1e9));
        assert_eq!(
            (got[1].spectrum.stokes_jy, got[1].spectrum.terms.clone()),
            ([1.0, 0.1, -0.2, 0.01], vec![-0.7])
        );
        assert!(got[1].gaussian.is_some() && got[1].spectrum.logarithmic);
        let bbs = "# (Name, Type, Ra, Dec, I) = format\nx, POINT, 1:00:00, 2.0.0, 3\n";
        assert_eq!(parse_catalogue(bbs, 1e9).unwrap().components[0].spectrum.stokes_jy[0], 3.0);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, want) in [
            ("a 5:00:00\n", "line 1: 2 columns"),
            ("a 5:00:00 x 1\n", "line 1: `x` is not a declination"),
            ("a 5:00:00 1:0:0 one\n", "line 1: i: `one` is not a number"),
            ("a 5:00:00 1:0:0 1 0 0 0 1e9 -0.7 -3 1\n", "line 1: axes of -3"),
            ("Format = Name, Ra, Dec\na, 5:0:0, 1:0:0\n", "line 2: no i"),
            ("Format = Name, Type, Ra, Dec, I\na, SHAPELET, 5:0:0, 1:0:0, 1\n", "`SHAPELET`"),
            ("Format = Name, Ra, Dec, I\na, 5:0:0, 1:0:0, 1, 2\n", "line 2: 5 columns"),
            (
                "Format = Name, Ra, Dec, I, SpectralIndex\na, 5:0:0, 1:0:0, 1, [2\n",
                "line 2: a bracket is not closed",
            ),
        ] {
            let error = parse_catalogue(text, 1e9).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
        assert!(parse_catalogue("a 5:00:00 1:0:0 1 0 0 0 -1e9\n", 1e9).is_err());
    }

    #[test]
    fn columns_that_are_not_simulated_are_refused_and_unknown_ones_named() {
        let of = |column: &str, value: &str| {
            let text =
                format!("Format = Name, Type, Ra, Dec, I, {column}\n\na, POINT, 1:0:0, 2:0:0, 3, {value}\n");
            parse_catalogue(&text, 1e9).map_err(|e| e.to_string())
        };
        for column in NOT_SIMULATED {
            for value in ["0.1", "-2", "[0, 3]", "x"] {
                let error = of(column, value).unwrap_err();
                assert!(
                    error.starts_with(&format!("line 3: {column}: `{value}` is not simulated")),
                    "{error}"
                );
            }
            assert!(of(&format!("{column}='0.5'"), "").unwrap_err().contains(column), "a default");
            for value in ["", "0", "0.0", "[]"] {
                assert_eq!(of(column, value).unwrap().unknown_columns.len(), 0, "{column} {value}");
            }
        }
        assert_eq!(of("Category", "2").unwrap().unknown_columns, ["category"]);
        assert_eq!(of("MajorAxis", "2").unwrap().unknown_columns.len(), 0);
    }

    #[test]
    fn sources_behind_are_left_out_by_name() {
        let components = parse_catalogue("a 0:00:00 0:0:0 1\nb 12:00:00 0:0:0 2\n", 1e9).unwrap().components;
        let sky = Sky::new(&components, RaDec { ra_rad: 0.1, dec_rad: 0.2 });
        assert_eq!((sky.sources.len(), sky.spectra.len(), sky.behind), (1, 1, vec!["b".to_owned()]));
        assert!(sky.sources[0].l < 0.0 && sky.sources[0].m < 0.0);
    }
}

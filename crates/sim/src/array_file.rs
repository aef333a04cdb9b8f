//! Antenna layouts from text: a line an antenna.
//!
//! ```text
//! # anything after a hash is a remark, but for this one, which says that the lines below are East, North, up:
//! # enu 116.764448deg -26.824722deg 0m
//! x y z [diameter [name [mount]]]
//! ```
//!
//! Positions are metres in ITRF, or East, North and up of the longitude, latitude and height named. A diameter that is
//! not given is 25 m, a name `ANT0`, `ANT1`, … by the line, a mount `ALT-AZ`.

use crate::{Antenna, Layout, Site};

const DIAMETER_M: f64 = 25.0;
const MOUNT: &str = "ALT-AZ";
/// More antennas than any array has; their baselines would not fit in a table.
const MOST_ANTENNAS: usize = 20_000;

/// Why a text is no layout.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LayoutError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl Layout {
    /// Reads the positions of antennas, which come out in ITRF.
    ///
    /// # Errors
    /// When a line is no antenna, a position lies inside the Earth, two antennas share a name, or there are fewer than
    /// two antennas.
    pub fn parse(name: &str, text: &str) -> Result<Layout, LayoutError> {
        let (mut antennas, mut site) = (Vec::new(), None);
        for (i, line) in text.lines().enumerate() {
            let at = |problem: String| LayoutError { line: i + 1, problem };
            let remark = line.trim().strip_prefix('#').map(str::trim);
            if let Some(place) = remark.and_then(|r| r.strip_prefix("enu ")) {
                site = Some(parse_site(place).map_err(at)?);
            }
            let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
            if !words.is_empty() {
                antennas.push(antenna(&words, antennas.len(), site).map_err(at)?);
            }
        }
        let layout = Layout { name: name.to_owned(), antennas };
        layout.check().map_err(|problem| LayoutError { line: text.lines().count(), problem })?;
        Ok(layout)
    }

    fn check(&self) -> Result<(), String> {
        let n = self.antennas.len();
        if !(2..=MOST_ANTENNAS).contains(&n) {
            return Err(format!("{n} antennas; expected 2 to {MOST_ANTENNAS}"));
        }
        let mut names: Vec<&str> = self.antennas.iter().map(|a| a.name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("two antennas are called `{}`", pair[0])),
            None => Ok(()),
        }
    }
}

fn antenna(words: &[&str], i: usize, site: Option<Site>) -> Result<Antenna, String> {
    let expected = "expected x y z [diameter [name [mount]]]";
    if words.len() < 3 || words.len() > 6 {
        return Err(format!("{} words; {expected}", words.len()));
    }
    let mut numbers = [0.0; 3];
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = finite(word).ok_or_else(|| format!("`{word}` is not a length in metres; {expected}"))?;
    }
    let position_m = site.map_or(numbers, |s| s.offset_m(numbers));
    if Site::of(position_m).is_none() {
        return Err(
            "the position lies inside the Earth; expected ITRF, or a line `# enu LON LAT HEIGHT`".into()
        );
    }
    let diameter_m = words.get(3).map_or(Some(DIAMETER_M), |w| finite(w).filter(|d| *d > 0.0));
    Ok(Antenna {
        name: words.get(4).map_or_else(|| format!("ANT{i}"), |w| (*w).to_owned()),
        position_m,
        diameter_m: diameter_m.ok_or_else(|| format!("`{}` is not a diameter in metres", words[3]))?,
        mount: words.get(5).map_or(MOUNT, |w| w).to_owned(),
    })
}

fn finite(word: &str) -> Option<f64> {
    word.parse().ok().filter(|x: &f64| x.is_finite())
}

/// `116.76deg -26.82deg 0m`.
fn parse_site(text: &str) -> Result<Site, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let parsed = match words[..] {
        [longitude, latitude, height] => (|| {
            Some(Site {
                longitude_rad: types::parse_angle_rad(longitude).ok()?,
                latitude_rad: types::parse_angle_rad(latitude).ok().filter(|x| x.abs() <= 1.6)?,
                height_m: height.strip_suffix('m').and_then(finite)?,
            })
        })(),
        _ => None,
    };
    parsed
        .ok_or_else(|| format!("`{text}` is not longitude, latitude and height such as 116.7deg -26.8deg 0m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_words_have_defaults_and_remarks_are_skipped() {
        let text = "# a remark\n5109243 2006797 -3239112 13.5 m000 EQUATORIAL\n\n5109256 2006813 -3239082 # one more\n";
        let layout = Layout::parse("x", text).unwrap();
        assert_eq!(layout.antennas.len(), 2);
        let (a, b) = (&layout.antennas[0], &layout.antennas[1]);
        assert_eq!((a.name.as_str(), a.diameter_m, a.mount.as_str()), ("m000", 13.5, "EQUATORIAL"));
        assert_eq!((b.name.as_str(), b.diameter_m, b.mount.as_str()), ("ANT1", 25.0, "ALT-AZ"));
        assert_eq!(b.position_m, [5_109_256.0, 2_006_813.0, -3_239_082.0]);
    }

    #[test]
    fn east_north_up_become_itrf() {
        let layout = Layout::parse("x", "# enu 116.7deg -26.8deg 300m\n0 0 0\n3 4 0\n").unwrap();
        assert!((layout.longest_m() - 5.0).abs() < 1e-8);
        let site = Site::of(layout.antennas[0].position_m).unwrap();
        assert!((site.latitude_rad.to_degrees() + 26.8).abs() < 1e-9 && (site.height_m - 300.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let good = "5109243 2006797 -3239112 13.5 a\n";
        for (bad, want) in [
            ("1 2\n", "line 2: 2 words"),
            ("1 2 3\n", "line 2: the position lies inside the Earth"),
            ("a 2 3\n", "line 2: `a` is not a length"),
            ("5109243 2006797 nan\n", "line 2: `nan`"),
            ("5109243 2006797 -3239112 0\n", "line 2: `0` is not a diameter"),
            ("5109243 2006797 -3239112 13.5 a\n", "two antennas are called `a`"),
            ("# enu 1 2 3\n", "line 2: `1 2 3` is not longitude"),
            ("", "1 antennas"),
        ] {
            let error = Layout::parse("x", &format!("{good}{bad}")).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}

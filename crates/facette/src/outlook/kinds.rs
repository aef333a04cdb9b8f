//! Cores that are asked about: a number of one kind, or several kinds with their speeds.

use crate::Error;
use serde::Serialize;

/// Most cores of a kind.
const MOST_CORES: usize = 4096;
/// Most ways to give cores of several kinds to stages, which the exact search goes through.
const MOST_COMBINATIONS: usize = 1 << 18;
/// Speed of cores called little or efficient, relative to the others, where it is not given.
const LITTLE_SPEED: f64 = 0.5;

/// Cores of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoreKind {
    /// Its name.
    pub name: String,
    /// How many there are.
    pub count: usize,
    /// Speed relative to the cores that costs are measured on.
    pub speed: f64,
}

/// Reads `big:8,little:8@0.4`: kind, number, and speed relative to this machine's cores, by default 1, and 0.5 for kinds
/// called little or e-core.
///
/// # Errors
/// [`Error::Option`] that says which part cannot be read.
pub fn parse_kinds(text: &str) -> Result<Vec<CoreKind>, Error> {
    let wrong = |problem: String| Error::Option {
        option: "machine",
        problem,
        way_out: "--machine big:8,little:8, or with speeds: big:8,little:8@0.4".to_owned(),
    };
    let kind = |part: &str| {
        let read = || {
            let (name, rest) = part.trim().split_once(':')?;
            let (count, speed) = match rest.split_once('@') {
                Some((count, speed)) => (count, speed.trim().parse().ok()?),
                None => (rest, if is_little(name) { LITTLE_SPEED } else { 1.0 }),
            };
            Some(CoreKind { name: name.trim().to_owned(), count: count.trim().parse().ok()?, speed })
        };
        let kind = read().filter(|kind| !kind.name.is_empty());
        let kind = kind.ok_or_else(|| wrong(format!("`{part}` is not KIND:NUMBER or KIND:NUMBER@SPEED")))?;
        match kind {
            CoreKind { count, .. } if count == 0 || count > MOST_CORES => {
                Err(wrong(format!("{part}: the number of cores must be 1 to {MOST_CORES}")))
            }
            CoreKind { speed, .. } if !(0.01..=100.0).contains(&speed) => {
                Err(wrong(format!("{part}: the speed must be 0.01 to 100")))
            }
            kind => Ok(kind),
        }
    };
    let kinds = text.split(',').map(kind).collect::<Result<Vec<_>, _>>()?;
    let combinations = kinds.iter().fold(1_usize, |product, kind| product.saturating_mul(kind.count + 1));
    if kinds.len() > 1 && combinations > MOST_COMBINATIONS {
        return Err(wrong(format!(
            "{combinations} ways to share the work are too many; {MOST_COMBINATIONS} is the limit"
        )));
    }
    let is_twice = |i: &usize| kinds[..*i].iter().any(|before| before.name == kinds[*i].name);
    match (0..kinds.len()).find(is_twice) {
        Some(i) => Err(wrong(format!("kind {} is given twice", kinds[i].name))),
        None => Ok(kinds),
    }
}

fn is_little(name: &str) -> bool {
    ["little", "e-core", "efficient"].contains(&name.trim())
}

/// Cores of one kind, as fast as this machine's.
pub(super) fn uniform(count: usize) -> Vec<CoreKind> {
    vec![CoreKind { name: "core".to_owned(), count, speed: 1.0 }]
}

/// How many cores of this computer's speed these are worth, one at least.
pub(super) fn equivalent(kinds: &[CoreKind]) -> usize {
    let worth: f64 = kinds.iter().map(|kind| kind.count as f64 * kind.speed).sum();
    (worth.round() as usize).max(1)
}

/// Checks `--cores`.
pub(super) fn check_cores(count: usize) -> Result<(), Error> {
    if (1..=MOST_CORES).contains(&count) {
        return Ok(());
    }
    let problem = format!("{count} is not 1 to {MOST_CORES}");
    Err(Error::Option { option: "cores", problem, way_out: "--cores 16".to_owned() })
}

/// `16 cores`, or `8 big, 8 little at 0.5`.
pub(super) fn describe(kinds: &[CoreKind]) -> String {
    if let [CoreKind { count, speed, .. }] = kinds
        && *speed == 1.0
    {
        return if *count == 1 { "1 core".to_owned() } else { format!("{count} cores") };
    }
    let kind = |kind: &CoreKind| match kind.speed {
        1.0 => format!("{} {}", kind.count, kind.name),
        speed => format!("{} {} at {speed} of the speed", kind.count, kind.name),
    };
    kinds.iter().map(kind).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_read_and_mistakes_are_named() {
        let kinds = parse_kinds("big:8, little:4@0.4").unwrap();
        assert_eq!((kinds[0].count, kinds[0].speed, kinds[1].count, kinds[1].speed), (8, 1.0, 4, 0.4));
        assert_eq!(parse_kinds("big:2,little:2").unwrap()[1].speed, 0.5);
        assert_eq!(describe(&kinds), "8 big, 4 little at 0.4 of the speed");
        assert_eq!(
            (describe(&uniform(1)), describe(&uniform(16))),
            ("1 core".to_owned(), "16 cores".to_owned())
        );
        for (text, part) in [
            ("big", "`big` is not KIND:NUMBER"),
            ("big:x", "`big:x` is not"),
            (":3", "`:3` is not"),
            ("big:0", "1 to 4096"),
            ("big:3@-1", "speed must be"),
            ("big:3@NaN", "speed must be"),
            ("big:3,big:4", "kind big is given twice"),
            ("a:2000,b:2000,c:2000", "too many"),
        ] {
            let error = parse_kinds(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}

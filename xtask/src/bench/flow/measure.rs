//! One row measured: every program of it in turn, again and again, so that all see the same disturbances.

use super::programs::Programs;
use super::rows::{Row, Target};
use anyhow::Result;
use serde_json::{Value, json};

/// The runs of one program.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Runs {
    /// As [`Programs::measure`] calls it.
    pub(super) name: String,
    /// In the order in which they were measured.
    pub(super) seconds: Vec<f64>,
}

/// A row with all runs of all its programs.
pub(super) struct Measured {
    /// What was measured.
    pub(super) row: &'static Row,
    /// Ours; `None` where the case does not exist on this system.
    pub(super) ours: Option<Runs>,
    /// Those of the peers that could run.
    pub(super) peers: Vec<Runs>,
    /// The case that ours is compared with, if the target names one.
    pub(super) reference: Option<Runs>,
    /// What a peer's library says of its version.
    pub(super) version: Option<String>,
}

/// Measures a row: A B C, A B C, and so on.
///
/// # Errors
/// When a program that can run here fails.
pub(super) fn row(row: &'static Row, programs: &Programs, n_runs: usize) -> Result<Measured> {
    let reference = match row.target {
        Target::Times(_, case) => Some(case),
        _ => None,
    };
    let names = std::iter::once(row.case).chain(reference).chain(row.peers.iter().copied());
    let (mut all, version) = in_turn(names.filter(|name| programs.has(name)), programs, n_runs)?;
    let mut take = |name: &str| all.iter().position(|runs| runs.name == name).map(|at| all.remove(at));
    let (ours, reference) = (take(row.case), reference.and_then(&mut take));
    Ok(Measured { row, ours, peers: all, reference, version })
}

/// Runs of several programs, and what a peer's library says of its version.
pub(super) type Series = (Vec<Runs>, Option<String>);

/// Measures programs in turn.
///
/// # Errors
/// When one of them fails.
pub(super) fn in_turn<'a>(
    names: impl Iterator<Item = &'a str>,
    programs: &Programs,
    n_runs: usize,
) -> Result<Series> {
    let mut all: Vec<Runs> = names.map(|name| Runs { name: name.to_owned(), seconds: Vec::new() }).collect();
    let mut version = None;
    for _ in 0..n_runs {
        for runs in &mut all {
            let said = programs.measure(&runs.name)?;
            runs.seconds.push(said.seconds);
            version = said.version.or(version);
        }
    }
    Ok((all, version))
}

impl Runs {
    /// The middle one.
    pub(super) fn median(&self) -> f64 {
        crate::bench::median(&self.seconds)
    }

    /// The shortest.
    pub(super) fn best(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The longest.
    pub(super) fn worst(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// How far the runs lie apart, as a part of the median.
    pub(super) fn spread(&self) -> f64 {
        (self.worst() - self.best()) / self.median().abs()
    }

    pub(super) fn as_json(&self) -> Value {
        let (median, best, worst) = (self.median(), self.best(), self.worst());
        json!({"program": self.name, "median_s": median, "best_s": best, "worst_s": worst, "runs_s": self.seconds})
    }
}

impl Measured {
    /// The fastest of the peers whose name begins so.
    pub(super) fn fastest(&self, peer: &str) -> Option<&Runs> {
        let named = self.peers.iter().filter(|runs| runs.name.starts_with(peer));
        named.min_by(|a, b| a.median().total_cmp(&b.median()))
    }

    /// What was measured as a part of what may be: more than 1 misses the target. `None` where there is no target, or
    /// nothing was measured.
    pub(super) fn part(&self) -> Option<f64> {
        let ours = self.ours.as_ref()?.median();
        match self.row.target {
            Target::None => None,
            Target::AtMost(seconds) => Some(ours / seconds),
            Target::Times(factor, _) => Some(ours / (factor * self.reference.as_ref()?.median())),
        }
    }

    /// Whether the target holds; `None` where there is none, or nothing was measured.
    pub(super) fn holds(&self) -> Option<bool> {
        Some(self.part()? <= 1.0)
    }

    /// Everything, for the file.
    pub(super) fn as_json(&self) -> Value {
        json!({
            "case": self.row.case,
            "title": self.row.title,
            "streampu": self.row.streampu,
            "ours": self.ours.as_ref().map(Runs::as_json),
            "peers": self.peers.iter().map(Runs::as_json).collect::<Vec<_>>(),
            "reference": self.reference.as_ref().map(Runs::as_json),
            "holds": self.holds(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::GROUPS;
    use super::*;

    fn runs(name: &str, seconds: &[f64]) -> Runs {
        Runs { name: name.to_owned(), seconds: seconds.to_vec() }
    }

    fn measured(case: &str, ours: &[f64]) -> Measured {
        let row = GROUPS.iter().flat_map(|g| g.rows).find(|r| r.case == case).unwrap();
        Measured { row, ours: Some(runs(case, ours)), peers: vec![], reference: None, version: None }
    }

    #[test]
    fn medians_best_and_spread() {
        let odd = runs("a", &[3.0, 1.0, 2.0]);
        assert_eq!((odd.median(), odd.best(), odd.worst(), odd.spread()), (2.0, 1.0, 3.0, 1.0));
        assert_eq!(runs("a", &[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(runs("a", &[1.0]).spread(), 0.0);
    }

    #[test]
    fn the_faster_way_of_a_peer_counts() {
        let mut row = measured("fused-2", &[1e-8]);
        row.peers = vec![runs("onetbb ss values", &[2.0]), runs("onetbb ss pointers", &[1.0])];
        assert_eq!(row.fastest("onetbb").unwrap().name, "onetbb ss pointers");
        assert!(row.fastest("crossbeam").is_none());
    }

    #[test]
    fn targets_hold_by_the_median_or_by_the_reference() {
        assert_eq!(measured("loop", &[19e-9, 19e-9, 90e-9]).holds(), Some(true));
        assert_eq!(measured("loop", &[19e-9, 21e-9, 21e-9]).holds(), Some(false));
        assert_eq!(measured("clock", &[1.0]).holds(), None);
        let mut row = measured("work-16-threads", &[1.2]);
        assert_eq!(row.holds(), None);
        row.reference = Some(runs("work-2-threads", &[1.0]));
        assert_eq!(row.holds(), Some(true));
        row.reference = Some(runs("work-2-threads", &[0.9]));
        assert_eq!(row.holds(), Some(false));
        let json = row.as_json();
        assert_eq!((&json["holds"], &json["ours"]["runs_s"][0]), (&Value::Bool(false), &json!(1.2)));
    }
}

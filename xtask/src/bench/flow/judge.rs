//! What a row is judged by: its target, and whether there was a second core where it needs one.
//!
//! The table is one phase, and the rows that are measured once more at its end another. A phase counts for rows on two
//! cores only if the second core was there before it and after it.

use super::measure::Measured;
use super::second_core::{ENOUGH, SecondCore};
use serde_json::{Value, json};

/// What is said of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// There is no target, or nothing was measured.
    Open,
    Holds,
    Missed,
    /// It needs a second core, which was worth so little.
    NotJudged(f64),
}

impl Verdict {
    /// A row of a phase with a second core worth so much; `None` where nothing needs it.
    pub(super) fn of(measured: &Measured, worth: Option<f64>) -> Self {
        match (measured.holds(), worth.filter(|worth| measured.row.on_two && *worth < ENOUGH)) {
            (None, _) => Verdict::Open,
            (_, Some(worth)) => Verdict::NotJudged(worth),
            (Some(true), _) => Verdict::Holds,
            (Some(false), _) => Verdict::Missed,
        }
    }

    /// The last column.
    pub(super) fn text(self) -> String {
        match self {
            Verdict::Open => String::new(),
            Verdict::Holds => "holds".to_owned(),
            Verdict::Missed => "MISSED".to_owned(),
            Verdict::NotJudged(worth) => format!("not judged (second core worth {worth:.1})"),
        }
    }
}

/// The phases that a row is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum By {
    Table,
    Again,
}

/// The second core: before the table, after it, and after the rows that were measured again.
#[derive(Default)]
pub(super) struct Cores {
    pub(super) before: Option<SecondCore>,
    pub(super) after: Option<SecondCore>,
    pub(super) end: Option<SecondCore>,
}

impl Cores {
    /// What it was worth through the table.
    pub(super) fn in_table(&self) -> Option<f64> {
        least(&self.before, &self.after)
    }

    /// What it was worth behind the table.
    pub(super) fn in_the_end(&self) -> Option<f64> {
        least(&self.after, &self.end)
    }

    /// All of it, for the file.
    pub(super) fn as_json(&self) -> Value {
        let one = |core: &Option<SecondCore>| core.as_ref().map(SecondCore::as_json);
        json!({
            "enough": ENOUGH, "before": one(&self.before), "after": one(&self.after), "end": one(&self.end),
        })
    }
}

fn least(one: &Option<SecondCore>, other: &Option<SecondCore>) -> Option<f64> {
    [one, other].into_iter().flatten().map(SecondCore::worth).reduce(f64::min)
}

/// A row with all its phases.
pub(super) struct Judged {
    pub(super) measured: Measured,
    /// Once more at the end, as it had missed.
    pub(super) again: Option<Measured>,
    pub(super) verdict: Verdict,
    pub(super) by: By,
}

impl Judged {
    /// The better of the phases that can be judged.
    pub(super) fn new(measured: Measured, again: Option<Measured>, cores: &Cores) -> Self {
        let first = Verdict::of(&measured, cores.in_table());
        let second = again.as_ref().map(|again| (Verdict::of(again, cores.in_the_end()), again.part()));
        let (verdict, by) = match (first, second) {
            (verdict, None) => (verdict, By::Table),
            (Verdict::NotJudged(one), Some((Verdict::NotJudged(other), _))) => {
                (Verdict::NotJudged(one.max(other)), By::Table)
            }
            (Verdict::NotJudged(_), Some((verdict, _))) => (verdict, By::Again),
            (verdict, Some((Verdict::NotJudged(_), _))) => (verdict, By::Table),
            (_, Some((verdict, part))) if part < measured.part() => (verdict, By::Again),
            (verdict, _) => (verdict, By::Table),
        };
        Judged { measured, again, verdict, by }
    }

    /// Whether it misses its target on two cores, so that it is to be measured again.
    pub(super) fn is_doubtful(measured: &Measured) -> bool {
        measured.row.on_two && measured.holds() == Some(false)
    }

    /// Everything, for the file.
    pub(super) fn as_json(&self) -> Value {
        let mut json = self.measured.as_json();
        json["again"] = self.again.as_ref().map_or(Value::Null, Measured::as_json);
        json["verdict"] = self.verdict.text().into();
        json["judged_by"] = if self.by == By::Table { "the table" } else { "the runs at the end" }.into();
        json
    }
}

#[cfg(test)]
mod tests {
    use super::super::measure::Runs;
    use super::super::rows::GROUPS;
    use super::*;

    fn measured(case: &str, seconds: f64) -> Measured {
        let row = GROUPS.iter().flat_map(|g| g.rows).find(|r| r.case == case).unwrap();
        let ours = Some(Runs { name: case.to_owned(), seconds: vec![seconds] });
        Measured { row, ours, peers: vec![], reference: None, version: None }
    }

    fn cores(worths: [f64; 3]) -> Cores {
        let [before, after, end] = worths.map(|worth| Some(SecondCore::of(worth)));
        Cores { before, after, end }
    }

    /// The target of this row is 0.2 µs.
    const PAIR: &str = "pair-16-spin";

    #[test]
    fn a_row_on_two_cores_is_judged_only_where_there_are_two() {
        for (worths, want) in [
            ([1.9, 1.9, 1.9], Verdict::Holds),
            ([1.2, 1.9, 1.9], Verdict::NotJudged(1.2)),
            ([1.9, 1.1, 1.9], Verdict::NotJudged(1.1)),
            ([1.9, 1.9, 1.0], Verdict::Holds),
        ] {
            assert_eq!(Judged::new(measured(PAIR, 1e-7), None, &cores(worths)).verdict, want);
        }
        // One thread needs no second core.
        assert_eq!(Judged::new(measured("fused-2", 1.0), None, &cores([1.0; 3])).verdict, Verdict::Missed);
        assert!(Judged::is_doubtful(&measured(PAIR, 1.0)) && !Judged::is_doubtful(&measured(PAIR, 1e-7)));
        assert!(!Judged::is_doubtful(&measured("fused-2", 1.0)));
        assert_eq!(Verdict::NotJudged(1.13).text(), "not judged (second core worth 1.1)");
    }

    #[test]
    fn the_better_phase_counts_if_it_can_be_judged() {
        let (good, bad, worse) = (1e-7, 1e-6, 2e-6);
        for (seconds, worths, want) in [
            ([bad, good], [1.9, 1.9, 1.9], (Verdict::Holds, By::Again)),
            ([bad, worse], [1.9, 1.9, 1.9], (Verdict::Missed, By::Table)),
            ([worse, bad], [1.9, 1.9, 1.9], (Verdict::Missed, By::Again)),
            ([bad, good], [1.9, 1.9, 1.0], (Verdict::Missed, By::Table)),
            ([bad, good], [1.0, 1.9, 1.9], (Verdict::Holds, By::Again)),
            ([bad, worse], [1.0, 1.9, 1.9], (Verdict::Missed, By::Again)),
            ([bad, good], [1.9, 1.2, 1.3], (Verdict::NotJudged(1.2), By::Table)),
        ] {
            let [first, again] = seconds.map(|seconds| measured(PAIR, seconds));
            let judged = Judged::new(first, Some(again), &cores(worths));
            assert_eq!((judged.verdict, judged.by), want, "{seconds:?} {worths:?}");
            let json = judged.as_json();
            assert_eq!(json["ours"]["runs_s"][0], json!(seconds[0]));
            assert_eq!(json["again"]["ours"]["runs_s"][0], json!(seconds[1]));
        }
    }
}

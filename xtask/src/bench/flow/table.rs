//! The table as text.

use super::judge::{By, Judged, Verdict};
use super::measure::{Measured, Runs};
use super::programs::Programs;
use super::rows::{NOTES, Target, Unit};
use super::second_core::ENOUGH;

const TITLE: usize = 46;

/// The names of the columns.
pub(super) fn head() -> String {
    let names = columns("", ["StreamPU", "oneTBB", "crossbeam", "ours", "best", "spread", "target", ""]);
    format!("{names}\n{}", columns("", ["recorded", "measured", "measured", "median", "", "", "", ""]))
}

/// A row.
pub(super) fn line(measured: &Measured, verdict: Verdict) -> String {
    let row = measured.row;
    let cell =
        |runs: Option<&Runs>, of: fn(&Runs) -> f64| runs.map_or(String::new(), |r| show(row.unit, of(r)));
    let peer = |name: &str| {
        let is_asked = row.peers.iter().any(|p| p.starts_with(name));
        let missing = if is_asked { "NOT RUN" } else { "" };
        measured.fastest(name).map_or(missing.to_owned(), |r| show(row.unit, r.median()))
    };
    let ours = measured.ours.as_ref();
    let median = ours.map_or("NOT RUN".to_owned(), |r| show(row.unit, r.median()));
    // Of a share only the runs themselves say something: it may be next to nothing.
    let spread = ours.filter(|_| row.unit != Unit::Share).map_or(String::new(), |r| percent(r.spread()));
    let verdict = verdict.text();
    let (onetbb, crossbeam, best) = (peer("onetbb"), peer("crossbeam"), cell(ours, Runs::best));
    let target = target(measured);
    let cells = [row.streampu, &onetbb, &crossbeam, &median, &best, &spread, &target, &verdict];
    columns(row.title, cells)
}

/// What has to be said at the end.
pub(super) fn foot(judged: &[Judged], n_runs: usize, programs: &Programs) -> String {
    let mut text = format!("{}; medians of {n_runs} runs", verdicts(judged));
    if n_runs < super::RUNS {
        text += &format!(", which is a look and no measurement (at least {} are)", super::RUNS);
    }
    text += "; spread is the longest run less the shortest, in percent of the median\n";
    judged.iter().filter_map(twice).for_each(|line| text += &line);
    match (&programs.onetbb, judged.iter().find_map(|j| j.measured.version.as_ref())) {
        (Err(reason), _) => text += &format!("oneTBB NOT RUN: {reason}\n"),
        (Ok(_), Some(version)) => text += &format!("oneTBB {version}\n"),
        (Ok(_), None) => {}
    }
    NOTES.iter().for_each(|note| text += &format!("- {note}\n"));
    text
}

/// How many targets hold, of those that could be judged.
fn verdicts(judged: &[Judged]) -> String {
    let count = |is: fn(Verdict) -> bool| judged.iter().filter(|j| is(j.verdict)).count();
    let held = count(|v| v == Verdict::Holds);
    let all = held + count(|v| v == Verdict::Missed);
    match count(|v| matches!(v, Verdict::NotJudged(_))) {
        0 => format!("{held} of {all} targets hold"),
        n => format!(
            "{held} of {all} targets hold, {n} are not judged, as the second core was worth less than {ENOUGH}"
        ),
    }
}

/// What is to be said of a row that was measured twice.
fn twice(judged: &Judged) -> Option<String> {
    let Judged { measured, again, verdict, by } = judged;
    let median = |m: &Measured| m.ours.as_ref().map_or(String::new(), |r| show(m.row.unit, r.median()));
    let (first, second) = (median(measured), median(again.as_ref()?));
    let by = match (verdict, by) {
        (Verdict::NotJudged(_), _) => "",
        (_, By::Table) => " by the table",
        (_, By::Again) => " by the runs at the end",
    };
    let case = measured.row.case;
    Some(format!("  {case}: {first} in the table, {second} at the end; {}{by}\n", verdict.text()))
}

fn columns(title: &str, cells: [&str; 8]) -> String {
    // A blank at least stands in front of a verdict, which may be long.
    let widths = [14, 11, 11, 11, 11, 8, 16, 8];
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!(" {cell:>0$}", width - 1));
    let line: String = std::iter::once(format!("  {title:<TITLE$}")).chain(cells).collect();
    line.trim_end().to_owned()
}

fn target(measured: &Measured) -> String {
    let row = measured.row;
    match (row.target, row.unit) {
        (Target::None, _) => String::new(),
        (Target::AtMost(seconds), Unit::Rate) => format!("≥ {}", show(row.unit, seconds)),
        (Target::AtMost(seconds), _) => format!("≤ {}", show(row.unit, seconds)),
        (Target::Times(factor, _), Unit::Rate) => {
            let reference = measured.reference.as_ref();
            reference.map_or(String::new(), |r| format!("≥ {}", show(row.unit, factor * r.median())))
        }
        (Target::Times(factor, _), _) => {
            let reference = measured.reference.as_ref();
            reference.map_or(String::new(), |r| format!("≤ {}", show(row.unit, factor * r.median())))
        }
    }
}

/// Three figures and a unit.
fn show(unit: Unit, seconds: f64) -> String {
    match unit {
        Unit::Share if seconds.abs() < 1e-3 => format!("{:.3} %", 100.0 * seconds),
        Unit::Share => percent(seconds),
        Unit::Rate => {
            let rate = 1.0 / seconds;
            if rate >= 1e6 {
                format!("{} M/s", three(1e-6 * rate))
            } else {
                format!("{} k/s", three(1e-3 * rate))
            }
        }
        Unit::Time if seconds < 1e-6 => format!("{} ns", three(1e9 * seconds)),
        Unit::Time if seconds < 1e-3 => format!("{} µs", three(1e6 * seconds)),
        Unit::Time => format!("{} ms", three(1e3 * seconds)),
    }
}

fn percent(part: f64) -> String {
    let percent = 100.0 * part;
    if percent.abs() < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

fn three(x: f64) -> String {
    let decimals = if x < 10.0 { 2 } else { usize::from(x < 100.0) };
    format!("{x:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::super::judge::Cores;
    use super::super::rows::GROUPS;
    use super::super::second_core::SecondCore;
    use super::*;

    fn measured(case: &str, ours: &[f64], peers: &[(&str, f64)]) -> Measured {
        let row = GROUPS.iter().flat_map(|g| g.rows).find(|r| r.case == case).unwrap();
        let runs = |name: &str, seconds: &[f64]| Runs { name: name.to_owned(), seconds: seconds.to_vec() };
        let ours = (!ours.is_empty()).then(|| runs(case, ours));
        let peers = peers.iter().map(|(name, s)| runs(name, &[*s])).collect();
        Measured { row, ours, peers, reference: None, version: None }
    }

    fn line(measured: &Measured) -> String {
        super::line(measured, Verdict::of(measured, None))
    }

    fn words(line: &str) -> Vec<&str> {
        line.split("  ").map(str::trim).filter(|w| !w.is_empty()).collect()
    }

    #[test]
    fn numbers_have_three_figures_and_their_unit() {
        assert_eq!(show(Unit::Time, 3.284e-9), "3.28 ns");
        assert_eq!(show(Unit::Time, 31.52e-6), "31.5 µs");
        assert_eq!(show(Unit::Time, 1.002e-3), "1.00 ms");
        assert_eq!(show(Unit::Rate, 31.25e-9), "32.0 M/s");
        assert_eq!(show(Unit::Rate, 5e-6), "200 k/s");
        assert_eq!(show(Unit::Share, 0.0231), "2.3 %");
        assert_eq!(show(Unit::Share, 0.72), "72 %");
        assert_eq!(show(Unit::Share, 0.000_138), "0.014 %");
    }

    #[test]
    fn a_row_has_all_its_columns() {
        let peers = [("onetbb ss values", 1e-7), ("crossbeam-values-16-pinned", 2.5e-7)];
        let text = line(&measured("pair-16-spin", &[1e-7, 1.1e-7, 1.2e-7], &peers));
        let expected = [
            "pinned, spinning, depth 16",
            "2.2 M/s",
            "10.0 M/s",
            "4.00 M/s",
            "9.09 M/s",
            "10.0 M/s",
            "18 %",
            "≥ 5.00 M/s",
            "holds",
        ];
        assert_eq!(words(&text), expected);
    }

    #[test]
    fn what_could_not_run_says_so() {
        let text = line(&measured("fused-2", &[2e-7], &[]));
        assert_eq!(words(&text)[1..], ["NOT RUN", "5.00 M/s", "5.00 M/s", "0.0 %", "≥ 10.0 M/s", "MISSED"]);
        assert_eq!(words(&line(&measured("idle", &[], &[])))[1], "NOT RUN");
    }

    #[test]
    fn what_was_measured_twice_is_told_with_both_figures() {
        let core = |worth| Some(SecondCore::of(worth));
        let cores = Cores { before: core(1.9), after: core(1.9), end: core(1.9) };
        let pair = |seconds| measured("pair-16-spin", &[seconds], &[]);
        let judged = [
            Judged::new(pair(1e-6), Some(pair(1e-7)), &cores),
            Judged::new(measured("fused-2", &[1e-6], &[]), None, &cores),
        ];
        let text =
            "  pair-16-spin: 1.00 M/s in the table, 10.0 M/s at the end; holds by the runs at the end\n";
        assert_eq!(twice(&judged[0]).unwrap(), text);
        assert_eq!(twice(&judged[1]), None);
        assert_eq!(verdicts(&judged), "1 of 2 targets hold");
        let alone = Cores { before: core(1.1), ..cores };
        let judged = [Judged::new(pair(1e-7), None, &alone)];
        let text = "0 of 0 targets hold, 1 are not judged, as the second core was worth less than 1.6";
        assert_eq!(verdicts(&judged), text);
    }

    #[test]
    fn a_row_is_as_wide_as_the_head() {
        let text = line(&measured("loop", &[1.5e-8], &[]));
        assert_eq!(
            head().lines().next().unwrap().find("StreamPU").unwrap() + "StreamPU".len(),
            text.find("142 ns").unwrap() + "142 ns".len()
        );
    }
}

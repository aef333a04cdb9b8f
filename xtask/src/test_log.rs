//! What a run of `cargo test` said: which tests ran, by package, and which were skipped for lack of data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads the lines of `cargo test -- --show-output` one by one.
#[derive(Default)]
pub(crate) struct TestLog {
    /// Package of each test program, by file name.
    packages: BTreeMap<String, String>,
    /// The package whose tests are running.
    current: String,
    counts: BTreeMap<String, Counts>,
    skipped: BTreeSet<String>,
    /// The lines since the last program started: all that is worth reading after a failure.
    recent: Vec<String>,
}

/// Tests of one package.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that failed.
    pub(crate) failed: usize,
    /// Tests marked `#[ignore]`.
    pub(crate) ignored: usize,
}

impl TestLog {
    /// Takes the packages of the test programs from the JSON lines of `cargo test --no-run --message-format=json`.
    pub(crate) fn new<'a>(messages: impl Iterator<Item = &'a str>) -> Self {
        let programs = messages.filter_map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).ok()?;
            let path = Path::new(value["executable"].as_str()?).file_stem()?.to_string_lossy().into_owned();
            Some((path, package_name(value["package_id"].as_str()?)))
        });
        TestLog { packages: programs.collect(), ..TestLog::default() }
    }

    /// Takes one line; says whether it is worth showing while the tests run.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        let trimmed = line.trim();
        if let Some(program) = program(trimmed) {
            self.current = self.packages.get(&program).cloned().unwrap_or(program);
            self.recent.clear();
        } else if let Some(counts) = counts(trimmed) {
            let sum = self.counts.entry(self.current.clone()).or_default();
            sum.passed += counts.passed;
            sum.failed += counts.failed;
            sum.ignored += counts.ignored;
            return counts != Counts::default();
        } else if trimmed.starts_with("SKIPPED ") {
            self.skipped.insert(trimmed.to_owned());
        }
        self.recent.push(line.to_owned());
        trimmed.starts_with("Running ")
    }

    /// What the last test program said of its failures; all that it said when it ended before it could tell.
    pub(crate) fn failures(&self) -> &[String] {
        let start = self.recent.iter().position(|l| l == "failures:").unwrap_or(0);
        &self.recent[start..]
    }

    /// All tests together.
    pub(crate) fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.counts.values() {
            total.passed += counts.passed;
            total.failed += counts.failed;
            total.ignored += counts.ignored;
        }
        total
    }

    /// A table of counts by package, then every skipped test.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::from("tests            passed  failed  ignored\n");
        let row =
            |name: &str, c: Counts| format!("  {name:<15}{:>6}{:>8}{:>9}\n", c.passed, c.failed, c.ignored);
        self.counts.iter().for_each(|(name, c)| text += &row(name, *c));
        text += &row("all", self.total());
        if self.skipped.is_empty() {
            text += "no test was skipped for lack of data\n";
        } else {
            text += &format!("{} tests skipped for lack of data:\n", self.skipped.len());
            self.skipped.iter().for_each(|s| text += &format!("  {s}\n"));
        }
        text
    }
}

/// `facette-ms` from `path+file:///…/crates/ms#facette-ms@0.1.0`, also where the name equals the folder's.
fn package_name(id: &str) -> String {
    let (before, after) = id.rsplit_once('#').unwrap_or(("", id));
    match after.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => before.rsplit('/').next().unwrap_or(before).to_owned(),
    }
}

/// The program in `Running unittests src/lib.rs (target/debug/deps/name-hash)`, or the crate in `Doc-tests name`.
fn program(line: &str) -> Option<String> {
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(name.replace('_', "-"));
    }
    let path = line.strip_prefix("Running ")?.strip_suffix(')')?.rsplit_once('(')?.1;
    Some(Path::new(path).file_stem()?.to_string_lossy().into_owned())
}

/// The numbers of `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
fn counts(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |what: &str| {
        let part = rest.split(';').find_map(|p| p.trim().strip_suffix(what))?;
        part.trim().parse::<usize>().ok()
    };
    Some(Counts { passed: number("passed")?, failed: number("failed")?, ignored: number("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = r#"{"reason":"compiler-artifact","package_id":"path+file:///r/crates/ms#facette-ms@0.1.0","executable":"/t/debug/deps/select-12ab"}
{"reason":"compiler-artifact","package_id":"path+file:///r/xtask#0.1.0","executable":"/t/debug/deps/xtask-99"}
{"reason":"compiler-artifact","package_id":"registry+x#y@1","executable":null}
not json"#;

    const OUTPUT: &str = "   Running tests/select.rs (target/debug/deps/select-12ab)

running 2 tests
---- a stdout ----
SKIPPED rows_of_evla: no ms/evla_day2.ms below FACETTE_DATA or ../shared/data
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
   Running unittests src/main.rs (target/debug/deps/xtask-99)
test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
   Doc-tests facette_ms
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";

    #[test]
    fn counts_are_summed_by_package_and_skips_are_listed() {
        let mut log = TestLog::new(MESSAGES.lines());
        let shown = OUTPUT.lines().filter(|l| log.line(l)).count();
        assert_eq!(shown, 5);
        assert_eq!(log.counts["facette-ms"], Counts { passed: 6, failed: 0, ignored: 1 });
        assert_eq!(log.counts["xtask"], Counts { passed: 3, failed: 1, ignored: 0 });
        let summary = log.summary();
        assert!(summary.contains("1 tests skipped") && summary.contains("SKIPPED rows_of_evla"), "{summary}");
        assert!(summary.lines().any(|l| l.split_whitespace().eq(["all", "9", "1", "1"])), "{summary}");
    }

    #[test]
    fn failures_are_shown_without_what_passed_and_a_crash_is_shown_whole() {
        let mut log = TestLog::default();
        for line in ["Running a (b)", "successes:", "loud", "failures:", "why"] {
            log.line(line);
        }
        assert_eq!(log.failures(), ["failures:", "why"]);
        log.line("Running a (c)");
        log.line("Segmentation fault");
        assert_eq!(log.failures(), ["Running a (c)", "Segmentation fault"]);
    }

    #[test]
    fn a_run_without_skips_says_so() {
        assert!(TestLog::default().summary().contains("no test was skipped"));
    }
}

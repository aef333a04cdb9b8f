//! The checks: which command, and what its end means.

use super::Verdict;
use super::nightly::Nightly;
use crate::test_log::TestLog;
use crate::{repo, run};
use anyhow::Result;
use std::process::Command;

/// A check, given the name of the nightly toolchain.
type Check = fn(&str) -> Result<Verdict>;

/// Name and check.
pub(super) const CHECKS: &[(&str, Check)] = &[("model", model), ("miri", miri), ("tsan", tsan)];

/// Where ThreadSanitizer exists.
const TSAN_HOSTS: &[&str] =
    &["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "aarch64-apple-darwin"];

fn model(_: &str) -> Result<Verdict> {
    let mut command = run::cargo();
    add_flags(&mut command, "RUSTFLAGS", "--cfg loom");
    command.args(["test", "--locked", "--release", "--package", "facette-flow", "--lib", "model"]);
    follow("model", command)
}

fn miri(toolchain: &str) -> Result<Verdict> {
    let nightly = match Nightly::prepare(toolchain) {
        Ok(nightly) => nightly,
        Err(refusal) => return Ok(Verdict::NotRun(refusal)),
    };
    let mut command = nightly.cargo();
    // The runtime reads the clock, which Miri keeps from programs unless told otherwise.
    add_flags(&mut command, "MIRIFLAGS", "-Zmiri-disable-isolation");
    command.args(["miri", "test", "--locked", "--package", "facette-flow", "--lib"]);
    let tests = repo::root().join("crates/flow/tests");
    if tests.join("miri.rs").exists() || tests.join("miri").exists() {
        command.args(["--test", "miri"]);
    }
    with_version(follow("miri", command)?, &nightly)
}

fn tsan(toolchain: &str) -> Result<Verdict> {
    let nightly = match Nightly::prepare(toolchain) {
        Ok(nightly) => nightly,
        Err(refusal) => return Ok(Verdict::NotRun(refusal)),
    };
    if !TSAN_HOSTS.contains(&nightly.host.as_str()) {
        return Ok(Verdict::NotRun(format!("ThreadSanitizer does not exist for {}", nightly.host)));
    }
    let mut command = nightly.cargo();
    add_flags(&mut command, "RUSTFLAGS", "-Zsanitizer=thread");
    // Without -Zbuild-std the standard library's own locks would look like races.
    command.args(["test", "--locked", "-Zbuild-std", "--target", &nightly.host]);
    command.args(["--package", "facette-flow", "--lib", "--test", "graph"]);
    with_version(follow("tsan", command)?, &nightly)
}

/// Adds to what the user has set.
fn add_flags(command: &mut Command, variable: &str, flags: &str) {
    let users = std::env::var(variable).unwrap_or_default();
    command.env(variable, format!("{users} {flags}").trim());
}

fn with_version(verdict: Verdict, nightly: &Nightly) -> Result<Verdict> {
    Ok(match verdict {
        Verdict::Pass(text) => Verdict::Pass(format!("{text}; {}", nightly.version)),
        other => other,
    })
}

/// Runs the tests in a build folder of their own; shows what is worth showing, and all of a failure.
fn follow(name: &str, mut command: Command) -> Result<Verdict> {
    command.env("CARGO_TARGET_DIR", repo::target().join("soundness").join(name));
    let (mut log, mut all) = (TestLog::default(), Vec::new());
    let ok = run::lines(&mut command, |line| {
        if log.line(line) {
            println!("{}", line.trim_end());
        }
        all.push(line.to_owned());
    })?;
    let verdict = judge(ok, log.total().passed, &all);
    if matches!(verdict, Verdict::Fail(_)) {
        all.iter().for_each(|line| println!("{line}"));
    }
    Ok(verdict)
}

/// What only the computer or its network is to blame for.
const CANNOT_RUN: &[&str] = &[
    "failed to download",
    "download of ",
    "Unable to update registry",
    "Could not resolve host",
    "ThreadSanitizer: unexpected memory mapping",
    "ThreadSanitizer: CHECK failed: tsan_platform",
];

fn judge(ok: bool, passed: usize, lines: &[String]) -> Verdict {
    let find = |parts: &[&str]| lines.iter().find(|l| parts.iter().any(|p| l.contains(p))).map(|l| l.trim());
    if ok && passed > 0 {
        return Verdict::Pass(format!("{passed} tests"));
    }
    if ok {
        return Verdict::Fail(
            "no test ran: the names in xtask/src/soundness/checks.rs are out of date".to_owned(),
        );
    }
    if let Some(reason) = find(CANNOT_RUN).filter(|_| passed == 0) {
        return Verdict::NotRun(reason.to_owned());
    }
    let telling = ["WARNING: ThreadSanitizer", "error: Undefined Behavior", "test result: FAILED", "error"];
    let reason = telling.iter().find_map(|part| find(&[part]));
    Verdict::Fail(reason.unwrap_or("it ended without a reason").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(ok: bool, passed: usize, text: &str) -> Verdict {
        judge(ok, passed, &text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn tests_that_passed_are_counted_and_none_is_a_failure() {
        assert_eq!(judged(true, 4, ""), Verdict::Pass("4 tests".into()));
        assert!(matches!(judged(true, 0, ""), Verdict::Fail(text) if text.contains("no test ran")));
    }

    #[test]
    fn a_race_is_a_failure_and_a_missing_network_is_none() {
        let race = "test a ... ok\nWARNING: ThreadSanitizer: data race (pid=1)\nerror: test failed";
        assert_eq!(
            judged(false, 1, race),
            Verdict::Fail("WARNING: ThreadSanitizer: data race (pid=1)".into())
        );
        let network = "error: failed to download `libc v1`\nerror: x";
        assert_eq!(judged(false, 0, network), Verdict::NotRun("error: failed to download `libc v1`".into()));
        let odd = judged(false, 0, "killed");
        assert_eq!(odd, Verdict::Fail("it ended without a reason".into()));
    }
}

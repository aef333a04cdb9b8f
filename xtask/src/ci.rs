//! `cargo xtask ci`: everything that must hold before a commit, in the order in which it fails fastest.

use crate::test_log::TestLog;
use crate::{advisories, conformance, docs, licenses, run, tidy};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "ci",
    about: "everything that must hold: format, lints, tests, tidy, docs, licences, advisories",
    help: "usage: cargo xtask ci [STEP]…\n\n\
           Runs the steps below in this order, each with its time, and stops at the first that fails.\n\
           At the end it prints which tests ran, by package, and which were skipped for lack of data.\n\
           With names of steps it runs those only.\n\n  \
           fmt         cargo fmt --all --check\n  \
           tidy        cargo xtask tidy\n  \
           clippy      every target of every crate, warnings are errors\n  \
           build       the command as a user builds it, then every test program\n  \
           test        unit and integration tests\n  \
           doctest     examples in the documentation\n  \
           conformance every real table against casacore's digests\n  \
           doc         cargo doc, warnings are errors\n  \
           licenses    cargo xtask licenses\n  \
           advisories  cargo xtask advisories\n\n\
           Real data for the tests is looked for in the folder FACETTE_DATA, else ../shared/data.",
    run,
};

/// Name of a step and what it does.
type Step = (&'static str, fn(&mut TestLog) -> Result<()>);

const STEPS: &[Step] = &[
    ("fmt", |_| run::run(run::cargo().args(["fmt", "--all", "--check"]))),
    ("tidy", |_| tidy::check()),
    ("clippy", |_| clippy()),
    ("build", |_| build()),
    ("test", test),
    ("doctest", doctest),
    ("conformance", |_| conformance::check()),
    ("doc", |_| docs::build()),
    ("licenses", |_| licenses::check()),
    ("advisories", |_| advisories::check()),
];

fn run(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|n| STEPS.iter().all(|s| s.0 != n.as_str())) {
        bail!("no step `{unknown}`; there are {}", STEPS.iter().map(|s| s.0).collect::<Vec<_>>().join(", "));
    }
    let started = Instant::now();
    let mut log = TestLog::default();
    let mut times = Vec::new();
    for (name, step) in STEPS.iter().filter(|s| names.is_empty() || names.iter().any(|n| n == s.0)) {
        println!("\n== {name}");
        let step_started = Instant::now();
        let result = step(&mut log);
        times.push((*name, step_started.elapsed()));
        if let Err(error) = result {
            println!("\n{}", report(&times, started.elapsed()));
            bail!("ci stopped at `{name}`: {error:#}");
        }
    }
    println!("\n{}\n{}ci is green", report(&times, started.elapsed()), log.summary());
    Ok(())
}

fn report(times: &[(&str, Duration)], total: Duration) -> String {
    let row = |(name, time): &(&str, Duration)| format!("  {name:<11}{:>8.1} s\n", time.as_secs_f64());
    let rows: String = times.iter().map(row).collect();
    format!("steps\n{rows}{}", row(&("all", total)))
}

fn clippy() -> Result<()> {
    let args = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    run::run(run::cargo().args(args))
}

/// The command alone shows that no crate leans on a feature that only some test turns on.
fn build() -> Result<()> {
    run::run(run::cargo().args(["check", "--locked"]))?;
    run::run(run::cargo().args(["test", "--workspace", "--locked", "--no-run", "--quiet"]))
}

fn test(log: &mut TestLog) -> Result<()> {
    let args = ["test", "--workspace", "--locked", "--no-run", "--message-format=json-render-diagnostics"];
    let messages = run::stdout(run::cargo().args(args))?;
    *log = TestLog::new(messages.lines());
    follow(log, &["--lib", "--bins", "--tests"])
}

fn doctest(log: &mut TestLog) -> Result<()> {
    follow(log, &["--doc"])
}

/// Runs tests and shows what is worth showing; after a failure, all that the failing program wrote.
fn follow(log: &mut TestLog, which: &[&str]) -> Result<()> {
    let mut command = run::cargo();
    command.args(["test", "--workspace", "--locked"]).args(which).args(["--", "--show-output"]);
    let ok = run::lines(&mut command, |line| {
        if log.line(line) {
            println!("{}", line.trim_end());
        }
    })?;
    if !ok {
        log.failures().iter().for_each(|l| println!("{l}"));
        bail!("tests failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_in_the_help_and_unknown_steps_are_refused() {
        assert!(STEPS.iter().all(|s| COMMAND.help.contains(&format!("\n  {} ", s.0))));
        let error = run(&["tests".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no step `tests`; there are fmt, tidy"), "{error}");
    }
}

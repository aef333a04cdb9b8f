//! `cargo xtask soundness`: the flow runtime under loom, Miri and ThreadSanitizer.
//!
//! What cannot run on a computer is said aloud, with the reason, and is no failure: a failure is a check that ran.

mod checks;
mod nightly;

use anyhow::{Result, bail};
use checks::CHECKS;
use std::time::{Duration, Instant};

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "soundness",
    about: "the flow runtime under loom (model checking), Miri and ThreadSanitizer",
    help: "usage: cargo xtask soundness [--toolchain NAME] [CHECK]…\n\n\
           Runs the checks below on facette-flow, or those named, each in a build folder of its own, and prints\n\
           PASS, FAIL or NOT RUN for each, with the reason and the time. Only FAIL is an error. Some minutes.\n\n  \
           model  the models of the ring, of limits in bytes and of loops around stages under loom: every\n         \
           interleaving within a bound of preemptions\n  \
           miri   unit tests, and the integration test `miri` if there is one, in an interpreter that sees\n         \
           undefined behavior and data races; the variable MIRIFLAGS adds flags to ours\n  \
           tsan   unit tests and the integration test `graph` under ThreadSanitizer, the standard library included\n\n\
           miri and tsan need rustup and a nightly toolchain; the components miri and rust-src are added when they are\n\
           missing, and where that is refused the check says NOT RUN with the refusal.\n\n  \
           --toolchain NAME  the nightly toolchain, else `nightly`",
    run,
};

/// How a check ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It ran and found nothing: what ran.
    Pass(String),
    /// It ran and found something.
    Fail(String),
    /// It could not run here: why.
    NotRun(String),
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Verdict::Pass(_) => "PASS",
            Verdict::Fail(_) => "FAIL",
            Verdict::NotRun(_) => "NOT RUN",
        }
    }

    fn reason(&self) -> &str {
        match self {
            Verdict::Pass(text) | Verdict::Fail(text) | Verdict::NotRun(text) => text,
        }
    }
}

/// A check, what it said, and how long it took.
type Outcome = (&'static str, Verdict, Duration);

fn run(args: &[String]) -> Result<()> {
    let (toolchain, names) = parse(args)?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (name, check) in CHECKS.iter().filter(|c| names.is_empty() || names.contains(&c.0)) {
        println!("== {name}");
        let started = Instant::now();
        outcomes.push((name, check(toolchain)?, started.elapsed()));
    }
    print!("\n{}", table(&outcomes));
    let failed: Vec<&str> =
        outcomes.iter().filter(|o| matches!(o.1, Verdict::Fail(_))).map(|o| o.0).collect();
    if !failed.is_empty() {
        bail!("{} failed", failed.join(", "));
    }
    Ok(())
}

/// The toolchain, and the checks that were named.
fn parse(args: &[String]) -> Result<(&str, Vec<&str>)> {
    let (mut toolchain, mut names) = ("nightly", Vec::new());
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "--toolchain" => match args.next() {
                Some(name) => toolchain = name,
                None => bail!("--toolchain needs a name; `rustup toolchain list` tells those that are here"),
            },
            name if CHECKS.iter().any(|c| c.0 == name) => names.push(name),
            other => {
                let known: Vec<&str> = CHECKS.iter().map(|c| c.0).collect();
                bail!("no check `{other}`; there are {}", known.join(", "));
            }
        }
    }
    Ok((toolchain, names))
}

fn table(outcomes: &[Outcome]) -> String {
    let row = |(name, verdict, time): &Outcome| {
        let mut reason = verdict.reason().lines();
        let first = reason.next().unwrap_or_default();
        let rest: String = reason.map(|line| format!("{:27}{line}\n", "")).collect();
        format!("  {name:<6} {:<8}{:>7.1} s  {first}\n{rest}", verdict.word(), time.as_secs_f64())
    };
    outcomes.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn checks_and_the_toolchain_are_read_and_mistakes_are_named() {
        assert_eq!(parse(&[]).unwrap(), ("nightly", vec![]));
        let args = words("tsan --toolchain nightly-2026-01-01 model");
        assert_eq!(parse(&args).unwrap(), ("nightly-2026-01-01", vec!["tsan", "model"]));
        let error = parse(&words("valgrind")).unwrap_err().to_string();
        assert_eq!(error, "no check `valgrind`; there are model, miri, tsan");
        assert!(parse(&words("--toolchain")).is_err());
    }

    #[test]
    fn every_check_is_in_the_help() {
        assert!(CHECKS.iter().all(|c| COMMAND.help.contains(&format!("\n  {} ", c.0))));
    }

    #[test]
    fn the_table_names_verdict_time_and_reason() {
        let second = Duration::from_secs(1);
        let outcomes = [
            ("model", Verdict::Pass("4 tests".into()), second),
            ("miri", Verdict::NotRun("no rustup\nhere".into()), second),
        ];
        let expected = "  model  PASS        1.0 s  4 tests\n  miri   NOT RUN     1.0 s  no rustup\n\
                        \x20                          here\n";
        assert_eq!(table(&outcomes), expected);
    }
}

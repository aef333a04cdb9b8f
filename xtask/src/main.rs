//! Automation and repository rules: `cargo xtask <command>`.
//!
//! One file per command; this crate links no product crate, it starts their builds, tests and benches.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod advisories;
mod bench;
mod ci;
mod conformance;
mod demo;
mod docs;
mod fuzz;
mod licenses;
mod metadata;
mod repo;
mod run;
mod soundness;
mod source;
mod spdx;
mod test_log;
mod tidy;

use std::process::ExitCode;

/// A command of xtask: adding one is a file and a line in [`ALL`].
pub(crate) struct Command {
    /// What is typed after `cargo xtask`.
    name: &'static str,
    /// One line for the overview.
    about: &'static str,
    /// The text of `--help`.
    help: &'static str,
    /// Does the work; an error is the exit code 1.
    run: fn(&[String]) -> anyhow::Result<()>,
}

const ALL: &[Command] = &[
    ci::COMMAND,
    tidy::COMMAND,
    licenses::COMMAND,
    advisories::COMMAND,
    docs::COMMAND,
    conformance::COMMAND,
    demo::COMMAND,
    bench::COMMAND,
    soundness::COMMAND,
    fuzz::COMMAND,
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(name) = args.first().filter(|a| !is_help(a)) else {
        print!("{}", overview());
        return if args.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    };
    let Some(command) = ALL.iter().find(|c| c.name == name.as_str()) else {
        eprintln!("error: no command `{name}`\n\n{}", overview());
        return ExitCode::from(2);
    };
    if args[1..].iter().take_while(|a| *a != "--").any(|a| is_help(a)) {
        println!("{}", command.help.trim_end());
        return ExitCode::SUCCESS;
    }
    match (command.run)(&args[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_help(arg: &str) -> bool {
    matches!(arg, "--help" | "-h" | "help")
}

fn overview() -> String {
    let list: String = ALL.iter().map(|c| format!("  {:<11} {}\n", c.name, c.about)).collect();
    format!("usage: cargo xtask <command> [--help]\n\n{list}")
}

/// For commands that take no arguments.
pub(crate) fn no_arguments(args: &[String]) -> anyhow::Result<()> {
    match args.first() {
        Some(arg) => anyhow::bail!("`{arg}` is not understood; this command takes no arguments"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_the_overview_and_has_help() {
        for command in ALL {
            assert!(overview().contains(command.about));
            assert!(command.help.starts_with(&format!("usage: cargo xtask {}", command.name)));
        }
    }

    #[test]
    fn stray_arguments_are_named() {
        let error = no_arguments(&["--fast".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("--fast"));
    }
}

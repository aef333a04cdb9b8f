//! `cargo xtask tidy`: the rules of the house that neither rustc nor clippy can check.
//!
//! One rule, one file, one line in [`ALL`]; each is shown a wrong input by its own tests.

mod benches;
mod environment;
mod files;
mod graph;
mod manifests;
mod modules;
mod names;
mod sizes;
mod unsafety;

use crate::repo::Repo;
use anyhow::{Result, bail};

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "tidy",
    about: "checks the rules of the house: dependency edges, sizes, docs, unsafe, names",
    help: "usage: cargo xtask tidy [--list]\n\n\
           Checks the rules below on every crate and prints each breach with file and line.\n\
           Notes (soft limits) do not fail it. `cargo test -p xtask` runs the same.\n\n  \
           --list  names the rules and what they ask for",
    run,
};

/// A rule: what it asks for, and how it is checked.
pub(crate) struct Rule {
    /// One word.
    name: &'static str,
    /// What the rule asks for, in a sentence.
    asks: &'static str,
    /// Looks at the repository and says what is wrong.
    check: fn(&Repo) -> Findings,
}

const ALL: &[Rule] = &[
    graph::RULE,
    modules::RULE,
    sizes::RULE,
    unsafety::RULE,
    benches::RULE,
    names::RULE,
    manifests::RULE,
    environment::RULE,
    files::RULE,
];

/// What a rule found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Findings {
    /// Breaches: place, what is wrong, and the way out.
    pub(crate) wrong: Vec<String>,
    /// Soft limits passed.
    pub(crate) notes: Vec<String>,
}

impl From<Vec<String>> for Findings {
    fn from(wrong: Vec<String>) -> Self {
        Findings { wrong, notes: Vec::new() }
    }
}

fn run(args: &[String]) -> Result<()> {
    if args == ["--list"] {
        ALL.iter().for_each(|r| println!("{:<12} {}", r.name, r.asks));
        return Ok(());
    }
    crate::no_arguments(args)?;
    check()
}

/// Runs all rules and prints what they found.
///
/// # Errors
/// When a rule is broken, or the repository cannot be read.
pub(crate) fn check() -> Result<()> {
    let repo = Repo::read()?;
    let mut n_wrong = 0;
    for rule in ALL {
        let found = (rule.check)(&repo);
        n_wrong += found.wrong.len();
        found.notes.iter().for_each(|n| println!("note  {:<12} {n}", rule.name));
        found.wrong.iter().for_each(|w| println!("WRONG {:<12} {w}", rule.name));
    }
    if n_wrong > 0 {
        bail!("{n_wrong} breaches of the rules above (`cargo xtask tidy --list` says what they ask for)");
    }
    println!("{} rules hold in {} files of {} packages", ALL.len(), repo.sources.len(), repo.packages.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let repo = Repo::read().unwrap();
        let wrong: Vec<String> = ALL.iter().flat_map(|r| (r.check)(&repo).wrong).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// What the tests of the rules share.
#[cfg(test)]
mod testing {
    use super::{Findings, Repo, Rule};
    use crate::source::Source;

    /// A repository of some Rust files.
    pub(super) fn repo_of(files: &[(&str, &str)]) -> Repo {
        let sources = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        Repo { sources, ..Repo::default() }
    }

    /// What a rule finds wrong in one file.
    pub(super) fn wrong_in(rule: &Rule, path: &str, text: &str) -> Vec<String> {
        let Findings { wrong, .. } = (rule.check)(&repo_of(&[(path, text)]));
        wrong
    }
}

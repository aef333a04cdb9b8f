//! Environment variables are read where people type, never in a library.

use super::{Findings, Rule};
use crate::repo::Repo;
use crate::source::Source;

pub(super) const RULE: Rule = Rule {
    name: "environment",
    asks: "environment variables are read in cli, xtask, testkit, tests and benches only",
    check: |repo: &Repo| -> Findings { repo.sources.iter().flat_map(readers).collect::<Vec<_>>().into() },
};

const MAY_READ: &[&str] = &["cli", "xtask", "testkit"];
const FUNCTIONS: &[&str] = &["var", "var_os", "vars", "vars_os", "set_var", "remove_var"];

fn readers(source: &Source) -> Vec<String> {
    if MAY_READ.contains(&source.crate_dir()) {
        return Vec::new();
    }
    let reads = source.find_members(&["env"], FUNCTIONS).into_iter();
    let lines = reads.map(|at| source.line_of(at)).filter(|&line| !source.in_test[line]);
    let say = |line| {
        format!("{}: an environment variable is read in a library; pass the value in", source.place(line))
    };
    lines.map(say).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::wrong_in;

    #[test]
    fn libraries_do_not_read_the_environment() {
        for bad in
            ["let x = std::env::var(\"A\");", "let x = env::var_os(\"A\");", "use std::env::{self, var};"]
        {
            assert_eq!(wrong_in(&RULE, "crates/ms/src/a.rs", bad).len(), 1, "{bad}");
            assert!(wrong_in(&RULE, "crates/cli/src/a.rs", bad).is_empty());
            assert!(wrong_in(&RULE, "crates/ms/tests/a.rs", bad).is_empty());
        }
        let good = "use crate::env::{Env, Slot}; let x = env!(\"CARGO_PKG_VERSION\"); let d = std::env::current_dir();";
        assert!(wrong_in(&RULE, "crates/ms/src/a.rs", good).is_empty());
    }
}

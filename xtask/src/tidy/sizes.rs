//! Files and functions that fit in a head.

use super::{Findings, Rule};
use crate::repo::Repo;
use crate::source::{Function, Source};

pub(super) const RULE: Rule = Rule {
    name: "sizes",
    asks: "files have at most 800 lines (450 without tests is a note), functions 70, or 120 where expected with a reason",
    check: |repo: &Repo| {
        let mut found = Findings::default();
        for source in &repo.sources {
            found.wrong.extend(long_file(source));
            found.notes.extend(long_without_tests(source));
            found.wrong.extend(long_functions(source));
        }
        found
    },
};

const FILE_HARD: usize = 800;
const FILE_SOFT: usize = 450;
const FUNCTION_HARD: usize = 70;
const FUNCTION_EXPECTED: usize = 120;

fn long_file(source: &Source) -> Option<String> {
    let n = source.text.lines().count();
    (n > FILE_HARD)
        .then(|| format!("{}: {n} lines, the limit is {FILE_HARD}; split it by what it does", source.path))
}

fn long_without_tests(source: &Source) -> Option<String> {
    let n = source.text.lines().zip(&source.in_test).filter(|(_, in_test)| !**in_test).count();
    (n > FILE_SOFT)
        .then(|| format!("{}: {n} lines without tests, {FILE_SOFT} is the soft limit", source.path))
}

fn long_functions(source: &Source) -> Vec<String> {
    let limit = |f: &Function| if f.long_expected { FUNCTION_EXPECTED } else { FUNCTION_HARD };
    let functions = source.functions().into_iter().filter(|f| !source.in_test[f.line]);
    let long = functions.filter(|f| f.n_lines > limit(f));
    long.map(|f| {
        format!("{}: `{}` has {} lines, the limit is {}", source.place(f.line), f.name, f.n_lines, limit(&f))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::{repo_of, wrong_in};

    const PATH: &str = "crates/x/src/a.rs";

    fn function(attribute: &str, n_lines: usize) -> String {
        format!("{attribute}\nfn f() {{\n{}}}\n", "    g();\n".repeat(n_lines))
    }

    #[test]
    fn long_functions_are_named_and_tests_may_be_long() {
        assert!(wrong_in(&RULE, PATH, &function("", 70)).is_empty());
        assert_eq!(
            wrong_in(&RULE, PATH, &function("", 71)),
            ["crates/x/src/a.rs:2: `f` has 71 lines, the limit is 70"]
        );
        let expected = "#[expect(clippy::too_many_lines, reason = \"an inner loop\")]";
        assert!(wrong_in(&RULE, PATH, &function(expected, 120)).is_empty());
        assert_eq!(wrong_in(&RULE, PATH, &function(expected, 121)).len(), 1);
        assert!(wrong_in(&RULE, PATH, &function("#[cfg(test)]", 200)).is_empty());
        assert!(wrong_in(&RULE, "crates/x/tests/a.rs", &function("", 200)).is_empty());
    }

    #[test]
    fn long_files_are_wrong_and_longish_ones_are_noted() {
        assert_eq!(wrong_in(&RULE, PATH, &"use a;\n".repeat(801)).len(), 1);
        let found = (RULE.check)(&repo_of(&[(PATH, &"use a;\n".repeat(451))]));
        assert_eq!((found.wrong.len(), found.notes.len()), (0, 1));
        let with_tests =
            format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "use a;\n".repeat(400), "use b;\n".repeat(300));
        assert_eq!((RULE.check)(&repo_of(&[(PATH, &with_tests)])), Findings::default());
    }
}

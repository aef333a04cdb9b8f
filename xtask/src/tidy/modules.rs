//! Every Rust file opens with what it is for.

use super::{Findings, Rule};
use crate::repo::Repo;

pub(super) const RULE: Rule = Rule {
    name: "modules",
    asks: "every Rust file starts with `//!` and says what it is for",
    check: |repo: &Repo| -> Findings {
        let undocumented = repo.sources.iter().filter(|s| !is_documented(&s.text));
        let say = |s: &crate::source::Source| format!("{}: the file does not start with `//!`", s.path);
        undocumented.map(say).collect::<Vec<_>>().into()
    },
};

/// Whether the first line is a module comment with words in it.
fn is_documented(text: &str) -> bool {
    text.lines().next().and_then(|l| l.strip_prefix("//!")).is_some_and(|words| !words.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::wrong_in;

    #[test]
    fn a_file_without_a_first_sentence_is_wrong() {
        for text in ["use x;\n//! late", "", "//!\nfn f() {}", "// not a module comment"] {
            assert_eq!(wrong_in(&RULE, "crates/x/src/a.rs", text).len(), 1, "{text}");
        }
        assert!(wrong_in(&RULE, "crates/x/src/a.rs", "//! Words.").is_empty());
    }
}

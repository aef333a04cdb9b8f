//! Words that say nothing have no place in names.

use super::{Findings, Rule};
use crate::repo::Repo;
use crate::source::Source;

pub(super) const RULE: Rule = Rule {
    name: "names",
    asks: "no type, function or module is a Manager, Machine, Server, Helper, Util or Handler",
    check: |repo: &Repo| -> Findings { repo.sources.iter().flat_map(vague).collect::<Vec<_>>().into() },
};

const VAGUE: &[&str] = &["manager", "machine", "server", "helper", "util", "handler"];
const DECLARING: &[&str] = &["struct", "enum", "union", "trait", "type", "fn", "mod"];

fn vague(source: &Source) -> Vec<String> {
    let declared =
        DECLARING.iter().flat_map(|word| source.find(&[word]).into_iter().map(|at| at + word.len()));
    let declared = declared.filter(|&at| !source.in_test[source.line_of(at)]);
    let name_of = |at| (source.line_of(at), source.ident_after(at));
    let bad = declared.map(name_of).filter_map(|(line, name)| Some((line, vague_word(&name)?, name)));
    bad.map(|(line, word, name)| format!("{}: `{name}` says `{word}`; say what it does", source.place(line)))
        .collect()
}

/// The vague word among the words of a name, in snake or camel case.
fn vague_word(name: &str) -> Option<&'static str> {
    let words = words(name);
    let is = |vague: &str| words.iter().any(|w| w == vague || w.strip_suffix('s') == Some(vague));
    VAGUE.iter().copied().find(|v| is(v))
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::wrong_in;

    #[test]
    fn vague_names_are_found_in_both_cases_and_words_inside_words_are_not() {
        for bad in [
            "struct GridMachine;",
            "fn file_helper() {}",
            "mod utils {}",
            "pub trait Handler {}",
            "type A = B; enum TileManager {}",
        ] {
            assert_eq!(wrong_in(&RULE, "crates/x/src/a.rs", bad).len(), 1, "{bad}");
        }
        for good in [
            "struct Observer;",
            "fn set() { set_handler(|| {}); }",
            "// struct Machine",
            "fn utility() {}",
            "#[cfg(test)]\nfn this_machine() {}",
        ] {
            assert!(wrong_in(&RULE, "crates/x/src/a.rs", good).is_empty(), "{good}");
        }
    }
}

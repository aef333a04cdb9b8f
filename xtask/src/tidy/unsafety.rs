//! `unsafe` stands in few places, each with its reason; `static mut` stands nowhere.

use super::{Findings, Rule};
use crate::repo::Repo;
use crate::source::Source;

pub(super) const RULE: Rule = Rule {
    name: "unsafety",
    asks: "`unsafe` only in the listed places and with SAFETY; every other crate forbids it; no `static mut`",
    check: |repo: &Repo| -> Findings {
        let each = |s: &Source| [misplaced(s), unexplained(s), global_state(s), unforbidden(s)].concat();
        repo.sources.iter().flat_map(each).collect::<Vec<_>>().into()
    },
};

/// Where `unsafe` may stand: a path or the start of one, and why (docs/decisions/0016-unsafe-places.md).
const PLACES: &[(&str, &str)] = &[
    ("crates/kernels/src/arch/", "SIMD intrinsics"),
    ("crates/capi/src/", "functions that other languages call"),
    ("crates/flow/src/graph/slot.rs", "slots of the ring, written without a lock"),
];

/// How many lines above an `unsafe` its SAFETY comment may end.
const REACH: usize = 6;

fn is_place(path: &str) -> bool {
    PLACES.iter().any(|p| path.starts_with(p.0))
}

fn misplaced(source: &Source) -> Vec<String> {
    if is_place(&source.path) {
        return Vec::new();
    }
    let say = |at| format!("{}: `unsafe` is not allowed here", source.place(source.line_of(at)));
    source.find(&["unsafe"]).into_iter().map(say).collect()
}

fn unexplained(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let explained = |line: usize| {
        let above = &lines[line.saturating_sub(REACH)..=line];
        above.iter().any(|l| l.contains("// SAFETY:") || l.contains("/// # Safety"))
    };
    let of_line = source.find(&["unsafe"]).into_iter().map(|at| source.line_of(at));
    let missing = of_line.filter(|&line| !explained(line));
    missing
        .map(|line| format!("{}: `unsafe` without `// SAFETY:` (or `# Safety`)", source.place(line)))
        .collect()
}

fn global_state(source: &Source) -> Vec<String> {
    let say = |at| format!("{}: `static mut` is global state", source.place(source.line_of(at)));
    source.find(&["static", "mut"]).into_iter().map(say).collect()
}

/// Crate roots forbid unsafe code; those of crates with a listed place deny it, so that the place can allow it.
fn unforbidden(source: &Source) -> Vec<String> {
    let is_root = source.path.ends_with("src/lib.rs") || source.path.ends_with("src/main.rs");
    let folder = source.path.rsplit_once("src/").map_or("", |p| p.0);
    let listed = PLACES.iter().any(|p| p.0.starts_with(folder));
    let level = if listed { "deny" } else { "forbid" };
    let has = |level| !source.find(&["#", "!", "[", level, "(", "unsafe_code", ")", "]"]).is_empty();
    if !is_root || has(level) || has("forbid") {
        return Vec::new();
    }
    vec![format!("{}: `#![{level}(unsafe_code)]` is missing", source.path)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::wrong_in;

    #[test]
    fn unsafe_outside_the_places_is_wrong_and_words_are_not() {
        let block = "//! A.\n// SAFETY: none.\nunsafe { f() }";
        assert_eq!(wrong_in(&RULE, "crates/flow/src/ring.rs", block).len(), 1);
        assert!(wrong_in(&RULE, "crates/kernels/src/arch/avx2.rs", block).is_empty());
        assert!(wrong_in(&RULE, "crates/flow/src/a.rs", "// unsafe\nlet s = \"unsafe\";").is_empty());
    }

    #[test]
    fn unsafe_without_its_reason_is_wrong() {
        let path = "crates/kernels/src/arch/avx2.rs";
        assert_eq!(wrong_in(&RULE, path, "fn f() { unsafe { g() } }").len(), 1);
        let far = format!("// SAFETY: far away.\n{}unsafe {{ g() }}", "let x = 1;\n".repeat(7));
        assert_eq!(wrong_in(&RULE, path, &far).len(), 1);
        assert!(wrong_in(&RULE, path, "/// # Safety\n/// AVX2 is there.\npub unsafe fn f() {}").is_empty());
    }

    #[test]
    fn crate_roots_forbid_unsafe_code() {
        assert_eq!(wrong_in(&RULE, "crates/ms/src/lib.rs", "//! A.").len(), 1);
        assert_eq!(wrong_in(&RULE, "crates/ms/src/lib.rs", "// #![forbid(unsafe_code)]").len(), 1);
        assert_eq!(wrong_in(&RULE, "crates/ms/src/lib.rs", "#![deny(unsafe_code)]").len(), 1);
        assert!(wrong_in(&RULE, "xtask/src/main.rs", "#![forbid(unsafe_code)]").is_empty());
        assert!(wrong_in(&RULE, "crates/kernels/src/lib.rs", "#![deny(unsafe_code)]").is_empty());
        assert_eq!(wrong_in(&RULE, "crates/kernels/src/lib.rs", "").len(), 1);
    }

    #[test]
    fn static_mut_is_wrong() {
        assert_eq!(wrong_in(&RULE, "crates/flow/src/a.rs", "static mut N: u8 = 0;").len(), 1);
    }
}

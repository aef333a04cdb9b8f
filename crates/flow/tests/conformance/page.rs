//! The table of StreamPU's features names tests that exist.

use std::{fs, path::Path};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flow/streampu.md");
const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// What stands between backticks in a line and looks like `file.rs::name`.
fn tests_of(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(".rs::").map(|_| code)).filter_map(
        |code| {
            let (file, name) = code.rsplit_once("::")?;
            Some((file, name))
        },
    )
}

/// Whether a file has a function of this name that is a test.
fn is_there(file: &str, name: &str) -> bool {
    fs::read_to_string(Path::new(CRATE).join(file)).is_ok_and(|text| has_test(&text, name))
}

/// A test has `#[test]` among the attributes and comments right above it, also inside of `proptest!`.
fn has_test(text: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_above = |line: &&&str| line.starts_with("#[") || line.starts_with("//");
    let is_test = |at: usize| lines[..at].iter().rev().take_while(is_above).any(|line| *line == "#[test]");
    (0..lines.len()).any(|at| lines[at].starts_with(&head) && is_test(at))
}

#[test]
fn every_test_that_the_page_names_exists() {
    let page = fs::read_to_string(PAGE).unwrap();
    let mut n_tests = 0;
    for (line, number) in page.lines().zip(1..) {
        for (file, name) in tests_of(line) {
            assert!(is_there(file, name), "line {number} of the page names {file}::{name}, which is no test");
            n_tests += 1;
        }
    }
    assert!(n_tests > 80, "the page names {n_tests} tests");
    assert!(!is_there("src/lib.rs", "no_such_test"));
}

#[test]
fn only_what_has_the_attribute_is_a_test() {
    let text = "
        #[test]
        fn plain() {}
        fn beside() {}
        /// Says why.
        #[test]
        #[should_panic(expected = \"a\")]
        // And how.
        fn commented() {}
        proptest! {
            #[test]
            fn inside(n in 0..3) {}
        }
        #[cfg(test)]
        fn configured() {}
        // #[test]
        fn switched_off() {}";
    let is_test = |name: &&str| has_test(text, name);
    let names = ["plain", "beside", "commented", "inside", "configured", "switched_off", "absent"];
    assert_eq!(names.into_iter().filter(is_test).collect::<Vec<_>>(), ["plain", "commented", "inside"]);
    assert!(!is_there("src/graph/ring_tests.rs", "consume"));
}

/// A row of a table says which test shows it, or why there is none.
#[test]
fn no_row_of_the_page_is_without_a_test_or_a_reason() {
    let page = fs::read_to_string(PAGE).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    for row in rows.filter(|row| !row.ends_with("| test |")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, here, shown] = cells[..] else { panic!("not three columns: {row}") };
        let is_shown = tests_of(shown).next().is_some() || shown.starts_with("doc-test");
        assert!(is_shown || (shown == "–" && here.starts_with("absent: ")), "{row}");
    }
}

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

fn is_there(file: &str, name: &str) -> bool {
    fs::read_to_string(Path::new(CRATE).join(file))
        .is_ok_and(|text| text.lines().any(|line| line.trim_start().starts_with(&format!("fn {name}("))))
}

#[test]
fn every_test_that_the_page_names_exists() {
    let page = fs::read_to_string(PAGE).unwrap();
    let mut n_tests = 0;
    for (line, number) in page.lines().zip(1..) {
        for (file, name) in tests_of(line) {
            assert!(
                is_there(file, name),
                "line {number} of the page names {file}::{name}, which does not exist"
            );
            n_tests += 1;
        }
    }
    assert!(n_tests > 80, "the page names {n_tests} tests");
    assert!(!is_there("src/lib.rs", "no_such_test"));
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

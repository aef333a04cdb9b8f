//! Lines and tables on standard output.

use crate::output::Failure;

pub(crate) use crate::output::{line, verdict};

/// Lines until one cannot be written.
pub(crate) fn lines(texts: &[String]) -> Result<(), Failure> {
    texts.iter().try_for_each(|text| line(text))
}

/// One line with a label before it, aligned.
pub(crate) fn labelled(label: &str, text: &str) -> Result<(), Failure> {
    line(&crate::terminal::aligned(label, text))
}

/// Pretty JSON.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    line(&format!("{value:#}"))
}

/// Rows with their columns aligned; the last is as long as it is.
pub(crate) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let n = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|t| t.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n).map(width).collect();
    let pad = |(i, text): (usize, &String)| format!("{text}{}", " ".repeat(widths[i] - text.chars().count()));
    let join = |row: &Vec<String>| {
        row.iter().enumerate().map(pad).collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        assert_eq!(aligned(&[row(&["a", "µ", "x"]), row(&["bcd", "e", ""])]), ["a    µ  x", "bcd  e"]);
        assert!(aligned(&[]).is_empty());
    }
}

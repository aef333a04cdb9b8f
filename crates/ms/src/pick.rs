//! Rows of a main table by their identifiers.

use crate::Error;
use std::ops::Range;
use tables::Table;

/// Rows that are looked at together.
const TOGETHER: u64 = 1 << 16;

/// A column of identifiers, and those that are wanted; none: all.
pub type Wanted<'a> = (&'a str, &'a [i32]);

/// The rows of `within` whose identifiers are all among those wanted, as ranges in the table's order.
///
/// # Errors
/// When a column is missing or cannot be read.
pub fn rows_where(
    table: &Table,
    within: &[Range<u64>],
    wanted: &[Wanted<'_>],
) -> Result<Vec<Range<u64>>, Error> {
    let mut picked: Vec<Range<u64>> = Vec::new();
    for range in within {
        let mut start = range.start;
        while start < range.end {
            let rows = start..range.end.min(start.saturating_add(TOGETHER));
            let keeps = keeps(table, rows.clone(), wanted)?;
            for row in rows.clone().zip(keeps).filter_map(|(row, keep)| keep.then_some(row)) {
                match picked.last_mut().filter(|last| last.end == row) {
                    Some(last) => last.end += 1,
                    None => picked.push(row..row + 1),
                }
            }
            start = rows.end;
        }
    }
    Ok(picked)
}

/// Whether each row is wanted.
fn keeps(table: &Table, rows: Range<u64>, wanted: &[Wanted<'_>]) -> Result<Vec<bool>, Error> {
    let mut keeps = vec![true; (rows.end - rows.start) as usize];
    for (name, identifiers) in wanted.iter().filter(|(_, identifiers)| !identifiers.is_empty()) {
        let mut found = Vec::<i32>::new();
        table.column(name)?.read_flat(rows.clone(), &mut found)?;
        for (keep, identifier) in keeps.iter_mut().zip(&found) {
            *keep &= identifiers.contains(identifier);
        }
    }
    Ok(keeps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_all_identifiers_and_ranges_join() {
        let table = Table::open(testkit::fixture("mixed.ms")).unwrap();
        let n_row = table.n_row();
        let mut fields = Vec::<i32>::new();
        table.column("FIELD_ID").unwrap().read_flat(0..n_row, &mut fields).unwrap();
        let want: Vec<u64> = (0..n_row).filter(|&row| fields[row as usize] == 1).collect();
        let one_by_one: Vec<Range<u64>> = (0..n_row).map(|row| row..row + 1).collect();
        for within in [std::iter::once(0..n_row).collect(), one_by_one] {
            let picked = rows_where(&table, &within, &[("FIELD_ID", &[1]), ("SCAN_NUMBER", &[])]).unwrap();
            assert!(picked.windows(2).all(|pair| pair[0].end < pair[1].start));
            assert_eq!(picked.iter().flat_map(Clone::clone).collect::<Vec<_>>(), want);
        }
        assert!(!want.is_empty() && (want.len() as u64) < n_row, "the fixture has several fields");
        assert!(rows_where(&table, &[], &[("FIELD_ID", &[1])]).unwrap().is_empty());
        assert!(rows_where(&table, std::slice::from_ref(&(0..1)), &[("NOWHERE", &[1])]).is_err());
    }
}

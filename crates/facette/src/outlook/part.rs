//! Which rows are looked at: a few windows spread over the observation, each of several chunks.

use std::ops::Range;

/// Share of the rows that may be read.
pub(super) const SHARE: f64 = 0.05;
/// Windows at most: begin and end, where w and coverage differ most.
pub(super) const MOST_WINDOWS: u64 = 2;
/// Chunks of a window: the first touches memory for the first time, the others tell what a chunk costs.
pub(super) const WINDOW_CHUNKS: u64 = 5;

/// Windows where only some of the rows are selected: so many that their share is that of the whole.
const SPREAD_WINDOWS: u64 = 16;

/// Rows of a table of `n_row`, read in chunks of `chunk_rows`: at most [`SHARE`] of them, but one chunk at least.
/// `is_mixed`: rows that are not selected lie between.
pub(super) fn windows(n_row: u64, chunk_rows: u64, is_mixed: bool) -> Vec<Range<u64>> {
    if is_mixed {
        return spread(n_row, chunk_rows);
    }
    let chunk_rows = chunk_rows.clamp(1, n_row.max(1));
    let n_chunks = ((n_row as f64 * SHARE) as u64 / chunk_rows).max(1);
    let n_windows = (n_chunks / WINDOW_CHUNKS).clamp(1, MOST_WINDOWS);
    let rows = (n_chunks / n_windows).min(WINDOW_CHUNKS) * chunk_rows;
    let last = n_row.saturating_sub(rows);
    // A single window lies in the middle.
    let start = |i: u64| if n_windows == 1 { last / 2 } else { last * i / (n_windows - 1) };
    (0..n_windows).map(start).map(|start| start..(start + rows).min(n_row)).collect()
}

/// Small windows all over the table.
fn spread(n_row: u64, chunk_rows: u64) -> Vec<Range<u64>> {
    let rows = ((n_row as f64 * SHARE) as u64).max(chunk_rows).min(n_row).div_ceil(SPREAD_WINDOWS).max(1);
    let start = |i: u64| n_row.saturating_sub(rows) * i / (SPREAD_WINDOWS - 1);
    let mut windows: Vec<Range<u64>> = Vec::new();
    for rows in (0..SPREAD_WINDOWS).map(start).map(|start| start..(start + rows).min(n_row)) {
        match windows.last_mut().filter(|last| last.end >= rows.start) {
            Some(last) => last.end = rows.end.max(last.end),
            None => windows.push(rows),
        }
    }
    windows
}

/// Rows of all of them.
pub(super) fn n_row(windows: &[Range<u64>]) -> u64 {
    windows.iter().map(|rows| rows.end - rows.start).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_keep_to_the_share_and_reach_both_ends() {
        for (rows, chunk) in [(907_200, 2048), (100_000, 100), (1_000_000, 7), (50_000, 2048)] {
            let windows = windows(rows, chunk, false);
            assert!(n_row(&windows) as f64 <= SHARE * rows as f64, "{windows:?}");
            assert!(windows.windows(2).all(|pair| pair[0].end <= pair[1].start), "{windows:?}");
            if windows.len() > 1 {
                assert_eq!((windows[0].start, windows.last().unwrap().end), (0, rows));
            }
        }
        assert_eq!(windows(907_200, 2048, false).len(), 2);
    }

    #[test]
    fn mixed_tables_are_sampled_all_over() {
        for (rows, chunk) in [(907_200, 2048), (84, 32_768), (100, 7), (1, 5), (0, 5)] {
            let windows = windows(rows, chunk, true);
            assert!(windows.windows(2).all(|pair| pair[0].end < pair[1].start), "{windows:?}");
            assert!(
                n_row(&windows) <= ((rows as f64 * SHARE) as u64).max(chunk).min(rows) + 16,
                "{windows:?}"
            );
            assert_eq!(windows.last().unwrap().end, rows);
        }
        assert_eq!(windows(907_200, 2048, true).len(), 16);
    }

    #[test]
    fn small_tables_give_a_chunk() {
        for (rows, want) in [(1000, 0..1000), (10_000, 3976..6024), (0, 0..0)] {
            assert_eq!(windows(rows, 2048, false), std::slice::from_ref(&want));
        }
    }
}

//! Runs of wanted rows, and which of them are worth reading in one go.

use std::ops::Range;

/// Runs of wanted rows, ascending and apart, that are read from their first to their last row at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Span {
    pub(crate) runs: Vec<Range<u64>>,
}

impl Span {
    /// A single run.
    pub(crate) fn one(run: Range<u64>) -> Span {
        Span { runs: Vec::from([run]) }
    }

    /// From the first wanted row to behind the last; the rows between the runs are read in vain.
    pub(crate) fn rows(&self) -> Range<u64> {
        self.runs.first().map_or(0, |r| r.start)..self.runs.last().map_or(0, |r| r.end)
    }

    /// Number of wanted rows.
    pub(crate) fn n_wanted(&self) -> usize {
        self.runs.iter().map(|r| (r.end - r.start) as usize).sum()
    }

    /// Positions of the runs within [`Span::rows`].
    pub(crate) fn positions(&self) -> impl Iterator<Item = Range<usize>> {
        let start = self.rows().start;
        self.runs.iter().map(move |r| (r.start - start) as usize..(r.end - start) as usize)
    }

    /// Splits off the first `n` wanted rows; `self` keeps the others.
    pub(crate) fn split_first(&mut self, n: usize) -> Span {
        let (mut left, mut first) = (n as u64, Vec::new());
        while left > 0 && !self.runs.is_empty() {
            let run = &mut self.runs[0];
            let end = run.end.min(run.start + left);
            left -= end - run.start;
            first.push(run.start..end);
            run.start = end;
            if run.is_empty() {
                self.runs.remove(0);
            }
        }
        Span { runs: first }
    }
}

/// What a row means to a selection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RowKind {
    /// Selected.
    Wanted,
    /// Not selected, but its cells have the shape of the selected ones.
    SameShape,
    /// Not selected, and not to be read together with selected rows.
    OtherShape,
}

/// Runs of the wanted rows among `kinds`, the first of which is row `start`.
pub(crate) fn runs(start: u64, kinds: &[RowKind]) -> Span {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for row in (start..).zip(kinds).filter(|(_, k)| **k == RowKind::Wanted).map(|(row, _)| row) {
        match runs.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => runs.push(row..row + 1),
        }
    }
    Span { runs }
}

/// Joins runs into spans: never over a row of another shape, and never so that more rows are read in vain than
/// wanted ones. `all` and `kinds` are those of [`runs`].
pub(crate) fn join(start: u64, kinds: &[RowKind], all: Span) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for run in all.runs {
        match spans.last_mut() {
            Some(last) if worth_joining(start, kinds, last, &run) => last.runs.push(run),
            _ => spans.push(Span::one(run)),
        }
    }
    spans
}

fn worth_joining(start: u64, kinds: &[RowKind], span: &Span, next: &Range<u64>) -> bool {
    let rows = span.rows();
    let between = &kinds[(rows.end - start) as usize..(next.start - start) as usize];
    let n_wanted = span.n_wanted() as u64 + (next.end - next.start);
    between.iter().all(|k| *k == RowKind::SameShape) && next.end - rows.start <= 2 * n_wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<RowKind> {
        let kind = |c| match c {
            'w' => RowKind::Wanted,
            's' => RowKind::SameShape,
            _ => RowKind::OtherShape,
        };
        text.chars().map(kind).collect()
    }

    /// The rows of each span, counted from the first kind.
    fn joined(text: &str) -> Vec<Vec<u64>> {
        let kinds = kinds(text);
        let spans = join(100, &kinds, runs(100, &kinds));
        spans.into_iter().map(|s| s.runs.into_iter().flatten().map(|row| row - 100).collect()).collect()
    }

    #[test]
    fn runs_join_over_rows_of_the_same_shape_only() {
        assert_eq!(joined("wwsww"), [[0, 1, 3, 4]]);
        assert_eq!(joined("wwoww"), [[0, 1], [3, 4]]);
        assert_eq!(joined("wwsoww"), [[0, 1], [4, 5]]);
        assert_eq!(joined("sswwoo"), [[2, 3]]);
        assert!(joined("sso").is_empty());
    }

    #[test]
    fn no_more_rows_are_read_in_vain_than_wanted() {
        assert_eq!(joined("wsssw"), [[0], [4]]);
        assert_eq!(joined("wssw"), [[0, 3]]);
        assert_eq!(joined("wswswsw"), [[0, 2, 4, 6]]);
    }

    #[test]
    fn splitting_keeps_every_row_once_and_in_order() {
        let whole = Span { runs: vec![3..5, 7..8, 10..14] };
        for n in 0..=8 {
            let mut rest = whole.clone();
            let first = rest.split_first(n);
            let rows: Vec<u64> = first.runs.iter().chain(&rest.runs).flat_map(|r| r.clone()).collect();
            assert_eq!(rows, [3, 4, 7, 10, 11, 12, 13], "{n}");
            assert_eq!(first.n_wanted(), n.min(7));
        }
        assert_eq!(whole.positions().collect::<Vec<_>>(), [0..2, 4..5, 7..11]);
        assert_eq!(whole.rows(), 3..14);
    }
}

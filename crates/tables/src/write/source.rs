//! Where the cells of a column that is written come from: row by row the old column, the caller, or nowhere.

use std::ops::Range;
use std::rc::Rc;

use crate::cells::{Data, Run, Sink, Strings, element_count};
use crate::write::cells::{Cells, Kept, Target};
use crate::write::encode::sealed::Encoding;
use crate::{Column, DataType, Error, Record};

/// A callback that gives the cells of a range of rows.
pub(crate) type Callback<'a> = Box<dyn FnMut(Range<u64>, &mut Cells<'_>) -> Result<(), Error> + 'a>;

/// Most rows that a callback is asked for at once.
const ROWS_TOGETHER: u64 = 1 << 16;
/// Bytes of zeros that are handed on at once.
const ZEROS: usize = 1 << 16;

/// Where some rows come from.
#[derive(Clone)]
enum From {
    Old,
    /// Those of the old column so many rows further on (or back).
    Shifted(i64),
    Nowhere,
    /// Cells in memory; the first is of this row.
    Kept(Rc<Kept>, u64),
    Callback(usize),
}

/// Rows, the memory with their cells, and the row of the first cell there.
pub(crate) type KeptRows = (Range<u64>, Rc<Kept>, u64);

/// All rows of a column to be written.
pub(crate) struct Source<'a> {
    pub(crate) target: Target,
    old: Option<Column>,
    callbacks: Vec<Callback<'a>>,
    /// Ascending, without gaps.
    pieces: Vec<(Range<u64>, From)>,
    /// Reused memory.
    encoding: Encoding,
}

impl<'a> Source<'a> {
    /// The rows of `old`.
    pub(crate) fn old(target: Target, old: Column) -> Self {
        let pieces = vec![(0..old.table_rows(), From::Old)];
        Source { target, old: Some(old), callbacks: Vec::new(), pieces, encoding: Encoding::default() }
    }

    /// Ranges of rows of another column, one after another.
    pub(crate) fn other(target: Target, other: Column, rows: &[Range<u64>]) -> Self {
        let mut end = 0;
        let pieces = rows.iter().filter(|r| !r.is_empty()).map(|range| {
            let start = end;
            end += range.end - range.start;
            (start..end, From::Shifted(range.start as i64 - start as i64))
        });
        let pieces = pieces.collect();
        Source { target, old: Some(other), callbacks: Vec::new(), pieces, encoding: Encoding::default() }
    }

    /// `n_row` rows without values.
    pub(crate) fn nowhere(target: Target, n_row: u64) -> Self {
        let pieces = vec![(0..n_row, From::Nowhere)];
        Source { target, old: None, callbacks: Vec::new(), pieces, encoding: Encoding::default() }
    }

    /// Adds rows without values up to `n_row`.
    pub(crate) fn extend(&mut self, n_row: u64) {
        let end = self.pieces.last().map_or(0, |p| p.0.end);
        if n_row > end {
            self.pieces.push((end..n_row, From::Nowhere));
        }
    }

    /// Takes `rows` from a callback.
    pub(crate) fn call(&mut self, rows: Range<u64>, callback: Callback<'a>) {
        self.callbacks.push(callback);
        self.paint(rows, From::Callback(self.callbacks.len() - 1));
    }

    /// Takes the rows from `first` on from memory.
    pub(crate) fn keep(&mut self, first: u64, kept: Kept) {
        let rows = first..first + kept.n_cell();
        self.paint(rows, From::Kept(Rc::new(kept), first));
    }

    fn paint(&mut self, rows: Range<u64>, from: From) {
        if rows.is_empty() {
            return;
        }
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2);
        let keep = |pieces: &mut Vec<_>, range: Range<u64>, from: &From| {
            if !range.is_empty() {
                pieces.push((range, from.clone()));
            }
        };
        for (range, old) in &self.pieces {
            keep(&mut pieces, range.start..range.end.min(rows.start), old);
            keep(&mut pieces, range.start.max(rows.end)..range.end, old);
        }
        pieces.push((rows, from));
        pieces.sort_by_key(|p| p.0.start);
        self.pieces = pieces;
    }

    /// The rows that change, if all of them come from memory.
    pub(crate) fn kept(&self) -> Option<Vec<KeptRows>> {
        let changed = self.pieces.iter().filter(|p| !matches!(p.1, From::Old));
        let kept = changed.map(|(rows, from)| match from {
            From::Kept(kept, first) => Some((rows.clone(), Rc::clone(kept), *first)),
            _ => None,
        });
        kept.collect()
    }

    /// Whether no row stays as it is.
    pub(crate) fn is_all_changed(&self) -> bool {
        self.pieces.iter().all(|p| !matches!(p.1, From::Old))
    }

    /// Rows that do not come from the old column.
    pub(crate) fn changed(&self) -> impl Iterator<Item = Range<u64>> {
        self.pieces.iter().filter(|p| !matches!(p.1, From::Old)).map(|p| p.0.clone())
    }

    /// Hands the cells of `rows` to `sink`.
    pub(crate) fn cells(&mut self, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let first = self.pieces.partition_point(|p| p.0.end <= rows.start);
        for k in first..self.pieces.len() {
            let (range, from) = self.pieces[k].clone();
            let here = range.start.max(rows.start)..range.end.min(rows.end);
            if here.is_empty() {
                break;
            }
            match from {
                From::Nowhere => self.nothing(here.end - here.start, sink)?,
                From::Kept(kept, first) => kept.hand(here.start - first, here.end - here.start, sink)?,
                From::Callback(i) => self.call_back(i, here, sink)?,
                From::Old => self.from_old(here, sink)?,
                From::Shifted(by) => {
                    let moved = |row: u64| row.wrapping_add_signed(by);
                    self.from_old(moved(here.start)..moved(here.end), sink)?;
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::wrong_self_convention, reason = "cells come from the old column")]
    fn from_old(&self, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        match &self.old {
            Some(column) => column.scan_as(self.target.order, rows, sink),
            None => self.nothing(rows.end - rows.start, sink),
        }
    }

    fn call_back(&mut self, i: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut start = rows.start;
        while start < rows.end {
            let end = rows.end.min(start + ROWS_TOGETHER);
            let mut cells = Cells::new(&self.target, end - start, sink, &mut self.encoding);
            self.callbacks[i](start..end, &mut cells)?;
            cells.finish()?;
            start = end;
        }
        Ok(())
    }

    fn empty_records(&self, n: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut encoding = Encoding::default();
        let mut cells = Cells::new(&self.target, n, sink, &mut encoding);
        (0..n).try_for_each(|_| cells.push_record(&Record::default()))
    }

    /// Cells that nobody wrote: zero, or undefined where that can be.
    pub(crate) fn nothing(&self, n: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        let info = &self.target.info;
        let shape: &[usize] = match &info.shape {
            _ if info.data_type == DataType::Record => return self.empty_records(n, sink),
            Some(shape) => shape,
            None if info.is_array => return sink.undefined(n),
            None => &[],
        };
        let n_element = element_count(shape).unwrap_or(0);
        let mut strings = Strings::default();
        let size = info.data_type.size().unwrap_or(1);
        let bytes = vec![0; if info.data_type == DataType::String { 0 } else { n_element * size }];
        let data = if info.data_type == DataType::String {
            (0..n_element).for_each(|_| strings.push(b""));
            Data::Strings(&strings)
        } else {
            Data::Fixed(&bytes)
        };
        let most = (ZEROS / (n_element * size).max(1)).max(1) as u64;
        let mut left = n;
        while left > 0 {
            let repeat = left.min(most) as usize;
            sink.defined(Run { shape, n_cell: 1, repeat, data })?;
            left -= repeat as u64;
        }
        Ok(())
    }
}

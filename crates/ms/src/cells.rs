//! Cells of one shape out of a column of the main table.

use crate::{Error, Ms, error::shape_text, spans::Span};
use std::ops::Range;
use tables::{Column, Element};

/// Reads the cells of wanted rows, whole or in part, one after the other into a flat vector.
pub(crate) struct Cells<T> {
    ms: Ms,
    column: Column,
    /// Shape of a cell, slowest axis first, complex numbers as one value.
    shape: Vec<usize>,
    /// Elements of a whole cell.
    n_element: usize,
    /// The elements of each cell that are wanted.
    wanted: Range<usize>,
    scratch: Vec<T>,
}

impl<T: Element + Copy> Cells<T> {
    /// Whole cells of shape `shape`; `n_part` is 2 for complex columns, read as pairs, and 1 for others.
    pub(crate) fn whole(ms: &Ms, column: Column, shape: &[usize], n_part: usize) -> Self {
        let n_element = shape.iter().product::<usize>() * n_part;
        let (ms, shape) = (ms.clone(), shape.to_vec());
        Cells { ms, column, shape, n_element, wanted: 0..n_element, scratch: Vec::new() }
    }

    /// The part of each cell that lies in `range` of its slowest axis.
    pub(crate) fn part(mut self, range: Range<usize>) -> Self {
        let stride = self.n_element / self.shape[0];
        self.wanted = range.start * stride..range.end * stride;
        self
    }

    /// Whether the cell of `row` is defined and has the right shape.
    pub(crate) fn fits(&self, row: u64) -> Result<bool, Error> {
        Ok(self.column.cell_shape(row)?.is_some_and(|shape| shape == self.shape))
    }

    /// Appends the wanted parts of the cells of the wanted rows.
    ///
    /// # Errors
    /// When a cell is undefined or of another shape, or cannot be read; `out` may then hold some of the cells.
    pub(crate) fn read(&mut self, span: &Span, out: &mut Vec<T>) -> Result<(), Error> {
        if span.runs.len() == 1 && self.wanted.len() == self.n_element {
            return self.read_flat(span.rows(), out);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let result = self.read_apart(span, &mut scratch, out);
        self.scratch = scratch;
        result
    }

    fn read_apart(&self, span: &Span, scratch: &mut Vec<T>, out: &mut Vec<T>) -> Result<(), Error> {
        scratch.clear();
        match self.read_flat(span.rows(), scratch) {
            Ok(()) => span.positions().for_each(|rows| self.keep(rows, scratch, out)),
            // The rows between the runs are of no interest, so what is wrong with them must not matter.
            Err(_) if span.runs.len() > 1 => {
                for run in &span.runs {
                    scratch.clear();
                    self.read_flat(run.clone(), scratch)?;
                    self.keep(0..(run.end - run.start) as usize, scratch, out);
                }
            }
            Err(err) => return Err(err),
        }
        Ok(())
    }

    fn keep(&self, rows: Range<usize>, cells: &[T], out: &mut Vec<T>) {
        let rows = &cells[rows.start * self.n_element..rows.end * self.n_element];
        for cell in rows.chunks_exact(self.n_element) {
            out.extend_from_slice(&cell[self.wanted.clone()]);
        }
    }

    fn read_flat(&self, rows: Range<u64>, out: &mut Vec<T>) -> Result<(), Error> {
        let before = out.len();
        let n_want = (rows.end - rows.start) as usize * self.n_element;
        match self.column.read_flat(rows.clone(), out) {
            // The number of elements alone does not tell 64 × 4 from 4 × 64.
            Ok(shape) if out.len() - before == n_want && shape.starts_with(&self.shape) => Ok(()),
            Ok(shape) => {
                Err(self.misfit(rows.clone())?.unwrap_or_else(|| self.wrong_shape(rows.start, &shape)))
            }
            Err(err) => Err(self.misfit(rows)?.unwrap_or(Error::Table(err))),
        }
    }

    /// The first of `rows` whose cell is undefined or of the wrong shape, as an error.
    fn misfit(&self, rows: Range<u64>) -> Result<Option<Error>, Error> {
        for row in rows {
            match self.column.cell_shape(row)? {
                Some(shape) if shape == self.shape => {}
                Some(shape) => return Ok(Some(self.wrong_shape(row, &shape))),
                None => return Ok(Some(self.undefined(row))),
            }
        }
        Ok(None)
    }

    fn undefined(&self, row: u64) -> Error {
        let column = self.column.info().name.clone();
        Error::UndefinedCell { path: self.ms.path().to_owned(), column, row }
    }

    fn wrong_shape(&self, row: u64, got: &[usize]) -> Error {
        Error::CellShape {
            path: self.ms.path().to_owned(),
            column: self.column.info().name.clone(),
            row,
            got: shape_text(got),
            expected: shape_text(&self.shape),
        }
    }
}

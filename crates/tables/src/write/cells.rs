//! Cells on their way into a column: checked against its description and encoded for its files.

use std::path::PathBuf;

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, Strings, element_count};
use crate::desc::ColumnDesc;
use crate::value::Record;
use crate::write::encode::CellElement;
use crate::write::encode::sealed::Encoding;
use crate::write::out::Out;
use crate::{ColumnInfo, DataType, Error};

/// What a column takes.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) table: PathBuf,
    pub(crate) info: ColumnInfo,
    pub(crate) order: Order,
    /// Bytes of a scalar string; 0 when any length goes.
    max_length: usize,
}

impl Target {
    pub(crate) fn new(table: PathBuf, desc: &ColumnDesc, order: Order) -> Self {
        let max_length = if desc.info.is_array { 0 } else { desc.max_length };
        Target { table, info: desc.info.clone(), order, max_length }
    }

    fn check_lengths(&self, strings: &Strings) -> Result<(), Error> {
        match strings.iter().find(|text| self.max_length > 0 && text.len() > self.max_length) {
            Some(text) => {
                let expected = format!("strings of at most {} bytes", self.max_length);
                let found = format!("{} bytes: {}", text.len(), String::from_utf8_lossy(text));
                Err(self.refuse(expected, found))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn refuse(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::Cell {
            table: self.table.clone(),
            column: self.info.name.clone(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// The shape of each cell and how many there are.
    fn measure<T: CellElement>(
        &self,
        shape: &[usize],
        n_element: usize,
    ) -> Result<(Vec<usize>, usize), Error> {
        let info = &self.info;
        if !T::suits(info.data_type) {
            return Err(self.refuse(info.data_type.to_string(), T::NAME));
        }
        let mut cell = shape.to_vec();
        if info.data_type.is_complex() && T::HALVES == 2 && cell.pop() != Some(2) {
            return Err(self.refuse("a last axis of length 2 (re, im)", format!("shape {shape:?}")));
        }
        self.check_shape(&cell)?;
        let per_cell = element_count(shape).unwrap_or(usize::MAX);
        let n_cell = n_element.checked_div(per_cell).unwrap_or(1);
        if per_cell.checked_mul(n_cell) != Some(n_element) {
            let found = format!("{n_element} elements");
            return Err(self.refuse(format!("whole cells of shape {shape:?}"), found));
        }
        Ok((cell, n_cell))
    }

    fn check_shape(&self, cell: &[usize]) -> Result<(), Error> {
        let info = &self.info;
        let expected = match (&info.shape, info.n_axis) {
            _ if !info.is_array && cell.is_empty() => return Ok(()),
            _ if !info.is_array => "scalars (no axes)".to_owned(),
            (Some(shape), _) if shape == cell => return Ok(()),
            (Some(shape), _) => format!("cells of shape {shape:?}"),
            (None, Some(n)) if n != cell.len() => format!("cells of {n} axes"),
            (None, _) if cell.is_empty() => "cells of at least one axis".to_owned(),
            _ => return Ok(()),
        };
        Err(self.refuse(expected, format!("shape {cell:?} (slowest axis first)")))
    }
}

/// Takes the cells of a range of rows, in their order, from the source of a column.
pub struct Cells<'a> {
    target: &'a Target,
    sink: &'a mut dyn Sink,
    /// Cells still to come.
    left: u64,
    /// Reused memory.
    encoding: &'a mut Encoding,
}

impl<'a> Cells<'a> {
    pub(crate) fn new(
        target: &'a Target,
        n_cell: u64,
        sink: &'a mut dyn Sink,
        encoding: &'a mut Encoding,
    ) -> Self {
        Cells { target, sink, left: n_cell, encoding }
    }

    /// What the column holds.
    pub fn info(&self) -> &ColumnInfo {
        &self.target.info
    }

    /// The next cells: as many of `shape` (slowest axis first, empty for scalars) as `elements` has, last axis
    /// fastest; one if the shape has no elements.
    ///
    /// # Errors
    /// When type or shape do not suit the column, or these are more cells than rows were asked for.
    pub fn push<T: CellElement>(&mut self, shape: &[usize], elements: &[T]) -> Result<(), Error> {
        self.push_repeated(shape, elements, 1)
    }

    /// As [`Cells::push`], `n` times the same cells.
    ///
    /// # Errors
    /// As [`Cells::push`].
    pub fn push_repeated<T: CellElement>(
        &mut self,
        shape: &[usize],
        elements: &[T],
        n: usize,
    ) -> Result<(), Error> {
        let (cell, n_cell) = self.target.measure::<T>(shape, elements.len())?;
        self.count((n_cell as u64).saturating_mul(n as u64))?;
        if n_cell == 0 || n == 0 {
            return Ok(());
        }
        if let Some(bytes) = T::as_stored(elements, self.target.order) {
            return self.sink.defined(Run { shape: &cell, n_cell, repeat: n, data: Data::Fixed(bytes) });
        }
        T::encode(elements, self.target.order, self.encoding);
        let data = match self.target.info.data_type {
            DataType::String => {
                self.target.check_lengths(&self.encoding.strings)?;
                Data::Strings(&self.encoding.strings)
            }
            _ => Data::Fixed(&self.encoding.bytes),
        };
        self.sink.defined(Run { shape: &cell, n_cell, repeat: n, data })
    }

    /// The next cell of a Record column.
    ///
    /// # Errors
    /// As [`Cells::push`].
    pub fn push_record(&mut self, record: &Record) -> Result<(), Error> {
        if self.target.info.data_type != DataType::Record {
            return Err(self.target.refuse(self.target.info.data_type.to_string(), "a record"));
        }
        self.count(1)?;
        let mut out = Out::new(Order::Big);
        // Casacore fails at an array without bytes.
        out.table_record(record);
        let shape = [out.bytes.len()];
        self.sink.defined(Run { shape: &shape, n_cell: 1, repeat: 1, data: Data::Fixed(&out.bytes) })
    }

    /// The next `n` cells have no value.
    ///
    /// # Errors
    /// When the column's cells always have one (scalars, arrays of a fixed shape), or as [`Cells::push`].
    pub fn push_undefined(&mut self, n: u64) -> Result<(), Error> {
        let info = &self.target.info;
        if !info.is_array || info.shape.is_some() {
            return Err(self.target.refuse("a value in every row", "none"));
        }
        self.count(n)?;
        if n == 0 { Ok(()) } else { self.sink.undefined(n) }
    }

    fn count(&mut self, n: u64) -> Result<(), Error> {
        match self.left.checked_sub(n) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                Err(self.target.refuse(format!("{} more cells", self.left), format!("{n} from its source")))
            }
        }
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.left == 0 {
            return Ok(());
        }
        Err(self.target.refuse(format!("{} more cells", self.left), "the end of its source"))
    }
}

/// Cells kept in memory.
#[derive(Default)]
pub(crate) struct Kept {
    runs: Vec<KeptRun>,
}

struct KeptRun {
    /// `None`: undefined.
    shape: Option<Vec<usize>>,
    n_cell: u64,
    /// Cells in all runs up to this one.
    end: u64,
    bytes: Vec<u8>,
    strings: Vec<Vec<u8>>,
    /// Elements are strings, though there may be none.
    are_strings: bool,
}

impl Kept {
    pub(crate) fn n_cell(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.end)
    }

    /// The run that holds cell `i`, and the cell's number there.
    fn find(&self, i: u64) -> Option<(&KeptRun, usize)> {
        let run = self.runs.get(self.runs.partition_point(|run| run.end <= i))?;
        Some((run, (i - (run.end - run.n_cell)) as usize))
    }

    /// The shape of cell `i`, if it has a value.
    pub(crate) fn shape(&self, i: u64) -> Option<&[usize]> {
        self.find(i)?.0.shape.as_deref()
    }

    /// Shape and bytes of cell `i`, if it has a value of numbers or flags.
    pub(crate) fn cell(&self, i: u64) -> Option<(&[usize], &[u8])> {
        let (run, i) = self.find(i)?;
        let size = run.bytes.len() / run.n_cell as usize;
        let cell = (run.shape.as_deref()?, &run.bytes[i * size..(i + 1) * size]);
        (!run.are_strings).then_some(cell)
    }

    /// Hands `n` cells from cell `first` to `sink`.
    pub(crate) fn hand(&self, first: u64, n: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        let (mut next, end) = (first, first + n);
        for run in &self.runs[self.runs.partition_point(|run| run.end <= first)..] {
            if next >= end {
                break;
            }
            let in_run = next - (run.end - run.n_cell);
            let here = run.end.min(end) - next;
            run.hand(in_run, here, sink)?;
            next += here;
        }
        Ok(())
    }
}

impl KeptRun {
    fn hand(&self, first: u64, n: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(shape) = &self.shape else { return sink.undefined(n) };
        let part = |len: usize| {
            let per_cell = len / self.n_cell as usize;
            first as usize * per_cell..(first + n) as usize * per_cell
        };
        let mut strings = Strings::default();
        self.strings[part(self.strings.len())].iter().for_each(|text| strings.push(text));
        let data = match self.are_strings {
            false => Data::Fixed(&self.bytes[part(self.bytes.len())]),
            true => Data::Strings(&strings),
        };
        sink.defined(Run { shape, n_cell: n as usize, repeat: 1, data })
    }
}

impl Sink for Kept {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        let (mut bytes, mut strings) = (Vec::new(), Vec::new());
        for _ in 0..run.repeat {
            match run.data {
                Data::Fixed(data) => bytes.extend_from_slice(data),
                Data::Strings(data) => strings.extend(data.iter().map(<[u8]>::to_vec)),
            }
        }
        let n_cell = run.n_cell as u64 * run.repeat as u64;
        let are_strings = matches!(run.data, Data::Strings(_));
        let end = self.n_cell() + n_cell;
        self.runs.push(KeptRun { shape: Some(run.shape.to_vec()), n_cell, end, bytes, strings, are_strings });
        Ok(())
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        let end = self.n_cell() + n;
        self.runs.push(KeptRun {
            shape: None,
            n_cell: n,
            end,
            bytes: Vec::new(),
            strings: Vec::new(),
            are_strings: false,
        });
        Ok(())
    }
}

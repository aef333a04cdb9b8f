//! Cells of consecutive rows, to be looked at one by one: shapes, elements, words.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType as Arrow;

use crate::cells::element_count;
use crate::{Column, Error, ShapeRun};

/// The cells of a range of rows of one column.
pub struct CellBlock {
    column: Column,
    rows: Range<u64>,
    array: ArrayRef,
    levels: Vec<Level>,
    values: Values,
    /// Numbers per element: 2 for complex columns.
    width: usize,
}

/// One axis of all cells.
enum Level {
    Fixed(usize),
    List(OffsetBuffer<i32>),
}

/// The elements of all cells, back to back, rows in order and the last axis fastest.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Real numbers; pairs of them where the column is complex.
    Floats(Vec<f64>),
    /// Whole numbers, and truth values as 0 and 1.
    Ints(Vec<i64>),
    /// Strings, and the bytes of records.
    Texts(Vec<Vec<u8>>),
}

/// Bytes of cells that are read at a time where nobody says otherwise.
const BLOCK_BYTES: usize = 8 << 20;
const MOST_ROWS: u64 = 1 << 16;

impl Column {
    /// The cells of `rows`.
    ///
    /// # Errors
    /// As [`Column::read`].
    pub fn cells(&self, rows: Range<u64>) -> Result<CellBlock, Error> {
        let array = self.read(rows.clone())?;
        let width = if self.info().data_type.is_complex() { 2 } else { 1 };
        let (levels, leaf) = unnested(&array, width);
        let values = Values::of(&leaf);
        Ok(CellBlock { column: self.clone(), rows, array, levels, values, width })
    }

    /// The rows of the table in ranges that take some megabytes each, by the shapes of all of them.
    pub fn blocks(&self, n_row: u64) -> impl Iterator<Item = Range<u64>> + use<> {
        let (column, mut start) = (self.clone(), 0);
        std::iter::from_fn(move || {
            let rows = start..column.fitting(start..n_row, BLOCK_BYTES);
            start = rows.end;
            (!rows.is_empty()).then_some(rows)
        })
    }

    /// The end of as many of `rows` as take `n_byte` bytes by the shapes of all of them; at least one.
    pub fn fitting(&self, rows: Range<u64>, n_byte: usize) -> u64 {
        let end = rows.end.min(rows.start.saturating_add(self.rows_from(rows.start, n_byte)));
        let info = self.info();
        if !info.is_array || info.shape.is_some() || rows.is_empty() {
            return end;
        }
        // Where shapes cannot be read, reading says why.
        let Ok(runs) = self.shapes(rows.start..end) else { return end };
        let (mut n_row, mut left) = (0, n_byte);
        for run in runs {
            let cell = self.cell_bytes(run.shape.as_deref());
            let n_fit = run.n.min((left / cell) as u64);
            n_row += n_fit;
            left -= n_fit as usize * cell;
            if n_fit < run.n {
                break;
            }
        }
        rows.start + n_row.max(1)
    }

    fn cell_bytes(&self, shape: Option<&[usize]>) -> usize {
        let n_element = shape.map_or(1, |shape| element_count(shape).unwrap_or(usize::MAX));
        n_element.saturating_mul(self.info().data_type.size().unwrap_or(32)).max(1)
    }

    fn rows_from(&self, row: u64, n_byte: usize) -> u64 {
        let first = self.cell_shape(row).ok().flatten().or_else(|| self.info().shape.clone());
        ((n_byte / self.cell_bytes(first.as_deref())) as u64).clamp(1, MOST_ROWS)
    }

    /// How many rows take about `n_byte` bytes, by the shape of the first cell; at least 1.
    pub fn rows_in(&self, n_byte: usize) -> u64 {
        self.rows_from(0, n_byte)
    }
}

impl CellBlock {
    /// The rows.
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// The cells as the column's Arrow array.
    pub fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// All elements.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Numbers per element: 2 for complex columns, else 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether the cell of a row (counted in the table) has a value.
    pub fn is_defined(&self, row: u64) -> bool {
        let nulls: Option<&NullBuffer> = self.array.nulls();
        nulls.is_none_or(|nulls| nulls.is_valid(self.index(row)))
    }

    /// The shape of a cell, slowest axis first, empty for a scalar; `None` for one without a value.
    ///
    /// # Errors
    /// As [`Column::cell_shape`].
    pub fn shape(&self, row: u64) -> Result<Option<Vec<usize>>, Error> {
        if !self.is_defined(row) {
            return Ok(None);
        }
        // Leading axes of length 1 may have been added for the sake of other cells, and lists of nothing end there.
        let shape = self.nested_shape(self.index(row));
        let is_padded = shape.len() > 1 && shape[0] <= 1;
        if (is_padded || shape.contains(&0)) && self.has_lists() {
            return self.column.cell_shape(row);
        }
        Ok(Some(shape))
    }

    /// Whether the array alone does not tell all cells' shapes.
    fn has_lists(&self) -> bool {
        self.levels.iter().any(|level| matches!(level, Level::List(_)))
    }

    /// The shapes of all cells where the array does not tell them.
    pub(crate) fn untold_shapes(&self) -> Result<Vec<ShapeRun>, Error> {
        if self.has_lists() { self.column.shapes(self.rows()) } else { Ok(Vec::new()) }
    }

    fn nested_shape(&self, mut at: usize) -> Vec<usize> {
        let mut shape = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            let (start, n) = level.range(at..at + 1);
            shape.push(n);
            if n == 0 {
                break;
            }
            at = start;
        }
        shape
    }

    /// Where in [`CellBlock::values`] the numbers or texts of a cell are.
    pub fn range(&self, row: u64) -> Range<usize> {
        if !self.is_defined(row) && !self.levels.is_empty() {
            return 0..0;
        }
        let start = self.index(row);
        let mut range = start..start + 1;
        for level in &self.levels {
            let (start, n) = level.range(range);
            range = start..start + n;
        }
        range.start * self.width..range.end * self.width
    }

    fn index(&self, row: u64) -> usize {
        row.saturating_sub(self.rows.start) as usize
    }
}

impl Level {
    /// Start and number of what the lists of `range` hold.
    fn range(&self, range: Range<usize>) -> (usize, usize) {
        match self {
            Level::Fixed(n) => (range.start * n, range.len() * n),
            Level::List(offsets) => {
                let (start, end) = (offsets[range.start] as usize, offsets[range.end] as usize);
                (start, end - start)
            }
        }
    }
}

/// The lists of a column's array, outermost first, and what they hold; a pair of numbers is no list.
fn unnested(array: &ArrayRef, width: usize) -> (Vec<Level>, ArrayRef) {
    let mut levels = Vec::new();
    let mut inner = array.clone();
    loop {
        inner = match inner.data_type() {
            Arrow::FixedSizeList(_, n) => {
                levels.push(Level::Fixed(*n as usize));
                inner.as_fixed_size_list().values().clone()
            }
            Arrow::List(_) => {
                levels.push(Level::List(inner.as_list::<i32>().offsets().clone()));
                inner.as_list::<i32>().values().clone()
            }
            _ => break,
        };
    }
    if width == 2 {
        levels.pop();
    }
    (levels, inner)
}

impl Values {
    fn of(leaf: &ArrayRef) -> Values {
        macro_rules! numbers {
            ($kind:ident, $arrow:ty, $to:ty) => {
                Values::$kind(
                    leaf.as_primitive::<$arrow>().values().iter().map(|&v| <$to>::from(v)).collect(),
                )
            };
        }
        match leaf.data_type() {
            Arrow::Float32 => numbers!(Floats, Float32Type, f64),
            Arrow::Float64 => numbers!(Floats, Float64Type, f64),
            Arrow::Int8 => numbers!(Ints, Int8Type, i64),
            Arrow::UInt8 => numbers!(Ints, UInt8Type, i64),
            Arrow::Int16 => numbers!(Ints, Int16Type, i64),
            Arrow::UInt16 => numbers!(Ints, UInt16Type, i64),
            Arrow::Int32 => numbers!(Ints, Int32Type, i64),
            Arrow::UInt32 => numbers!(Ints, UInt32Type, i64),
            Arrow::Int64 => numbers!(Ints, Int64Type, i64),
            Arrow::Boolean => Values::Ints(leaf.as_boolean().values().iter().map(i64::from).collect()),
            Arrow::Utf8 => {
                let strings = leaf.as_string::<i32>();
                Values::Texts((0..strings.len()).map(|i| strings.value(i).as_bytes().to_vec()).collect())
            }
            _ => {
                let bytes = leaf.as_binary::<i32>();
                Values::Texts((0..bytes.len()).map(|i| bytes.value(i).to_vec()).collect())
            }
        }
    }

    /// How many numbers or texts there are.
    pub fn len(&self) -> usize {
        match self {
            Values::Floats(v) => v.len(),
            Values::Ints(v) => v.len(),
            Values::Texts(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    #[test]
    fn cells_know_their_shape_and_place() {
        let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
        let data = table.column("DATA").unwrap();
        let block = data.cells(3..6).unwrap();
        assert_eq!(block.shape(4).unwrap(), Some(vec![4, 4]));
        assert_eq!((block.width(), block.range(4)), (2, 32..64));
        let mut flat: Vec<f64> = Vec::new();
        data.read_flat(4..5, &mut flat).unwrap();
        let Values::Floats(values) = block.values() else { panic!("not floats") };
        assert_eq!(values[block.range(4)], flat[..]);
        assert_eq!(data.blocks(84).last(), Some(0..84));
        assert_eq!(data.rows_in(16 * 8 * 10), 10);
    }
}

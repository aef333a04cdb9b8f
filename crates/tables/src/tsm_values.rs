//! Coordinate and id columns of tiled storage managers: their values are in the records of the hypercubes.
//!
//! An id column has one value for all rows of a cube. A coordinate column of an axis of the cells has in every cell
//! the vector along that axis; one of an axis of rows has the value at the row's place on that axis.

use std::ops::Range;

use crate::Error;
use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, Strings};
use crate::file::DataFile;
use crate::storage::StoredColumn;
use crate::tsm_header::CubeDesc;
use crate::value::{Array, Elements, Value};

/// A coordinate or id column in one cube.
pub(crate) struct CubeValues<'a> {
    pub(crate) cube: &'a CubeDesc,
    pub(crate) column: &'a StoredColumn,
    /// Where the cube's values are, for messages.
    pub(crate) header: &'a DataFile,
    pub(crate) order: Order,
}

impl CubeValues<'_> {
    /// Hands the values at these places of the rows' axes to `sink`.
    pub(crate) fn read(&self, places: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let n = places.end - places.start;
        let Some(value) = self.cube.values.get(&self.column.name) else { return sink.undefined(n) };
        match value {
            Value::Array(array) if self.column.is_array => self.hand(array, &array.shape, n, sink),
            Value::Array(array) => {
                for place in places {
                    let one = self.along_rows(array, place).ok_or_else(|| {
                        let expected = format!("values of column {} for all rows", self.column.name);
                        self.header.fail(0, expected, format!("{} of them", array.elements.len()))
                    })?;
                    self.hand(&one, &[], 1, sink)?;
                }
                Ok(())
            }
            scalar => match one_element(scalar) {
                Some(one) if !self.column.is_array => self.hand(&one, &[], n, sink),
                _ => {
                    Err(self.header.fail(0, format!("values of column {}", self.column.name), "another type"))
                }
            },
        }
    }

    /// The element for a row, where a vector runs along an axis of rows: the one that has its length.
    fn along_rows(&self, array: &Array, place: u64) -> Option<Array> {
        let cube = self.cube;
        let first = cube.shape.len().checked_sub(cube.n_row_axis)?;
        let mut left = place;
        for axis in first..cube.shape.len() {
            let length = cube.shape[axis].max(1) as u64;
            let last = axis + 1 == cube.shape.len();
            let x = if last { left } else { left % length };
            left /= length;
            if last || array.elements.len() as u64 == length {
                return array
                    .elements
                    .get(usize::try_from(x).ok()?)
                    .map(|elements| Array { shape: Vec::new(), elements });
            }
        }
        None
    }

    fn hand(&self, array: &Array, shape: &[usize], repeat: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        if array.elements.data_type() != self.column.data_type {
            let expected = format!("{} values of column {}", self.column.data_type, self.column.name);
            return Err(self.header.fail(0, expected, array.elements.data_type().to_string()));
        }
        let run = |data| Run { shape, n_cell: 1, repeat: repeat as usize, data };
        if let Elements::String(texts) = &array.elements {
            let mut strings = Strings::default();
            texts.iter().for_each(|text| strings.push(text.as_bytes()));
            return sink.defined(run(Data::Strings(&strings)));
        }
        sink.defined(run(Data::Fixed(&array.elements.to_bytes(self.order))))
    }
}

/// A scalar as an array of one.
fn one_element(value: &Value) -> Option<Array> {
    let elements = match value {
        Value::Bool(v) => Elements::Bool(vec![*v]),
        Value::Char(v) => Elements::Char(vec![*v]),
        Value::UChar(v) => Elements::UChar(vec![*v]),
        Value::Short(v) => Elements::Short(vec![*v]),
        Value::UShort(v) => Elements::UShort(vec![*v]),
        Value::Int(v) => Elements::Int(vec![*v]),
        Value::UInt(v) => Elements::UInt(vec![*v]),
        Value::Int64(v) => Elements::Int64(vec![*v]),
        Value::Float(v) => Elements::Float(vec![*v]),
        Value::Double(v) => Elements::Double(vec![*v]),
        Value::Complex(v) => Elements::Complex(vec![*v]),
        Value::DComplex(v) => Elements::DComplex(vec![*v]),
        Value::String(v) => Elements::String(vec![v.clone()]),
        _ => return None,
    };
    Some(Array { shape: Vec::new(), elements })
}

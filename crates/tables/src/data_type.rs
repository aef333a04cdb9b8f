//! The value types of columns and keywords, with casacore's numbers for them.

use std::fmt;

/// A value type. `Complex` and `DComplex` are pairs of single and double precision numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are casacore's and say all")]
pub enum DataType {
    Bool,
    Char,
    UChar,
    Short,
    UShort,
    Int,
    UInt,
    Int64,
    Float,
    Double,
    Complex,
    DComplex,
    String,
    Record,
}

use DataType::*;

/// Type, number as a scalar, number as an array.
const NUMBERS: [(DataType, i32, i32); 13] = [
    (Bool, 0, 13),
    (Char, 1, 14),
    (UChar, 2, 15),
    (Short, 3, 16),
    (UShort, 4, 17),
    (Int, 5, 18),
    (UInt, 6, 19),
    (Float, 7, 20),
    (Double, 8, 21),
    (Complex, 9, 22),
    (DComplex, 10, 23),
    (String, 11, 24),
    (Int64, 29, 30),
];

impl DataType {
    pub(crate) fn from_scalar(number: i32) -> Option<Self> {
        NUMBERS.iter().find(|t| t.1 == number).map(|t| t.0)
    }

    pub(crate) fn from_array(number: i32) -> Option<Self> {
        NUMBERS.iter().find(|t| t.2 == number).map(|t| t.0)
    }

    /// Casacore's number of the scalar type, as tiled headers hold it.
    pub(crate) fn scalar_number(self) -> Option<i32> {
        NUMBERS.iter().find(|t| t.0 == self).map(|t| t.1)
    }

    /// Casacore's number of an array of the type; that of strings for a Record, of which there are no arrays.
    pub(crate) fn array_number(self) -> i32 {
        NUMBERS.iter().find(|t| t.0 == self).map_or(24, |t| t.2)
    }

    /// Bytes of one element (a Bool counted as one byte, though bits are stored); `None` for String and Record.
    pub fn size(self) -> Option<usize> {
        match self {
            Bool | Char | UChar => Some(1),
            Short | UShort => Some(2),
            Int | UInt | Float => Some(4),
            Int64 | Double | Complex => Some(8),
            DComplex => Some(16),
            String | Record => None,
        }
    }

    /// Whether an element is a pair of numbers.
    pub fn is_complex(self) -> bool {
        matches!(self, Complex | DComplex)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

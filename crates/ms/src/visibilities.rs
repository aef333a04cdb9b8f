//! The data column as single-precision complex numbers, whatever its type.

use crate::{Error, cells::Cells, columns::open_data, selected::Resolved, spans::Span};
use tables::DataType;
use types::Complex32;

/// Reads the data column.
pub(crate) enum Visibilities {
    Complex(Cells<f32>),
    DoubleComplex(Cells<f64>),
    Real(Cells<f32>),
    DoubleReal(Cells<f64>),
}

impl Visibilities {
    pub(crate) fn open(selected: &Resolved) -> Result<Self, Error> {
        let (ms, shape, chan) = (&selected.ms, &selected.cell_shape, selected.chan.clone());
        let column = open_data(ms, &selected.column)?;
        Ok(match column.info().data_type {
            DataType::DComplex => Visibilities::DoubleComplex(Cells::whole(ms, column, shape, 2).part(chan)),
            DataType::Float => Visibilities::Real(Cells::whole(ms, column, shape, 1).part(chan)),
            DataType::Double => Visibilities::DoubleReal(Cells::whole(ms, column, shape, 1).part(chan)),
            _ => Visibilities::Complex(Cells::whole(ms, column, shape, 2).part(chan)),
        })
    }

    /// Appends the visibilities [row][frequency][correlation][re, im] of the wanted rows. Real data have no
    /// imaginary part.
    pub(crate) fn read(&mut self, span: &Span, out: &mut Vec<f32>) -> Result<(), Error> {
        match self {
            // Complex32 and a pair of f32 are the same bytes: nothing is converted.
            Visibilities::Complex(cells) => cells.read(span, out)?,
            Visibilities::DoubleComplex(cells) => {
                let mut pairs = Vec::new();
                cells.read(span, &mut pairs)?;
                out.extend(pairs.into_iter().map(|x| x as f32));
            }
            Visibilities::Real(cells) => {
                let mut real = Vec::new();
                cells.read(span, &mut real)?;
                out.extend(real.into_iter().flat_map(|x| [x, 0.0]));
            }
            Visibilities::DoubleReal(cells) => {
                let mut real = Vec::new();
                cells.read(span, &mut real)?;
                out.extend(real.into_iter().flat_map(|x| [x as f32, 0.0]));
            }
        }
        Ok(())
    }
}

/// The same memory as complex numbers; copied only if it was allocated for an odd number of values.
pub(crate) fn into_complex(pairs: Vec<f32>) -> Vec<Complex32> {
    bytemuck::try_cast_vec(pairs).unwrap_or_else(|(_, pairs)| bytemuck::cast_slice(&pairs).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_complex_numbers_in_place() {
        let pairs = vec![1.0, -2.0, 3.0, 4.0];
        let address = pairs.as_ptr().addr();
        let complex = into_complex(pairs);
        assert_eq!(complex.as_ptr().addr(), address);
        assert_eq!(complex, [Complex32::new(1.0, -2.0), Complex32::new(3.0, 4.0)]);

        let mut odd = Vec::with_capacity(5);
        odd.extend([1.0, -2.0, 3.0, 4.0]);
        assert_eq!(into_complex(odd), complex);
        assert!(into_complex(Vec::new()).is_empty());
    }
}

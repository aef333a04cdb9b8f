//! ScaledComplexData: complex numbers from pairs of numbers with a complex scale and offset.
//!
//! Stored cells have one more axis, the fastest, of length 2: each part is multiplied by the same part of the scale
//! and that of the offset is added. Keywords as those of ScaledArrayEngine, with `_ScaledComplexData_` before.

use crate::bytes::Order;
use crate::engine::{Factors, Formula, Recipe, scale_and_offset};
use crate::numbers::{put, to_f64};
use crate::storage::Place;
use crate::{ColumnInfo, DataType, Error};

struct ScaledComplex {
    stored: DataType,
    single: bool,
}

impl Formula for ScaledComplex {
    fn apply(&self, stored: &[u8], order: Order, factors: Factors, out: &mut Vec<u8>) {
        let mut part = 0;
        to_f64(self.stored, stored, order, |v| {
            let (scale, offset) = (factors.scale[part], factors.offset[part]);
            if self.single {
                out.extend(put((v as f32 * scale as f32 + offset as f32).to_le_bytes(), order));
            } else {
                out.extend(put((v * scale + offset).to_le_bytes(), order));
            }
            part = 1 - part;
        });
    }

    fn shape(&self, stored: &[usize]) -> Option<Vec<usize>> {
        let (&pair, cell) = stored.split_last()?;
        (pair == 2).then(|| cell.to_vec())
    }
}

/// How such a column is computed.
pub(crate) fn recipe(
    _place: &Place<'_>,
    info: &ColumnInfo,
    stored: &ColumnInfo,
) -> Result<Option<Recipe>, Error> {
    let single = match info.data_type {
        DataType::Complex => true,
        DataType::DComplex => false,
        _ => return Ok(None),
    };
    let factors = scale_and_offset(info, stored.data_type, "ScaledComplexData");
    let formula = Box::new(ScaledComplex { stored: stored.data_type, single });
    Ok(factors.map(|[scale, offset]| Recipe { scale, offset, formula }))
}

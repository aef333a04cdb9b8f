//! ScaledArrayEngine: numbers from others with a scale and an offset; value = stored · scale + offset.
//!
//! Scale and offset are the keywords `_ScaledArrayEngine_Scale` and `_ScaledArrayEngine_Offset`, or where
//! `_ScaledArrayEngine_FixedScale` (`FixedOffset`) is false the columns that `_ScaledArrayEngine_ScaleName`
//! (`OffsetName`) name. Arithmetic is in the precision of the virtual type, which is Float or Double here.

use crate::bytes::Order;
use crate::engine::{Factors, Formula, Recipe, scale_and_offset};
use crate::numbers::{put, to_f64};
use crate::storage::Place;
use crate::{ColumnInfo, DataType, Error};

struct ScaledArray {
    stored: DataType,
    single: bool,
}

impl Formula for ScaledArray {
    fn apply(&self, stored: &[u8], order: Order, factors: Factors, out: &mut Vec<u8>) {
        let (scale, offset) = (factors.scale[0], factors.offset[0]);
        if self.single {
            let (scale, offset) = (scale as f32, offset as f32);
            to_f64(self.stored, stored, order, |v| {
                out.extend(put((v as f32 * scale + offset).to_le_bytes(), order));
            });
        } else {
            to_f64(self.stored, stored, order, |v| {
                out.extend(put((v * scale + offset).to_le_bytes(), order));
            });
        }
    }
}

/// How such a column is computed.
pub(crate) fn recipe(
    _place: &Place<'_>,
    info: &ColumnInfo,
    stored: &ColumnInfo,
) -> Result<Option<Recipe>, Error> {
    let single = match info.data_type {
        DataType::Float => true,
        DataType::Double => false,
        _ => return Ok(None),
    };
    let factors = scale_and_offset(info, stored.data_type, "ScaledArrayEngine");
    let formula = Box::new(ScaledArray { stored: stored.data_type, single });
    Ok(factors.map(|[scale, offset]| Recipe { scale, offset, formula }))
}

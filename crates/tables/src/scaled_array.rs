//! ScaledArrayEngine: numbers from others with a scale and an offset; value = stored · scale + offset.
//!
//! Scale and offset are the keywords `_ScaledArrayEngine_Scale` and `_ScaledArrayEngine_Offset`, or where
//! `_ScaledArrayEngine_FixedScale` (`FixedOffset`) is false the columns that `_ScaledArrayEngine_ScaleName`
//! (`OffsetName`) name. Arithmetic is in the precision of the virtual type, which is Float or Double here.

use crate::bytes::Order;
use crate::engine::{Factors, Formula, Recipe, factor};
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
    if stored.data_type.size().is_none() || stored.data_type.is_complex() {
        return Ok(None);
    }
    let key = |what: &str| format!("_ScaledArrayEngine_{what}");
    let of = |what: &str| {
        let (name, fixed) = (key(&format!("{what}Name")), key(&format!("Fixed{what}")));
        factor(&info.keywords, &key(what), &name, Some(&fixed))
    };
    let formula = Box::new(ScaledArray { stored: stored.data_type, single });
    Ok(Some(Recipe { scale: of("Scale"), offset: of("Offset"), formula }))
}

//! CompressFloat: Float from Short with a scale and an offset.
//!
//! value = stored · scale + offset; −32768 stands for NaN. Scale and offset are the keywords `_CompressFloat_Scale` and
//! `_CompressFloat_Offset`, or with `_CompressFloat_Fixed` false the columns that `_CompressFloat_ScaleName` and
//! `_CompressFloat_OffsetName` name. Arithmetic is in single precision, as casacore's.

use crate::bytes::Order;
use crate::engine::{Factors, Formula, Recipe, factor};
use crate::numbers::{NAN, get, put};
use crate::storage::Place;
use crate::{ColumnInfo, DataType, Error};

const NOT_A_NUMBER: i16 = i16::MIN;

struct CompressFloat;

impl Formula for CompressFloat {
    fn apply(&self, stored: &[u8], order: Order, factors: Factors, out: &mut Vec<u8>) {
        let (scale, offset) = (factors.scale[0] as f32, factors.offset[0] as f32);
        for raw in stored.as_chunks().0 {
            let v = i16::from_le_bytes(get(*raw, order));
            let value = if v == NOT_A_NUMBER { NAN } else { f32::from(v) * scale + offset };
            out.extend(put(value.to_le_bytes(), order));
        }
    }
}

/// How such a column is computed.
pub(crate) fn recipe(
    _place: &Place<'_>,
    info: &ColumnInfo,
    stored: &ColumnInfo,
) -> Result<Option<Recipe>, Error> {
    let key = |what: &str| format!("_CompressFloat_{what}");
    let of =
        |what: &str| factor(&info.keywords, &key(what), &key(&format!("{what}Name")), Some(&key("Fixed")));
    let suits = info.data_type == DataType::Float && stored.data_type == DataType::Short;
    let recipe = || Recipe { scale: of("Scale"), offset: of("Offset"), formula: Box::new(CompressFloat) };
    Ok(suits.then(recipe))
}

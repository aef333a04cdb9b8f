//! BitFlagsEngine: a flag that is true where any of some bits of a stored whole number is set.
//!
//! The keyword `_BitFlagsEngine_ReadMask` tells which bits; where `_BitFlagsEngine_ReadMaskKeys` names some and the
//! stored column has a record of masks in its keyword `FLAGSETS`, the bits of the names found there count instead.

use crate::bytes::Order;
use crate::engine::{Factor, Factors, Formula, Recipe};
use crate::numbers::get;
use crate::storage::Place;
use crate::{ColumnInfo, DataType, Error};

struct BitFlags {
    stored: DataType,
    mask: u32,
}

impl Formula for BitFlags {
    fn apply(&self, stored: &[u8], order: Order, _factors: Factors, out: &mut Vec<u8>) {
        // The mask has the width of the stored numbers.
        let flag = |bits: u32| u8::from(bits & self.mask != 0);
        match self.stored {
            DataType::UChar => out.extend(stored.iter().map(|&v| flag(v.into()))),
            DataType::Short => out.extend(
                stored.as_chunks().0.iter().map(|raw| flag(u16::from_le_bytes(get(*raw, order)).into())),
            ),
            _ => {
                out.extend(stored.as_chunks().0.iter().map(|raw| flag(u32::from_le_bytes(get(*raw, order)))))
            }
        }
    }
}

/// How such a column is computed.
pub(crate) fn recipe(
    _place: &Place<'_>,
    info: &ColumnInfo,
    stored: &ColumnInfo,
) -> Result<Option<Recipe>, Error> {
    let suits = matches!(stored.data_type, DataType::UChar | DataType::Short | DataType::Int);
    if info.data_type != DataType::Bool || !suits {
        return Ok(None);
    }
    let formula = Box::new(BitFlags { stored: stored.data_type, mask: mask(info, stored) });
    let Factors { scale, offset } = Factors::NONE;
    Ok(Some(Recipe { scale: Factor::Fixed(scale), offset: Factor::Fixed(offset), formula }))
}

fn mask(info: &ColumnInfo, stored: &ColumnInfo) -> u32 {
    let keys = info.keywords.strings("_BitFlagsEngine_ReadMaskKeys").unwrap_or_default();
    if let (false, Some(sets)) = (keys.is_empty(), stored.keywords.record("FLAGSETS")) {
        let masks = keys.iter().filter_map(|key| sets.int(key));
        return masks.fold(0, |all, mask| all | mask as u32);
    }
    info.keywords.int("_BitFlagsEngine_ReadMask").map_or(u32::MAX, |mask| mask as u32)
}

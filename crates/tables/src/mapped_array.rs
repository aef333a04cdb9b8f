//! MappedArrayEngine and RetypedArrayEngine: numbers of one type kept as another, such as DComplex as Complex.
//!
//! Real and complex numbers of both precisions become each other, and whole numbers real ones. Virtual types that are
//! classes of the program that wrote the table (as RetypedArrayEngine may have) are beyond any other reader.

use crate::bytes::Order;
use crate::engine::{Factor, Factors, Formula, Recipe};
use crate::numbers::{put, to_f64};
use crate::storage::Place;
use crate::{ColumnInfo, DataType, Error};

struct Mapped {
    stored: DataType,
    single: bool,
    /// Zero imaginary parts are added.
    real_to_complex: bool,
}

impl Formula for Mapped {
    fn apply(&self, stored: &[u8], order: Order, _factors: Factors, out: &mut Vec<u8>) {
        to_f64(self.stored, stored, order, |v| {
            let parts = [v, 0.0];
            for &part in &parts[..if self.real_to_complex { 2 } else { 1 }] {
                if self.single {
                    out.extend(put((part as f32).to_le_bytes(), order));
                } else {
                    out.extend(put(part.to_le_bytes(), order));
                }
            }
        });
    }
}

/// How such a column is computed.
pub(crate) fn recipe(
    _place: &Place<'_>,
    info: &ColumnInfo,
    stored: &ColumnInfo,
) -> Result<Option<Recipe>, Error> {
    let (single, complex) = match info.data_type {
        DataType::Float => (true, false),
        DataType::Double => (false, false),
        DataType::Complex => (true, true),
        DataType::DComplex => (false, true),
        _ => return Ok(None),
    };
    let stored = stored.data_type;
    if stored.size().is_none() || (stored.is_complex() && !complex) {
        return Ok(None);
    }
    let formula = Box::new(Mapped { stored, single, real_to_complex: complex && !stored.is_complex() });
    let Factors { scale, offset } = Factors::NONE;
    Ok(Some(Recipe { scale: Factor::Fixed(scale), offset: Factor::Fixed(offset), formula }))
}

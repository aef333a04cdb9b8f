//! CompressComplex and CompressComplexSD: Complex from Int with a scale and an offset.
//!
//! CompressComplex keeps the real part in the upper and the imaginary part in the lower 16 bits:
//! re = v / 65536 (towards 0), im = v − 65536 re, brought into −32768 … 32767 by a carry into re; each part is
//! multiplied by the scale and the offset added. re = −32768 before the carry stands for NaN.
//!
//! CompressComplexSD (single dish) keeps a real number in 31 bits where v is even: v / 2 · scale / 32768 + offset;
//! where v is odd, it is as above with the imaginary part in 15 bits and twice its scale. Nothing stands for NaN.
//!
//! Keywords as those of CompressFloat, with `_CompressComplex_` before. Arithmetic is in single precision, as
//! casacore's.

use crate::bytes::Order;
use crate::engine::{Factors, Formula, Recipe, factor};
use crate::numbers::{NAN, get, put};
use crate::storage::Place;
use crate::{ColumnInfo, DataType, Error};

const NOT_A_NUMBER: i32 = -32768;

struct CompressComplex {
    single_dish: bool,
}

impl Formula for CompressComplex {
    fn apply(&self, stored: &[u8], order: Order, factors: Factors, out: &mut Vec<u8>) {
        let (scale, offset) = (factors.scale[0] as f32, factors.offset[0] as f32);
        for raw in stored.as_chunks().0 {
            let v = i32::from_le_bytes(get(*raw, order));
            let [re, im] =
                if self.single_dish { single_dish(v, scale, offset) } else { complex(v, scale, offset) };
            out.extend(put(re.to_le_bytes(), order));
            out.extend(put(im.to_le_bytes(), order));
        }
    }
}

/// Both parts of a packed number.
fn parts(v: i32) -> (i32, i32) {
    let re = v / 65536;
    match v - re * 65536 {
        im if im < -32768 => (re - 1, im + 65536),
        im if im >= 32768 => (re + 1, im - 65536),
        im => (re, im),
    }
}

fn complex(v: i32, scale: f32, offset: f32) -> [f32; 2] {
    // Whether it is NaN is told by the upper half before the carry.
    if v / 65536 == NOT_A_NUMBER {
        return [NAN; 2];
    }
    let (re, im) = parts(v);
    [re as f32 * scale + offset, im as f32 * scale + offset]
}

fn single_dish(v: i32, scale: f32, offset: f32) -> [f32; 2] {
    if v & 1 == 0 {
        return [(v >> 1) as f32 * (scale / 32768.0) + offset, 0.0];
    }
    let (re, im) = parts(v);
    [re as f32 * scale + offset, (im >> 1) as f32 * (scale * 2.0) + offset]
}

/// How such a column is computed.
pub(crate) fn recipe(
    place: &Place<'_>,
    info: &ColumnInfo,
    stored: &ColumnInfo,
) -> Result<Option<Recipe>, Error> {
    let key = |what: &str| format!("_CompressComplex_{what}");
    let of =
        |what: &str| factor(&info.keywords, &key(what), &key(&format!("{what}Name")), Some(&key("Fixed")));
    let suits = info.data_type == DataType::Complex && stored.data_type == DataType::Int;
    let formula = CompressComplex { single_dish: place.desc.kind == "CompressComplexSD" };
    let recipe = || Recipe { scale: of("Scale"), offset: of("Offset"), formula: Box::new(formula) };
    Ok(suits.then(recipe))
}

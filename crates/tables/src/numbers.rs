//! Numbers between the byte order of a table and that of the least significant byte first.

use crate::DataType;
use crate::bytes::Order;

/// The NaN that casacore gives where an engine says so: all bits set.
pub(crate) const NAN: f32 = f32::from_bits(u32::MAX);

/// The bytes of a number, least significant first.
pub(crate) fn get<const N: usize>(mut raw: [u8; N], order: Order) -> [u8; N] {
    if order == Order::Big {
        raw.reverse();
    }
    raw
}

/// The bytes of a number in this order, from those with the least significant first.
pub(crate) fn put<const N: usize>(raw: [u8; N], order: Order) -> [u8; N] {
    get(raw, order)
}

/// The numbers of cells of any type but String and Record, parts of complex ones one by one; all exact but those of
/// Int64 beyond 2⁵³.
pub(crate) fn to_f64(data_type: DataType, stored: &[u8], order: Order, mut each: impl FnMut(f64)) {
    macro_rules! numbers {
        ($t:ty, $as:expr) => {
            stored.as_chunks().0.iter().for_each(|raw| each($as(<$t>::from_le_bytes(get(*raw, order)))))
        };
    }
    match data_type {
        DataType::Bool | DataType::UChar => numbers!(u8, f64::from),
        DataType::Char => numbers!(i8, f64::from),
        DataType::Short => numbers!(i16, f64::from),
        DataType::UShort => numbers!(u16, f64::from),
        DataType::Int => numbers!(i32, f64::from),
        DataType::UInt => numbers!(u32, f64::from),
        DataType::Int64 => numbers!(i64, |v| v as f64),
        DataType::Float | DataType::Complex => numbers!(f32, f64::from),
        DataType::Double | DataType::DComplex => numbers!(f64, f64::from),
        DataType::String | DataType::Record => {}
    }
}

//! The Rust types that cells can be written from.

use crate::DataType;
use crate::bytes::Order;
use crate::cells::Strings;

/// A type to write elements from with [`crate::Cells::push`] and [`crate::Editor::put`].
///
/// The widths are those of the column: `f64` for Double, `i32` for Int, `&str` or `String` (or a string's bytes as
/// `Vec<u8>`) for String. Complex columns take `[f32; 2]` pairs, or `f32` with a last axis of length 2, as
/// [`crate::Column::read_flat`] gives it; DComplex the same of `f64`.
pub trait CellElement: sealed::Encoded {}

pub(crate) mod sealed {
    use super::{DataType, Order, Strings};

    /// Where encoded elements go.
    #[derive(Default)]
    pub struct Encoding {
        pub bytes: Vec<u8>,
        pub(crate) strings: Strings,
    }

    /// Types with a way into cells.
    pub trait Encoded: Sized {
        /// The type's name in messages.
        const NAME: &'static str;
        /// Elements of this type for one of a complex column.
        const HALVES: usize = 1;

        /// Whether a column of this type takes them.
        fn suits(data_type: DataType) -> bool;

        /// The elements as the table's files hold them, if that is how they are in memory.
        fn as_stored(_elements: &[Self], _order: Order) -> Option<&[u8]> {
            None
        }

        /// Makes `out` the elements as the table's files hold them, Bool one byte each.
        fn encode(elements: &[Self], order: Order, out: &mut Encoding);
    }
}

use sealed::{Encoded, Encoding};

macro_rules! numbers {
    ($($t:ty: $($kind:ident)|+, $halves:expr;)*) => { $(
        impl CellElement for $t {}

        impl Encoded for $t {
            const NAME: &'static str = stringify!($t);
            const HALVES: usize = $halves;

            fn suits(data_type: DataType) -> bool {
                matches!(data_type, $(DataType::$kind)|+)
            }

            fn as_stored(elements: &[Self], order: Order) -> Option<&[u8]> {
                let is_native = (order == Order::Little) == cfg!(target_endian = "little");
                is_native.then(|| bytemuck::cast_slice(elements))
            }

            fn encode(elements: &[Self], order: Order, out: &mut Encoding) {
                const SIZE: usize = size_of::<$t>();
                // What is there is overwritten, so only growing costs.
                out.bytes.resize(elements.len() * SIZE, 0);
                let (chunks, _) = out.bytes.as_chunks_mut::<SIZE>();
                match order {
                    Order::Little => chunks.iter_mut().zip(elements).for_each(|(c, v)| *c = v.to_le_bytes()),
                    Order::Big => chunks.iter_mut().zip(elements).for_each(|(c, v)| *c = v.to_be_bytes()),
                }
            }
        }
    )* };
}

numbers! {
    i8: Char, 1;
    u8: UChar, 1;
    i16: Short, 1;
    u16: UShort, 1;
    i32: Int, 1;
    u32: UInt, 1;
    i64: Int64, 1;
    f32: Float | Complex, 2;
    f64: Double | DComplex, 2;
}

macro_rules! pairs {
    ($($t:ty: $kind:ident;)*) => { $(
        impl CellElement for [$t; 2] {}

        impl Encoded for [$t; 2] {
            const NAME: &'static str = concat!("[", stringify!($t), "; 2]");

            fn suits(data_type: DataType) -> bool {
                data_type == DataType::$kind
            }

            fn as_stored(elements: &[Self], order: Order) -> Option<&[u8]> {
                <$t>::as_stored(elements.as_flattened(), order)
            }

            fn encode(elements: &[Self], order: Order, out: &mut Encoding) {
                <$t>::encode(elements.as_flattened(), order, out);
            }
        }
    )* };
}

pairs! {
    f32: Complex;
    f64: DComplex;
}

impl CellElement for bool {}

impl Encoded for bool {
    const NAME: &'static str = "bool";

    fn suits(data_type: DataType) -> bool {
        data_type == DataType::Bool
    }

    fn as_stored(elements: &[Self], _order: Order) -> Option<&[u8]> {
        Some(bytemuck::cast_slice(elements))
    }

    fn encode(elements: &[Self], _order: Order, out: &mut Encoding) {
        out.bytes.clear();
        out.bytes.extend(elements.iter().map(|&v| u8::from(v)));
    }
}

macro_rules! texts {
    ($($t:ty: $bytes:ident;)*) => { $(
        impl CellElement for $t {}

        impl Encoded for $t {
            const NAME: &'static str = stringify!($t);

            fn suits(data_type: DataType) -> bool {
                data_type == DataType::String
            }

            fn encode(elements: &[Self], _order: Order, out: &mut Encoding) {
                out.strings.clear();
                elements.iter().for_each(|text| out.strings.push(text.$bytes()));
            }
        }
    )* };
}

texts! {
    &str: as_bytes;
    String: as_bytes;
    Vec<u8>: as_slice;
}

//! The Rust types that a column's elements can be read as.

use crate::DataType;

/// A type to read elements as with [`crate::Column::read_flat`].
///
/// The widths must be those of the column, but for what widens without loss: `f64` also reads Float and Complex,
/// `i64` all whole numbers of up to 32 bits. `f32` reads Float and Complex, the latter as pairs. `String` replaces
/// bytes that are not UTF-8 by U+FFFD; `Vec<u8>` gives a string's bytes as they are.
pub trait Element: sealed::Decoded {}

pub(crate) mod sealed {
    use crate::DataType;
    use crate::bytes::Order;

    /// How cells become values.
    #[derive(Clone, Copy)]
    pub enum Decode<T> {
        /// Fixed-size elements.
        Fixed(Fixed<T>),
        /// Makes one value of one string's bytes.
        Text(fn(&[u8]) -> T),
    }

    /// Decoding of fixed-size elements.
    #[derive(Clone, Copy)]
    pub struct Fixed<T> {
        /// Appends them.
        pub append: fn(&[u8], &mut Vec<T>),
        /// Fills a slice of as many elements.
        pub fill: fn(&[u8], &mut [T]),
        /// The bytes that values lie in if these have the width of the elements as stored: to be filled with these and
        /// then put in order with `settle`.
        pub memory: Option<Memory<T>>,
        /// Fills a slice from bits, after some that are skipped, if the values are such that are kept as bits.
        pub unpack: Option<Unpack<T>>,
        /// Makes values of elements that were put in their memory as stored.
        pub settle: fn(&mut [T]),
    }

    type Memory<T> = fn(&mut [T]) -> &mut [u8];
    type Unpack<T> = fn(&[u8], usize, &mut [T]);

    /// Types with a way to decode cells.
    pub trait Decoded: Clone + Default + Sized + Send + 'static {
        /// The type's name in messages.
        const NAME: &'static str;

        /// How elements of a column become this type; `None` if they do not.
        fn decode(data_type: DataType, order: Order) -> Option<Decode<Self>>;
    }
}

use sealed::{Decode, Decoded, Fixed};

use crate::bits;
use crate::bytes::Order;

macro_rules! fixed {
    ($raw:ty, $order:expr) => {
        Decode::Fixed(match $order {
            Order::Little => fixed!(of $raw, from_le_bytes),
            Order::Big => fixed!(of $raw, from_be_bytes),
        })
    };
    (of $raw:ty, $from_bytes:ident) => {
        Fixed {
            append: |bytes, out| {
                out.extend(bytes.as_chunks().0.iter().map(|b| Self::from(<$raw>::$from_bytes(*b))));
            },
            fill: |bytes, out| {
                let values = bytes.as_chunks().0.iter().map(|b| Self::from(<$raw>::$from_bytes(*b)));
                out.iter_mut().zip(values).for_each(|(out, value)| *out = value);
            },
            memory: if size_of::<$raw>() == size_of::<Self>() { Some(bytemuck::cast_slice_mut) } else { None },
            unpack: None,
            // Nothing is left of it where the order is that of the computer.
            settle: |out| {
                out.iter_mut().for_each(|value| *value = Self::$from_bytes(value.to_ne_bytes()));
            },
        }
    };
}

macro_rules! elements {
    ($($t:ty: $($($kind:ident)|+ as $raw:ty),+;)*) => { $(
        impl Element for $t {}

        impl Decoded for $t {
            const NAME: &'static str = stringify!($t);

            fn decode(data_type: DataType, order: Order) -> Option<Decode<Self>> {
                Some(match data_type {
                    $($(DataType::$kind)|+ => fixed!($raw, order),)+
                    _ => return None,
                })
            }
        }
    )* };
}

elements! {
    i8: Char as i8;
    u8: UChar as u8;
    i16: Short as i16;
    u16: UShort as u16;
    i32: Int as i32;
    u32: UInt as u32;
    i64: Int64 as i64, Int as i32, UInt as u32, Short as i16, UShort as u16, Char as i8, UChar as u8;
    f32: Float | Complex as f32;
    f64: Double | DComplex as f64, Float | Complex as f32;
}

macro_rules! others {
    ($($t:ty: $kind:ident, $decode:expr;)*) => { $(
        impl Element for $t {}

        impl Decoded for $t {
            const NAME: &'static str = stringify!($t);

            fn decode(data_type: DataType, _order: Order) -> Option<Decode<Self>> {
                (data_type == DataType::$kind).then_some($decode)
            }
        }
    )* };
}

others! {
    bool: Bool, Decode::Fixed(Fixed {
        append: |bytes, out| out.extend(bytes.iter().map(|&b| b != 0)),
        fill: |bytes, out| out.iter_mut().zip(bytes).for_each(|(out, &b)| *out = b != 0),
        memory: None,
        unpack: Some(bits::unpack_into),
        settle: |_| {},
    });
    String: String, Decode::Text(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Vec<u8>: String, Decode::Text(<[u8]>::to_vec);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded<T: Element>(data_type: DataType, order: Order, bytes: &[u8]) -> Option<Vec<T>> {
        let mut out = Vec::new();
        match T::decode(data_type, order)? {
            Decode::Fixed(decode) => (decode.append)(bytes, &mut out),
            Decode::Text(decode) => out.push(decode(bytes)),
        }
        Some(out)
    }

    #[test]
    fn widths_match_or_widen() {
        let half = 0.5_f32.to_be_bytes();
        assert_eq!(decoded::<f64>(DataType::Complex, Order::Big, &half), Some(vec![0.5]));
        assert_eq!(decoded::<i64>(DataType::Short, Order::Little, &[0xfe, 0xff, 1, 0]), Some(vec![-2, 1]));
        assert_eq!(decoded::<f32>(DataType::Double, Order::Little, &[0; 8]), None);
        assert_eq!(decoded::<i32>(DataType::Short, Order::Little, &[0; 2]), None);
        assert_eq!(decoded::<bool>(DataType::Bool, Order::Big, &[0, 1]), Some(vec![false, true]));
        assert_eq!(
            decoded::<String>(DataType::String, Order::Big, b"a\xff"),
            Some(vec!["a\u{fffd}".to_owned()])
        );
    }
}

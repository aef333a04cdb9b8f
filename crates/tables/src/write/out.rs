//! Numbers, strings, AipsIO objects and records into bytes; the twin of `bytes`, `aipsio` and `record`.

use crate::bytes::Order;
use crate::value::{Array, Elements, Record, Value};

const MAGIC: u32 = 0xBEBE_BEBE;
/// Records that may grow; casacore's word for all that tables hold.
const VARIABLE: i32 = 1;

/// Bytes that grow, in one byte order.
pub(crate) struct Out {
    pub(crate) bytes: Vec<u8>,
    order: Order,
    /// Where the length of each open object stands.
    open: Vec<usize>,
}

macro_rules! numbers {
    ($($name:ident: $t:ty),*) => { $(
        pub(crate) fn $name(&mut self, v: $t) {
            match self.order {
                Order::Big => self.bytes.extend(v.to_be_bytes()),
                Order::Little => self.bytes.extend(v.to_le_bytes()),
            }
        }
    )* };
}

impl Out {
    pub(crate) fn new(order: Order) -> Self {
        Out { bytes: Vec::new(), order, open: Vec::new() }
    }

    numbers!(u8: u8, i8: i8, u16: u16, i16: i16, u32: u32, i32: i32, u64: u64, i64: i64, f32: f32, f64: f64);

    pub(crate) fn bool(&mut self, v: bool) {
        self.u8(v.into());
    }

    /// A uInt that counts what is in memory.
    pub(crate) fn count(&mut self, n: usize) {
        self.u32(n as u32);
    }

    pub(crate) fn string_bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.string_bytes(text.as_bytes());
    }

    /// An object of a type and version with the contents that `body` writes.
    pub(crate) fn object(&mut self, name: &str, version: u32, body: impl FnOnce(&mut Self)) {
        if self.open.is_empty() {
            self.u32(MAGIC);
        }
        let at = self.bytes.len();
        self.open.push(at);
        self.u32(0);
        self.string(name);
        self.u32(version);
        body(self);
        self.open.pop();
        let length = (self.bytes.len() - at) as u32;
        let raw = if self.order == Order::Big { length.to_be_bytes() } else { length.to_le_bytes() };
        self.bytes[at..at + 4].copy_from_slice(&raw);
    }

    pub(crate) fn block_u32(&mut self, values: &[u32]) {
        self.object("Block", 1, |out| {
            out.count(values.len());
            values.iter().for_each(|&v| out.u32(v));
        });
    }

    /// A `Block` of row numbers, uInt64 if `wide`.
    pub(crate) fn block_rows(&mut self, values: &[u64], wide: bool) {
        self.object("Block", 1, |out| {
            out.count(values.len());
            values.iter().for_each(|&v| out.row(v, wide));
        });
    }

    /// A row number or count, uInt64 if `wide`.
    pub(crate) fn row(&mut self, v: u64, wide: bool) {
        if wide { self.u64(v) } else { self.u32(v as u32) }
    }

    /// An `IPosition` of axes in their stored order (first axis fastest).
    pub(crate) fn iposition(&mut self, axes: &[i64]) {
        let narrow = axes.iter().all(|&n| i32::try_from(n).is_ok());
        self.object("IPosition", if narrow { 1 } else { 2 }, |out| {
            out.count(axes.len());
            axes.iter().for_each(|&n| if narrow { out.i32(n as i32) } else { out.i64(n) });
        });
    }

    /// An `IPosition` of a shape that is given slowest axis first.
    pub(crate) fn shape(&mut self, shape: &[usize]) {
        let axes: Vec<i64> = shape.iter().rev().map(|&n| n as i64).collect();
        self.iposition(&axes);
    }

    /// A `TableRecord` or `Record` object.
    pub(crate) fn record(&mut self, kind: &str, record: &Record) {
        self.object(kind, 1, |out| {
            out.record_desc(record);
            out.i32(VARIABLE);
            record.iter().for_each(|(_, value)| out.value(value));
        });
    }

    pub(crate) fn table_record(&mut self, record: &Record) {
        self.record("TableRecord", record);
    }

    fn record_desc(&mut self, record: &Record) {
        self.object("RecordDesc", 2, |out| {
            out.i32(record.len() as i32);
            for (name, value) in record.iter() {
                out.string(name);
                out.kind(value);
                out.string("");
            }
        });
    }

    /// The type of a field. A sub-record gets an empty description, so its value is an object with its own.
    fn kind(&mut self, value: &Value) {
        match value {
            Value::Table(_) => {
                self.i32(12);
                self.string("");
            }
            Value::Record(_) => {
                self.i32(25);
                self.record_desc(&Record::default());
            }
            Value::Array(array) => {
                self.i32(array.elements.data_type().array_number());
                self.iposition(&[-1]);
            }
            scalar => self.i32(scalar_type(scalar)),
        }
    }

    /// A value without its type.
    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::Bool(v) => self.bool(*v),
            Value::Char(v) => self.i8(*v),
            Value::UChar(v) => self.u8(*v),
            Value::Short(v) => self.i16(*v),
            Value::UShort(v) => self.u16(*v),
            Value::Int(v) => self.i32(*v),
            Value::UInt(v) => self.u32(*v),
            Value::Int64(v) => self.i64(*v),
            Value::Float(v) => self.f32(*v),
            Value::Double(v) => self.f64(*v),
            Value::Complex(v) => v.iter().for_each(|&v| self.f32(v)),
            Value::DComplex(v) => v.iter().for_each(|&v| self.f64(v)),
            Value::String(v) | Value::Table(v) => self.string(v),
            Value::Array(v) => self.array(v),
            Value::Record(v) => self.table_record(v),
        }
    }

    fn array(&mut self, array: &Array) {
        self.object("Array", 3, |out| {
            out.count(array.shape.len());
            array.shape.iter().rev().for_each(|&n| out.count(n));
            out.count(array.elements.len());
            out.elements(&array.elements);
        });
    }

    fn elements(&mut self, elements: &Elements) {
        match elements {
            Elements::Bool(v) => pack(v.iter().copied(), &mut self.bytes),
            Elements::Char(v) => v.iter().for_each(|&v| self.i8(v)),
            Elements::UChar(v) => v.iter().for_each(|&v| self.u8(v)),
            Elements::Short(v) => v.iter().for_each(|&v| self.i16(v)),
            Elements::UShort(v) => v.iter().for_each(|&v| self.u16(v)),
            Elements::Int(v) => v.iter().for_each(|&v| self.i32(v)),
            Elements::UInt(v) => v.iter().for_each(|&v| self.u32(v)),
            Elements::Int64(v) => v.iter().for_each(|&v| self.i64(v)),
            Elements::Float(v) => v.iter().for_each(|&v| self.f32(v)),
            Elements::Double(v) => v.iter().for_each(|&v| self.f64(v)),
            Elements::Complex(v) => v.as_flattened().iter().for_each(|&v| self.f32(v)),
            Elements::DComplex(v) => v.as_flattened().iter().for_each(|&v| self.f64(v)),
            Elements::String(v) => v.iter().for_each(|v| self.string(v)),
        }
    }
}

fn scalar_type(value: &Value) -> i32 {
    use crate::DataType::*;
    let data_type = match value {
        Value::Bool(_) => Bool,
        Value::Char(_) => Char,
        Value::UChar(_) => UChar,
        Value::Short(_) => Short,
        Value::UShort(_) => UShort,
        Value::Int(_) => Int,
        Value::UInt(_) => UInt,
        Value::Int64(_) => Int64,
        Value::Float(_) => Float,
        Value::Double(_) => Double,
        Value::Complex(_) => Complex,
        Value::DComplex(_) => DComplex,
        _ => String,
    };
    data_type.scalar_number().unwrap_or(0)
}

/// Appends flags as bits, the first in bit 0 of the first byte.
pub(crate) fn pack(flags: impl ExactSizeIterator<Item = bool>, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + flags.len().div_ceil(8), 0);
    for (i, flag) in flags.enumerate() {
        out[start + i / 8] |= u8::from(flag) << (i % 8);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::bytes::Reader;

    fn array(elements: Elements) -> Value {
        Value::Array(Array { shape: vec![elements.len()], elements })
    }

    #[test]
    fn every_kind_of_keyword_reads_back() {
        let inner: Record = [("a", Value::Int(-3)), ("t", Value::Table("././X".to_owned()))]
            .map(|(n, v)| (n.to_owned(), v))
            .into_iter()
            .collect();
        let record: Record = [
            Value::Bool(true),
            Value::Char(-1),
            Value::UChar(200),
            Value::Short(-2),
            Value::UShort(60_000),
            Value::Int(-70_000),
            Value::UInt(4_000_000_000),
            Value::Int64(-1 << 40),
            Value::Float(2.5),
            Value::Double(-1e300),
            Value::Complex([1.0, -2.0]),
            Value::DComplex([3.0, 4.0]),
            Value::String("text".to_owned()),
            Value::Record(inner),
            Value::Record(Record::default()),
            array(Elements::Bool((0..11).map(|i| i % 3 == 0).collect())),
            array(Elements::Complex(vec![[1.0, 2.0], [3.0, 4.0]])),
            array(Elements::String(vec!["m".to_owned(), String::new()])),
            Value::Array(Array { shape: vec![2, 3], elements: Elements::Int((0..6).collect()) }),
        ]
        .into_iter()
        .enumerate()
        .map(|(i, value)| (format!("k{i}"), value))
        .collect();
        for order in [Order::Big, Order::Little] {
            let mut out = Out::new(order);
            out.table_record(&record);
            let got = Reader::new(Path::new("f"), 0, &out.bytes, order).record().unwrap();
            assert_eq!(got, record);
        }
    }
}

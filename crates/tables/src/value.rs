//! Keyword values and records of them, in stored order.

use crate::DataType;
use crate::bytes::Order;
use crate::swapped::{number_width, turn_around};

/// One keyword's value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are casacore's types and say all")]
#[non_exhaustive]
pub enum Value {
    Bool(bool),
    Char(i8),
    UChar(u8),
    Short(i16),
    UShort(u16),
    Int(i32),
    UInt(u32),
    Int64(i64),
    Float(f32),
    Double(f64),
    Complex([f32; 2]),
    DComplex([f64; 2]),
    String(String),
    Array(Array),
    Record(Record),
    /// The stored name of another table; [`crate::Table::subtable`] resolves it.
    Table(String),
}

/// An array as a keyword's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each axis, slowest first.
    pub shape: Vec<usize>,
    /// The elements, last axis of `shape` fastest.
    pub elements: Elements,
}

/// Elements of an array of one type.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are casacore's types and say all")]
#[non_exhaustive]
pub enum Elements {
    Bool(Vec<bool>),
    Char(Vec<i8>),
    UChar(Vec<u8>),
    Short(Vec<i16>),
    UShort(Vec<u16>),
    Int(Vec<i32>),
    UInt(Vec<u32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Complex(Vec<[f32; 2]>),
    DComplex(Vec<[f64; 2]>),
    String(Vec<String>),
}

impl Elements {
    /// How many there are.
    pub fn len(&self) -> usize {
        macro_rules! of {
            ($($kind:ident)*) => { match self { $(Elements::$kind(v) => v.len(),)* } };
        }
        of!(Bool Char UChar Short UShort Int UInt Int64 Float Double Complex DComplex String)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn data_type(&self) -> DataType {
        macro_rules! of {
            ($($kind:ident)*) => { match self { $(Elements::$kind(_) => DataType::$kind,)* } };
        }
        of!(Bool Char UChar Short UShort Int UInt Int64 Float Double Complex DComplex String)
    }
}

impl Elements {
    /// Element `i` alone.
    pub(crate) fn get(&self, i: usize) -> Option<Self> {
        macro_rules! of {
            ($($kind:ident)*) => { match self { $(Elements::$kind(v) => Elements::$kind(vec![v.get(i)?.clone()]),)* } };
        }
        Some(of!(Bool Char UChar Short UShort Int UInt Int64 Float Double Complex DComplex String))
    }

    /// The elements as cells hold them: numbers in this byte order, Bool one byte each; no bytes of strings.
    pub(crate) fn to_bytes(&self, order: Order) -> Vec<u8> {
        macro_rules! of {
            ($($kind:ident)*) => { match self {
                Elements::Bool(v) => v.iter().map(|&b| u8::from(b)).collect(),
                Elements::Complex(v) => v.iter().flatten().flat_map(|x| x.to_le_bytes()).collect(),
                Elements::DComplex(v) => v.iter().flatten().flat_map(|x| x.to_le_bytes()).collect(),
                Elements::String(_) => Vec::new(),
                $(Elements::$kind(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),)*
            } };
        }
        let mut bytes: Vec<u8> = of!(Char UChar Short UShort Int UInt Int64 Float Double);
        if order == Order::Big {
            turn_around(&mut bytes, number_width(self.data_type()));
        }
        bytes
    }
}

impl Value {
    /// A whole number of any width.
    pub fn as_int(&self) -> Option<i64> {
        Some(match *self {
            Value::Char(v) => v.into(),
            Value::UChar(v) => v.into(),
            Value::Short(v) => v.into(),
            Value::UShort(v) => v.into(),
            Value::Int(v) => v.into(),
            Value::UInt(v) => v.into(),
            Value::Int64(v) => v,
            _ => return None,
        })
    }

    /// A real or whole number (whole ones beyond 2⁵³ are rounded).
    pub fn as_float(&self) -> Option<f64> {
        match *self {
            Value::Float(v) => Some(v.into()),
            Value::Double(v) => Some(v),
            _ => self.as_int().map(|v| v as f64),
        }
    }

    /// A string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(v) = self { Some(v) } else { None }
    }

    /// The strings of an array, or one string as an array of one.
    pub fn as_strings(&self) -> Option<&[String]> {
        match self {
            Value::String(v) => Some(std::slice::from_ref(v)),
            Value::Array(Array { elements: Elements::String(v), .. }) => Some(v),
            _ => None,
        }
    }

    /// The whole numbers of an array, or one number as an array of one.
    pub fn as_ints(&self) -> Option<Vec<i64>> {
        let Value::Array(array) = self else { return self.as_int().map(|v| vec![v]) };
        macro_rules! of {
            ($($kind:ident)*) => { match &array.elements {
                $(Elements::$kind(v) => Some(v.iter().map(|&x| i64::from(x)).collect()),)*
                _ => None,
            } };
        }
        of!(Char UChar Short UShort Int UInt Int64)
    }

    /// The real numbers of an array, or one number as an array of one.
    pub fn as_floats(&self) -> Option<Vec<f64>> {
        let Value::Array(array) = self else { return self.as_float().map(|v| vec![v]) };
        match &array.elements {
            Elements::Float(v) => Some(v.iter().map(|&x| x.into()).collect()),
            Elements::Double(v) => Some(v.clone()),
            _ => self.as_ints().map(|v| v.into_iter().map(|x| x as f64).collect()),
        }
    }
}

/// Named values in stored order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    fields: Vec<(String, Value)>,
}

impl Record {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|f| f.0 == name).map(|f| &f.1)
    }

    /// Names and values in stored order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// A field that is true or false.
    pub fn bool(&self, name: &str) -> Option<bool> {
        if let Value::Bool(v) = self.get(name)? { Some(*v) } else { None }
    }

    /// A field that is a whole number of any width.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_int()
    }

    /// A field that is a number.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_float()
    }

    /// A field that is a string.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A field that is an array of strings (or one string).
    pub fn strings(&self, name: &str) -> Option<&[String]> {
        self.get(name)?.as_strings()
    }

    /// A field that is an array of whole numbers (or one).
    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.get(name)?.as_ints()
    }

    /// A field that is an array of numbers (or one).
    pub fn floats(&self, name: &str) -> Option<Vec<f64>> {
        self.get(name)?.as_floats()
    }

    /// A field that is a record.
    pub fn record(&self, name: &str) -> Option<&Record> {
        if let Value::Record(v) = self.get(name)? { Some(v) } else { None }
    }

    /// Gives a field a value; it keeps its place if there is one of this name, else it comes last.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        match self.fields.iter_mut().find(|f| f.0 == name) {
            Some(field) => field.1 = value,
            None => self.fields.push((name, value)),
        }
    }

    /// Takes a field out; its value if there was one.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.fields.iter().position(|f| f.0 == name)?;
        Some(self.fields.remove(at).1)
    }

    pub(crate) fn push(&mut self, name: String, value: Value) {
        self.fields.push((name, value));
    }

    /// Adds the fields of `other`, which win over those of the same name.
    pub(crate) fn merge(&mut self, other: Record) {
        other.fields.into_iter().for_each(|(name, value)| self.set(name, value));
    }
}

impl FromIterator<(String, Value)> for Record {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Record { fields: fields.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_getters_widen_and_refuse() {
        let record: Record = [
            ("version".to_owned(), Value::Float(2.0)),
            ("code".to_owned(), Value::UChar(7)),
            (
                "units".to_owned(),
                Value::Array(Array { shape: vec![1], elements: Elements::String(vec!["m".to_owned()]) }),
            ),
        ]
        .into_iter()
        .collect();
        assert_eq!(record.float("version"), Some(2.0));
        assert_eq!(record.int("version"), None);
        assert_eq!(record.ints("code"), Some(vec![7]));
        assert_eq!(record.strings("units").unwrap(), ["m"]);
        assert_eq!(record.str("units"), None);
    }

    #[test]
    fn merge_replaces_and_appends() {
        let mut a: Record = [("x".to_owned(), Value::Int(1))].into_iter().collect();
        a.merge([("y".to_owned(), Value::Int(2)), ("x".to_owned(), Value::Int(3))].into_iter().collect());
        assert_eq!(a.iter().map(|(n, v)| (n, v.as_int().unwrap())).collect::<Vec<_>>(), [("x", 3), ("y", 2)]);
    }
}

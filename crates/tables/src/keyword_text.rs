//! Keywords as JSON: what `casacore.keywords` holds in Arrow schemas, and what people are shown.
//!
//! Records become objects with sorted names, arrays nested lists (slowest axis outermost), complex numbers `[re, im]`,
//! references to tables the text `Table: NAME` with the name as stored. Numbers that JSON does not have are the texts
//! `NaN`, `Infinity` and `-Infinity`. A real number always has a point or an exponent, a whole one never.

use serde_json::{Map, Value as Json, json};

use crate::{Array, Elements, Record, Value};

impl Record {
    /// The record as a JSON object, its fields sorted by name.
    pub fn to_json(&self) -> Json {
        Json::Object(
            self.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect::<Map<_, _>>(),
        )
    }
}

impl Value {
    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Bool(v) => json!(v),
            Value::Char(v) => json!(v),
            Value::UChar(v) => json!(v),
            Value::Short(v) => json!(v),
            Value::UShort(v) => json!(v),
            Value::Int(v) => json!(v),
            Value::UInt(v) => json!(v),
            Value::Int64(v) => json!(v),
            Value::Float(v) => single(*v),
            Value::Double(v) => real(*v),
            Value::Complex([re, im]) => json!([single(*re), single(*im)]),
            Value::DComplex([re, im]) => json!([real(*re), real(*im)]),
            Value::String(v) => json!(v),
            Value::Array(array) => array.to_json(),
            Value::Record(record) => record.to_json(),
            Value::Table(name) => json!(format!("Table: {name}")),
        }
    }
}

impl Array {
    /// The array as nested lists.
    pub fn to_json(&self) -> Json {
        nested(&self.shape, &mut self.elements.to_json().into_iter())
    }
}

impl Elements {
    fn to_json(&self) -> Vec<Json> {
        macro_rules! plain {
            ($($kind:ident)*) => { match self {
                $(Elements::$kind(v) => v.iter().map(|x| Value::$kind(x.clone()).to_json()).collect(),)*
            } };
        }
        plain!(Bool Char UChar Short UShort Int UInt Int64 Float Double Complex DComplex String)
    }
}

fn nested(shape: &[usize], elements: &mut dyn Iterator<Item = Json>) -> Json {
    match shape {
        [] | [_] => Json::Array(elements.take(shape.first().copied().unwrap_or(1)).collect()),
        [n, inner @ ..] => Json::Array((0..*n).map(|_| nested(inner, elements)).collect()),
    }
}

/// The shortest number that reads as the same single precision number.
fn single(v: f32) -> Json {
    if v.is_finite() { v.to_string().parse().map_or_else(|_| real(v.into()), real) } else { real(v.into()) }
}

fn real(v: f64) -> Json {
    match v {
        v if v.is_finite() => json!(v),
        v if v.is_nan() => json!("NaN"),
        v if v > 0.0 => json!("Infinity"),
        _ => json!("-Infinity"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value() {
        let record: Record = [
            ("z".to_owned(), Value::Double(2.0)),
            ("a".to_owned(), Value::Float(0.1)),
            ("n".to_owned(), Value::Double(f64::NAN)),
            ("c".to_owned(), Value::Complex([1.0, -2.5])),
            ("t".to_owned(), Value::Table("././ANTENNA".to_owned())),
            (
                "m".to_owned(),
                Value::Array(Array { shape: vec![2, 2], elements: Elements::Int(vec![1, 2, 3, 4]) }),
            ),
            ("r".to_owned(), Value::Record([("i".to_owned(), Value::Int64(3))].into_iter().collect())),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            record.to_json().to_string(),
            r#"{"a":0.1,"c":[1.0,-2.5],"m":[[1,2],[3,4]],"n":"NaN","r":{"i":3},"t":"Table: ././ANTENNA","z":2.0}"#
        );
    }
}

//! Records as JSON text in one way only: keys sorted, no spaces, floats in C99 hexadecimal as Python writes them.

use facette_tables::{Array, Elements, Record, Value};

/// The text of a record.
pub(crate) fn record_text(record: &Record) -> String {
    let mut fields: Vec<_> = record.iter().collect();
    fields.sort_by_key(|f| f.0);
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| quoted(name) + ":" + &value_text(value)).collect();
    format!("{{{}}}", fields.join(","))
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Bool(v) => v.to_string(),
        Value::Float(v) => quoted(&hex_float((*v).into())),
        Value::Double(v) => quoted(&hex_float(*v)),
        Value::Complex([re, im]) => pair((*re).into(), (*im).into()),
        Value::DComplex([re, im]) => pair(*re, *im),
        Value::String(v) => quoted(v),
        Value::Array(v) => array_text(v),
        Value::Record(v) => record_text(v),
        Value::Table(_) => "{\"table\":true}".to_owned(),
        whole => whole.as_int().map_or_else(String::new, |v| v.to_string()),
    }
}

fn array_text(array: &Array) -> String {
    if array.elements.is_empty() {
        // Python has strings without axes as a dict of two lists.
        if array.shape.is_empty() && matches!(array.elements, Elements::String(_)) {
            let none = "{\"data\":[],\"shape\":[0]}";
            return format!("{{\"array\":{none},\"shape\":{none}}}");
        }
        return "{\"data\":[],\"shape\":[0]}".to_owned();
    }
    let data: Vec<String> = match &array.elements {
        Elements::Bool(v) => v.iter().map(bool::to_string).collect(),
        Elements::Float(v) => v.iter().map(|&x| quoted(&hex_float(x.into()))).collect(),
        Elements::Double(v) => v.iter().map(|&x| quoted(&hex_float(x))).collect(),
        Elements::Complex(v) => v.iter().map(|&[re, im]| pair(re.into(), im.into())).collect(),
        Elements::DComplex(v) => v.iter().map(|&[re, im]| pair(re, im)).collect(),
        Elements::String(v) => v.iter().map(|s| quoted(s)).collect(),
        _ => Value::Array(array.clone()).as_ints().unwrap_or_default().iter().map(i64::to_string).collect(),
    };
    let shape: Vec<String> = array.shape.iter().map(usize::to_string).collect();
    format!("{{\"data\":[{}],\"shape\":[{}]}}", data.join(","), shape.join(","))
}

fn pair(re: f64, im: f64) -> String {
    format!("[{},{}]", quoted(&hex_float(re)), quoted(&hex_float(im)))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A float in hexadecimal, exactly as Python's `float.hex`.
fn hex_float(x: f64) -> String {
    let sign = if x.is_sign_negative() && !x.is_nan() { "-" } else { "" };
    if !x.is_finite() {
        return if x.is_nan() { "nan".to_owned() } else { format!("{sign}inf") };
    }
    let bits = x.to_bits();
    let (exponent, mantissa) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
    match (exponent, mantissa) {
        (0, 0) => format!("{sign}0x0.0p+0"),
        (0, _) => format!("{sign}0x0.{mantissa:013x}p-1022"),
        _ => format!("{sign}0x1.{mantissa:013x}p{:+}", exponent as i64 - 1023),
    }
}

#[cfg(test)]
#[test]
fn floats_as_python_writes_them() {
    assert_eq!(hex_float(2.0), "0x1.0000000000000p+1");
    assert_eq!(hex_float(-0.1), "-0x1.999999999999ap-4");
    assert_eq!(hex_float(0.0), "0x0.0p+0");
    assert_eq!(hex_float(5e-324), "0x0.0000000000001p-1022");
}

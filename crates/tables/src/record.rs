//! Records (keyword sets) in AipsIO form.
//!
//! ```text
//! TableRecord | Record v1:  RecordDesc object | Int recordType | field data in order
//! RecordDesc v2:  Int n; per field: String name; Int dataType;
//!                 Record: nested RecordDesc | Table: String | array: IPosition shape;  String comment (v > 1)
//! field data:  scalar | Array object | String | table name | sub-record
//! Array v3:    uInt ndim; (v < 3: ndim Int origin); ndim uInt shape; uInt n; values (Bool as bits)
//! ```
//! A sub-record whose description has no fields is stored as a complete object of its own, with its description;
//! one whose description has fields is stored as those fields' data, without framing.

use crate::bytes::Reader;
use crate::value::{Array, Elements, Record, Value};
use crate::{DataType, Error, bits};

enum Kind {
    Scalar(DataType),
    Array(DataType),
    Table,
    Record(Vec<Field>),
}

struct Field {
    name: String,
    kind: Kind,
}

impl Reader<'_> {
    /// A `TableRecord` or `Record` object.
    pub(crate) fn record(&mut self) -> Result<Record, Error> {
        let (name, _) = self.open_object()?;
        if name != "TableRecord" && name != "Record" {
            return Err(self.fail("an object TableRecord or Record", name));
        }
        let fields = self.record_desc()?;
        self.i32()?;
        let record = self.fields(&fields);
        self.close_object();
        record
    }

    fn record_desc(&mut self) -> Result<Vec<Field>, Error> {
        let version = self.open_named("RecordDesc")?;
        let n = self.i32()?;
        let n = self.fits(u64::try_from(n).unwrap_or(u64::MAX), 8)?;
        let mut fields = Vec::new();
        for _ in 0..n {
            let name = self.string()?;
            let number = self.i32()?;
            let kind = self.kind(number)?;
            if version > 1 {
                self.string_bytes()?;
            }
            fields.push(Field { name, kind });
        }
        self.close_object();
        Ok(fields)
    }

    fn kind(&mut self, number: i32) -> Result<Kind, Error> {
        match number {
            12 => {
                self.string_bytes()?;
                Ok(Kind::Table)
            }
            25 => Ok(Kind::Record(self.record_desc()?)),
            _ => {
                if let Some(t) = DataType::from_scalar(number) {
                    return Ok(Kind::Scalar(t));
                }
                let Some(t) = DataType::from_array(number) else {
                    return Err(self.fail("the number of a keyword's type", number.to_string()));
                };
                self.iposition()?;
                Ok(Kind::Array(t))
            }
        }
    }

    fn fields(&mut self, fields: &[Field]) -> Result<Record, Error> {
        let mut record = Record::default();
        for field in fields {
            let value = match &field.kind {
                Kind::Scalar(t) => self.scalar(*t)?,
                Kind::Array(t) => Value::Array(self.array_object(*t)?),
                Kind::Table => Value::Table(self.string()?),
                Kind::Record(sub) if sub.is_empty() => Value::Record(self.record()?),
                Kind::Record(sub) => Value::Record(self.fields(sub)?),
            };
            record.push(field.name.clone(), value);
        }
        Ok(record)
    }

    /// One value of a type other than Record.
    pub(crate) fn scalar(&mut self, data_type: DataType) -> Result<Value, Error> {
        Ok(match data_type {
            DataType::Bool => Value::Bool(self.bool()?),
            DataType::Char => Value::Char(self.i8()?),
            DataType::UChar => Value::UChar(self.u8()?),
            DataType::Short => Value::Short(self.i16()?),
            DataType::UShort => Value::UShort(self.u16()?),
            DataType::Int => Value::Int(self.i32()?),
            DataType::UInt => Value::UInt(self.u32()?),
            DataType::Int64 => Value::Int64(self.i64()?),
            DataType::Float => Value::Float(self.f32()?),
            DataType::Double => Value::Double(self.f64()?),
            DataType::Complex => Value::Complex([self.f32()?, self.f32()?]),
            DataType::DComplex => Value::DComplex([self.f64()?, self.f64()?]),
            DataType::String => Value::String(self.string()?),
            DataType::Record => Value::Record(self.record()?),
        })
    }

    /// An `Array` object of a known type.
    pub(crate) fn array_object(&mut self, data_type: DataType) -> Result<Array, Error> {
        let (name, version) = self.open_object()?;
        if !name.starts_with("Array") {
            return Err(self.fail("an object Array", name));
        }
        let n_axis = self.axes()?;
        if version < 3 {
            self.take(4 * n_axis)?;
        }
        let mut shape = (0..n_axis).map(|_| self.u32().map(|n| n as usize)).collect::<Result<Vec<_>, _>>()?;
        shape.reverse();
        let n = self.u32()? as usize;
        let want = shape.iter().try_fold(usize::from(n_axis > 0), |p, &k| p.checked_mul(k));
        if want != Some(n) {
            return Err(self.fail(format!("as many elements as the shape {shape:?} has"), n.to_string()));
        }
        let elements = self.elements(data_type, n)?;
        self.close_object();
        Ok(Array { shape, elements })
    }

    /// `n` elements without a count.
    fn elements(&mut self, data_type: DataType, n: usize) -> Result<Elements, Error> {
        if data_type == DataType::Bool {
            let mut unpacked = Vec::new();
            bits::unpack(self.take(n.div_ceil(8))?, 0, n, &mut unpacked);
            return Ok(Elements::Bool(unpacked.iter().map(|&b| b != 0).collect()));
        }
        // A String takes at least its length.
        self.fits(n as u64, data_type.size().unwrap_or(4))?;
        macro_rules! collect {
            ($kind:ident, $read:expr) => {{
                let read = $read;
                Elements::$kind((0..n).map(|_| read(self)).collect::<Result<_, Error>>()?)
            }};
        }
        Ok(match data_type {
            DataType::Char => collect!(Char, |r: &mut Self| r.i8()),
            DataType::UChar => collect!(UChar, |r: &mut Self| r.u8()),
            DataType::Short => collect!(Short, |r: &mut Self| r.i16()),
            DataType::UShort => collect!(UShort, |r: &mut Self| r.u16()),
            DataType::Int => collect!(Int, |r: &mut Self| r.i32()),
            DataType::UInt => collect!(UInt, |r: &mut Self| r.u32()),
            DataType::Int64 => collect!(Int64, |r: &mut Self| r.i64()),
            DataType::Float => collect!(Float, |r: &mut Self| r.f32()),
            DataType::Double => collect!(Double, |r: &mut Self| r.f64()),
            DataType::Complex => collect!(Complex, |r: &mut Self| Ok([r.f32()?, r.f32()?])),
            DataType::DComplex => collect!(DComplex, |r: &mut Self| Ok([r.f64()?, r.f64()?])),
            _ => collect!(String, |r: &mut Self| r.string()),
        })
    }
}

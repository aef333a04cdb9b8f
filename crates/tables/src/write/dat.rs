//! table.dat into bytes; the twin of `desc`, whose head shows the format. Version 2 wherever row counts fit.

use crate::DataType;
use crate::bytes::Order;
use crate::desc::{ColumnDesc, TableDat};
use crate::value::Value;
use crate::write::out::Out;

/// Row counts beyond need the wide versions of all formats.
pub(crate) const NARROW_ROWS: u64 = i32::MAX as u64;
const SEPARATE_FILES: i32 = 2;

/// The bytes of table.dat.
pub(crate) fn encode(dat: &TableDat) -> Vec<u8> {
    let wide = dat.n_row > NARROW_ROWS;
    let mut out = Out::new(Order::Big);
    out.object("Table", if wide { 3 } else { 2 }, |out| {
        out.row(dat.n_row, wide);
        out.u32((dat.order == Order::Little).into());
        out.string("PlainTable");
        table_desc(out, dat);
        column_set(out, dat, wide);
    });
    out.bytes
}

fn table_desc(out: &mut Out, dat: &TableDat) {
    out.object("TableDesc", 2, |out| {
        dat.titles.iter().for_each(|title| out.string(title));
        out.table_record(&dat.keywords);
        out.table_record(&dat.private);
        out.count(dat.columns.len());
        dat.columns.iter().for_each(|column| column_desc(out, column));
    });
}

fn column_desc(out: &mut Out, column: &ColumnDesc) {
    let (info, written) = (&column.info, &column.written);
    out.u32(1);
    out.string(&class_name(info.data_type, info.is_array));
    out.u32(1);
    out.string(&info.name);
    out.string(&info.comment);
    out.string(&written.dm_type);
    out.string(&written.dm_group);
    out.i32(info.data_type.scalar_number().unwrap_or(RECORD));
    out.i32(written.option);
    out.i32(written.n_axis);
    if info.is_array {
        out.iposition(&written.shape);
    }
    out.count(column.max_length);
    out.table_record(&info.keywords);
    out.u32(1);
    match (info.is_array, info.data_type) {
        (true, _) => out.bool(false),
        (false, DataType::Record) => {}
        (false, other) => match &written.default {
            Some(value) => out.value(value),
            None => out.value(&zero(other)),
        },
    }
}

/// Casacore's number of a record.
const RECORD: i32 = 25;

fn class_name(data_type: DataType, is_array: bool) -> String {
    if data_type == DataType::Record {
        return "ScalarRecordColumnDesc".to_owned();
    }
    let name = match data_type {
        DataType::UChar => "uChar".to_owned(),
        DataType::UShort => "uShort".to_owned(),
        DataType::UInt => "uInt".to_owned(),
        DataType::Float => "float".to_owned(),
        DataType::Double => "double".to_owned(),
        other => other.to_string(),
    };
    let class = if is_array { "ArrayColumnDesc" } else { "ScalarColumnDesc" };
    format!("{class}<{name:8}")
}

/// The value of a cell that was never written.
pub(crate) fn zero(data_type: DataType) -> Value {
    match data_type {
        DataType::Bool => Value::Bool(false),
        DataType::Char => Value::Char(0),
        DataType::UChar => Value::UChar(0),
        DataType::Short => Value::Short(0),
        DataType::UShort => Value::UShort(0),
        DataType::Int => Value::Int(0),
        DataType::UInt => Value::UInt(0),
        DataType::Int64 => Value::Int64(0),
        DataType::Float => Value::Float(0.0),
        DataType::Double => Value::Double(0.0),
        DataType::Complex => Value::Complex([0.0; 2]),
        DataType::DComplex => Value::DComplex([0.0; 2]),
        DataType::String | DataType::Record => Value::String(String::new()),
    }
}

fn column_set(out: &mut Out, dat: &TableDat, wide: bool) {
    out.i32(if wide { -3 } else { -2 });
    out.row(dat.n_row, wide);
    if wide {
        out.i32(SEPARATE_FILES);
        out.i32(0);
    }
    out.u32(dat.next_seqnr);
    out.count(dat.storages.len());
    for storage in &dat.storages {
        out.string(&storage.kind);
        out.u32(storage.seqnr);
    }
    for column in &dat.columns {
        out.u32(2);
        out.string(&column.written.original_name);
        out.u32(1);
        out.u32(dat.storages[column.storage].seqnr);
        if column.info.is_array {
            out.bool(column.info.shape.is_some());
            if let Some(shape) = &column.info.shape {
                out.shape(shape);
            }
        }
    }
    for storage in &dat.storages {
        out.string_bytes(&storage.private);
    }
}

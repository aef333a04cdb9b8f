//! table.dat: the description of a table and where its columns are kept. Big-endian AipsIO always.
//!
//! ```text
//! object "Table" v1|2|3:
//!   nrow (uInt; v3 uInt64)  uInt endian (0 big, 1 little: of the data files)  String kind ("PlainTable", …)
//!   object "TableDesc": String name, version, comment; TableRecord keywords; (v > 1) TableRecord private;
//!     uInt ncol; ncol × ColumnDesc:
//!       uInt 1; String class; uInt 1; String name, comment, dmType, dmGroup; Int dataType, option, ndim;
//!       arrays: IPosition shape;  uInt maxLength; TableRecord keywords; uInt 1;
//!       scalars: default value | arrays: Bool | records: nothing
//!   v1: TableRecord more keywords
//!   Int cv (negative: version −cv, then nrow again; else it is nrow, version 1); v3: Int storageOption, blockSize
//!   uInt seqCount; uInt ndm; ndm × (String type; uInt seqnr)
//!   per column (v1: sorted by name): uInt pv (1: TableRecord follows); String name; uInt 1; uInt seqnr;
//!     arrays: Bool fixed; (fixed) IPosition shape
//!   per storage manager: uInt nbytes; its private bytes
//! ```

use std::path::Path;

use crate::aipsio::MOST_AXES;
use crate::bytes::{Order, Reader};
use crate::concatenation::Concatenation;
use crate::file::read_all;
use crate::reference::Reference;
use crate::value::{Record, Value};
use crate::{ColumnInfo, DataType, Error};

/// Bits of a column's option.
pub(crate) const DIRECT: i32 = 1;
pub(crate) const FIXED_SHAPE: i32 = 4;

/// What table.dat says of a column and only its writer needs.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// Type and name of the storage manager that its first description asked for.
    pub(crate) dm_type: String,
    pub(crate) dm_group: String,
    /// Bits: 1 direct, 2 undefined, 4 fixed shape.
    pub(crate) option: i32,
    pub(crate) n_axis: i32,
    /// Of arrays, first axis fastest.
    pub(crate) shape: Vec<i64>,
    /// Of scalars.
    pub(crate) default: Option<Value>,
    pub(crate) original_name: String,
}

/// A column as table.dat describes it.
#[derive(Clone)]
pub(crate) struct ColumnDesc {
    pub(crate) info: ColumnInfo,
    /// Array cells are kept inside the storage manager's own buckets.
    pub(crate) direct: bool,
    /// Bytes per scalar string; 0 when any length goes.
    pub(crate) max_length: usize,
    /// Index into [`TableDat::storages`].
    pub(crate) storage: usize,
    pub(crate) written: Written,
}

/// A storage manager of a table.
#[derive(Clone)]
pub(crate) struct StorageDesc {
    pub(crate) kind: String,
    pub(crate) seqnr: u32,
    /// The manager's own bytes, an AipsIO stream.
    pub(crate) private: Vec<u8>,
    /// Its columns, by index into [`TableDat::columns`].
    pub(crate) columns: Vec<usize>,
}

/// What table.dat says of a table that keeps its own cells.
#[derive(Clone)]
pub(crate) struct TableDat {
    /// Name, version and comment of the description.
    pub(crate) titles: [String; 3],
    /// The next number of a storage manager.
    pub(crate) next_seqnr: u32,
    pub(crate) n_row: u64,
    pub(crate) order: Order,
    pub(crate) keywords: Record,
    pub(crate) private: Record,
    pub(crate) columns: Vec<ColumnDesc>,
    pub(crate) storages: Vec<StorageDesc>,
}

/// What table.dat says, by kind of table.
pub(crate) enum Description {
    /// It keeps its own cells.
    Plain(TableDat),
    /// A RefTable: rows and columns of another one.
    Reference(Reference),
    /// A ConcatTable: the rows of several others.
    Concatenation(Concatenation),
}

impl Description {
    /// Reads the description of a table that was one of its own when it was opened.
    pub(crate) fn read_plain(path: &Path) -> Result<TableDat, Error> {
        match Description::read(path)? {
            Description::Plain(dat) => Ok(dat),
            _ => {
                let what = "it is a view of other tables now".to_owned();
                Err(Error::Changed { table: path.to_owned(), what })
            }
        }
    }

    pub(crate) fn read(table: &Path) -> Result<Self, Error> {
        let path = table.join("table.dat");
        if !path.is_file() {
            return Err(Error::NotATable { path: table.to_owned() });
        }
        let bytes = read_all(&path)?;
        let r = &mut Reader::new(&path, 0, &bytes, Order::Big);
        let version = r.open_named("Table")?;
        let n_row = if version > 2 { r.u64()? } else { r.u32()?.into() };
        let order = if r.u32()? == 0 { Order::Big } else { Order::Little };
        match r.string()?.as_str() {
            "PlainTable" => TableDat::parse(r, version, n_row, order).map(Description::Plain),
            "RefTable" => Reference::parse(r).map(Description::Reference),
            "ConcatTable" => Concatenation::parse(r).map(Description::Concatenation),
            kind => Err(Error::UnsupportedTable { path: table.to_owned(), kind: kind.to_owned() }),
        }
    }
}

impl TableDat {
    fn parse(r: &mut Reader<'_>, version: u32, n_row: u64, order: Order) -> Result<Self, Error> {
        let mut dat = table_desc(r, n_row, order)?;
        if version == 1 {
            dat.keywords.merge(r.record()?);
        }
        column_set(r, &mut dat)?;
        Ok(dat)
    }

    /// The description of a table that shows these columns of others, all kept by one storage of that kind.
    pub(crate) fn of_view(&self, kind: &str, columns: Vec<ColumnDesc>) -> Self {
        let all = (0..columns.len()).collect();
        let storage = StorageDesc { kind: kind.to_owned(), seqnr: 0, private: Vec::new(), columns: all };
        let columns = columns.into_iter().map(|c| ColumnDesc { storage: 0, ..c }).collect();
        TableDat { columns, storages: vec![storage], ..self.clone() }
    }
}

fn table_desc(r: &mut Reader<'_>, n_row: u64, order: Order) -> Result<TableDat, Error> {
    let version = r.open_named("TableDesc")?;
    let titles = [r.string()?, r.string()?, r.string()?];
    let keywords = r.record()?;
    let private = if version > 1 { r.record()? } else { Record::default() };
    // A column takes far more, but this much suffices against a damaged count.
    let n_column = r.count(40)?;
    let columns = (0..n_column).map(|_| column_desc(r)).collect::<Result<_, _>>()?;
    r.close_object();
    Ok(TableDat { titles, next_seqnr: 0, n_row, order, keywords, private, columns, storages: Vec::new() })
}

fn column_desc(r: &mut Reader<'_>) -> Result<ColumnDesc, Error> {
    expect_one(r)?;
    let class = r.string()?;
    expect_one(r)?;
    let name = r.string()?;
    let comment = r.string()?;
    let (dm_type, dm_group) = (r.string()?, r.string()?);
    let number = r.i32()?;
    let option = r.i32()?;
    let stored_axes = r.i32()?;
    let n_axis = usize::try_from(stored_axes).ok().filter(|&n| n > 0);
    if n_axis.is_some_and(|n| n > MOST_AXES) {
        return Err(r.fail(format!("at most {MOST_AXES} axes"), format!("{n_axis:?}")));
    }
    let is_array = class.starts_with("ArrayColumnDesc");
    let is_record = class.starts_with("ScalarRecordColumnDesc");
    let shape = if is_array { r.iposition()? } else { Vec::new() };
    let max_length = r.u32()? as usize;
    let keywords = r.record()?;
    expect_one(r)?;
    let data_type = if is_record {
        DataType::Record
    } else {
        DataType::from_scalar(number).ok_or_else(|| r.fail("the number of a type", number.to_string()))?
    };
    let mut default = None;
    if is_array {
        r.u8()?;
    } else if !is_record {
        if !class.starts_with("ScalarColumnDesc") {
            return Err(r.fail("a class of column", class));
        }
        default = Some(r.scalar(data_type)?);
    }
    let original_name = name.clone();
    let written = Written { dm_type, dm_group, option, n_axis: stored_axes, shape, default, original_name };
    let info = ColumnInfo {
        name,
        data_type,
        is_array,
        shape: None,
        n_axis,
        comment,
        storage_manager: String::new(),
        keywords,
    };
    Ok(ColumnDesc { info, direct: option & DIRECT != 0, max_length, storage: 0, written })
}

fn column_set(r: &mut Reader<'_>, dat: &mut TableDat) -> Result<(), Error> {
    let version = match r.i32()? {
        negative if negative < 0 => negative.unsigned_abs(),
        _ => 1,
    };
    match version {
        1 => {}
        2 => _ = r.u32()?,
        _ => _ = r.u64()?,
    }
    // Where all storage managers share a file, that is what cannot be read.
    let mut one_file = None;
    if version >= 3 {
        one_file = match r.i32()? {
            0 => Some("MultiFile"),
            1 => Some("MultiHDF5"),
            _ => None,
        };
        r.i32()?;
    }
    dat.next_seqnr = r.u32()?;
    let n_storage = r.count(8)?;
    for _ in 0..n_storage {
        let kind = match one_file {
            Some(file) => format!("{file} ({})", r.string()?),
            None => r.string()?,
        };
        dat.storages.push(StorageDesc { kind, seqnr: r.u32()?, private: Vec::new(), columns: Vec::new() });
    }
    let mut order: Vec<usize> = (0..dat.columns.len()).collect();
    if version == 1 {
        order.sort_by(|&a, &b| dat.columns[a].info.name.cmp(&dat.columns[b].info.name));
    }
    for i in order {
        bind_column(r, dat, i)?;
    }
    for i in 0..dat.columns.len() {
        let storage = &mut dat.storages[dat.columns[i].storage];
        storage.columns.push(i);
        dat.columns[i].info.storage_manager.clone_from(&storage.kind);
    }
    for storage in &mut dat.storages {
        storage.private = r.string_bytes()?.to_vec();
    }
    Ok(())
}

/// Where column `i` is kept and its shape, if all its cells share one.
fn bind_column(r: &mut Reader<'_>, dat: &mut TableDat, i: usize) -> Result<(), Error> {
    let version = r.u32()?;
    if version == 1 {
        let more = r.record()?;
        dat.columns[i].info.keywords.merge(more);
    }
    let original_name = r.string()?;
    expect_one(r)?;
    let seqnr = r.u32()?;
    let column = &mut dat.columns[i];
    column.written.original_name = original_name;
    column.storage = dat
        .storages
        .iter()
        .position(|s| s.seqnr == seqnr)
        .ok_or_else(|| r.fail("the number of a storage manager of this table", seqnr.to_string()))?;
    if column.info.is_array && r.bool()? {
        column.info.shape = Some(r.shape()?);
    }
    Ok(())
}

fn expect_one(r: &mut Reader<'_>) -> Result<(), Error> {
    match r.u32()? {
        1 => Ok(()),
        other => Err(r.fail("version 1 of a column's description", other.to_string())),
    }
}

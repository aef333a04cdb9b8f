//! Casacore tables read without casacore, as Arrow columns; knows no astronomy.
//!
//! A table is a directory. [`Table::open`] reads its description, [`Table::column`] finds a column,
//! [`Column::read`] gives a range of rows as an Arrow array and [`Column::read_flat`] appends them to a vector that
//! the caller keeps. Rows are read by position into reused buffers; nothing is mapped, and reading writes nothing.
//! [`Table::create`] and [`Editor::open`] make and change tables; [`Editor::commit`] does it all or not at all.
//!
//! Shapes are given slowest axis first throughout: a visibility cell that casacore calls `[4, 64]` (correlation
//! fastest) is `[64, 4]` here.
//!
//! ```no_run
//! let table = facette_tables::Table::open("observation.ms")?;
//! let mut uvw_m: Vec<f64> = Vec::new();
//! let shape = table.column("UVW")?.read_flat(0..table.n_row(), &mut uvw_m)?;
//! assert_eq!(shape, [3]);
//! # Ok::<(), facette_tables::Error>(())
//! ```
#![forbid(unsafe_code)]

mod aipsio;
mod arrayfile;
mod arrow;
mod bits;
mod bytes;
mod cells;
mod column;
mod data_type;
mod desc;
mod element;
mod error;
mod file;
mod info;
mod ism;
mod keyword_path;
mod lock;
mod record;
mod ssm;
mod ssm_strings;
mod storage;
mod table;
mod tsm;
mod tsm_header;
mod value;
mod write;

pub use bytes::Order as ByteOrder;
pub use column::{Column, ColumnInfo};
pub use data_type::DataType;
pub use element::Element;
pub use error::Error;
pub use info::TableInfo;
pub use table::Table;
pub use value::{Array, Elements, Record, Value};
pub use write::{
    CellElement, Cells, ColumnSpec, DiskCall, DiskHook, Editor, Selection, StorageKind, TableSpec,
};

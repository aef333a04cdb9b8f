//! Casacore tables read without casacore, as Arrow columns; knows no astronomy.
//!
//! A table is a directory. [`Table::open`] reads its description, [`Table::column`] finds a column,
//! [`Column::read`] gives a range of rows as an Arrow array and [`Column::read_flat`] appends them to a vector that
//! the caller keeps. Rows are read by position into reused buffers; nothing is mapped and nothing is ever written.
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
mod batch;
mod bits;
mod bytes;
mod cell_block;
mod cells;
mod check;
mod column;
mod data_type;
mod desc;
mod diff;
mod element;
mod error;
mod file;
mod info;
mod ism;
mod keyword_path;
mod keyword_text;
mod lock;
mod record;
mod ssm;
mod ssm_strings;
mod storage;
mod table;
mod tsm;
mod tsm_header;
mod value;

pub use batch::{Batches, KEYWORDS};
pub use cell_block::{CellBlock, Values};
pub use check::{Finding, Severity, Walk};
pub use column::{Column, ColumnInfo, ShapeRun};
pub use data_type::DataType;
pub use diff::{ColumnDiff, Largest, TableDiff, Tolerance};
pub use element::Element;
pub use error::Error;
pub use info::TableInfo;
pub use table::{StorageInfo, Table};
pub use value::{Array, Elements, Record, Value};

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

mod aips;
mod aipsio;
mod arrayfile;
mod arrow;
mod batch;
mod bit_flags;
mod bits;
mod bytes;
mod cell_block;
mod cells;
mod check;
mod column;
mod compress_complex;
mod compress_float;
mod concatenation;
mod data_type;
mod desc;
mod diff;
mod dysco;
mod element;
mod engine;
mod error;
mod file;
mod fill;
mod forward;
mod fresh;
mod info;
mod ism;
mod keyword_path;
mod keyword_text;
mod live;
mod lock;
mod mapped_array;
mod numbers;
mod overlap;
mod parallel;
mod record;
mod reference;
mod scaled_array;
mod scaled_complex;
mod ssm;
mod ssm_strings;
mod storage;
mod swapped;
mod table;
mod tsm;
mod tsm_header;
mod tsm_spots;
mod tsm_values;
mod value;
mod write;

pub use batch::{Batches, KEYWORDS};
pub use bytes::Order as ByteOrder;
pub use cell_block::{CellBlock, Values};
pub use check::{Finding, Severity, Walk};
pub use column::{Column, ColumnInfo, ShapeRun};
pub use data_type::DataType;
pub use diff::{ColumnDiff, Largest, TableDiff, Tolerance};
pub use dysco::{DyscoDistribution, DyscoNormalization, DyscoSettings};
pub use element::Element;
pub use error::Error;
pub use info::TableInfo;
pub use lock::{Cancelled, LockEvent, LockKind, LockOption, OnLockEvent, OpenOptions, WriteLock};
pub use table::{StorageInfo, Table};
pub use value::{Array, Elements, Record, Value};
pub use write::{
    CellElement, Cells, ColumnSpec, DiskCall, DiskHook, Editor, Selection, StorageKind, TableSpec,
};

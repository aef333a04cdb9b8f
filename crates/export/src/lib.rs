//! Casacore tables as Arrow IPC (Feather) and Parquet files, for programs that read those.
//!
//! A table with its subtables becomes a folder: `main.parquet`, `ANTENNA.parquet`, … Columns are as
//! [`tables::Table::batches`] gives them, keywords are in the metadata ([`tables::KEYWORDS`]).
//!
//! Invariant: the same table gives the same bytes; memory does not grow with the number of rows; the folder appears
//! under its name when all of it is written.
#![forbid(unsafe_code)]

mod error;
mod files;
mod place;
mod write;

pub use error::Error;
pub use files::{Request, Written, export};
pub use write::Format;

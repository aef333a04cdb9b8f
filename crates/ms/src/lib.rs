//! MeasurementSets (version 2) by chunks of rows, on top of `tables`.
//!
//! ```text
//! Ms::open ─ info ─────────► Info        what is in it, for people
//!          └ select ─► Selected ─ geometry ─► GeometryChunk …   baseline coordinates and times
//!                               └ chunks ───► VisChunk …        visibilities, flags, weights
//! ```
//! A row is selected when its FIELD_ID and DATA_DESC_ID are the ones asked for and its two antennas differ.
//!
//! [`create_ms`] makes one, of the tables and columns that `data/schema.txt` lists, from rows that stream by.
//!
//! Invariant: how many rows are asked from disk at a time never changes the chunks; a MeasurementSet that is read is
//! not changed; subtables are small and read whole, columns of the main table are never held whole.
#![forbid(unsafe_code)]

mod cells;
mod check;
mod chunks;
mod columns;
mod create;
mod description;
mod error;
mod field;
mod fill;
mod geometry;
mod history;
mod info;
mod measure;
mod measurement_set;
mod new_ms;
mod pick;
mod scan;
mod scans;
mod schema;
mod selected;
mod selection;
mod source;
mod spans;
mod spectral_window;
mod subtable;
mod visibilities;
mod weights;

pub use check::{Direction, MsCheck, UvwDirection};
pub use chunks::{Chunks, Read};
pub use columns::ColumnSummary;
pub use create::{create_bytes, create_ms};
pub use description::{Antenna, DataDescription, Polarization};
pub use error::Error;
pub use field::Field;
pub use geometry::{Geometry, GeometryChunk};
pub use history::History;
pub use info::Info;
pub use measurement_set::Ms;
pub use new_ms::{NewAntenna, NewMs, RowError, RowHead, RowSource};
pub use pick::{Wanted, rows_where};
pub use scan::Part;
pub use scans::ScanSummary;
pub use schema::{SchemaColumn, schema_columns, schema_spec, schema_tables};
pub use selected::Selected;
pub use selection::{FieldRef, Selection};
pub use source::Source;
pub use spectral_window::SpectralWindow;
pub use tables::{LockEvent, LockOption, OpenOptions};

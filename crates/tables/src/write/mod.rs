//! Tables that are made or changed, so that casacore reads every byte.
//!
//! One way for every change of structure: complete new files of the storage managers that change, under names that
//! are not in use, are written and made durable; then the table is locked and table.dat replaced by one rename, and
//! with it the table is the new one; then the old files go. Single cells are overwritten where they stand.
//! `docs/decisions/0027-writing-tables.md` says why.

mod aipsio;
mod antennas;
mod arrays;
mod buckets;
mod cells;
mod commit;
mod copy;
mod create;
mod cube;
mod dat;
mod disk;
mod dysco;
mod editor;
mod encode;
mod incremental;
mod out;
mod overwrite;
mod patches;
mod schema;
mod source;
mod spec;
mod stage;
mod standard;
mod standard_strings;
mod storage;
mod tiled;
mod tiled_header;
mod within;

pub use cells::Cells;
pub use copy::Selection;
pub use disk::{DiskCall, DiskHook};
pub use editor::Editor;
pub use encode::CellElement;
pub use spec::{ColumnSpec, StorageKind, TableSpec};

//! Tables that are made or changed, so that casacore reads every byte.
//!
//! One way for every change of structure: complete new files of the storage managers that change, under numbers that
//! are not in use, are written and made durable; then table.dat is replaced by one rename, and with it the table is
//! the new one; then the old files go. `docs/decisions/0027-writing-tables.md` says why.

mod aipsio;
mod arrays;
mod cells;
mod commit;
mod copy;
mod create;
mod cube;
mod dat;
mod disk;
mod editor;
mod encode;
mod exclusive;
mod incremental;
mod out;
mod source;
mod spec;
mod standard;
mod standard_strings;
mod storage;
mod sync;
mod tiled;
mod tiled_header;

pub use cells::Cells;
pub use copy::Selection;
pub use disk::{DiskCall, DiskHook};
pub use editor::Editor;
pub use encode::CellElement;
pub use spec::{ColumnSpec, StorageKind, TableSpec};

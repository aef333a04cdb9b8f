//! Locks by casacore's protocol, so that several programs can work on one table.
//!
//! `table.lock` is a file of a request list (`requests`) and a sync record (`sync`). What is locked are its first
//! bytes, by POSIX record locks: byte 0 to read or to write the table, byte 1 (read) to have it open. A reader holds
//! byte 0 while it reads the record, the headers and the cells of one range of rows; it sees in the record what others
//! changed since, and opens that again ([`crate::live`]). A writer holds it alone, and writes the record last.
//!
//! Locks belong to a process: [`registry`] sees to it that there is one open file, and [`process`] shares it among
//! threads. docs/guide/locking.md says what is promised.

mod fairness;
mod file;
mod option;
mod process;
mod registry;
mod requests;
mod sync;
mod table_lock;
mod wait;
mod write;

pub(crate) use fairness::is_alive;
pub(crate) use option::Holder;
pub use option::{Cancelled, LockEvent, LockKind, LockOption, OnLockEvent, OpenOptions};
pub(crate) use sync::SyncRecord;
pub(crate) use table_lock::{Reading, TableLock};
pub use write::WriteLock;
pub(crate) use write::new_file;

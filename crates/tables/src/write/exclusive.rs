//! The lock that a writer holds from reading the table to the end of its commit.

use std::path::Path;

use crate::Error;

/// Held: no other program reads or writes the table.
pub(crate) struct Exclusive;

/// Takes the lock on a table.
///
/// STUB: no lock is taken yet. The locks of casacore's protocol come with `lock`; this is the one place where a writer
/// asks for them, and [`crate::Editor`] keeps what it gets until it is dropped.
#[expect(clippy::unnecessary_wraps, reason = "taking a lock can fail")]
pub(crate) fn exclusive(_table: &Path) -> Result<Exclusive, Error> {
    Ok(Exclusive)
}

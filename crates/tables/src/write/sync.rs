//! The sync record of table.lock, which says to other programs how many rows there are and what has changed.
//!
//! `lock` shows its format. Where it exists its row count wins over table.dat's. So a change of the row count first
//! takes the record away (its length becomes 0), then puts the new table.dat in place, and then writes a new record:
//! at each instant one of the two says what is there.

use std::path::Path;

use crate::Error;
use crate::bytes::{Order, Reader};
use crate::write::dat::NARROW_ROWS;
use crate::write::disk::Disk;
use crate::write::out::Out;

/// Bytes of lock requests before the record's length.
const REQUESTS: u64 = 260;

/// Counters that grow when something changed, by which other programs know what to read anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    modified: u32,
    table_changed: u32,
    /// One for each storage manager.
    storages: Vec<u32>,
}

impl Counters {
    /// Those of the present record; zero where there is none or it is cut short.
    pub(crate) fn read(table: &Path) -> Self {
        let path = table.join("table.lock");
        let bytes = std::fs::read(&path).unwrap_or_default();
        let record = bytes.get(REQUESTS as usize + 4..).unwrap_or_default();
        Self::parse(&mut Reader::new(&path, REQUESTS, record, Order::Big)).unwrap_or_default()
    }

    fn parse(r: &mut Reader<'_>) -> Result<Self, Error> {
        if r.open_named("sync")? > 1 {
            r.u64().map(drop)?
        } else {
            r.u32().map(drop)?
        }
        let n_column = r.i32()?;
        let modified = r.u32()?;
        if n_column < 0 {
            return Ok(Counters { modified, ..Self::default() });
        }
        Ok(Counters { modified, table_changed: r.u32()?, storages: r.block_u32()? })
    }

    /// Those after a change of everything, for `n_storage` storage managers.
    fn next(mut self, n_storage: usize) -> Self {
        self.modified = self.modified.wrapping_add(1);
        self.table_changed = self.table_changed.wrapping_add(1);
        self.storages.resize(n_storage, 0);
        self.storages.iter_mut().for_each(|n| *n = n.wrapping_add(1));
        self
    }
}

/// Takes the record away, so that table.dat's row count is the one that counts.
pub(crate) fn take_away(disk: &Disk, table: &Path) -> Result<(), Error> {
    let path = table.join("table.lock");
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > REQUESTS) {
        let file = disk.open(path)?;
        file.write_at(REQUESTS, &[0; 4])?;
        file.sync()?;
    }
    Ok(())
}

/// Writes the record, with counters beyond `before`.
pub(crate) fn write(
    disk: &Disk,
    table: &Path,
    before: Counters,
    n_row: u64,
    (n_column, n_storage): (usize, usize),
) -> Result<(), Error> {
    let counters = before.next(n_storage);
    let wide = n_row > NARROW_ROWS;
    let mut out = Out::new(Order::Big);
    out.object("sync", if wide { 2 } else { 1 }, |out| {
        out.row(n_row, wide);
        out.i32(n_column as i32);
        out.u32(counters.modified);
        out.u32(counters.table_changed);
        out.block_u32(&counters.storages);
    });
    let mut bytes = (out.bytes.len() as u32).to_be_bytes().to_vec();
    bytes.extend(out.bytes);
    let path = table.join("table.lock");
    if path.exists() {
        // Length and record in one write within one page.
        return disk.open(path)?.write_at(REQUESTS, &bytes);
    }
    let mut whole = vec![0; REQUESTS as usize];
    whole.extend(bytes);
    disk.write(path, &whole)
}

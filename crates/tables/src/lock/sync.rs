//! The sync record of table.lock: what others have changed since one looked last.
//!
//! ```text
//! uInt length, then that many bytes of big-endian AipsIO (0: no record)
//! object "sync" v1|2: nrow (uInt; v2 uInt64) | Int ncolumn (-1: by a filler, nothing follows) | uInt modifyCounter
//!   | uInt tableChangeCounter | Block<uInt> dataManChangeCounter, one a storage manager in the table's order
//! ```
//! Adding rows writes this record and not table.dat, so where it exists its row count is the true one.

use std::path::Path;
use std::time::SystemTime;

use crate::Error;
use crate::bytes::{Order, Reader};

/// What the record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SyncRecord {
    pub(crate) n_row: u64,
    /// `None` in a record of a filler that knew of no columns, which has no counters but `modified`.
    pub(crate) n_column: Option<u32>,
    /// Counts all changes.
    pub(crate) modified: u32,
    /// Counts changes of table.dat.
    pub(crate) table: u32,
    /// Counts changes of each storage manager's files.
    pub(crate) storages: Vec<u32>,
}

impl SyncRecord {
    /// What comes before a change where there is no record, for its writer was killed: counters that nobody has seen, as
    /// no table changes once a second for years.
    pub(crate) fn lost() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let counter = since.as_secs() as u32;
        SyncRecord { modified: counter, table: counter, ..SyncRecord::default() }
    }

    /// The record in `bytes`, which begin at offset `base` of `file`; `None` where there is none.
    pub(crate) fn parse(file: &Path, base: u64, bytes: &[u8]) -> Result<Option<Self>, Error> {
        if bytes.len() < 4 {
            return Ok(None);
        }
        let mut r = Reader::new(file, base, bytes, Order::Big);
        let length = r.count(1)?;
        if length == 0 {
            return Ok(None);
        }
        // A shorter record leaves the end of a longer one behind.
        let mut r = Reader::new(file, base + 4, r.take(length)?, Order::Big);
        let version = r.open_named("sync")?;
        let n_row = if version > 1 { r.u64()? } else { r.u32()?.into() };
        let mut record = SyncRecord { n_row, ..SyncRecord::default() };
        // Old fillers wrote the row count and little else.
        if r.remaining() < 8 {
            return Ok(Some(record));
        }
        record.n_column = u32::try_from(r.i32()?).ok();
        record.modified = r.u32()?;
        if record.n_column.is_some() {
            record.table = r.u32()?;
            record.storages = r.block_u32()?;
        }
        Ok(Some(record))
    }

    /// The record as it is stored, its length in front.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match u32::try_from(self.n_row) {
            Ok(n_row) => body.extend([1_u32.to_be_bytes(), n_row.to_be_bytes()].concat()),
            Err(_) => body.extend([&2_u32.to_be_bytes()[..], &self.n_row.to_be_bytes()].concat()),
        }
        body.extend(self.n_column.map_or(-1, |n| n as i32).to_be_bytes());
        body.extend(self.modified.to_be_bytes());
        if self.n_column.is_some() {
            body.extend(self.table.to_be_bytes());
            let mut block = 1_u32.to_be_bytes().to_vec();
            block.extend((self.storages.len() as u32).to_be_bytes());
            self.storages.iter().for_each(|counter| block.extend(counter.to_be_bytes()));
            body.extend(object("Block", &block));
        }
        let object = object("sync", &body);
        [&(object.len() as u32 + 4).to_be_bytes()[..], &[0xbe; 4], &object].concat()
    }

    /// The record after a change, with the counts of rows, columns and storage managers there are then: of table.dat, if
    /// `table`, and of the storage managers that `changed` picks.
    pub(crate) fn after(
        mut self,
        (n_row, n_column, n_storage): (u64, usize, usize),
        table: bool,
        changed: impl Fn(usize) -> bool,
    ) -> SyncRecord {
        self.n_row = n_row;
        self.n_column = Some(n_column as u32);
        // A new one begins where no other has been.
        self.storages.resize(n_storage, self.modified.wrapping_add(1));
        self.count(table, changed);
        self
    }

    /// Counts one change: of table.dat, if `table`, and of the storage managers that `changed` picks.
    pub(crate) fn count(&mut self, table: bool, changed: impl Fn(usize) -> bool) {
        self.modified = self.modified.wrapping_add(1);
        self.table = self.table.wrapping_add(u32::from(table));
        for (i, counter) in self.storages.iter_mut().enumerate() {
            *counter = counter.wrapping_add(u32::from(changed(i)));
        }
    }

    /// Whether storage manager `i` may have changed between the two; it has if either does not count it.
    pub(crate) fn storage_differs(&self, other: &SyncRecord, i: usize) -> bool {
        let counters = self.storages.get(i).zip(other.storages.get(i));
        self.modified != other.modified && counters.is_none_or(|(a, b)| a != b)
    }

    /// Whether table.dat may have changed between the two.
    pub(crate) fn table_differs(&self, other: &SyncRecord) -> bool {
        let counted = self.n_column.is_some() && other.n_column.is_some();
        self.modified != other.modified
            && (!counted || self.table != other.table || self.storages.len() != other.storages.len())
    }
}

/// An AipsIO object from its version on: its length, its type and that.
fn object(name: &str, from_version: &[u8]) -> Vec<u8> {
    let length = (8 + name.len() + from_version.len()) as u32;
    [&length.to_be_bytes()[..], &(name.len() as u32).to_be_bytes(), name.as_bytes(), from_version].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As casacore 3.8.1 wrote it: 8 rows, 2 columns, one storage manager.
    const BY_CASACORE: &str = "0000003dbebebebe000000390000000473796e6300000001000000080000000200000004\
                               000000020000001900000005426c6f636b000000010000000100000003";

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            text.bytes().filter_map(|c| (c as char).to_digit(16).map(|d| d as u8)).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn parse(bytes: &[u8]) -> Result<Option<SyncRecord>, Error> {
        SyncRecord::parse(Path::new("table.lock"), 260, bytes)
    }

    #[test]
    fn casacores_bytes_come_back() {
        let bytes = unhex(BY_CASACORE);
        let record = parse(&bytes).unwrap().unwrap();
        let want = SyncRecord { n_row: 8, n_column: Some(2), modified: 4, table: 2, storages: vec![3] };
        assert_eq!(record, want);
        assert_eq!(record.bytes(), bytes);
    }

    #[test]
    fn wide_rows_fillers_absence_and_a_cut() {
        let wide = SyncRecord { n_row: 1 << 32, n_column: Some(0), ..SyncRecord::default() };
        assert_eq!(parse(&wide.bytes()).unwrap(), Some(wide));
        let filler = SyncRecord { n_row: 3, modified: 7, ..SyncRecord::default() };
        assert_eq!(parse(&filler.bytes()).unwrap(), Some(filler));
        assert_eq!(parse(&[]).unwrap(), None);
        assert_eq!(parse(&[0; 4]).unwrap(), None);
        let bytes = unhex(BY_CASACORE);
        for n in 5..bytes.len() {
            let message = parse(&bytes[..n]).unwrap_err().to_string();
            assert!(message.contains("table.lock"), "{n}: {message}");
        }
    }

    #[test]
    fn what_is_not_counted_may_have_changed() {
        let old = SyncRecord { n_row: 8, n_column: Some(2), modified: 4, table: 2, storages: vec![3, 1] };
        let cells = SyncRecord { modified: 5, storages: vec![3, 2], ..old.clone() };
        assert!(
            !cells.storage_differs(&old, 0) && cells.storage_differs(&old, 1) && !cells.table_differs(&old)
        );
        let filler = SyncRecord { n_column: None, modified: 5, storages: Vec::new(), ..old.clone() };
        assert!(filler.storage_differs(&old, 0) && filler.table_differs(&old));
        let column = SyncRecord { modified: 5, storages: vec![3, 1, 0], ..old.clone() };
        assert!(column.table_differs(&old));
    }
}

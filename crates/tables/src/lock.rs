//! table.lock: the row count that table.dat may not know yet.
//!
//! 260 bytes of lock requests, then at byte 260 uInt length and that many bytes of AipsIO (big-endian):
//! ```text
//! object "sync" v1|2: nrow (uInt; v2 uInt64) | Int ncolumn | uInt modifyCounter | …
//! ```
//! Adding rows writes this record and not table.dat, so where it exists its count is the true one.

use std::io::ErrorKind;
use std::path::Path;

use crate::Error;
use crate::bytes::{Order, Reader};

const REQUESTS: usize = 260;

/// The row count of the sync record; `None` where the file or the record is absent.
pub(crate) fn synced_rows(table: &Path) -> Result<Option<u64>, Error> {
    let path = table.join("table.lock");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        // A table that may be read but whose lock file may not is still readable.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => return Ok(None),
        Err(source) => return Err(Error::io(&path, source)),
    };
    let Some(record) = bytes.get(REQUESTS..).filter(|rest| rest.len() >= 4) else { return Ok(None) };
    let mut r = Reader::new(&path, REQUESTS as u64, record, Order::Big);
    if r.count(1)? == 0 {
        return Ok(None);
    }
    let version = r.open_named("sync")?;
    if version > 1 { r.u64().map(Some) } else { r.u32().map(|n| Some(n.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(version: u8, nrow: &[u8]) -> Vec<u8> {
        let mut sync = vec![0xbe, 0xbe, 0xbe, 0xbe, 0, 0, 0, 0, 0, 0, 0, 4];
        sync.extend(b"sync");
        sync.extend([0, 0, 0, version]);
        sync.extend(nrow);
        let mut bytes = vec![0; REQUESTS + 3];
        bytes.push(sync.len() as u8);
        bytes.extend(sync);
        bytes
    }

    #[test]
    fn both_versions_absence_and_a_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.lock");
        assert_eq!(synced_rows(dir.path()).unwrap(), None);
        for (bytes, want) in [
            (lock(1, &[0, 0, 1, 2]), Some(258)),
            (lock(2, &[0, 0, 0, 1, 0, 0, 0, 0]), Some(1 << 32)),
            (vec![0; REQUESTS], None),
            (vec![0; REQUESTS + 4], None),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(synced_rows(dir.path()).unwrap(), want);
        }
        let cut = lock(1, &[0, 0, 1, 2]);
        std::fs::write(&path, &cut[..cut.len() - 1]).unwrap();
        assert!(synced_rows(dir.path()).unwrap_err().to_string().contains("table.lock"));
    }
}

//! AipsIO, casacore's object framing.
//!
//! ```text
//! level-0 object:  uInt 0xBEBEBEBE | uInt length | String type | uInt version | contents
//! nested object:                     uInt length | String type | uInt version | contents
//! ```
//! `length` only serves to skip objects and is not needed here. Helper objects: `Block` (uInt n, n values),
//! `IPosition` (v1 Int, v2 Int64; first axis fastest), `SimpleOrderedMap` (default, uInt n, uInt incr, n pairs).

use crate::Error;
use crate::bytes::Reader;

const MAGIC: u32 = 0xBEBE_BEBE;
/// Objects nest a few levels only; a damaged file must not exhaust the stack.
const DEEPEST: usize = 64;
/// More axes than any table has.
pub(crate) const MOST_AXES: usize = 32;

impl Reader<'_> {
    /// Begins an object: its type and version.
    pub(crate) fn open_object(&mut self) -> Result<(String, u32), Error> {
        if self.depth == 0 {
            let magic = self.u32()?;
            if magic != MAGIC {
                return Err(self.fail("the AipsIO mark bebebebe before here", format!("{magic:08x}")));
            }
        }
        if self.depth >= DEEPEST {
            return Err(self.fail(format!("at most {DEEPEST} nested objects"), "one more"));
        }
        self.u32()?;
        let name = self.string()?;
        let version = self.u32()?;
        self.depth += 1;
        Ok((name, version))
    }

    /// Begins an object of a known type: its version.
    pub(crate) fn open_named(&mut self, name: &str) -> Result<u32, Error> {
        let (found, version) = self.open_object()?;
        if found == name { Ok(version) } else { Err(self.fail(format!("an object {name}"), found)) }
    }

    /// Ends an object.
    pub(crate) fn close_object(&mut self) {
        self.depth -= 1;
    }

    /// A `Block` of uInt.
    pub(crate) fn block_u32(&mut self) -> Result<Vec<u32>, Error> {
        self.open_named("Block")?;
        let n = self.count(4)?;
        let values = (0..n).map(|_| self.u32()).collect();
        self.close_object();
        values
    }

    /// A `Block` of String.
    pub(crate) fn block_strings(&mut self) -> Result<Vec<String>, Error> {
        self.open_named("Block")?;
        let n = self.count(4)?;
        let values = (0..n).map(|_| self.string()).collect();
        self.close_object();
        values
    }

    /// A `Block` of row numbers: uInt64 if `wide`, else uInt.
    pub(crate) fn block_rows(&mut self, wide: bool) -> Result<Vec<u64>, Error> {
        if !wide {
            return Ok(self.block_u32()?.into_iter().map(u64::from).collect());
        }
        self.open_named("Block")?;
        let n = self.count(8)?;
        let values = (0..n).map(|_| self.u64()).collect();
        self.close_object();
        values
    }

    /// An `IPosition`, in its stored order (first axis fastest).
    pub(crate) fn iposition(&mut self) -> Result<Vec<i64>, Error> {
        let version = self.open_named("IPosition")?;
        let n = self.axes()?;
        let axes =
            (0..n).map(|_| if version == 1 { self.i32().map(i64::from) } else { self.i64() }).collect();
        self.close_object();
        axes
    }

    /// An `IPosition` without negative values, slowest axis first.
    pub(crate) fn shape(&mut self) -> Result<Vec<usize>, Error> {
        let axes = self.iposition()?;
        let shape: Option<Vec<usize>> = axes.iter().rev().map(|&n| usize::try_from(n).ok()).collect();
        shape.ok_or_else(|| self.fail("axes that are not negative", format!("{axes:?}")))
    }

    /// A uInt number of axes.
    pub(crate) fn axes(&mut self) -> Result<usize, Error> {
        let n = self.u32()? as usize;
        if n <= MOST_AXES {
            Ok(n)
        } else {
            Err(self.fail(format!("at most {MOST_AXES} axes"), n.to_string()))
        }
    }

    /// A `SimpleOrderedMap` of String to String.
    pub(crate) fn string_map(&mut self) -> Result<Vec<(String, String)>, Error> {
        self.open_named("SimpleOrderedMap")?;
        self.string_bytes()?;
        let n = self.u32()?;
        self.u32()?;
        let n = self.fits(n.into(), 8)?;
        let pairs = (0..n).map(|_| Ok((self.string()?, self.string()?))).collect();
        self.close_object();
        pairs
    }

    /// Passes over a `SimpleOrderedMap` of Int to Int.
    pub(crate) fn skip_int_map(&mut self) -> Result<(), Error> {
        self.open_named("SimpleOrderedMap")?;
        self.i32()?;
        let n = self.count(8)?;
        self.u32()?;
        self.take(8 * n)?;
        self.close_object();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::bytes::{Order, Reader};

    #[test]
    fn an_iposition_of_both_versions_reads_slowest_first() {
        let mut v1 = vec![0xbe, 0xbe, 0xbe, 0xbe, 0, 0, 0, 0, 0, 0, 0, 9];
        v1.extend(b"IPosition");
        let mut v2 = v1.clone();
        v1.extend([0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 64]);
        v2.extend([0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 64]);
        for bytes in [v1, v2] {
            assert_eq!(Reader::new(Path::new("f"), 0, &bytes, Order::Big).shape().unwrap(), [64, 4]);
        }
    }

    #[test]
    fn another_mark_or_type_is_named() {
        let mut r = Reader::new(Path::new("f"), 0, &[1, 2, 3, 4, 0, 0, 0, 0], Order::Big);
        assert!(r.open_object().unwrap_err().to_string().contains("01020304"));
        let mut bytes = vec![0xbe, 0xbe, 0xbe, 0xbe, 0, 0, 0, 0, 0, 0, 0, 1, b'X', 0, 0, 0, 1];
        bytes.push(0);
        let mut r = Reader::new(Path::new("f"), 0, &bytes, Order::Big);
        assert!(r.open_named("Block").unwrap_err().to_string().contains("an object Block, found X"));
    }
}

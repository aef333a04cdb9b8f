//! Numbers and strings out of a byte slice, every access checked.
//!
//! Canonical form: IEEE and two's complement, most significant byte first ([`Order::Big`]) or last
//! ([`Order::Little`]). Bool is one byte holding bit 0; String is a uInt byte length and that many bytes.

use std::path::Path;

use crate::Error;

/// Byte order of a table's data files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    #[default]
    Little,
}

impl Order {
    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        }
    }

    pub(crate) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Order::Big => u64::from_be_bytes(bytes),
            Order::Little => u64::from_le_bytes(bytes),
        }
    }
}

/// A position in a piece of a file.
pub(crate) struct Reader<'a> {
    file: &'a Path,
    base: u64,
    bytes: &'a [u8],
    pos: usize,
    order: Order,
    /// Nesting level of AipsIO objects.
    pub(crate) depth: usize,
}

macro_rules! numbers {
    ($($name:ident: $t:ty),*) => { $(
        pub(crate) fn $name(&mut self) -> Result<$t, Error> {
            let raw = self.array()?;
            Ok(match self.order {
                Order::Big => <$t>::from_be_bytes(raw),
                Order::Little => <$t>::from_le_bytes(raw),
            })
        }
    )* };
}

impl<'a> Reader<'a> {
    /// `bytes` start at offset `base` of `file`, which errors name.
    pub(crate) fn new(file: &'a Path, base: u64, bytes: &'a [u8], order: Order) -> Self {
        Reader { file, base, bytes, pos: 0, order, depth: 0 }
    }

    pub(crate) fn at(file: &'a Path, bytes: &'a [u8], order: Order, pos: usize) -> Self {
        Reader { file, base: 0, bytes, pos: pos.min(bytes.len()), order, depth: 0 }
    }

    numbers!(u8: u8, i8: i8, u16: u16, i16: i16, u32: u32, i32: i32, u64: u64, i64: i64, f32: f32, f64: f64);

    pub(crate) fn position(&self) -> usize {
        self.pos
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.pos
    }

    /// An error at the present position.
    pub(crate) fn fail(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::corrupt(self.file, self.base + self.pos as u64, expected, found)
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Error> {
        let rest = &self.bytes[self.pos..];
        match rest.get(..n) {
            Some(taken) => {
                self.pos += n;
                Ok(taken)
            }
            None => Err(self.fail(format!("{n} bytes"), format!("the end after {}", rest.len()))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut raw = [0; N];
        raw.copy_from_slice(self.take(N)?);
        Ok(raw)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Error> {
        Ok(self.u8()? & 1 != 0)
    }

    /// The bytes of a String.
    pub(crate) fn string_bytes(&mut self) -> Result<&'a [u8], Error> {
        let n = self.count(1)?;
        self.take(n)
    }

    /// A String; bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn string(&mut self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(self.string_bytes()?).into_owned())
    }

    /// A uInt that counts things of at least `each` bytes, all still to come.
    pub(crate) fn count(&mut self, each: usize) -> Result<usize, Error> {
        let n = self.u32()?;
        self.fits(u64::from(n), each)
    }

    /// Checks that `n` things of at least `each` bytes are still to come.
    pub(crate) fn fits(&self, n: u64, each: usize) -> Result<usize, Error> {
        let room = (self.remaining() / each.max(1)) as u64;
        if n <= room {
            Ok(n as usize)
        } else {
            Err(self.fail(format!("a count of at most {room}, for which there is room"), n.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_and_the_end() {
        let bytes = [0, 0, 0, 1, 2];
        let file = Path::new("f");
        assert_eq!(Reader::new(file, 0, &bytes, Order::Big).u32().unwrap(), 1);
        let mut r = Reader::new(file, 100, &bytes, Order::Little);
        assert_eq!(r.u32().unwrap(), 0x0100_0000);
        let err = r.u32().unwrap_err().to_string();
        assert_eq!(err, "f is damaged or cut short: at byte 104 expected 4 bytes, found the end after 1");
        assert_eq!(r.u8().unwrap(), 2, "a failed read does not move");
    }

    #[test]
    fn a_count_larger_than_the_file_is_refused() {
        let bytes = [0xff, 0xff, 0xff, 0xff, b'x'];
        let mut r = Reader::new(Path::new("f"), 0, &bytes, Order::Big);
        assert!(r.string().unwrap_err().to_string().contains("at most 1"));
    }
}

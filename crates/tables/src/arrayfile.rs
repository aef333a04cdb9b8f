//! table.fNi: arrays of any shape, one after another. No framing, the table's byte order.
//!
//! ```text
//! header (16 bytes): uInt version; Int64 length; Int 0
//! array, at an offset kept elsewhere: (version ≥ 1: uInt references) uInt ndim; ndim × Int axis, fastest first;
//!                                     elements (Bool as bits)
//! String arrays: elements are uInt offsets (0: empty string), each of uInt length + bytes
//! ```
//! Neighbouring arrays are read together: one request covers the arrays of many rows where they lie close.

use std::path::PathBuf;

use crate::bytes::{Order, Reader};
use crate::cells::{Data, Run, Sink, Strings, element_count};
use crate::file::DataFile;
use crate::storage::Spot;
use crate::{DataType, Error, bits};

/// Bytes of one request for neighbouring arrays.
const WINDOW: u64 = 256 << 10;
/// Between arrays that are read together at most this much is read in vain.
const GAP: u64 = 16 << 10;
const FIRST_OFFSET: u64 = 16;
/// Reference count, number of axes and the most axes.
const LONGEST_HEAD: u64 = 4 + 4 + 4 * 32;
const STRINGS_AHEAD: u64 = 4 << 10;
/// Bytes of a string's offset.
const OFFSET_SIZE: usize = 4;

/// An open array file.
pub(crate) struct ArrayFile {
    file: DataFile,
    order: Order,
    with_references: bool,
}

impl ArrayFile {
    /// `None` where the file is absent or empty: then no cell is defined.
    pub(crate) fn open(path: PathBuf, order: Order) -> Result<Option<Self>, Error> {
        if std::fs::metadata(&path).map_or(true, |m| m.len() == 0) {
            return Ok(None);
        }
        let file = DataFile::open(path)?;
        let mut bytes = Vec::new();
        file.read(0, 4, &mut bytes)?;
        let version = Reader::new(file.path(), 0, &bytes, order).u32()?;
        if version > 1 {
            return Err(file.fail(0, "version 0 or 1 of an array file", version.to_string()));
        }
        Ok(Some(ArrayFile { file, order, with_references: version > 0 }))
    }

    /// Hands the arrays at `offsets` (0: undefined) to `sink`.
    pub(crate) fn read(
        &self,
        offsets: &[u64],
        data_type: DataType,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let mut arrays = Arrays::new(self);
        let (mut unpacked, mut strings) = (Vec::new(), Strings::default());
        let shape_only = sink.shape_only();
        for (i, &offset) in offsets.iter().enumerate() {
            if offset == 0 {
                sink.undefined(1)?;
                continue;
            }
            let head = arrays.head(&offsets[i..], data_type)?;
            let data = match data_type {
                _ if shape_only => Data::Fixed(&[]),
                DataType::String => {
                    strings.clear();
                    arrays.strings(&head, &mut strings)?;
                    Data::Strings(&strings)
                }
                DataType::Bool => {
                    unpacked.clear();
                    arrays.load(head.elements, head.n_byte, 0)?;
                    bits::unpack(arrays.at(head.elements, head.n_byte), 0, head.n_element, &mut unpacked);
                    Data::Fixed(&unpacked)
                }
                _ => {
                    arrays.load(head.elements, head.n_byte, 0)?;
                    Data::Fixed(arrays.at(head.elements, head.n_byte))
                }
            };
            sink.defined(Run { shape: &arrays.shape, n_cell: 1, repeat: 1, data })?;
        }
        Ok(())
    }
}

impl ArrayFile {
    /// Where the elements of the array at `offset` stand, if it has that shape and is that of one cell only.
    pub(crate) fn spot<'a>(
        &'a self,
        offset: u64,
        data_type: DataType,
        shape: &[usize],
        spots: &mut Vec<Spot<'a>>,
    ) -> Result<bool, Error> {
        let mut arrays = Arrays::new(self);
        let head = arrays.head(&[offset], data_type)?;
        let is_shared = self.with_references && {
            arrays.load(offset, 4, 0)?;
            Reader::new(self.file.path(), offset, arrays.at(offset, 4), self.order).u32()? > 1
        };
        let at = if data_type == DataType::Bool { head.elements * 8 } else { head.elements };
        spots.push(Spot { file: self.file.path(), at, elements: 0..head.n_element });
        Ok(arrays.shape == shape && !is_shared)
    }
}

/// Where an array's elements are.
struct Head {
    elements: u64,
    n_byte: usize,
    n_element: usize,
}

/// A walk over arrays, with a window of the file in memory.
struct Arrays<'a> {
    of: &'a ArrayFile,
    /// Offset of the window in the file.
    start: u64,
    window: Vec<u8>,
    /// Of the array met last, slowest axis first.
    shape: Vec<usize>,
    /// Bytes of the array met last, as a guess for the next.
    last: u64,
    /// Bytes of strings so far.
    n_read: u64,
}

impl<'a> Arrays<'a> {
    fn new(of: &'a ArrayFile) -> Self {
        Arrays { of, start: 0, window: Vec::new(), shape: Vec::new(), last: 0, n_read: 0 }
    }

    /// Makes the window hold `n` bytes at `offset`, and `ahead` of them if it must be read anew.
    fn load(&mut self, offset: u64, n: usize, ahead: u64) -> Result<(), Error> {
        if self.holds(offset, n) {
            return Ok(());
        }
        let left = self.of.file.len().saturating_sub(offset);
        if n as u64 > left {
            return Err(self.of.file.fail(offset, format!("{n} bytes"), format!("the end after {left}")));
        }
        self.of.file.read_up_to(offset, (n as u64).max(ahead.min(left)) as usize, &mut self.window)?;
        self.start = offset;
        Ok(())
    }

    fn holds(&self, offset: u64, n: usize) -> bool {
        let end = offset.checked_sub(self.start).and_then(|from| from.checked_add(n as u64));
        end.is_some_and(|end| end <= self.window.len() as u64)
    }

    /// `n` bytes at `offset` of the window that [`Arrays::load`] made.
    fn at(&self, offset: u64, n: usize) -> &[u8] {
        let from = (offset - self.start) as usize;
        &self.window[from..from + n]
    }

    /// Bytes from `offsets[0]` to the end of the last array that is worth reading in the same request.
    fn ahead(&self, offsets: &[u64]) -> u64 {
        let mut last = offsets[0];
        for &next in &offsets[1..] {
            let near = next > last && next - last <= self.last + GAP && next - offsets[0] <= WINDOW;
            if !near {
                break;
            }
            last = next;
        }
        last - offsets[0] + self.last
    }

    /// Reads the head of the array at `offsets[0]`, and with it the arrays next to it.
    fn head(&mut self, offsets: &[u64], data_type: DataType) -> Result<Head, Error> {
        let (of, offset) = (self.of, offsets[0]);
        let left = of.file.len().saturating_sub(offset);
        if offset < FIRST_OFFSET || left == 0 {
            let found = format!("{offset} in a file of {} bytes", of.file.len());
            return Err(of.file.fail(offset, "the offset of an array", found));
        }
        let most = left.min(LONGEST_HEAD) as usize;
        if !self.holds(offset, most) {
            self.load(offset, most, self.ahead(offsets))?;
        }
        let from = (offset - self.start) as usize;
        let mut r = Reader::new(of.file.path(), offset, &self.window[from..from + most], of.order);
        if of.with_references {
            r.u32()?;
        }
        let n_axis = r.axes()?;
        self.shape.clear();
        for _ in 0..n_axis {
            let n = r.i32()?;
            self.shape.push(usize::try_from(n).map_err(|_| r.fail("an axis", n.to_string()))?);
        }
        self.shape.reverse();
        if n_axis == 0 {
            self.shape.push(0);
        }
        let elements = offset + r.position() as u64;
        let left = of.file.len() - elements;
        let n_element = element_count(&self.shape);
        let n_byte = n_element.and_then(|n| byte_count(n, data_type)).filter(|&n| n as u64 <= left);
        let (Some(n_element), Some(n_byte)) = (n_element, n_byte) else {
            let expected = format!("an array that fits the {left} bytes left");
            return Err(of.file.fail(offset, expected, format!("shape {:?}", self.shape)));
        };
        self.last = elements - offset + n_byte as u64;
        Ok(Head { elements, n_byte, n_element })
    }

    fn strings(&mut self, head: &Head, strings: &mut Strings) -> Result<(), Error> {
        self.load(head.elements, head.n_byte, 0)?;
        let path = self.of.file.path();
        let raw = self.at(head.elements, head.n_byte).to_vec();
        let mut r = Reader::new(path, head.elements, &raw, self.of.order);
        for _ in 0..head.n_element {
            let offset = u64::from(r.u32()?);
            if offset == 0 {
                strings.push(b"");
                continue;
            }
            self.load(offset, 4, STRINGS_AHEAD)?;
            let n = Reader::new(path, offset, self.at(offset, 4), self.of.order).u32()? as usize;
            self.count(offset, n)?;
            self.load(offset + 4, n, STRINGS_AHEAD)?;
            strings.push(self.at(offset + 4, n));
        }
        Ok(())
    }

    /// Counts a string of `n` bytes: each has bytes of its own, so many elements may not stand for one long string.
    fn count(&mut self, offset: u64, n: usize) -> Result<(), Error> {
        self.n_read = self.n_read.saturating_add(n as u64 + OFFSET_SIZE as u64);
        if self.n_read > self.of.file.len() {
            let found = format!("{} bytes of them and more", self.n_read);
            return Err(self.of.file.fail(offset, "strings no longer than the file", found));
        }
        Ok(())
    }
}

/// Bytes of `n` elements in the file.
fn byte_count(n: usize, data_type: DataType) -> Option<usize> {
    match data_type {
        DataType::Bool => Some(n.div_ceil(8)),
        _ => n.checked_mul(data_type.size().unwrap_or(OFFSET_SIZE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shape and elements of a cell.
    type Cell = (Vec<usize>, Vec<Vec<u8>>);

    #[derive(Default)]
    struct Kept(Vec<Option<Cell>>);

    impl Sink for Kept {
        fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
            let cell = match run.data {
                Data::Fixed(bytes) => vec![bytes.to_vec()],
                Data::Strings(strings) => strings.iter().map(<[u8]>::to_vec).collect(),
            };
            self.0.push(Some((run.shape.to_vec(), cell)));
            Ok(())
        }

        fn undefined(&mut self, n: u64) -> Result<(), Error> {
            (0..n).for_each(|_| self.0.push(None));
            Ok(())
        }
    }

    fn read(bytes: &[u8], offsets: &[u64], data_type: DataType, order: Order) -> Result<Kept, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.f0i");
        std::fs::write(&path, bytes).unwrap();
        let mut kept = Kept::default();
        ArrayFile::open(path, order)?.expect("a file").read(offsets, data_type, &mut kept)?;
        Ok(kept)
    }

    fn words(words: &[u32], order: Order) -> Vec<u8> {
        let bytes = |w: &u32| if order == Order::Big { w.to_be_bytes() } else { w.to_le_bytes() };
        words.iter().flat_map(bytes).collect()
    }

    #[test]
    fn arrays_of_changing_shape_near_and_far_in_both_versions() {
        for (version, order) in [(0, Order::Big), (1, Order::Little)] {
            let mut bytes = words(&[version, 0, 0, 0], order);
            let mut offsets = Vec::new();
            let mut want = Vec::new();
            for i in 0..50_u32 {
                if i % 10 == 3 {
                    offsets.push(0);
                    want.push(None);
                    continue;
                }
                // Every seventh lies beyond a gap that is not worth reading.
                bytes.resize(bytes.len() + if i % 7 == 0 { 40_000 } else { 0 }, 0xee);
                offsets.push(bytes.len() as u64);
                let (fast, slow) = (i % 4, 1 + i % 3);
                let head = [1, 2, fast, slow];
                bytes.extend(words(&head[usize::from(version == 0)..], order));
                let elements: Vec<u32> = (0..fast * slow).map(|k| i * 100 + k).collect();
                bytes.extend(words(&elements, order));
                want.push(Some((vec![slow as usize, fast as usize], vec![words(&elements, order)])));
            }
            assert_eq!(read(&bytes, &offsets, DataType::Int, order).unwrap().0, want);
            // Backwards too.
            offsets.reverse();
            want.reverse();
            assert_eq!(read(&bytes, &offsets, DataType::Int, order).unwrap().0, want);
        }
    }

    #[test]
    fn strings_bits_and_no_axes() {
        let order = Order::Little;
        let mut bytes = words(&[0, 0, 0, 0, 1, 3, 44, 0, 51, 0, 0], order);
        bytes.extend(words(&[3], order));
        bytes.extend(b"abc");
        bytes.extend(words(&[1], order));
        bytes.extend(b"z");
        let strings = read(&bytes, &[16], DataType::String, order).unwrap().0;
        assert_eq!(strings, [Some((vec![3], vec![b"abc".to_vec(), Vec::new(), b"z".to_vec()]))]);
        let mut bytes = words(&[0, 0, 0, 0, 1, 10], order);
        bytes.extend([0b1000_0001, 0b10]);
        bytes.extend(words(&[0], order));
        let bits = read(&bytes, &[16, 26], DataType::Bool, order).unwrap().0;
        assert_eq!(bits[0], Some((vec![10], vec![vec![1, 0, 0, 0, 0, 0, 0, 1, 0, 1]])));
        assert_eq!(bits[1], Some((vec![0], vec![Vec::new()])));
    }

    #[test]
    fn many_elements_that_name_one_long_string_are_refused() {
        let (order, n) = (Order::Little, 200_u32);
        let text = 16 + 4 + 4 + 4 * n;
        let mut bytes = words(&[0, 0, 0, 0, 1, n], order);
        (0..n).for_each(|_| bytes.extend(words(&[text], order)));
        bytes.extend(words(&[5000], order));
        bytes.extend([b'x'; 5000]);
        let message = read(&bytes, &[16], DataType::String, order).err().unwrap().to_string();
        assert!(message.contains("expected strings no longer than the file"), "{message}");
        // So are cells that all name one array.
        let mut bytes = words(&[0, 0, 0, 0, 1, 1, 28, 5000], order);
        bytes.extend([b'x'; 5000]);
        assert_eq!(read(&bytes, &[16], DataType::String, order).unwrap().0.len(), 1);
        assert!(read(&bytes, &[16, 16], DataType::String, order).is_err());
    }

    #[test]
    fn a_shape_larger_than_the_file_is_refused() {
        let bytes = words(&[0, 0, 0, 0, 2, 0x7fff_ffff, 0x7fff_ffff, 1, 2], Order::Big);
        let message = read(&bytes, &[16], DataType::Double, Order::Big).err().unwrap().to_string();
        assert!(message.contains("shape [2147483647, 2147483647]"), "{message}");
        let message = read(&bytes, &[4000], DataType::Double, Order::Big).err().unwrap().to_string();
        assert!(message.contains("4000 in a file of 36 bytes"), "{message}");
    }
}

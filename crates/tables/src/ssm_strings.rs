//! Strings of a StandardStMan.
//!
//! ```text
//! reference (12 bytes): Int bucket, offset, length, in the table's order; a scalar of at most 8 bytes is in the
//!                       first 8 of them instead
//! string bucket: Int unused, usedLength, nDeleted, nextBucket (all big-endian), then data; offsets count from there;
//!                what passes usedLength goes on at 0 in nextBucket
//! string array (big-endian): any shape: uInt ndim; ndim × Int axis, fastest first; Int filled (0: only a shape);
//!                            then, as for a fixed shape, per element uInt length + bytes
//! ```

use crate::Error;
use crate::bytes::{Order, Reader};
use crate::cells::{Data, Run, Sink, Strings, element_count};
use crate::ssm::Standard;

/// Bytes of a reference.
pub(crate) const REFERENCE: usize = 12;
/// Longest scalar that is kept in the reference itself.
const INLINE: usize = 8;
const BUCKET_HEADER: usize = 16;

/// Reads strings, keeping the bucket it read last.
pub(crate) struct StringReader<'a> {
    of: &'a Standard,
    number: Option<u32>,
    bucket: Vec<u8>,
    text: Vec<u8>,
    strings: Strings,
    /// Bytes of strings so far.
    n_read: u64,
}

impl<'a> StringReader<'a> {
    pub(crate) fn new(of: &'a Standard) -> Self {
        let (bucket, text, strings) = (Vec::new(), Vec::new(), Strings::default());
        StringReader { of, number: None, bucket, text, strings, n_read: 0 }
    }

    /// Appends the scalar that `cell` holds or refers to.
    pub(crate) fn scalar(&mut self, cell: &[u8], strings: &mut Strings) -> Result<(), Error> {
        let (bucket, offset, length) = self.reference(cell)?;
        if length <= INLINE {
            strings.push(&cell[..length]);
        } else {
            self.fetch(bucket, offset, length)?;
            strings.push(&self.text);
        }
        Ok(())
    }

    /// Hands the array that `cell` refers to, of a fixed shape or one of its own, to `sink`.
    pub(crate) fn array(
        &mut self,
        cell: &[u8],
        fixed: Option<&[usize]>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let (bucket, offset, length) = self.reference(cell)?;
        self.strings.clear();
        let shape = if length == 0 {
            let Some(shape) = fixed else { return sink.undefined(1) };
            self.empty(shape.to_vec())?
        } else {
            self.fetch(bucket, offset, length)?;
            self.parse(fixed)?
        };
        sink.defined(Run { shape: &shape, n_cell: 1, repeat: 1, data: Data::Strings(&self.strings) })
    }

    fn reference(&self, cell: &[u8]) -> Result<(i32, usize, usize), Error> {
        let mut r = Reader::new(self.of.file.path(), 0, cell, self.of.order);
        let (bucket, offset, length) = (r.i32()?, r.i32()?, r.i32()?);
        let Ok(length) = usize::try_from(length) else {
            return Err(r.fail("the length of a string", length.to_string()));
        };
        // Of a short scalar the first two hold characters.
        Ok((bucket, offset.max(0) as usize, length))
    }

    /// As many empty strings as the shape has elements.
    fn empty(&mut self, shape: Vec<usize>) -> Result<Vec<usize>, Error> {
        // Nothing in the file bounds this shape, but no sound table has more.
        const MOST: usize = 1 << 20;
        let Some(n) = element_count(&shape).filter(|&n| n <= MOST) else {
            return Err(self.of.file.fail(0, "a string array without values", format!("shape {shape:?}")));
        };
        (0..n).for_each(|_| self.strings.push(b""));
        Ok(shape)
    }

    fn parse(&mut self, fixed: Option<&[usize]>) -> Result<Vec<usize>, Error> {
        let mut r = Reader::new(self.of.file.path(), 0, &self.text, Order::Big);
        let (shape, filled) = match fixed {
            Some(shape) => (shape.to_vec(), true),
            None => {
                let n_axis = r.axes()?;
                let axis = |r: &mut Reader<'_>| {
                    let n = r.i32()?;
                    usize::try_from(n).map_err(|_| r.fail("an axis", n.to_string()))
                };
                let mut shape = (0..n_axis).map(|_| axis(&mut r)).collect::<Result<Vec<_>, _>>()?;
                shape.reverse();
                if n_axis == 0 {
                    shape.push(0);
                }
                (shape, r.i32()? != 0)
            }
        };
        if !filled {
            return self.empty(shape);
        }
        let n = r.fits(element_count(&shape).map_or(u64::MAX, |n| n as u64), 4)?;
        for _ in 0..n {
            self.strings.push(r.string_bytes()?);
        }
        Ok(shape)
    }

    /// Makes `text` the `length` bytes at `offset` of a string bucket and those that follow it.
    fn fetch(&mut self, bucket: i32, offset: usize, length: usize) -> Result<(), Error> {
        self.text.clear();
        // Each string has bytes of its own; many rows may not stand for one long string.
        self.n_read = self.n_read.saturating_add(length as u64);
        if self.n_read > self.of.file.len() {
            let found = format!("{} bytes of them and more", self.n_read);
            return Err(self.of.file.fail(0, "strings no longer than the file", found));
        }
        let (mut next, mut offset) = (bucket, offset);
        // The header may claim more buckets than there are, and empty ones may follow each other in a ring.
        let there = self.of.file.len() / self.of.bucket_size as u64 + 1;
        for _ in 0..there.min(self.of.n_bucket.into()) {
            self.load(next)?;
            let mut r = Reader::new(self.of.file.path(), 0, &self.bucket, Order::Big);
            r.i32()?;
            let used = usize::try_from(r.i32()?).unwrap_or(0);
            r.i32()?;
            next = r.i32()?;
            let data = &self.bucket[BUCKET_HEADER..];
            let data = data.get(offset..used.min(data.len())).unwrap_or_default();
            self.text.extend_from_slice(&data[..data.len().min(length - self.text.len())]);
            if self.text.len() == length {
                return Ok(());
            }
            offset = 0;
        }
        let found = format!("{} of them", self.text.len());
        Err(self.of.file.fail(0, format!("a string of {length} bytes from bucket {bucket}"), found))
    }

    fn load(&mut self, number: i32) -> Result<(), Error> {
        let Ok(number) = u32::try_from(number) else {
            return Err(self.of.file.fail(0, "the number of a string bucket", number.to_string()));
        };
        if self.number != Some(number) {
            self.number = None;
            let position = self.of.position(number, 0, self.of.bucket_size)?;
            self.of.file.read(position, self.of.bucket_size, &mut self.bucket)?;
            self.number = Some(number);
        }
        Ok(())
    }
}

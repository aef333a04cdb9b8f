//! The string buckets of a StandardStMan that is written; the twin of `ssm_strings`.

use crate::Error;
use crate::bytes::Order;
use crate::write::out::Out;
use crate::write::standard::Buckets;

/// Longest scalar that is kept in the reference itself.
const INLINE: usize = 8;
const BUCKET_HEADER: usize = 16;
/// With less room than this a string begins in a new bucket.
const TOO_LITTLE: usize = 50;

/// Strings back to back, in as many buckets as they need.
pub(crate) struct StringWriter {
    bucket_size: usize,
    /// The bucket that is being filled.
    number: Option<u32>,
    data: Vec<u8>,
}

impl StringWriter {
    pub(crate) fn new(bucket_size: usize) -> Self {
        StringWriter { bucket_size, number: None, data: Vec::new() }
    }

    /// The last string bucket, or −1.
    pub(crate) fn last(&self) -> i32 {
        self.number.map_or(-1, |n| n as i32)
    }

    /// The reference of a scalar, which holds it if it is short.
    pub(crate) fn scalar(
        &mut self,
        text: &[u8],
        buckets: &mut Buckets,
        order: Order,
    ) -> Result<[u8; 12], Error> {
        if text.len() > INLINE {
            return self.push(text, buckets, order);
        }
        let mut cell = [0; 12];
        cell[..text.len()].copy_from_slice(text);
        let length = text.len() as i32;
        cell[8..].copy_from_slice(&if order == Order::Big {
            length.to_be_bytes()
        } else {
            length.to_le_bytes()
        });
        Ok(cell)
    }

    /// The reference of an array, with its shape if cells may have any.
    pub(crate) fn array<'s>(
        &mut self,
        shape: Option<&[usize]>,
        texts: impl Iterator<Item = &'s [u8]>,
        buckets: &mut Buckets,
        order: Order,
    ) -> Result<[u8; 12], Error> {
        let mut out = Out::new(Order::Big);
        if let Some(shape) = shape {
            out.count(shape.len());
            shape.iter().rev().for_each(|&n| out.count(n));
            out.i32(1);
        }
        texts.for_each(|text| out.string_bytes(text));
        self.push(&out.bytes, buckets, order)
    }

    fn push(&mut self, bytes: &[u8], buckets: &mut Buckets, order: Order) -> Result<[u8; 12], Error> {
        let room = self.bucket_size - BUCKET_HEADER;
        let free = room - self.data.len();
        if self.number.is_none() || (bytes.len() > free && free < TOO_LITTLE) {
            self.next(buckets, false)?;
        }
        let number = self.last();
        let offset = self.data.len() as i32;
        let mut rest = bytes;
        loop {
            let (now, later) = rest.split_at(rest.len().min(room - self.data.len()));
            self.data.extend_from_slice(now);
            if later.is_empty() {
                break;
            }
            self.next(buckets, true)?;
            rest = later;
        }
        let mut out = Out::new(order);
        [number, offset, bytes.len() as i32].iter().for_each(|&v| out.i32(v));
        let mut cell = [0; 12];
        cell.copy_from_slice(&out.bytes);
        Ok(cell)
    }

    /// Begins a bucket, on which the one before goes on if it is `chained`.
    fn next(&mut self, buckets: &mut Buckets, chained: bool) -> Result<(), Error> {
        let number = buckets.claim(1);
        self.write(buckets, if chained { number as i32 } else { -1 })?;
        self.data.clear();
        self.number = Some(number);
        Ok(())
    }

    fn write(&self, buckets: &Buckets, next: i32) -> Result<(), Error> {
        let Some(number) = self.number else { return Ok(()) };
        let mut out = Out::new(Order::Big);
        let free = self.bucket_size - BUCKET_HEADER - self.data.len();
        [free as i32, self.data.len() as i32, 0, next].iter().for_each(|&v| out.i32(v));
        out.bytes.extend_from_slice(&self.data);
        out.bytes.resize(self.bucket_size, 0);
        buckets.write(number, &out.bytes)
    }

    /// Writes the bucket that is being filled.
    pub(crate) fn flush(&self, buckets: &Buckets) -> Result<(), Error> {
        self.write(buckets, -1)
    }
}

//! table.fNi into a file; the twin of `arrayfile`, whose head shows the format.

use crate::Error;
use crate::bytes::Order;
use crate::cells::{Data, Run, element_count};
use crate::write::buckets::Shared;
use crate::write::disk::{NewFile, Stream};
use crate::write::out::{Out, pack};

const HEADER: usize = 16;
/// Arrays begin at multiples of this.
const ALIGNMENT: u64 = 8;

/// Arrays that follow each other.
pub(crate) struct ArrayWriter {
    stream: Stream,
    order: Order,
    with_references: bool,
    scratch: Vec<u8>,
}

impl ArrayWriter {
    /// `with_references`: arrays count how many cells share them (version 1).
    pub(crate) fn new(file: NewFile, order: Order, with_references: bool) -> Result<Self, Error> {
        let mut stream = Stream::new(file, 0);
        stream.zeros(HEADER)?;
        Ok(ArrayWriter { stream, order, with_references, scratch: Vec::new() })
    }

    /// Appends cell `i` of a run; its offset.
    pub(crate) fn push(
        &mut self,
        run: &Run<'_>,
        i: usize,
        is_bool: bool,
        references: u32,
    ) -> Result<u64, Error> {
        let padding = self.stream.position().next_multiple_of(ALIGNMENT) - self.stream.position();
        self.stream.zeros(padding as usize)?;
        let offset = self.stream.position();
        let mut head = Out::new(self.order);
        if self.with_references {
            head.u32(references);
        }
        head.count(run.shape.len());
        run.shape.iter().rev().for_each(|&n| head.count(n));
        self.stream.push(&head.bytes)?;
        let n = element_count(run.shape).unwrap_or(0);
        match run.data {
            Data::Fixed(bytes) => {
                let size = bytes.len() / run.n_cell.max(1);
                let cell = &bytes[i * size..(i + 1) * size];
                if is_bool {
                    self.scratch.clear();
                    pack(cell.iter().map(|&b| b != 0), &mut self.scratch);
                    self.stream.push(&self.scratch)?;
                } else {
                    self.stream.push(cell)?;
                }
            }
            Data::Strings(strings) => self.push_strings((i * n..(i + 1) * n).map(|k| strings.get(k)), n)?,
        }
        Ok(offset)
    }

    /// Offsets of strings and the strings after them.
    ///
    /// # Errors
    /// When they would be beyond what 32 bits count.
    fn push_strings<'s>(&mut self, strings: impl Iterator<Item = &'s [u8]>, n: usize) -> Result<(), Error> {
        let first = self.stream.position() + 4 * n as u64;
        let (mut offsets, mut texts) = (Out::new(self.order), Out::new(self.order));
        for text in strings {
            if text.is_empty() {
                offsets.u32(0);
                continue;
            }
            let offset = first + texts.bytes.len() as u64;
            let end = u32::try_from(offset + text.len() as u64);
            offsets.u32(end.map(|_| offset as u32).map_err(|_| self.too_long())?);
            texts.string_bytes(text);
        }
        self.stream.push(&offsets.bytes)?;
        self.stream.push(&texts.bytes)
    }

    fn too_long(&self) -> Error {
        let file = self.stream.path();
        Error::Refused {
            table: file.parent().unwrap_or(file).to_owned(),
            reason: "its arrays of strings need more than the 4 GiB that their file can count; keep them in columns of \
                     StandardStMan"
                .to_owned(),
        }
    }

    /// Notes how many values are the arrays at these offsets, where they are not what [`ArrayWriter::push`] was told.
    pub(crate) fn count_references(&mut self, counts: &[Shared]) -> Result<(), Error> {
        for &(offset, n) in counts.iter().filter(|_| self.with_references) {
            let mut out = Out::new(self.order);
            out.u32(n);
            self.stream.overwrite(offset, &out.bytes)?;
        }
        Ok(())
    }

    /// Completes the file.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let mut head = Out::new(self.order);
        head.u32(self.with_references.into());
        head.i64(self.stream.position() as i64);
        head.i32(0);
        self.stream.finish(&head.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Strings;
    use crate::write::disk::Disk;

    #[test]
    fn strings_that_32_bits_do_not_reach_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut strings = Strings::default();
        strings.push(b"some text");
        strings.push(b"");
        let run = Run { shape: &[2], n_cell: 1, repeat: 1, data: Data::Strings(&strings) };
        for (at, fits) in [(16, true), ((1 << 32) - 64, true), ((1 << 32) - 24, false), (1 << 33, false)] {
            let file = Disk::default().create(dir.path().join("table.f0i")).unwrap();
            let (stream, order) = (Stream::new(file, at), Order::Little);
            let mut writer = ArrayWriter { stream, order, with_references: false, scratch: Vec::new() };
            match writer.push(&run, 0, false, 1) {
                Ok(_) => assert!(fits, "{at}"),
                Err(Error::Refused { table, reason }) => {
                    assert!(!fits && table == dir.path() && reason.contains("4 GiB"), "{at} {reason}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

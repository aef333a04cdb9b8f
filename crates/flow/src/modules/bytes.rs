//! Bytes in frames out of a reader, and into a writer that is committed when the stream has ended well.
//!
//! This crate opens no files itself; a file becomes a source and a sink like this:
//!
//! ```
//! use facette_flow::modules::{ReadBytes, WriteBytes};
//! use std::{fs::{self, File}, io, path::Path};
//!
//! fn read(path: &Path) -> Result<ReadBytes<File>, Box<dyn std::error::Error>> {
//!     let file = File::open(path)?;
//!     let length = file.metadata()?.len();
//!     Ok(ReadBytes::new(&format!("read {}", path.display()), file, 2048)?.of_length(length))
//! }
//!
//! /// The file gets its name when it is complete; before that, and if the run fails, `path` is as it was.
//! fn write(path: &Path) -> io::Result<WriteBytes<Vec<u8>, File>> {
//!     let (path, partial) = (path.to_owned(), path.with_extension("partial"));
//!     let file = File::create(&partial)?;
//!     let commit = move |file: File| {
//!         file.sync_all()?;
//!         fs::rename(partial, path)
//!     };
//!     Ok(WriteBytes::new("write", file, commit))
//! }
//! ```

use std::{
    io::{self, Read, Write},
    marker::PhantomData,
};

use crate::{
    Accumulator, BoxError, BuildError, Source,
    pool::{Pool, Pooled},
};

/// Why bytes did not come or go.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BytesError {
    /// The reader failed.
    #[error("reading failed at byte {position}")]
    Read {
        /// Bytes read before.
        position: u64,
        /// What the reader said.
        source: io::Error,
    },
    /// The writer failed.
    #[error("writing failed at byte {position}")]
    Write {
        /// Bytes written before.
        position: u64,
        /// What the writer said.
        source: io::Error,
    },
    /// The bytes were written, but did not get their place.
    #[error("the {position} bytes written could not be committed")]
    Commit {
        /// Bytes written.
        position: u64,
        /// What the committing closure said.
        source: io::Error,
    },
    /// The stream was run again after its end.
    #[error("the bytes were committed at the end of an earlier run; make a new sink for each run")]
    Committed,
}

/// Gives the bytes of a reader in frames of `n`; the last one is as short as need be, so no count goes beside it.
#[derive(Debug)]
pub struct ReadBytes<R> {
    name: String,
    input: R,
    frame: usize,
    position: u64,
    length: Option<u64>,
}

impl<R: Read + Send + 'static> ReadBytes<R> {
    /// Frames of `frame` bytes out of `input`. `name` stands in errors, so it should tell which file it is.
    ///
    /// # Errors
    /// [`BuildError::Zero`] for frames of 0 bytes.
    pub fn new(name: &str, input: R, frame: usize) -> Result<Self, BuildError> {
        if frame == 0 {
            return Err(BuildError::Zero { setting: "frame" });
        }
        Ok(ReadBytes { name: name.to_owned(), input, frame, position: 0, length: None })
    }

    /// Says how many bytes there will be, for progress.
    pub fn of_length(self, bytes: u64) -> Self {
        ReadBytes { length: Some(bytes), ..self }
    }

    /// The same frames in buffers of a pool.
    pub fn pooled(self, pool: &Pool<Vec<u8>>) -> impl Source<Out = Pooled<Vec<u8>>> + use<R> {
        PooledBytes { reader: self, pool: pool.clone() }
    }

    /// Fills an empty buffer with the next frame; says whether there was one.
    fn fill(&mut self, buffer: &mut Vec<u8>) -> Result<bool, BytesError> {
        buffer.reserve_exact(self.frame);
        let fail = |source| BytesError::Read { position: self.position, source };
        let n = self.input.by_ref().take(self.frame as u64).read_to_end(buffer).map_err(fail)?;
        self.position += n as u64;
        Ok(n > 0)
    }
}

impl<R: Read + Send + 'static> Source for ReadBytes<R> {
    type Out = Vec<u8>;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, BoxError> {
        let mut buffer = Vec::new();
        Ok(self.fill(&mut buffer)?.then_some(buffer))
    }

    fn n_chunks(&self) -> Option<u64> {
        Some(self.length?.div_ceil(self.frame as u64))
    }
}

struct PooledBytes<R> {
    reader: ReadBytes<R>,
    pool: Pool<Vec<u8>>,
}

impl<R: Read + Send + 'static> Source for PooledBytes<R> {
    type Out = Pooled<Vec<u8>>;

    fn name(&self) -> String {
        self.reader.name()
    }

    fn next(&mut self) -> Result<Option<Pooled<Vec<u8>>>, BoxError> {
        let mut buffer = self.pool.take_or(Vec::new);
        buffer.clear();
        Ok(self.reader.fill(&mut buffer)?.then_some(buffer))
    }

    fn n_chunks(&self) -> Option<u64> {
        self.reader.n_chunks()
    }
}

/// What makes the bytes count.
type Commit<W> = Box<dyn FnOnce(W) -> io::Result<()> + Send>;

/// Writes frames one after the other, and commits them at the end of the stream; gives the number of bytes.
///
/// A run that fails commits nothing: what becomes of the bytes is up to the writer's `Drop`. One sink is for one run.
pub struct WriteBytes<B, W> {
    name: String,
    /// `None` once committed.
    output: Option<(W, Commit<W>)>,
    position: u64,
    frames: PhantomData<fn(B)>,
}

impl<B: AsRef<[u8]> + Send + 'static, W: Write + Send + 'static> WriteBytes<B, W> {
    /// Writes to `output`. When the stream has ended well, `commit` gets the flushed writer: to rename a file, say.
    pub fn new(name: &str, output: W, commit: impl FnOnce(W) -> io::Result<()> + Send + 'static) -> Self {
        let output: (W, Commit<W>) = (output, Box::new(commit));
        WriteBytes { name: name.to_owned(), output: Some(output), position: 0, frames: PhantomData }
    }
}

impl<B: AsRef<[u8]> + Send + 'static, W: Write + Send + 'static> Accumulator for WriteBytes<B, W> {
    type In = B;
    type Out = u64;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn add(&mut self, frame: B) -> Result<(), BoxError> {
        let position = self.position;
        let (output, _) = self.output.as_mut().ok_or(BytesError::Committed)?;
        output.write_all(frame.as_ref()).map_err(|source| BytesError::Write { position, source })?;
        self.position += frame.as_ref().len() as u64;
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, BoxError> {
        let position = self.position;
        let (mut output, commit) = self.output.take().ok_or(BytesError::Committed)?;
        output.flush().map_err(|source| BytesError::Write { position, source })?;
        commit(output).map_err(|source| BytesError::Commit { position, source })?;
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Gives its bytes in pieces of three, as a pipe might.
    #[derive(Debug)]
    struct Pieces(&'static [u8]);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = buffer.len().min(3);
            self.0.read(&mut buffer[..n])
        }
    }

    #[test]
    fn frames_are_full_but_for_the_last() {
        let mut reader = ReadBytes::new("read", Pieces(b"0123456789"), 4).unwrap().of_length(10);
        assert_eq!(reader.n_chunks(), Some(3));
        let frames: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).collect();
        assert_eq!(frames, [&b"0123"[..], b"4567", b"89"]);
        let mut even = ReadBytes::new("read", Pieces(b"01234567"), 4).unwrap();
        assert_eq!(std::iter::from_fn(|| even.next().unwrap()).count(), 2);
        assert_eq!(
            ReadBytes::new("read", Pieces(b""), 0).unwrap_err(),
            BuildError::Zero { setting: "frame" }
        );
    }

    #[test]
    fn pooled_frames_use_their_buffers_again() {
        let pool = Pool::new(1);
        let mut source = ReadBytes::new("read", Pieces(b"0123456789"), 4).unwrap().pooled(&pool);
        assert_eq!(source.next().unwrap().as_deref(), Some(&b"0123".to_vec()));
        assert_eq!(source.next().unwrap().as_deref(), Some(&b"4567".to_vec()));
        assert_eq!(source.next().unwrap().as_deref(), Some(&b"89".to_vec()));
        assert!(source.next().unwrap().is_none());
        assert_eq!(pool.stats().made, 1);
    }

    #[test]
    fn a_reader_that_fails_says_where() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("unplugged"))
            }
        }
        let input = Pieces(b"012").chain(Fails);
        let mut reader = ReadBytes::new("read", input, 2).unwrap();
        assert_eq!(reader.next().unwrap(), Some(b"01".to_vec()));
        assert_eq!(reader.next().unwrap_err().to_string(), "reading failed at byte 2");
    }

    #[test]
    fn only_a_finished_stream_is_committed() {
        let committed = Arc::new(Mutex::new(None));
        let place = committed.clone();
        let commit = move |bytes| {
            *place.lock().unwrap() = Some(bytes);
            Ok(())
        };
        let mut sink = WriteBytes::new("write", Vec::new(), commit);
        sink.add(&b"01"[..]).unwrap();
        sink.add(b"2").unwrap();
        assert_eq!(*committed.lock().unwrap(), None);
        assert_eq!(sink.finish().unwrap(), 3);
        assert_eq!(*committed.lock().unwrap(), Some(b"012".to_vec()));
        assert!(sink.add(b"3").unwrap_err().to_string().contains("new sink"));
        let mut refused =
            WriteBytes::<Vec<u8>, _>::new("write", Vec::new(), |_| Err(io::Error::other("full")));
        assert_eq!(refused.finish().unwrap_err().to_string(), "the 0 bytes written could not be committed");
    }
}

//! A range of rows read by several threads, piece by piece.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::{Column, Element, Error};

/// Bytes of a piece: each thread takes the next one when it is done, so that a slow core holds back nobody.
const PIECE: usize = 8 << 20;
/// Bytes that are worth a thread, which takes some 50 µs to begin.
const WORTH: usize = 512 << 10;

/// The number of a piece, and its shape or why it could not be read.
type Done = (usize, Result<Vec<usize>, Error>);

impl Column {
    /// As [`Column::read_into`], by so many threads.
    ///
    /// # Errors
    /// As [`Column::read_into`]; the first row's, if there are several.
    pub fn read_into_on<T: Element>(
        &self,
        threads: usize,
        rows: Range<u64>,
        out: &mut [T],
    ) -> Result<Vec<usize>, Error> {
        let n_row = rows.end.saturating_sub(rows.start);
        let is_even = n_row > 0 && !out.is_empty() && (out.len() as u64).is_multiple_of(n_row);
        let threads = threads.min(size_of_val(out) / WORTH);
        if threads < 2 || !is_even {
            return self.read_into(rows, out);
        }
        let cell_len = out.len() / n_row as usize;
        let at_most = (PIECE / size_of::<T>().saturating_mul(cell_len).max(1)).max(1) as u64;
        let each = n_row.div_ceil(threads as u64).min(at_most);
        if each >= n_row {
            return self.read_into(rows, out);
        }
        let pieces = Mutex::new(out.chunks_mut(cell_len * each as usize).enumerate());
        let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
        let read = || -> Vec<Done> {
            let mut done = Vec::new();
            while let Some((i, piece)) = next() {
                let start = rows.start + i as u64 * each;
                done.push((i, self.read_into(start..rows.end.min(start + each), piece)));
            }
            done
        };
        let mut done: Vec<Done> = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(read)).collect();
            let mut done = read();
            for other in others {
                // A panic of a reader is a bug, which goes on where it would without threads.
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            done
        });
        done.sort_by_key(|(i, _)| *i);
        self.one_shape(done, |i| rows.start + i as u64 * each)
    }

    /// The shape that all pieces have, the first rows of which are told by `first_row`.
    fn one_shape(&self, done: Vec<Done>, first_row: impl Fn(usize) -> u64) -> Result<Vec<usize>, Error> {
        let mut shape: Option<Vec<usize>> = None;
        for (i, piece) in done {
            let piece = piece?;
            match &shape {
                Some(shape) if *shape != piece => return Err(self.other_shape(first_row(i), shape, &piece)),
                Some(_) => {}
                None => shape = Some(piece),
            }
        }
        Ok(shape.unwrap_or_default())
    }
}

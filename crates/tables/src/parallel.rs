//! A range of rows read by several threads, each a part of it.

use std::ops::Range;
use std::thread;

use crate::{Column, Element, Error};

impl Column {
    /// As [`Column::read_into`], by so many threads: each reads as many rows as the others.
    ///
    /// # Errors
    /// As [`Column::read_into`].
    pub fn read_into_on<T: Element>(
        &self,
        threads: usize,
        rows: Range<u64>,
        out: &mut [T],
    ) -> Result<Vec<usize>, Error> {
        let n_row = rows.end.saturating_sub(rows.start);
        let each = n_row.div_ceil(threads.max(1) as u64).max(1);
        let is_even = n_row > 0 && !out.is_empty() && (out.len() as u64).is_multiple_of(n_row);
        if each >= n_row || !is_even {
            return self.read_into(rows, out);
        }
        let size = out.len() / n_row as usize * each as usize;
        let part = |(i, part): (u64, &mut [T])| {
            let start = rows.start + i * each;
            self.read_into(start..rows.end.min(start + each), part)
        };
        let part = &part;
        let shapes: Vec<Result<Vec<usize>, Error>> = thread::scope(|scope| {
            let mut parts = (0..).zip(out.chunks_mut(size.max(1)));
            let first = parts.next();
            let others: Vec<_> = parts.map(|work| scope.spawn(move || part(work))).collect();
            let first = first.map(part);
            let joined = others.into_iter().map(|other| {
                // A panic of a reader is a bug, which goes on where it would without threads.
                other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            first.into_iter().chain(joined).collect()
        });
        let shapes = shapes.into_iter().collect::<Result<Vec<_>, _>>()?;
        match shapes.windows(2).position(|pair| pair[0] != pair[1]) {
            Some(i) => Err(self.other_shape(rows.start + (i as u64 + 1) * each, &shapes[i], &shapes[i + 1])),
            None => Ok(shapes.into_iter().next().unwrap_or_default()),
        }
    }
}

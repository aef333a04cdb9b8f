//! Where streams end: nowhere, or in a history.

use std::{collections::VecDeque, marker::PhantomData};

use crate::{Accumulator, BoxError, Task};

/// Drops every frame.
pub struct Discard<T>(PhantomData<fn(T)>);

impl<T> Discard<T> {
    /// A sink of nothing.
    pub fn new() -> Self {
        Discard(PhantomData)
    }
}

impl<T> Default for Discard<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + 'static> Task for Discard<T> {
    type In = T;
    type Out = ();

    fn run(&mut self, _: T) -> Result<(), BoxError> {
        Ok(())
    }

    fn replica(&self) -> Option<Self> {
        Some(Discard::new())
    }
}

/// Keeps frames and gives them at the end of the stream: StreamPU's finalizer.
///
/// ```
/// use facette_flow::{Accumulator, modules::Keep};
///
/// let mut keep = Keep::last(2);
/// (0..5).try_for_each(|frame| keep.add(frame))?;
/// assert_eq!(keep.finish()?, [3, 4]);
/// # Ok::<(), facette_flow::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Keep<T> {
    frames: VecDeque<T>,
    most: usize,
}

impl<T> Keep<T> {
    /// Keeps all frames; they must fit into memory.
    pub fn all() -> Self {
        Keep::last(usize::MAX)
    }

    /// Keeps the last `most` frames.
    pub fn last(most: usize) -> Self {
        Keep { frames: VecDeque::new(), most }
    }
}

impl<T: Send + 'static> Accumulator for Keep<T> {
    type In = T;
    type Out = Vec<T>;

    fn add(&mut self, frame: T) -> Result<(), BoxError> {
        self.frames.push_back(frame);
        if self.frames.len() > self.most {
            self.frames.pop_front();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<T>, BoxError> {
        Ok(std::mem::take(&mut self.frames).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_begins_anew_after_its_end() {
        let mut keep = Keep::all();
        keep.add("a").unwrap();
        keep.add("b").unwrap();
        assert_eq!(keep.finish().unwrap(), ["a", "b"]);
        keep.add("c").unwrap();
        assert_eq!(keep.finish().unwrap(), ["c"]);
        let mut none = Keep::last(0);
        none.add(1).unwrap();
        assert_eq!(none.finish().unwrap(), Vec::<i32>::new());
    }

    #[test]
    fn nothing_is_left_of_what_is_discarded() {
        let counter = std::sync::Arc::new(());
        Discard::new().run(counter.clone()).unwrap();
        assert_eq!(std::sync::Arc::strong_count(&counter), 1);
    }
}

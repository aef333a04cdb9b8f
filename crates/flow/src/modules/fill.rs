//! Sources of constant frames, and one source per copy of a sequence.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{BoxError, Source};

/// Gives frames of `n` equal elements, without end: StreamPU's initializer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill<T> {
    n: usize,
    value: T,
}

impl<T> Fill<T> {
    /// Frames of `n` times `value`.
    pub fn new(n: usize, value: T) -> Self {
        Fill { n, value }
    }
}

impl<T: Default> Fill<T> {
    /// Frames of `n` default elements, which are zeros for numbers: the "all zeros" source of coding theory.
    pub fn zeros(n: usize) -> Self {
        Fill::new(n, T::default())
    }
}

impl<T: Clone + Send + 'static> Source for Fill<T> {
    type Out = Vec<T>;

    fn next(&mut self) -> Result<Option<Vec<T>>, BoxError> {
        Ok(Some(vec![self.value.clone(); self.n]))
    }

    fn replica(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// A source that differs from copy to copy of a [`crate::graph::Sequence`]; made by [`per_copy`].
///
/// In a replicated first stage of a pipeline, which frame of the stream comes from which copy depends on timing: keep
/// to sequences, or give the stage one replica.
pub struct PerCopy<S, F> {
    source: S,
    make: F,
    copies: Arc<AtomicU64>,
}

/// Makes the source of each copy of a sequence out of the number of the copy, from 0.
///
/// ```
/// use facette_flow::{closures::replicable, graph::{Graph, Sequence, Settings}, modules::{Fill, per_copy}};
/// use std::sync::{Arc, Mutex};
///
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let all = seen.clone();
/// let mut graph = Graph::new();
/// let frame = graph.source(per_copy(|copy| Fill::new(4, 10 * copy)));
/// graph.task(frame, replicable("See", move |frame: Vec<u64>| {
///     all.lock().map_or((), |mut all| all.push(frame[3]));
///     Ok(())
/// }));
/// Sequence::new(graph, 3)?.run(&Settings { frames: Some(1), ..Settings::default() })?;
/// let mut seen = seen.lock().map_or(vec![], |seen| seen.clone());
/// seen.sort_unstable();
/// assert_eq!(seen, [0, 10, 20]);
/// # Ok::<(), facette_flow::Error>(())
/// ```
pub fn per_copy<S: Source, F: Fn(u64) -> S + Clone + Send + 'static>(make: F) -> PerCopy<S, F> {
    PerCopy { source: make(0), make, copies: Arc::new(AtomicU64::new(1)) }
}

impl<S: Source, F: Fn(u64) -> S + Clone + Send + 'static> Source for PerCopy<S, F> {
    type Out = S::Out;

    fn name(&self) -> String {
        self.source.name()
    }

    fn next(&mut self) -> Result<Option<S::Out>, BoxError> {
        self.source.next()
    }

    fn n_chunks(&self) -> Option<u64> {
        self.source.n_chunks()
    }

    fn replica(&self) -> Option<Self> {
        let copy = self.copies.fetch_add(1, Ordering::Relaxed);
        Some(PerCopy { source: (self.make)(copy), make: self.make.clone(), copies: self.copies.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_full_and_copies_count() {
        assert_eq!(Fill::<u8>::zeros(3).next().unwrap(), Some(vec![0; 3]));
        assert_eq!(Fill::new(2, "x").replica().unwrap().next().unwrap(), Some(vec!["x"; 2]));
        let first = per_copy(|copy| Fill::new(1, copy));
        let second = first.replica().unwrap();
        let mut third = second.replica().unwrap();
        assert_eq!(third.next().unwrap(), Some(vec![2]));
        assert_eq!(third.name(), "Fill");
    }
}

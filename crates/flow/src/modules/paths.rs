//! Controllers: what tells [`Graph::commute`](crate::graph::Graph::commute) which path a frame takes.
//!
//! They take nothing. Where one is to run inside a loop, or behind another task, say so by
//! [`Graph::order`](crate::graph::Graph::order).

use crate::{BoxError, BuildError, Task};

/// Path 0 so many times, then path 1 once, and over again: counts the iterations of a loop.
///
/// Where the frame fails in the loop, the count goes on from there with the next frame;
/// [`Graph::repeat_times`](crate::graph::Graph::repeat_times) begins anew.
///
/// ```
/// use facette_flow::{closures::{iterate, map}, graph::{Graph, Select, Sequence, Settings}, modules::Iterate};
///
/// let mut graph = Graph::new();
/// let start = graph.source(iterate("Give", [100, 200]));
/// let Select { mut inputs, out } = graph.select(2);
/// let again = graph.task((), Iterate::times(5));
/// graph.order(&out, &again);
/// let mut paths = graph.commute(out, again, 2);
/// let (end, body) = (paths.remove(1), paths.remove(0));
/// let body = graph.task(body, map("Add", |n: i32| Ok(n + 1)));
/// graph.bind(start, inputs.remove(1));
/// graph.bind(body, inputs.remove(0));
/// graph.task(end, map("Check", |n| if n % 100 == 5 { Ok(()) } else { Err("not five times".into()) }));
/// Sequence::new(graph, 1)?.run(&Settings::default())?;
/// # Ok::<(), facette_flow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iterate {
    times: u64,
    done: u64,
}

impl Iterate {
    /// So many iterations.
    pub fn times(times: u64) -> Self {
        Iterate { times, done: 0 }
    }
}

impl Task for Iterate {
    type In = ();
    type Out = usize;

    fn run(&mut self, (): ()) -> Result<usize, BoxError> {
        let is_over = self.done == self.times;
        self.done = if is_over { 0 } else { self.done + 1 };
        Ok(usize::from(is_over))
    }

    fn replica(&self) -> Option<Self> {
        Some(Iterate::times(self.times))
    }
}

/// Always the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPath(pub usize);

impl Task for FixedPath {
    type In = ();
    type Out = usize;

    fn run(&mut self, (): ()) -> Result<usize, BoxError> {
        Ok(self.0)
    }

    fn replica(&self) -> Option<Self> {
        Some(*self)
    }
}

/// One path after the other, frame by frame.
///
/// It sees frames in order and makes no replicas: put it into a single-replica stage, and let the path travel beside
/// the frame. For copies of a sequence, [`CyclicPath::per_copy`] counts the frames of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CyclicPath {
    n: usize,
    next: usize,
    is_copied: bool,
}

impl CyclicPath {
    /// Paths 0 to `n` - 1, from `first` on.
    ///
    /// # Errors
    /// [`BuildError::Zero`] without a path.
    pub fn new(n: usize, first: usize) -> Result<Self, BuildError> {
        match n {
            0 => Err(BuildError::Zero { setting: "paths" }),
            _ => Ok(CyclicPath { n, next: first % n, is_copied: false }),
        }
    }

    /// Lets every copy of a sequence count for itself. In a replicated stage of a pipeline the path of a frame would
    /// depend on timing.
    pub fn per_copy(self) -> Self {
        CyclicPath { is_copied: true, ..self }
    }
}

impl Task for CyclicPath {
    type In = ();
    type Out = usize;

    fn run(&mut self, (): ()) -> Result<usize, BoxError> {
        let path = self.next;
        self.next = (path + 1) % self.n;
        Ok(path)
    }

    fn replica(&self) -> Option<Self> {
        self.is_copied.then(|| self.clone())
    }
}

/// One path for so many frames, another one from then on. Without replicas, as [`CyclicPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedPath {
    left: u64,
    paths: [usize; 2],
}

impl LimitedPath {
    /// `paths[0]` for `frames` frames, then `paths[1]`.
    pub fn new(frames: u64, paths: [usize; 2]) -> Self {
        LimitedPath { left: frames, paths }
    }
}

impl Task for LimitedPath {
    type In = ();
    type Out = usize;

    fn run(&mut self, (): ()) -> Result<usize, BoxError> {
        let is_over = self.left == 0;
        self.left = self.left.saturating_sub(1);
        Ok(self.paths[usize::from(is_over)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths<K: Task<In = (), Out = usize>>(mut task: K) -> [usize; 7] {
        [(); 7].map(|()| task.run(()).unwrap())
    }

    #[test]
    fn controllers_name_their_paths() {
        assert_eq!(paths(Iterate::times(2)), [0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(paths(Iterate::times(0)), [1; 7]);
        assert_eq!(paths(FixedPath(4)), [4; 7]);
        assert_eq!(paths(CyclicPath::new(3, 1).unwrap()), [1, 2, 0, 1, 2, 0, 1]);
        assert_eq!(paths(LimitedPath::new(3, [0, 1])), [0, 0, 0, 1, 1, 1, 1]);
        assert_eq!(CyclicPath::new(0, 0), Err(BuildError::Zero { setting: "paths" }));
    }

    #[test]
    fn only_what_does_not_count_frames_makes_replicas() {
        let mut counted = Iterate::times(2);
        counted.run(()).unwrap();
        assert_eq!(counted.replica(), Some(Iterate::times(2)));
        let cyclic = CyclicPath::new(2, 0).unwrap();
        assert!(cyclic.replica().is_none() && cyclic.per_copy().replica().is_some());
        assert!(LimitedPath::new(1, [0, 1]).replica().is_none());
    }
}

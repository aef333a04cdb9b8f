//! Branches and loops: the switcher's select and commute, and the words built on them.
//!
//! ```text
//!            ┌────────────── body ◀──┐ path 0
//! start ──▶ select ──▶ … ──▶ commute ┤
//!                                    └─▶ path 1 ──▶ behind the loop
//! ```
//! Execution is a program counter over the tasks, so a loop uses no stack however often it runs. One switcher carries
//! one frame; what else a loop needs travels in the same frame (a tuple), or is read from outside by clone.

use std::marker::PhantomData;

use super::{
    Graph, In, Out, Role,
    body::{BranchBody, CommuteBody, SelectBody},
};

/// A select: the frame of whichever input is fed.
#[must_use = "the inputs of a select must be bound"]
pub struct Select<T> {
    /// To be bound with [`Graph::bind`].
    pub inputs: Vec<In<T>>,
    /// What comes out.
    pub out: Out<T>,
}

impl Graph {
    /// Joins `n` paths of which one is taken.
    pub fn select<T: Send + 'static>(&mut self, n: usize) -> Select<T> {
        let task = self.tasks.len();
        let reads: Vec<usize> = (0..n).map(|i| self.slot::<T>(None, &format!("select input {i}"))).collect();
        let slot = self.slot::<T>(Some(task), "select");
        let inputs = reads.iter().map(|&slot| In::new(&self.id, slot)).collect();
        self.declare("select", Role::Select, Box::new(SelectBody::<T>(n, PhantomData)), (reads, vec![slot]));
        Select { inputs, out: Out::new(&self.id, slot, task) }
    }

    /// Sends the frame down the path that `control` names, one of `n`. A path that does not exist is an error of the
    /// task `commute`.
    pub fn commute<T: Send + 'static>(
        &mut self,
        frame: Out<T>,
        control: Out<usize>,
        n: usize,
    ) -> Vec<Out<T>> {
        let reads = self.read("commute", &[frame.port, control.port]);
        self.paths("commute", reads, n, Box::new(CommuteBody::<T>(n, PhantomData)))
    }

    /// Sends the frame down the path that `choose` names, one of `n`: a commute that looks at the frame itself.
    pub fn branch<T, F>(&mut self, frame: Out<T>, n: usize, choose: F) -> Vec<Out<T>>
    where
        T: Send + 'static,
        F: FnMut(&T) -> usize + Clone + Send + 'static,
    {
        let reads = self.read("branch", &[frame.port]);
        self.paths("branch", reads, n, Box::new(BranchBody::<T, F>::new(choose, n)))
    }

    fn paths<T: Send + 'static>(
        &mut self,
        name: &str,
        reads: Vec<usize>,
        n: usize,
        body: Box<dyn super::Body>,
    ) -> Vec<Out<T>> {
        let task = self.tasks.len();
        let writes: Vec<usize> = (0..n).map(|i| self.slot::<T>(Some(task), &format!("path {i}"))).collect();
        let outs = writes.iter().map(|&slot| Out::new(&self.id, slot, task)).collect();
        self.declare(name, Role::Commute, body, (reads, writes));
        outs
    }

    /// `while condition(frame) { frame = body(frame) }`.
    ///
    /// `condition` is asked before each iteration and may keep state of its own. A run that is stopped finishes the
    /// frame in hand, so a loop without an end needs a condition that looks at the token.
    ///
    /// ```
    /// use facette_flow::{closures::{iterate, map}, graph::{Graph, Sequence, Settings}};
    ///
    /// let mut graph = Graph::new();
    /// let number = graph.source(iterate("Give", [27_u64]));
    /// let start = graph.task(number, map("Start", |n| Ok((n, 0_u32))));
    /// let end = graph.repeat_while(start, |&(n, _)| n != 1, |graph, frame| {
    ///     graph.task(frame, map("Collatz", |(n, steps): (u64, u32)| {
    ///         Ok((if n % 2 == 0 { n / 2 } else { 3 * n + 1 }, steps + 1))
    ///     }))
    /// });
    /// graph.task(end, map("Check", |(_, steps)| Ok(assert_eq!(steps, 111))));
    /// Sequence::new(graph, 1)?.run(&Settings::default())?;
    /// # Ok::<(), facette_flow::Error>(())
    /// ```
    pub fn repeat_while<T, F>(
        &mut self,
        start: Out<T>,
        mut condition: F,
        body: impl FnOnce(&mut Self, Out<T>) -> Out<T>,
    ) -> Out<T>
    where
        T: Send + 'static,
        F: FnMut(&T) -> bool + Clone + Send + 'static,
    {
        let Select { inputs, out } = self.select(2);
        let mut inputs = inputs.into_iter();
        let mut paths = self.branch(out, 2, move |frame| usize::from(!condition(frame))).into_iter();
        let again = paths.next().map(|frame| body(self, frame));
        // Invariant: a select and a branch of two have two ends each.
        for (socket, input) in again.into_iter().chain([start]).zip(inputs.by_ref()) {
            self.bind(socket, input);
        }
        paths.next().expect("a branch of two has a second path")
    }

    /// `do { frame = body(frame) } while !done(frame)`: the body runs at least once.
    pub fn repeat_until<T, F>(
        &mut self,
        start: Out<T>,
        body: impl FnOnce(&mut Self, Out<T>) -> Out<T>,
        mut done: F,
    ) -> Out<T>
    where
        T: Send + 'static,
        F: FnMut(&T) -> bool + Clone + Send + 'static,
    {
        let Select { inputs, out } = self.select(2);
        let frame = body(self, out);
        let mut paths = self.branch(frame, 2, move |frame| usize::from(done(frame))).into_iter();
        for (socket, input) in paths.next().into_iter().chain([start]).zip(inputs) {
            self.bind(socket, input);
        }
        paths.next().expect("a branch of two has a second path")
    }

    /// `for _ in 0..n { frame = body(frame) }`.
    pub fn repeat_times<T: Send + 'static>(
        &mut self,
        start: Out<T>,
        n: u64,
        body: impl FnOnce(&mut Self, Out<T>) -> Out<T>,
    ) -> Out<T> {
        let mut done = 0;
        let condition = move |_: &T| {
            let goes_on = done < n;
            done = if goes_on { done + 1 } else { 0 };
            goes_on
        };
        self.repeat_while(start, condition, body)
    }
}

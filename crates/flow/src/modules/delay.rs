//! Feedback from frame to frame: a value of one frame, read by the next.

use crate::graph::{Graph, Module, Out};

/// What was memorized. Without replicas: frames follow each other.
struct Memory<T>(T);

impl<T: Send + 'static> Module for Memory<T> {}

/// Lets tasks read what the frame before gave, `first` for the first frame.
///
/// `body` gets the value of the frame before and declares the tasks around it; it returns the socket that is memorized
/// for the next frame, and whatever else is wanted outside. All of it lies in one stage of one replica. A frame that is
/// filtered out, or fails, before it comes to be memorized leaves the memory as it was. Values are cloned: put large
/// ones into an `Arc`.
///
/// ```
/// use facette_flow::{closures::{iterate, map}, graph::{Graph, Sequence, Settings}, modules::delay};
///
/// let mut graph = Graph::new();
/// let number = graph.source(iterate("Count", 1..=4_u64));
/// let sum = delay(&mut graph, 0, |graph, before| {
///     let sum = graph.task((number, before), map("Add", |(n, before)| Ok(n + before)));
///     (sum.clone(), sum)
/// });
/// let mut want = [1, 3, 6, 10].into_iter();
/// graph.task(sum, map("Check", move |sum: u64| if want.next() == Some(sum) { Ok(()) } else { Err("sum".into()) }));
/// Sequence::new(graph, 1)?.run(&Settings::default())?;
/// # Ok::<(), facette_flow::Error>(())
/// ```
pub fn delay<T, R>(graph: &mut Graph, first: T, body: impl FnOnce(&mut Graph, Out<T>) -> (Out<T>, R)) -> R
where
    T: Clone + Send + 'static,
{
    let memory = graph.module(Memory(first));
    let before = graph.codelet(memory, "produce", (), |memory: &mut Memory<T>, ()| Ok(memory.0.clone()));
    let (now, rest) = body(graph, before.clone());
    let done = graph.codelet(memory, "memorize", now, |memory: &mut Memory<T>, now: T| {
        memory.0 = now;
        Ok(())
    });
    graph.order(&before, &done);
    rest
}

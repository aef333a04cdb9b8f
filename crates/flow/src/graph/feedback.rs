//! A loop around several stages of a pipeline.
//!
//! ```text
//!              ┌──────────────── body, any number of stages ─────────────┐
//! start ──▶ enter ──▶ … ──▶ … ──▶ … ──▶ until ──▶ behind the loop        │
//!              ▲                          │ not done                     │
//!              └──────── ring back ───────┘
//! ```
//! Several frames are in the loop at the same time. They go around in a queue: whatever comes back is sent around again
//! behind those that are on their way, and a place that is free goes to the next frame from in front. So the order in
//! which the body sees frames follows from the frames alone, never from timing. Behind the loop they come in the order
//! in which they entered; frames that are done early wait, and no frame enters that is far ahead of the slowest.

use std::{
    collections::{BTreeMap, VecDeque},
    marker::PhantomData,
    mem,
};

use super::{
    Graph, Out, Role,
    body::{Body, FINISHED, Linked, NEXT, Turn, put},
    cell::{Cell, Tap, Wires},
    left::drop_guarded,
    ring::Inlet,
};
use crate::BoxError;

/// A frame may be so many times the width of the loop ahead of the slowest.
const AHEAD: u64 = 4;

/// A loop of a graph.
#[derive(Clone)]
pub(crate) struct FeedbackDecl {
    pub(crate) enter: usize,
    pub(crate) until: usize,
    /// Slots that go back: the frame and its number.
    pub(crate) back: [usize; 2],
    pub(crate) width: usize,
}

impl Graph {
    /// `do { frame = body(frame) } while !done(frame)`, where the body may reach over several stages, with at most
    /// `width` frames (at least 1) in the loop at a time.
    ///
    /// The results are those of [`Graph::repeat_until`]. Frames must not be filtered out in the body, and the body
    /// reads nothing from outside but its frame.
    ///
    /// ```
    /// use facette_flow::{closures::{iterate, map, replicable}, graph::{Graph, Pipeline, Settings, Stage}};
    ///
    /// let mut graph = Graph::new();
    /// let number = graph.source(iterate("Count", 1..=9_u64));
    /// let start = graph.task(number, map("Start", |n| Ok((n, 0_u32))));
    /// let end = graph.feedback(start, 4, |graph, frame| {
    ///     let frame = graph.task(frame, replicable("Step", |(n, steps): (u64, u32)| {
    ///         Ok((if n % 2 == 0 { n / 2 } else { 3 * n + 1 }, steps + 1))
    ///     }));
    ///     graph.task(frame, map("Check", |(n, steps)| if steps < 1000 { Ok((n, steps)) } else { Err("too long".into()) }))
    /// }, |&(n, _)| n == 1);
    /// let mut seen = Vec::new();
    /// graph.task(end, map("End", move |(_, steps)| {
    ///     seen.push(steps);
    ///     let all = [3, 1, 7, 2, 5, 8, 16, 3, 19];
    ///     Ok(assert!(all.starts_with(&seen)))
    /// }));
    /// // Source, start and entry; the body's two tasks; the decision and the end.
    /// let stages = [Stage::new(3), Stage::new(1).replicas(2), Stage::new(1), Stage::new(2)];
    /// Pipeline::new(graph, &stages)?.run(&Settings::default())?;
    /// # Ok::<(), facette_flow::Error>(())
    /// ```
    pub fn feedback<T, F>(
        &mut self,
        start: Out<T>,
        width: usize,
        body: impl FnOnce(&mut Self, Out<T>) -> Out<T>,
        done: F,
    ) -> Out<T>
    where
        T: Send + 'static,
        F: FnMut(&T) -> bool + Clone + Send + 'static,
    {
        let (enter, width) = (self.tasks.len(), width.max(1));
        let reads = self.read("feedback", &[start.port]);
        let frame = self.slot::<T>(Some(enter), "feedback");
        let number = self.slot::<u64>(Some(enter), "feedback number");
        let entry = EnterBody::<T> { width, frame: PhantomData };
        self.declare("feedback", Role::Opens, Box::new(entry), (reads, vec![frame, number]));
        let around = body(self, Out::new(&self.id, frame, enter));
        let until = self.tasks.len();
        let mut reads = self.read("until", &[around.port]);
        reads.push(number);
        let out = self.slot::<T>(Some(until), "until");
        let back = [self.slot::<T>(Some(until), "frame back"), self.slot::<u64>(Some(until), "number back")];
        let writes = vec![out, back[0], back[1]];
        let decision = UntilBody::<T, F> { done, frame: PhantomData };
        self.declare("until", Role::Opens, Box::new(decision), (reads, writes));
        self.feedbacks.push(FeedbackDecl { enter, until, back, width });
        Out::new(&self.id, out, until)
    }
}

struct EnterBody<T> {
    width: usize,
    frame: PhantomData<fn() -> T>,
}

impl<T: Send + 'static> Body for EnterBody<T> {
    fn replica(&self) -> Option<Box<dyn Body>> {
        None
    }

    fn copy(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(EnterBody { width: self.width, frame: self.frame }))
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        Box::new(LinkedEnter::<T> {
            tap: wires.input(0),
            out: (wires.output(0), wires.output(1)),
            back: (wires.back(0), wires.back(1)),
            width: self.width,
            inlet: None,
            fresh: None,
            next: 0,
            on_way: VecDeque::new(),
            is_open: false,
            is_over: false,
        })
    }
}

struct LinkedEnter<T> {
    tap: Tap<T>,
    out: (Cell<T>, Cell<u64>),
    back: (Cell<T>, Cell<u64>),
    width: usize,
    /// Where frames come back; `None` if the whole loop lies in this stage.
    inlet: Option<Box<dyn Inlet>>,
    /// A frame from in front that waits for a place.
    fresh: Option<T>,
    /// The number of the next frame from in front.
    next: u64,
    /// Numbers of the frames in the loop, in the order in which they come back.
    on_way: VecDeque<u64>,
    is_open: bool,
    is_over: bool,
}

impl<T> LinkedEnter<T> {
    fn send(&mut self, frame: T, number: u64) -> Turn {
        put(&self.out.0, frame);
        put(&self.out.1, number);
        1
    }

    fn send_fresh(&mut self) -> Option<Turn> {
        let (frame, number) = (self.fresh.take()?, self.next);
        self.next += 1;
        self.on_way.push_back(number);
        Some(self.send(frame, number))
    }

    /// What lies in the cells of the way back.
    fn send_again(&mut self) -> Option<Turn> {
        let (frame, number) = (self.back.0.take(), self.back.1.take());
        Some(self.send(frame?, number?))
    }

    fn end(&mut self) -> Turn {
        self.is_open = false;
        if self.is_over { FINISHED } else { NEXT }
    }

    fn has_room(&self) -> bool {
        let oldest = self.on_way.iter().min().copied().unwrap_or(self.next);
        self.on_way.len() < self.width && self.next < oldest + AHEAD * self.width as u64
    }

    /// The next frame into the loop.
    fn give(&mut self) -> Turn {
        if self.inlet.is_none() {
            self.on_way.clear();
            return self.send_again().or_else(|| self.send_fresh()).unwrap_or_else(|| self.end());
        }
        loop {
            if self.has_room()
                && let Some(turn) = self.send_fresh()
            {
                return turn;
            }
            let is_waiting = self.fresh.is_some() || self.is_over;
            if !is_waiting || self.on_way.is_empty() {
                return self.end();
            }
            if let Some(turn) = self.wait() {
                return turn;
            }
        }
    }

    /// Waits for the frame that comes back next; `None` if it left the loop.
    fn wait(&mut self) -> Option<Turn> {
        let pulled = self.inlet.as_mut().and_then(|inlet| inlet.pull());
        let Some((_, is_alive)) = pulled else {
            // The other end is gone, and an error tells why.
            self.on_way.clear();
            self.fresh = None;
            return None;
        };
        let number = self.on_way.pop_front()?;
        let turn = if is_alive { self.send_again() } else { None };
        turn.inspect(|_| self.on_way.push_back(number))
    }
}

impl<T: Send + 'static> Linked for LinkedEnter<T> {
    fn run(&mut self, _fault: &mut Option<BoxError>) -> Turn {
        if !mem::replace(&mut self.is_open, true) {
            self.fresh = Some(self.tap.read());
        }
        self.give()
    }

    fn finish(&mut self, _is_whole: bool, _fault: &mut Option<BoxError>) -> Turn {
        (self.is_over, self.is_open) = (true, true);
        self.give()
    }

    fn attach(&mut self, inlet: Box<dyn Inlet>) {
        self.inlet = Some(inlet);
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(EnterBody::<T> { width: self.width, frame: PhantomData })
    }

    fn reset(&mut self) {
        self.is_open = false;
        self.fresh = None;
    }
}

struct UntilBody<T, F> {
    done: F,
    frame: PhantomData<fn() -> T>,
}

impl<T, F> Body for UntilBody<T, F>
where
    T: Send + 'static,
    F: FnMut(&T) -> bool + Clone + Send + 'static,
{
    fn replica(&self) -> Option<Box<dyn Body>> {
        None
    }

    fn copy(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(UntilBody { done: self.done.clone(), frame: self.frame }))
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        Box::new(LinkedUntil::<T, F> {
            taps: (wires.input(0), wires.input(1)),
            out: wires.output(0),
            back: (wires.output(1), wires.output(2)),
            done: self.done,
            early: BTreeMap::new(),
            next: 0,
            is_open: false,
            is_over: false,
        })
    }
}

struct LinkedUntil<T, F> {
    taps: (Tap<T>, Tap<u64>),
    out: Cell<T>,
    back: (Cell<T>, Cell<u64>),
    done: F,
    /// Frames that are done before others that entered earlier.
    early: BTreeMap<u64, T>,
    next: u64,
    is_open: bool,
    is_over: bool,
}

impl<T, F: FnMut(&T) -> bool> LinkedUntil<T, F> {
    fn take(&mut self) {
        let (frame, number) = (self.taps.0.read(), self.taps.1.read());
        if (self.done)(&frame) {
            self.early.insert(number, frame);
        } else {
            put(&self.back.0, frame);
            put(&self.back.1, number);
        }
    }

    fn give(&mut self) -> Turn {
        match self.early.remove(&self.next) {
            Some(frame) => {
                self.next += 1;
                put(&self.out, frame);
                1
            }
            None => {
                self.is_open = false;
                if self.is_over { FINISHED } else { NEXT }
            }
        }
    }
}

impl<T, F> Linked for LinkedUntil<T, F>
where
    T: Send + 'static,
    F: FnMut(&T) -> bool + Clone + Send + 'static,
{
    fn run(&mut self, _fault: &mut Option<BoxError>) -> Turn {
        if !mem::replace(&mut self.is_open, true) {
            self.take();
        }
        self.give()
    }

    fn finish(&mut self, _is_whole: bool, _fault: &mut Option<BoxError>) -> Turn {
        (self.is_over, self.is_open) = (true, true);
        self.give()
    }

    fn unlink(mut self: Box<Self>) -> Box<dyn Body> {
        // Left by a run that has failed.
        mem::take(&mut self.early).into_values().for_each(|frame| drop(drop_guarded(frame)));
        Box::new(UntilBody::<T, F> { done: self.done, frame: PhantomData })
    }

    fn reset(&mut self) {
        self.is_open = false;
    }
}

//! Timers of a task's own: how long its parts take.
//!
//! A task has no handle of the runtime, so that it runs without one; what a part took is noted on the thread, and
//! whoever called the task collects it. Unless the frame is timed, a timer looks at one thread-local flag.

use std::cell::{Cell, RefCell};

use super::{board::Sum, tick::Tick};

/// Most spans of one call that an observer is told of; the statistics count all.
const MOST_SPANS: usize = 256;

/// What timers do on a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Off,
    /// Add up.
    Sums,
    /// Add up, and keep begin and end of each.
    Spans,
}

/// One use of a timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) began: Tick,
    pub(crate) ended: Tick,
}

/// What was noted since the last collection.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) sums: Vec<(&'static str, Sum)>,
    pub(crate) spans: Vec<Span>,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Off) };
    static HAS_NEWS: Cell<bool> = const { Cell::new(false) };
    static NOTES: RefCell<Notes> = const { RefCell::new(Notes { sums: Vec::new(), spans: Vec::new() }) };
}

/// Times a part of a task under a name of its own; it comes up below the task as [`super::TimerStats`].
///
/// Frames that are not timed ([`super::Sampling`]) only run `work`, and so does a call outside a run. In a task that is
/// parallel inside, timers count on the thread that the task was called on.
///
/// ```
/// use facette_flow::{closures::{iterate, map}, graph::{Graph, Sampling, Sequence, Settings, timed}};
///
/// let mut graph = Graph::new();
/// let number = graph.source(iterate("Count", 0..4_u64));
/// graph.task(number, map("Work", |n: u64| {
///     let square = timed("square", || n * n);
///     timed("check", || if square < 10 { Ok(()) } else { Err("too large".into()) })
/// }));
/// let settings = Settings { sampling: Sampling::Every, ..Settings::default() };
/// let report = Sequence::new(graph, 1)?.run(&settings)?;
/// let timers = &report.tasks[1].timers;
/// assert_eq!((&*timers[0].name, timers[0].clock.calls), ("square", 4));
/// # Ok::<(), facette_flow::Error>(())
/// ```
#[inline]
pub fn timed<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
    let mode = MODE.get();
    if mode == Mode::Off {
        return work();
    }
    let began = Tick::now();
    let value = work();
    note(mode, Span { name, began, ended: Tick::now() });
    value
}

#[inline(never)]
fn note(mode: Mode, span: Span) {
    HAS_NEWS.set(true);
    NOTES.with_borrow_mut(|notes| {
        let mut sum = Sum::default();
        sum.add(span.began.until(span.ended));
        notes.add(span.name, &sum);
        if mode == Mode::Spans && notes.spans.len() < MOST_SPANS {
            notes.spans.push(span);
        }
    });
}

impl Notes {
    fn add(&mut self, name: &'static str, sum: &Sum) {
        match self.sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.merge(sum),
            None => self.sums.push((name, *sum)),
        }
    }

    fn append(&mut self, other: Notes) {
        other.sums.iter().for_each(|(name, sum)| self.add(name, sum));
        let room = MOST_SPANS.saturating_sub(self.spans.len());
        self.spans.extend(other.spans.into_iter().take(room));
    }
}

/// Whether there is anything to collect.
#[inline]
pub(crate) fn has_news() -> bool {
    HAS_NEWS.get()
}

/// What was noted since the last collection.
pub(crate) fn collect() -> Notes {
    HAS_NEWS.set(false);
    NOTES.take()
}

/// Timers count on this thread as long as it lives; those of a run around this one keep what they have.
pub(crate) struct Counting {
    before: Mode,
    notes: Option<Notes>,
}

impl Counting {
    #[inline]
    pub(crate) fn begin(mode: Mode) -> Self {
        let before = MODE.replace(mode);
        Counting { before, notes: has_news().then(collect) }
    }
}

impl Drop for Counting {
    #[inline]
    fn drop(&mut self) {
        MODE.set(self.before);
        if HAS_NEWS.replace(self.notes.is_some()) {
            // Left by a call that panicked.
            NOTES.take();
        }
        if let Some(notes) = self.notes.take() {
            NOTES.set(notes);
        }
    }
}

/// What timers do on this thread now.
pub(crate) fn mode() -> Mode {
    MODE.get()
}

/// Does `work` on another thread than the one that collects; gives also what its timers noted.
pub(crate) fn apart<T>(mode: Mode, work: impl FnOnce() -> T) -> (T, Notes) {
    let counting = Counting::begin(mode);
    let value = work();
    let notes = collect();
    drop(counting);
    (value, notes)
}

/// Adds what was noted on another thread.
pub(crate) fn bring_home(notes: Notes) {
    if !notes.sums.is_empty() {
        HAS_NEWS.set(true);
        NOTES.with_borrow_mut(|mine| mine.append(notes));
    }
}

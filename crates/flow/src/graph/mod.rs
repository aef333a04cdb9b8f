//! The layer below the chain words: modules, tasks and sockets, executed as sequences and pipelines.
//!
//! A [`Graph`] declares tasks and moves frames between them through sockets. A frame is any `Send` value; moving it
//! costs the same for 16 bytes and for a box of a gigabyte. Tasks are bound to their sockets once, when a thread
//! starts: between two tasks of a stage there is no queue and no look-up, only a cell that one writes and the other
//! empties.
//!
//! | word | here |
//! | --- | --- |
//! | socket in → out | [`Graph::task`] with a [`Task`]: takes frames, gives one |
//! | socket forward | [`Graph::forward`] with a [`Forward`]: works on a frame in place |
//! | module | [`Graph::module`]: data that several tasks share; [`Graph::codelet`] adds a task to it |
//! | binding that only orders | [`Graph::order`] |
//! | fan-out | `socket.clone()`: all readers but the last get clones, or shares of an `Arc` |
//! | switcher | [`Graph::select`], [`Graph::commute`], [`Graph::branch`] |
//! | loop | [`Graph::repeat_while`], [`Graph::repeat_until`], [`Graph::repeat_times`]; around stages [`Graph::feedback`] |
//! | set: a sub-graph as a task | [`Graph::set`] |
//! | splitter, batch, accumulator | [`Graph::split`], [`Graph::batch`], [`Graph::each`], [`Graph::accumulate`] |
//! | several outputs | [`Graph::unzip`] |
//! | sequence | [`Sequence`]: one thread, or n independent copies |
//! | pipeline | [`Pipeline`]: [`Stage`]s of any width, frames in order |
//! | pinning policy | [`Placement`], on a [`Topology`] |
//! | schedule file | [`ScheduleFile`], to and from [`Stage`]s |
//! | export_dot | [`Graph::to_dot`], [`Graph::to_dot_stages`] |
//! | statistics | [`StreamReport`], its JSON and its table; [`timed`] for parts of a task; [`Snapshot`]s meanwhile |
//! | trace | [`Trace`]: every call, for Perfetto |
//! | watchdog | [`Settings::stall_after`]: who waits for whom when nothing moves |
//! | step by step | [`Stepper`]: one task at a time, with the values that it gives |
//!
//! Tasks are chosen at run time as `Box<dyn Task<In = A, Out = B>>`, `Box<dyn Forward<Frame = T>>` and
//! `Box<dyn Source<Out = T>>`, which are tasks, too.
//!
//! # Example
//!
//! ```
//! use facette_flow::{closures::{iterate, map, replicable}, graph::{Graph, Pipeline, Settings, Stage}};
//! use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
//!
//! let sum = Arc::new(AtomicU64::new(0));
//! let total = sum.clone();
//!
//! let mut graph = Graph::new();
//! let number = graph.source(iterate("Count", 0..1000_u64));
//! let square = graph.task(number, replicable("Square", |n: u64| Ok(n * n)));
//! graph.task(square, map("Sum", move |n: u64| {
//!     total.fetch_add(n, Ordering::Relaxed);
//!     Ok(())
//! }));
//!
//! // Three stages: the source, two replicas of `Square`, and `Sum`, which sees the frames in order.
//! let mut pipeline = Pipeline::new(graph, &[Stage::new(1), Stage::new(1).replicas(2), Stage::new(1)])?;
//! let report = pipeline.run(&Settings::default())?;
//! assert_eq!(report.frames, 1000);
//! assert_eq!(sum.load(Ordering::Relaxed), 332_833_500);
//! # Ok::<(), facette_flow::Error>(())
//! ```
//!
//! # What cannot be written
//!
//! ```compile_fail,E0271
//! # use facette_flow::{closures::{iterate, map}, graph::Graph};
//! let mut graph = Graph::new();
//! let number = graph.source(iterate("Count", 0..10_u64));
//! graph.task(number, map("Text", |text: String| Ok(text.len())));
//! ```
//!
//! Two readers of a frame that cannot be cloned:
//!
//! ```compile_fail,E0599
//! # use facette_flow::{closures::{iterate, map}, graph::Graph};
//! struct Big;
//! let mut graph = Graph::new();
//! let big = graph.source(iterate("Make", [Big]));
//! graph.task(big.clone(), map("One", |_: Big| Ok(())));
//! graph.task(big, map("Other", |_: Big| Ok(())));
//! ```
//!
//! An input that is bound twice:
//!
//! ```compile_fail,E0382
//! # use facette_flow::{closures::{iterate, map}, graph::Graph};
//! let mut graph = Graph::new();
//! let (one, other) = (graph.source(iterate("One", 0..3)), graph.source(iterate("Other", 0..3)));
//! let (input, number) = graph.open::<i32>("number");
//! graph.task(number, map("Read", |_: i32| Ok(())));
//! graph.bind(one, input);
//! graph.bind(other, input);
//! ```

mod bed;
mod blocks;
mod board;
mod body;
mod cell;
mod control;
mod cores;
mod crew;
mod dot;
mod draft;
mod engine;
mod exclusive;
mod fault;
mod feedback;
mod gather;
mod hands;
mod inspect;
mod layout;
mod left;
mod limit;
#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, loom))]
mod model_limits;
#[cfg(all(test, loom))]
mod model_loop;
mod names;
mod order;
mod parts;
mod pin;
mod pipeline;
mod placement;
mod rates;
mod readers;
mod recut;
mod report;
mod ring;
#[cfg(all(test, not(loom)))]
mod ring_tests;
mod schedule_file;
mod sequence;
mod shape;
mod shared;
mod show;
mod slot;
mod snapshot;
mod socket;
mod split;
mod stages;
mod stall;
mod stepper;
mod sync;
mod table;
mod threads;
mod tick;
mod timers;
mod topology;
mod trace;
mod wait;
mod watch;
mod work;
mod yard;

use std::{any::Any, marker::PhantomData, sync::Arc};

use crate::{BoxError, BuildError, Source, Task, task::short_name};
use body::{AnyModule, Body, CodeletBody, FilterBody, ForwardBody, ModuleData, SourceBody, TaskBody};
use cell::{Kind, SlotInfo, SlotKind};
use feedback::FeedbackDecl;
use socket::{GraphId, Port};

pub use control::Select;
pub use cores::CoreSet;
pub(crate) use names::is_numbered;
pub use parts::Parts;
pub use pipeline::{Pipeline, Stage};
pub use placement::{Placement, PlacementError};
pub(crate) use recut::Part;
pub use report::{
    BoundaryStats, Clock, Occupancy, OnStall, ReplicaStats, SCHEMA, Sampling, Settings, StreamReport,
    TaskStats, TimerStats,
};
pub use schedule_file::{ScheduleError, ScheduleFile, ScheduleVersion};
pub use sequence::Sequence;
pub use snapshot::{BoundaryNow, Doing, Snapshot, Worker};
pub use socket::{In, Out, Outs};
pub use split::Splitter;
pub use stall::{Stall, StalledWorker};
pub use stepper::{Shown, Step, Stepper, Then};
pub(crate) use table::{Table, at_work, between, percent, seconds, title};
pub(crate) use threads::Pool;
pub use timers::timed;
pub use topology::{ObjectKind, Topology};
pub use trace::Trace;
pub use wait::Waiting;

/// A task that works on a frame in place.
pub trait Forward: Send + 'static {
    /// What it works on.
    type Frame: Send + 'static;

    /// The name in errors and reports; the type's own name unless overridden.
    fn name(&self) -> String {
        short_name::<Self>()
    }

    /// Works on one frame.
    ///
    /// # Errors
    /// Whatever the task meets; it stops the run and comes back as [`crate::Error::Task`].
    fn run(&mut self, frame: &mut Self::Frame) -> Result<(), BoxError>;

    /// `Some` says: stateless (or harmlessly so), a copy may work on other frames at the same time.
    fn replica(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// A boxed task runs as what is in the box, but makes no replicas: a trait object cannot say how.
impl<K: Forward + ?Sized> Forward for Box<K> {
    type Frame = K::Frame;

    fn name(&self) -> String {
        (**self).name()
    }

    fn run(&mut self, frame: &mut K::Frame) -> Result<(), BoxError> {
        (**self).run(frame)
    }
}

/// Data that several tasks share; see [`Graph::module`].
pub trait Module: Send + 'static {
    /// A module for a replica of the stage; `None` if its tasks are to stay sequential.
    fn replica(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// A module of a graph.
pub struct ModuleId<M> {
    index: usize,
    marker: PhantomData<fn(M)>,
}

impl<M> Clone for ModuleId<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for ModuleId<M> {}

/// What a task is to the order of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    /// May end the frame.
    Filter,
    Forward,
    Source,
    Select,
    Commute,
    /// Gives frames at a rate of its own.
    Opens,
}

/// A declared task; without its body, what was said of it.
pub(crate) struct TaskDecl<B = Box<dyn Body>> {
    /// What it is called everywhere: no other task of the graph is, but for those of the runtime's own.
    pub(crate) name: Arc<str>,
    /// Its name before it was numbered.
    pub(crate) given: Arc<str>,
    pub(crate) body: B,
    pub(crate) role: Role,
    pub(crate) reads: Vec<usize>,
    pub(crate) writes: Vec<usize>,
    /// Slots that must be full before it runs, though it does not read them.
    pub(crate) after: Vec<usize>,
    pub(crate) module: Option<usize>,
    /// The runtime's own: not reported.
    pub(crate) is_internal: bool,
    /// Tasks of one set count as one.
    pub(crate) set: Option<usize>,
}

/// A declared socket.
#[derive(Clone)]
pub(crate) struct SlotDecl {
    pub(crate) info: SlotInfo,
    /// The slot that an open input was bound to.
    pub(crate) bound: Option<usize>,
    /// The task that writes it; `None` for an input that is to be bound.
    pub(crate) writer: Option<usize>,
    /// Of an input that is to be bound.
    pub(crate) name: String,
}

/// A declaration of tasks and the sockets between them.
///
/// Tasks run in the order of declaration as far as their sockets allow. Where several have one name, the later ones are
/// numbered: in reports, errors, pictures and traces they are `Name`, `Name 2` and so on. See the
/// [module's page](self) for an example.
pub struct Graph {
    id: GraphId,
    pub(crate) tasks: Vec<TaskDecl>,
    pub(crate) slots: Vec<SlotDecl>,
    pub(crate) modules: Vec<Box<dyn AnyModule>>,
    /// Loops around several stages.
    pub(crate) feedbacks: Vec<FeedbackDecl>,
    /// The set that is being declared, and the names of all sets around it.
    set: Option<usize>,
    prefix: String,
    /// Slots that a [`Stepper`] can show.
    pub(crate) shows: Vec<(usize, show::Show)>,
    /// The first mistake; building a sequence or a pipeline returns it.
    pub(crate) error: Option<BuildError>,
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl Graph {
    /// A graph without tasks.
    pub fn new() -> Self {
        let id = GraphId(Arc::new(()));
        Graph {
            id,
            tasks: Vec::new(),
            slots: Vec::new(),
            modules: Vec::new(),
            feedbacks: Vec::new(),
            shows: Vec::new(),
            set: None,
            prefix: String::new(),
            error: None,
        }
    }

    /// Tasks declared so far, the selects and branches of loops included, a set as one: what [`Stage::new`] counts.
    pub fn n_tasks(&self) -> usize {
        self.units().len()
    }

    /// Declares tasks that count as one, in one stage: a part of a graph that is used like a task.
    ///
    /// In errors and reports its tasks are named `name/task`. `inputs` are the sockets that it reads, and what `body`
    /// returns are those that it gives.
    ///
    /// ```
    /// use facette_flow::{closures::{iterate, map}, graph::{Graph, Out, Sequence, Settings}};
    ///
    /// fn norm(graph: &mut Graph, pair: Out<(f64, f64)>) -> Out<f64> {
    ///     let sum = graph.task(pair, map("Squares", |(x, y): (f64, f64)| Ok(x * x + y * y)));
    ///     graph.task(sum, map("Root", |sum: f64| Ok(sum.sqrt())))
    /// }
    ///
    /// let mut graph = Graph::new();
    /// let pair = graph.source(iterate("Pairs", [(3.0, 4.0), (5.0, 12.0)]));
    /// let length = graph.set("Norm", pair, norm);
    /// graph.task(length, map("Check", |length| Ok(assert!(length == 5.0 || length == 13.0))));
    /// assert_eq!(graph.n_tasks(), 3);
    /// let report = Sequence::new(graph, 1)?.run(&Settings::default())?;
    /// assert_eq!(&*report.tasks[2].name, "Norm/Root");
    /// # Ok::<(), facette_flow::Error>(())
    /// ```
    pub fn set<I, O>(&mut self, name: &str, inputs: I, body: impl FnOnce(&mut Self, I) -> O) -> O {
        let outer = self.set;
        let length = self.prefix.len();
        self.set.get_or_insert(self.tasks.len());
        self.prefix.push_str(name);
        self.prefix.push('/');
        let outputs = body(self, inputs);
        self.prefix.truncate(length);
        self.set = outer;
        outputs
    }

    /// How many tasks each of the units has that stages are counted in.
    pub(crate) fn units(&self) -> Vec<usize> {
        let together = |a: &TaskDecl, b: &TaskDecl| a.set.is_some() && a.set == b.set;
        self.tasks.chunk_by(together).map(<[TaskDecl]>::len).collect()
    }

    /// A task that gives frames until there are no more; several sources give in step.
    pub fn source<S: Source>(&mut self, source: S) -> Out<S::Out> {
        let name = source.name();
        self.add(Role::Source, name, Vec::new(), Box::new(SourceBody(source, PhantomData)))
    }

    /// A task bound to a socket, to several (a tuple), or to none (`()`, run for every frame).
    pub fn task<I: Outs, K: Task<In = I::Values>>(&mut self, inputs: I, task: K) -> Out<K::Out> {
        let name = task.name();
        let body = TaskBody::<K, I>(task, PhantomData);
        self.add(Role::Plain, name, inputs.ports(), Box::new(body))
    }

    /// A task that works in place on what comes through `socket`.
    ///
    /// If the socket has other readers, it works on a clone.
    pub fn forward<K: Forward>(&mut self, socket: Out<K::Frame>, task: K) -> Out<K::Frame> {
        let name = task.name();
        self.add(Role::Forward, name, vec![socket.port], Box::new(ForwardBody(task)))
    }

    /// Ends the frame where there is `None`: nothing behind runs for it, in this stage and in those that follow.
    pub fn filter<T: Send + 'static>(&mut self, socket: Out<Option<T>>) -> Out<T> {
        let body = FilterBody::<T>((), PhantomData);
        self.add(Role::Filter, "filter".to_owned(), vec![socket.port], Box::new(body))
    }

    /// Data that several tasks share. The tasks must lie in one stage; every replica of it has its own data.
    pub fn module<M: Module>(&mut self, module: M) -> ModuleId<M> {
        self.modules.push(Box::new(ModuleData(module)));
        ModuleId { index: self.modules.len() - 1, marker: PhantomData }
    }

    /// A task of a module.
    pub fn codelet<M, I, O, F>(&mut self, module: ModuleId<M>, name: &str, inputs: I, codelet: F) -> Out<O>
    where
        M: Module,
        I: Outs,
        O: Send + 'static,
        F: FnMut(&mut M, I::Values) -> Result<O, BoxError> + Clone + Send + 'static,
    {
        let body = CodeletBody::<M, I, O, F>(codelet, PhantomData);
        let out = self.add(Role::Plain, name.to_owned(), inputs.ports(), Box::new(body));
        self.tasks[out.port.task].module = Some(module.index);
        out
    }

    /// A binding that only orders: the task that gives `after` runs later than the one that gives `before`.
    pub fn order<A, B>(&mut self, before: &Out<A>, after: &Out<B>) {
        let is_own = before.port.graph == self.id && after.port.graph == self.id;
        match self.tasks.get_mut(after.port.task) {
            Some(task) if is_own => task.after.push(before.port.slot),
            _ => self.fail(BuildError::ForeignSocket { task: "order".to_owned(), input: 0 }),
        }
    }

    /// A socket that can be read before its task is declared: [`Graph::bind`] gives it one.
    pub fn open<T: Send + 'static>(&mut self, name: &str) -> (In<T>, Out<T>) {
        let slot = self.slot::<T>(None, name);
        (In::new(&self.id, slot), Out::new(&self.id, slot, usize::MAX))
    }

    /// Binds an open input.
    pub fn bind<T: Send + 'static>(&mut self, socket: Out<T>, input: In<T>) {
        if socket.port.graph != self.id || input.graph != self.id {
            return self.fail(BuildError::ForeignSocket { task: "bind".to_owned(), input: 0 });
        }
        self.note_copier(&socket.port);
        self.slots[input.slot].bound = Some(socket.port.slot);
    }

    pub(crate) fn add<T: Send + 'static>(
        &mut self,
        role: Role,
        name: String,
        inputs: Vec<Port>,
        body: Box<dyn Body>,
    ) -> Out<T> {
        let task = self.tasks.len();
        let full = self.fresh_name(&name);
        let slot = self.slot::<T>(Some(task), &full);
        let reads = self.read(&name, &inputs);
        self.declare(&name, role, body, (reads, vec![slot]));
        Out::new(&self.id, slot, task)
    }

    /// Adds a task bound to slots.
    fn declare(
        &mut self,
        name: &str,
        role: Role,
        body: Box<dyn Body>,
        (reads, writes): (Vec<usize>, Vec<usize>),
    ) {
        let (after, module, is_internal, set) = (Vec::new(), None, false, self.set);
        let (given, name) = (format!("{}{name}", self.prefix).into(), self.fresh_name(name));
        self.tasks.push(TaskDecl { name, given, body, role, reads, writes, after, module, is_internal, set });
    }

    /// Notes the readers of sockets; gives their slots.
    fn read(&mut self, task: &str, inputs: &[Port]) -> Vec<usize> {
        for (input, port) in inputs.iter().enumerate() {
            if port.graph != self.id {
                let task = self.fresh_name(task).to_string();
                self.fail(BuildError::ForeignSocket { task, input });
                return Vec::new();
            }
            self.note_copier(port);
        }
        inputs.iter().map(|port| port.slot).collect()
    }

    fn note_copier(&mut self, port: &Port) {
        let known: &mut Option<Arc<dyn Any + Send + Sync>> = &mut self.slots[port.slot].info.copier;
        if known.is_none() {
            known.clone_from(&port.copier);
        }
    }

    fn slot<T: Send + 'static>(&mut self, writer: Option<usize>, name: &str) -> usize {
        let kind: Arc<dyn SlotKind> = Arc::new(Kind::<T>(PhantomData));
        let info = SlotInfo { kind, copier: None, weigher: None };
        self.slots.push(SlotDecl { info, bound: None, writer, name: name.to_owned() });
        self.slots.len() - 1
    }

    pub(crate) fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }
}

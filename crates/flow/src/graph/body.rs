//! Tasks without their types: at rest ([`Body`], which may move between threads) and bound to cells ([`Linked`]).
//!
//! What changes with every frame is aligned to cache lines of its own: a neighbor may work on another core.

use std::{any::Any, cell::RefCell, marker::PhantomData, rc::Rc, sync::Arc};

use rayon::ThreadPool;

use super::{
    Forward, Module,
    cell::{Cell, Tap, Wires},
    ring::Inlet,
    socket::Outs,
    threads::within,
};
use crate::{BoxError, Source, Task};

/// What a call says about the way on.
pub(crate) type Turn = usize;
/// On to the next task.
pub(crate) const NEXT: Turn = 0;
/// The frame ends here.
pub(crate) const DROP: Turn = usize::MAX;
/// There is no frame any more.
pub(crate) const END: Turn = usize::MAX - 1;
/// The task failed; the error lies in `fault`.
pub(crate) const FAIL: Turn = usize::MAX - 2;
/// The stream has ended and the task has nothing left to give.
pub(crate) const FINISHED: Turn = usize::MAX - 3;

/// A task at rest.
pub(crate) trait Body: Any + Send {
    /// A copy that may work at the same time, if the task allows it.
    fn replica(&self) -> Option<Box<dyn Body>>;
    /// A copy that works on a stream of its own.
    fn copy(&self) -> Option<Box<dyn Body>> {
        self.replica()
    }
    /// Most threads that it can use inside.
    fn max_threads(&self) -> usize {
        1
    }
    /// Binds the task to the cells of the thread.
    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked>;
}

/// A task bound to its cells.
pub(crate) trait Linked {
    /// One call. Path `k` of a commute is `k + 1`.
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn;
    /// The stream has ended: path 1 as long as there is something left to give.
    fn finish(&mut self, is_whole: bool, fault: &mut Option<BoxError>) -> Turn {
        let _ = (is_whole, fault);
        FINISHED
    }
    /// Where the frames of a loop over several stages come back.
    fn attach(&mut self, inlet: Box<dyn Inlet>) {
        let _ = inlet;
    }
    /// Takes over what a copy has gathered, which is at rest.
    fn merge(&mut self, other: &mut dyn Body) {
        let _ = other;
    }
    fn unlink(self: Box<Self>) -> Box<dyn Body>;
    /// A frame was abandoned: forgets what it left.
    fn reset(&mut self) {}
}

pub(crate) fn fail(fault: &mut Option<BoxError>, error: BoxError) -> Turn {
    *fault = Some(error);
    FAIL
}

pub(crate) fn put<T>(cell: &Cell<T>, value: T) -> Turn {
    *cell.borrow_mut() = Some(value);
    NEXT
}

/// Implements [`Body`] and [`Linked`] of a task, whose inner part is replicated by an expression.
macro_rules! task_kind {
    (
        <$($P:ident: $bound:path),*> $body:ident($inner:ty), $linked:ident($($field:ident: $ends:ty),*);
        replica $this:ident => $replica:expr;
        link $wires:ident => ($($end:expr),*);
        run ($me:ident, $fault:ident) => $run:expr;
    ) => {
        #[repr(align(128))]
        pub(crate) struct $body<$($P: $bound),*>(pub(crate) $inner, pub(crate) PhantomData<fn() -> ($($P,)*)>);

        struct $linked<$($P: $bound),*> {
            body: Box<$body<$($P),*>>,
            $($field: $ends),*
        }

        impl<$($P: $bound),*> Body for $body<$($P),*> {
            fn replica(&self) -> Option<Box<dyn Body>> {
                let $this = &self.0;
                Some(Box::new($body::<$($P),*>($replica, PhantomData)))
            }

            fn link(self: Box<Self>, $wires: &mut Wires<'_>) -> Box<dyn Linked> {
                Box::new($linked { body: self, $($field: $end),* })
            }
        }

        impl<$($P: $bound),*> Linked for $linked<$($P),*> {
            #[inline]
            fn run(&mut self, $fault: &mut Option<BoxError>) -> Turn {
                let $me = self;
                $run
            }

            fn unlink(self: Box<Self>) -> Box<dyn Body> {
                self.body
            }
        }
    };
}

/// `Send` values that live on their own.
pub(crate) trait Frame: Send + 'static {}
impl<T: Send + 'static> Frame for T {}

task_kind! {
    <S: Source> SourceBody(S), LinkedSource(out: Cell<S::Out>);
    replica source => source.replica()?;
    link wires => (wires.output(0));
    run (me, fault) => match me.body.0.next() {
        Ok(Some(frame)) => put(&me.out, frame),
        Ok(None) => END,
        Err(error) => fail(fault, error),
    };
}

/// In → out.
pub(crate) struct TaskBody<K, I>(pub(crate) K, pub(crate) PhantomData<fn() -> I>);

#[repr(align(128))]
struct LinkedTask<K: Task, I: Outs> {
    task: K,
    taps: I::Taps,
    out: Cell<K::Out>,
}

impl<K: Task<In = I::Values>, I: Outs> Body for TaskBody<K, I> {
    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(TaskBody(self.0.replica()?, self.1)))
    }

    fn max_threads(&self) -> usize {
        self.0.max_threads()
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        let pool = wires.pool(self.0.max_threads());
        let linked = LinkedTask::<K, I> { task: self.0, taps: I::taps(wires), out: wires.output(0) };
        match pool {
            Some(pool) => Box::new(LinkedParallel { linked, pool }),
            None => Box::new(linked),
        }
    }
}

impl<K: Task<In = I::Values>, I: Outs> Linked for LinkedTask<K, I> {
    #[inline]
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        match self.task.run(I::read(&self.taps)) {
            Ok(frame) => put(&self.out, frame),
            Err(error) => fail(fault, error),
        }
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(TaskBody::<K, I>(self.task, PhantomData))
    }
}

/// In → out, parallel inside.
struct LinkedParallel<K: Task, I: Outs> {
    linked: LinkedTask<K, I>,
    pool: Arc<ThreadPool>,
}

impl<K: Task<In = I::Values>, I: Outs> Linked for LinkedParallel<K, I> {
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        let LinkedTask { task, taps, out } = &mut self.linked;
        let input = I::read(taps);
        match within(Some(&self.pool), || task.run(input)) {
            Ok(frame) => put(out, frame),
            Err(error) => fail(fault, error),
        }
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(TaskBody::<K, I>(self.linked.task, PhantomData))
    }
}

/// In place. Where somebody else still reads the frame, works on a copy.
pub(crate) struct ForwardBody<K>(pub(crate) K);

#[repr(align(128))]
struct LinkedForward<K: Forward> {
    tap: Tap<K::Frame>,
    in_place: InPlace<K>,
}

/// Input and output are one cell.
#[repr(align(128))]
struct InPlace<K: Forward> {
    task: K,
    cell: Cell<K::Frame>,
}

impl<K: Forward> Body for ForwardBody<K> {
    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(ForwardBody(self.0.replica()?)))
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        let in_place = InPlace { task: self.0, cell: wires.output(0) };
        match wires.is_in_place() {
            true => Box::new(in_place),
            false => Box::new(LinkedForward { tap: wires.input(0), in_place }),
        }
    }
}

impl<K: Forward> Linked for LinkedForward<K> {
    #[inline]
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        put(&self.in_place.cell, self.tap.read());
        self.in_place.run(fault)
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(ForwardBody(self.in_place.task))
    }
}

impl<K: Forward> Linked for InPlace<K> {
    #[inline]
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        let mut frame = self.cell.borrow_mut();
        let frame = frame.as_mut().expect("the frame was written before its reader");
        match self.task.run(frame) {
            Ok(()) => NEXT,
            Err(error) => fail(fault, error),
        }
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(ForwardBody(self.task))
    }
}

task_kind! {
    <T: Frame> FilterBody(()), LinkedFilter(tap: Tap<Option<T>>, out: Cell<T>);
    replica _unit => ();
    link wires => (wires.input(0), wires.output(0));
    run (me, _fault) => match me.tap.read() {
        Some(frame) => put(&me.out, frame),
        None => DROP,
    };
}

task_kind! {
    <T: Frame> RelayBody(()), LinkedRelay(tap: Tap<T>, out: Cell<T>);
    replica _unit => ();
    link wires => (wires.input(0), wires.output(0));
    run (me, _fault) => put(&me.out, me.tap.read());
}

task_kind! {
    <T: Frame> DiscardBody(()), LinkedDiscard(tap: Tap<T>);
    replica _unit => ();
    link wires => (wires.input(0));
    run (me, _fault) => {
        drop(me.tap.read());
        NEXT
    };
}

task_kind! {
    <T: Frame> SelectBody(usize), LinkedSelect(taps: Vec<Tap<T>>, out: Cell<T>);
    replica n => *n;
    link wires => ((0..wires.binding.reads.len()).map(|i| wires.input(i)).collect(), wires.output(0));
    run (me, _fault) => {
        let tap = me.taps.iter().find(|tap| tap.is_full()).expect("one path leads to a select");
        put(&me.out, tap.poll().expect("just seen"))
    };
}

/// Chooses a path by a control socket.
pub(crate) struct CommuteBody<T>(pub(crate) usize, pub(crate) PhantomData<fn() -> T>);

struct LinkedCommute<T> {
    frame: Tap<T>,
    control: Tap<usize>,
    outs: Vec<Cell<T>>,
}

impl<T: Send + 'static> Body for CommuteBody<T> {
    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(CommuteBody(self.0, self.1)))
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        let outs = (0..self.0).map(|i| wires.output(i)).collect();
        Box::new(LinkedCommute::<T> { frame: wires.input(0), control: wires.input(1), outs })
    }
}

impl<T: Send + 'static> Linked for LinkedCommute<T> {
    #[inline]
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        let path = self.control.read();
        route(path, self.frame.read(), &self.outs, fault)
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(CommuteBody::<T>(self.outs.len(), PhantomData))
    }
}

fn route<T>(path: usize, frame: T, outs: &[Cell<T>], fault: &mut Option<BoxError>) -> Turn {
    match outs.get(path) {
        Some(out) => {
            *out.borrow_mut() = Some(frame);
            path + 1
        }
        None => fail(fault, format!("path {path} was chosen; there are {}", outs.len()).into()),
    }
}

/// Chooses a path by looking at the frame.
#[repr(align(128))]
pub(crate) struct BranchBody<T, F> {
    /// What counts; may have state.
    choose: F,
    /// As it was given: begins anew after an abandoned frame.
    fresh: F,
    n: usize,
    frame: PhantomData<fn() -> T>,
}

impl<T, F: Clone> BranchBody<T, F> {
    pub(crate) fn new(choose: F, n: usize) -> Self {
        BranchBody { fresh: choose.clone(), choose, n, frame: PhantomData }
    }
}

struct LinkedBranch<T, F> {
    body: Box<BranchBody<T, F>>,
    frame: Tap<T>,
    outs: Vec<Cell<T>>,
}

impl<T, F> Body for BranchBody<T, F>
where
    T: Send + 'static,
    F: FnMut(&T) -> usize + Clone + Send + 'static,
{
    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(BranchBody::<T, F>::new(self.fresh.clone(), self.n)))
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        let outs = (0..self.n).map(|i| wires.output(i)).collect();
        Box::new(LinkedBranch { body: self, frame: wires.input(0), outs })
    }
}

impl<T, F> Linked for LinkedBranch<T, F>
where
    T: Send + 'static,
    F: FnMut(&T) -> usize + Clone + Send + 'static,
{
    #[inline]
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        let frame = self.frame.read();
        route((self.body.choose)(&frame), frame, &self.outs, fault)
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        self.body
    }

    fn reset(&mut self) {
        self.body.choose = self.body.fresh.clone();
    }
}

/// A task of a module: a closure on the module's data.
pub(crate) struct CodeletBody<M, I, O, F>(pub(crate) F, pub(crate) PhantomData<Types<M, I, O>>);

type Types<M, I, O> = fn() -> (M, I, O);

#[repr(align(128))]
struct LinkedCodelet<M, I: Outs, O, F> {
    codelet: F,
    module: Rc<RefCell<M>>,
    taps: I::Taps,
    out: Cell<O>,
}

impl<M, I, O, F> Body for CodeletBody<M, I, O, F>
where
    M: Module,
    I: Outs,
    O: Send + 'static,
    F: FnMut(&mut M, I::Values) -> Result<O, BoxError> + Clone + Send + 'static,
{
    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(CodeletBody(self.0.clone(), self.1)))
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        let (module, taps, out) = (wires.module(), I::taps(wires), wires.output(0));
        Box::new(LinkedCodelet::<M, I, O, F> { codelet: self.0, module, taps, out })
    }
}

impl<M, I, O, F> Linked for LinkedCodelet<M, I, O, F>
where
    M: Module,
    I: Outs,
    O: Send + 'static,
    F: FnMut(&mut M, I::Values) -> Result<O, BoxError> + Clone + Send + 'static,
{
    #[inline]
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        match (self.codelet)(&mut self.module.borrow_mut(), I::read(&self.taps)) {
            Ok(frame) => put(&self.out, frame),
            Err(error) => fail(fault, error),
        }
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(CodeletBody::<M, I, O, F>(self.codelet, PhantomData))
    }
}

/// The data of a module without its type.
pub(crate) trait AnyModule: Send {
    fn replica(&self) -> Option<Box<dyn AnyModule>>;
    fn link(self: Box<Self>) -> Rc<dyn Any>;
    /// How to get the data back when the thread is done.
    fn unlinker(&self) -> Unlink;
}

/// Gives the data of a module back, once no task holds them.
pub(crate) type Unlink = fn(Rc<dyn Any>) -> Option<Box<dyn AnyModule>>;

/// The only [`AnyModule`].
pub(crate) struct ModuleData<M>(pub(crate) M);

impl<M: Module> AnyModule for ModuleData<M> {
    fn replica(&self) -> Option<Box<dyn AnyModule>> {
        Some(Box::new(ModuleData(self.0.replica()?)))
    }

    fn link(self: Box<Self>) -> Rc<dyn Any> {
        Rc::new(RefCell::new(self.0))
    }

    fn unlinker(&self) -> Unlink {
        |any| {
            let data = Rc::into_inner(any.downcast::<RefCell<M>>().ok()?)?;
            Some(Box::new(ModuleData(data.into_inner())))
        }
    }
}

//! Where frames lie while a thread works on them: typed cells, found once when the thread starts.
//!
//! A cell belongs to one thread. Tasks hold their cells by `Rc`, so reading a socket is a load, and no type is looked
//! up while frames flow.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
    marker::PhantomData,
    rc::Rc,
    sync::Arc,
};

use rayon::ThreadPool;

use super::{
    body::{Body, DiscardBody, RelayBody},
    left::clear_guarded,
    limit::Weigher,
    ring::{Carrier, Ring, RingSpec},
    slot::{Lane, Tube},
};

/// A place for one frame of one socket.
pub(crate) type Cell<T> = Rc<RefCell<Option<T>>>;

/// How a frame is copied for one more reader.
pub(crate) type Copier<T> = fn(&T) -> T;

/// A cell without its type.
pub(crate) trait AnyCell: Any {
    /// Drops what lies in it.
    fn clear(&self);
    fn is_full(&self) -> bool;
}

impl<T: 'static> AnyCell for RefCell<Option<T>> {
    fn clear(&self) {
        self.take();
    }

    fn is_full(&self) -> bool {
        self.borrow().is_some()
    }
}

/// The type of a socket, when only its number is known.
pub(crate) trait SlotKind: Send + Sync {
    fn cell(&self) -> Rc<dyn AnyCell>;
    fn ring(&self, spec: RingSpec, lanes: Vec<Arc<dyn Lane>>) -> Arc<dyn Carrier>;
    fn lane(&self, capacity: usize) -> Arc<dyn Lane>;
    /// As the compiler calls it, for pictures.
    fn type_name(&self) -> &'static str;
    /// A task that hands a frame on.
    fn relay(&self) -> Box<dyn Body>;
    /// Whether its frames say nothing.
    fn is_unit(&self) -> bool;
    /// A task that drops a frame; `None` where that does nothing.
    fn discard(&self) -> Option<Box<dyn Body>>;
}

/// The only [`SlotKind`].
pub(crate) struct Kind<T>(pub(crate) PhantomData<fn() -> T>);

impl<T: Send + 'static> SlotKind for Kind<T> {
    fn cell(&self) -> Rc<dyn AnyCell> {
        Rc::new(RefCell::new(None::<T>))
    }

    fn ring(&self, spec: RingSpec, lanes: Vec<Arc<dyn Lane>>) -> Arc<dyn Carrier> {
        Arc::new(Ring::<T>::new(spec, lanes))
    }

    fn lane(&self, capacity: usize) -> Arc<dyn Lane> {
        Arc::new(Tube::<T>::new(capacity))
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }

    fn relay(&self) -> Box<dyn Body> {
        Box::new(RelayBody::<T>((), PhantomData))
    }

    fn is_unit(&self) -> bool {
        TypeId::of::<T>() == TypeId::of::<()>()
    }

    fn discard(&self) -> Option<Box<dyn Body>> {
        let is_worthless = size_of::<T>() == 0 && !std::mem::needs_drop::<T>();
        (!is_worthless).then(|| Box::new(DiscardBody::<T>((), PhantomData)) as Box<dyn Body>)
    }
}

/// A ring for a boundary that no data cross, only the order of frames.
pub(crate) fn no_data(spec: RingSpec) -> Arc<dyn Carrier> {
    Kind::<()>(PhantomData).ring(spec, Vec::new())
}

/// The end of a socket at a task that reads it.
#[doc(hidden)]
pub struct Tap<T> {
    cell: Cell<T>,
    /// `None`: this is the last reader, which takes the frame.
    copier: Option<Copier<T>>,
}

impl<T> Tap<T> {
    /// The frame.
    ///
    /// Invariant: the order of tasks was checked when the graph was built, so the frame is there.
    pub(crate) fn read(&self) -> T {
        match self.copier {
            None => self.cell.borrow_mut().take(),
            Some(copier) => self.cell.borrow().as_ref().map(copier),
        }
        .expect("the frame was written before its reader")
    }

    /// The frame, if any: inputs of a select of which one is full.
    pub(crate) fn poll(&self) -> Option<T> {
        self.cell.borrow_mut().take()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.cell.borrow().is_some()
    }
}

/// How one task is bound: which cells it reads and writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Binding {
    /// Slot, and whether this reader takes.
    pub(crate) reads: Vec<(usize, bool)>,
    pub(crate) writes: Vec<usize>,
    /// What comes back to the entry of a loop.
    pub(crate) back: Vec<usize>,
    pub(crate) module: Option<usize>,
}

/// The cells of one thread.
#[derive(Default)]
pub(crate) struct Cells {
    cells: Vec<Option<Rc<dyn AnyCell>>>,
}

impl Cells {
    /// The cell of a slot, made when first asked for.
    pub(crate) fn any(&mut self, slot: usize, slots: &[SlotInfo]) -> Rc<dyn AnyCell> {
        self.cells.resize_with(slots.len(), || None);
        self.cells[slot].get_or_insert_with(|| slots[slot].kind.cell()).clone()
    }

    /// Drops the frames of some slots.
    pub(crate) fn clear_slots(&self, slots: &[usize]) {
        slots.iter().filter_map(|&slot| self.cells.get(slot)?.as_ref()).for_each(|cell| cell.clear());
    }

    /// Drops all frames; a panic while one is dropped keeps no other.
    pub(crate) fn clear_guarded(&self) {
        self.cells.iter().flatten().for_each(|cell| drop(clear_guarded(&**cell)));
    }
}

/// A worker that is lost to a panic leaves frames here, whose `drop` may panic, too.
impl Drop for Cells {
    fn drop(&mut self) {
        self.clear_guarded();
    }
}

/// What is known of a slot.
#[derive(Clone)]
pub(crate) struct SlotInfo {
    pub(crate) kind: Arc<dyn SlotKind>,
    /// A [`Copier`] of its type, where the type has one and it was needed.
    pub(crate) copier: Option<Arc<dyn Any + Send + Sync>>,
    /// How heavy its frames are, where that was said.
    pub(crate) weigher: Option<Weigher>,
}

/// What a task meets when it is bound to the cells of its thread.
#[doc(hidden)]
pub struct Wires<'a> {
    pub(crate) binding: &'a Binding,
    pub(crate) slots: &'a [SlotInfo],
    pub(crate) cells: &'a mut Cells,
    pub(crate) modules: &'a [Option<Rc<dyn Any>>],
    /// Threads for tasks that are parallel inside.
    pub(crate) pool: Option<&'a Arc<ThreadPool>>,
}

impl Wires<'_> {
    /// The cell that output `i` writes.
    pub(crate) fn output<T: 'static>(&mut self, i: usize) -> Cell<T> {
        typed(self.cells.any(self.binding.writes[i], self.slots))
    }

    /// Input `i`.
    pub(crate) fn input<T: 'static>(&mut self, i: usize) -> Tap<T> {
        let (slot, takes) = self.binding.reads[i];
        let copier = || {
            let copier = self.slots[slot].copier.as_ref().and_then(|any| any.downcast_ref::<Copier<T>>());
            *copier.expect("checked when the graph was built")
        };
        let copier = (!takes).then(copier);
        Tap { cell: typed(self.cells.any(slot, self.slots)), copier }
    }

    /// The cell that slot `i` of the way back ends in.
    pub(crate) fn back<T: 'static>(&mut self, i: usize) -> Cell<T> {
        typed(self.cells.any(self.binding.back[i], self.slots))
    }

    /// The pool for a task that can use so many threads inside; `None` for one.
    pub(crate) fn pool(&self, max_threads: usize) -> Option<Arc<ThreadPool>> {
        self.pool.filter(|_| max_threads > 1).cloned()
    }

    /// Whether output 0 is the very cell of input 0.
    pub(crate) fn is_in_place(&self) -> bool {
        self.binding.reads[0].0 == self.binding.writes[0]
    }

    /// The data that the tasks of a module share.
    pub(crate) fn module<M: 'static>(&self) -> Rc<RefCell<M>> {
        let any = self.binding.module.and_then(|module| self.modules[module].clone());
        any.and_then(|any| any.downcast().ok()).expect("a codelet is bound to its own module")
    }
}

/// The typed cell behind an untyped one.
pub(crate) fn typed<T: 'static>(cell: Rc<dyn AnyCell>) -> Cell<T> {
    let any: Rc<dyn Any> = cell;
    any.downcast().unwrap_or_else(|_| unreachable!("a slot has the type of its socket"))
}

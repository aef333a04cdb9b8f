//! What flows in random graphs: values of many types, each made from one number that the model knows.

use std::{
    any::Any,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use facette_flow::{BoxError, CancelToken, graph::Out};

use crate::tape::mix;

/// What a trap does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spring {
    Error,
    Panic,
    Cancel,
    /// The next clone of the value that the task makes panics.
    Clone,
    /// The next drop of it does.
    Drop,
}

/// Springs when task `task` comes to number `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trap {
    pub(crate) task: usize,
    pub(crate) number: u64,
    pub(crate) spring: Spring,
}

/// What all tasks and frames of one case share.
pub(crate) struct World {
    /// Frames that are alive.
    pub(crate) frames: AtomicI64,
    /// Tasks that are alive.
    pub(crate) tasks: AtomicI64,
    pub(crate) traps: Vec<Trap>,
    pub(crate) is_armed: AtomicBool,
    /// Some clone or drop has panicked.
    pub(crate) is_sprung: AtomicBool,
    pub(crate) cancel: Mutex<CancelToken>,
    /// What each sink got.
    pub(crate) sinks: Vec<Mutex<Vec<u64>>>,
    /// Where each source stands, and how many frames it has given.
    pub(crate) positions: Vec<AtomicU64>,
    pub(crate) given: Vec<AtomicU64>,
    pub(crate) delay: Delay,
}

/// How slow tasks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    None,
    /// Some frames let others go first.
    Yield,
    /// Some frames sleep.
    Sleep,
}

impl World {
    /// Looks whether a trap lies here.
    pub(crate) fn check(&self, task: usize, number: u64) -> Result<(), BoxError> {
        self.dawdle(task, number);
        for trap in self.traps.iter().filter(|trap| trap.task == task && trap.number == number) {
            if !self.is_armed.load(Ordering::SeqCst) {
                continue;
            }
            match trap.spring {
                Spring::Error => return Err("sprung".into()),
                Spring::Panic => panic!("sprung"),
                Spring::Cancel => self.cancel.lock().unwrap().cancel(),
                Spring::Clone | Spring::Drop => {}
            }
        }
        Ok(())
    }

    fn dawdle(&self, task: usize, number: u64) {
        let hash = mix(number, task as u64 | 1 << 40);
        match self.delay {
            Delay::None => {}
            Delay::Yield if hash.is_multiple_of(3) => thread::yield_now(),
            Delay::Sleep if hash.is_multiple_of(24) => {
                thread::sleep(Duration::from_micros(hash >> 32 & 0x7f));
            }
            Delay::Yield | Delay::Sleep => {}
        }
    }

    /// Panics once where a clone or a drop is to.
    fn trip(&self, number: u64, spring: Spring) {
        let is_here = self.traps.iter().any(|trap| trap.number == number && trap.spring == spring);
        if is_here && !thread::panicking() && self.is_armed.swap(false, Ordering::SeqCst) {
            self.is_sprung.store(true, Ordering::SeqCst);
            panic!("sprung");
        }
    }
}

/// A frame that is counted while it lives.
pub(crate) struct Tracked {
    number: u64,
    world: Arc<World>,
}

impl Tracked {
    fn new(number: u64, world: &Arc<World>) -> Self {
        world.frames.fetch_add(1, Ordering::SeqCst);
        Tracked { number, world: world.clone() }
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        self.world.trip(self.number, Spring::Clone);
        Tracked::new(self.number, &self.world)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.world.frames.fetch_sub(1, Ordering::SeqCst);
        self.world.trip(self.number, Spring::Drop);
    }
}

/// A frame that cannot be cloned.
pub(crate) struct Single(Tracked);

/// A frame whose type is known only at run time.
pub(crate) type Boxed = Box<dyn Any + Send>;

/// The types of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Number,
    Text,
    List,
    Shared,
    Copied,
    Single,
    Boxed,
    /// Of a sink.
    Nothing,
}

pub(crate) const TYPES: [Ty; 7] =
    [Ty::Number, Ty::Text, Ty::List, Ty::Shared, Ty::Copied, Ty::Single, Ty::Boxed];

impl Ty {
    pub(crate) fn is_clone(self) -> bool {
        !matches!(self, Ty::Single | Ty::Boxed | Ty::Nothing)
    }
}

/// A socket of any type.
pub(crate) enum Sock {
    Number(Out<u64>),
    Text(Out<String>),
    List(Out<Vec<u64>>),
    Shared(Out<Arc<Tracked>>),
    Copied(Out<Tracked>),
    Single(Out<Single>),
    Boxed(Out<Boxed>),
    Nothing(Out<()>),
}

impl Sock {
    /// One more end, if the type has clones.
    pub(crate) fn again(&self) -> Option<Self> {
        Some(match self {
            Sock::Number(out) => Sock::Number(out.clone()),
            Sock::Text(out) => Sock::Text(out.clone()),
            Sock::List(out) => Sock::List(out.clone()),
            Sock::Shared(out) => Sock::Shared(out.clone()),
            Sock::Copied(out) => Sock::Copied(out.clone()),
            Sock::Single(_) | Sock::Boxed(_) | Sock::Nothing(_) => return None,
        })
    }
}

/// A type of frames.
pub(crate) trait Value: Send + Sized + 'static {
    fn make(number: u64, world: &Arc<World>) -> Self;
    fn number(&self) -> u64;
    /// Puts another number in place.
    fn change(&mut self, number: u64, world: &Arc<World>) {
        *self = Self::make(number, world);
    }
    fn sock(out: Out<Self>) -> Sock;
}

impl Value for u64 {
    fn make(number: u64, _: &Arc<World>) -> Self {
        number
    }
    fn number(&self) -> u64 {
        *self
    }
    fn sock(out: Out<Self>) -> Sock {
        Sock::Number(out)
    }
}

impl Value for String {
    fn make(number: u64, _: &Arc<World>) -> Self {
        format!("number {number}")
    }
    fn number(&self) -> u64 {
        self["number ".len()..].parse().unwrap()
    }
    fn sock(out: Out<Self>) -> Sock {
        Sock::Text(out)
    }
}

impl Value for Vec<u64> {
    fn make(number: u64, _: &Arc<World>) -> Self {
        vec![number; 1 + number as usize % 5]
    }
    fn number(&self) -> u64 {
        assert!(self.iter().all(|item| *item == self[0]) && self.len() == 1 + self[0] as usize % 5);
        self[0]
    }
    fn sock(out: Out<Self>) -> Sock {
        Sock::List(out)
    }
}

impl Value for Arc<Tracked> {
    fn make(number: u64, world: &Arc<World>) -> Self {
        Arc::new(Tracked::new(number, world))
    }
    fn number(&self) -> u64 {
        self.number
    }
    fn sock(out: Out<Self>) -> Sock {
        Sock::Shared(out)
    }
}

impl Value for Tracked {
    fn make(number: u64, world: &Arc<World>) -> Self {
        Tracked::new(number, world)
    }
    fn number(&self) -> u64 {
        self.number
    }
    fn change(&mut self, number: u64, _: &Arc<World>) {
        self.number = number;
    }
    fn sock(out: Out<Self>) -> Sock {
        Sock::Copied(out)
    }
}

impl Value for Single {
    fn make(number: u64, world: &Arc<World>) -> Self {
        Single(Tracked::new(number, world))
    }
    fn number(&self) -> u64 {
        self.0.number
    }
    fn change(&mut self, number: u64, _: &Arc<World>) {
        self.0.number = number;
    }
    fn sock(out: Out<Self>) -> Sock {
        Sock::Single(out)
    }
}

impl Value for Boxed {
    fn make(number: u64, world: &Arc<World>) -> Self {
        Box::new(Tracked::new(number, world))
    }
    fn number(&self) -> u64 {
        self.downcast_ref::<Tracked>().unwrap().number
    }
    fn sock(out: Out<Self>) -> Sock {
        Sock::Boxed(out)
    }
}

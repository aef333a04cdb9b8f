//! Sockets: typed names for values that tasks will give, known by type and by rate.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex},
};

use crate::value::{CloneFn, Reads, clone_value};

/// The rate of values that exist once per run.
pub enum Once {}

/// The rate of values that exist once for every chunk of the stream `'s`.
///
/// The lifetime is a brand: it ties a socket to its own `per_chunk`, which it cannot leave.
pub struct PerChunk<'s>(PhantomData<fn(&'s ()) -> &'s ()>);

/// A value to come: type `T`, at rate `R` ([`Once`] or [`PerChunk`]).
///
/// A socket is moved into its one reader, and so is the value when the chain runs. Where `T` is `Clone`, cloning the
/// socket lets several tasks read it: all but the last then get a clone of the value. Large values that many read go
/// through `share`, which puts them into an `Arc` once.
///
/// A socket that nobody reads is no mistake: its value is dropped as soon as it exists, and
/// [`crate::RunReport::unread`] says so.
#[must_use = "a value that no task reads is dropped"]
pub struct Socket<R, T> {
    read: Read,
    marker: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Socket<R, T> {
    pub(crate) fn new(chain: &ChainId, slot: Slot) -> Self {
        Socket { read: Read { chain: chain.clone(), slot, clone: None }, marker: PhantomData }
    }

    pub(crate) fn into_read(self) -> Read {
        self.read
    }
}

impl<T: Clone + Send + 'static> Socket<Once, T> {
    /// The same value, read anew for every chunk of a stream.
    pub(crate) fn into_held<'s>(self) -> Socket<PerChunk<'s>, T> {
        Socket { read: Read { clone: Some(clone_value::<T>), ..self.read }, marker: PhantomData }
    }
}

impl<R, T: Clone + Send + 'static> Clone for Socket<R, T> {
    fn clone(&self) -> Self {
        let read =
            Read { chain: self.read.chain.clone(), slot: self.read.slot, clone: Some(clone_value::<T>) };
        Socket { read, marker: PhantomData }
    }
}

/// Where a value will lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A slot of the chain.
    Once(usize),
    /// A slot of each chunk.
    PerChunk(usize),
}

/// One binding of a socket to a task.
#[doc(hidden)]
pub struct Read {
    pub(crate) chain: ChainId,
    pub(crate) slot: Slot,
    /// Known if this socket was cloned; then every reader of the slot may use it.
    pub(crate) clone: Option<CloneFn>,
}

/// Identity of a chain, so that sockets of different chains are told apart.
#[derive(Clone)]
pub(crate) struct ChainId(Arc<()>);

impl ChainId {
    pub(crate) fn new() -> Self {
        ChainId(Arc::new(()))
    }
}

impl PartialEq for ChainId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What a task can be bound to at rate `R`: nothing (`()`), one socket, or a tuple of two to six.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read at the rate `{R}`",
    label = "expected sockets of the rate `{R}`",
    note = "`hold` makes a `Once` value readable for every chunk; `accumulate` closes a stream into a `Once` value"
)]
pub trait Sockets<R>: sealed::Sealed {
    /// The types of the sockets: what the task takes.
    type Values;

    #[doc(hidden)]
    fn into_reads(self) -> Vec<Read>;

    #[doc(hidden)]
    fn unpack(reads: &mut Reads<'_>) -> Self::Values;
}

impl<R> Sockets<R> for () {
    type Values = ();

    fn into_reads(self) -> Vec<Read> {
        Vec::new()
    }

    fn unpack(_: &mut Reads<'_>) -> Self::Values {}
}

impl<R, T: 'static> Sockets<R> for Socket<R, T> {
    type Values = T;

    fn into_reads(self) -> Vec<Read> {
        vec![self.into_read()]
    }

    fn unpack(reads: &mut Reads<'_>) -> T {
        reads.next()
    }
}

macro_rules! tuples {
    ($(($($T:ident)+))+) => {$(
        impl<R, $($T: 'static),+> Sockets<R> for ($(Socket<R, $T>,)+) {
            type Values = ($($T,)+);

            fn into_reads(self) -> Vec<Read> {
                #[expect(non_snake_case, reason = "one name serves as type and as variable")]
                let ($($T,)+) = self;
                vec![$($T.into_read()),+]
            }

            fn unpack(reads: &mut Reads<'_>) -> Self::Values {
                ($(reads.next::<$T>(),)+)
            }
        }

        impl<R, $($T),+> sealed::Sealed for ($(Socket<R, $T>,)+) {}
    )+};
}

tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl<R, T> Sealed for super::Socket<R, T> {}
}

/// A value that the run hands to the caller; made by [`crate::Chain::output`].
pub struct Output<T> {
    cell: Arc<Mutex<Option<T>>>,
}

impl<T> Output<T> {
    pub(crate) fn new() -> (Self, Arc<Mutex<Option<T>>>) {
        let cell = Arc::new(Mutex::new(None));
        (Output { cell: cell.clone() }, cell)
    }

    /// The value, once; `None` before the run, when the run failed before it existed, or when it was taken.
    pub fn take(&self) -> Option<T> {
        self.cell.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

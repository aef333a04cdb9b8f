//! Sockets: typed names for values that tasks will give, known by type and by rate.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex},
};

use crate::graph::{Out, Outs, Parts};

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
    pub(crate) out: Out<T>,
    rate: PhantomData<fn() -> R>,
}

impl<R, T> Socket<R, T> {
    pub(crate) fn new(out: Out<T>) -> Self {
        Socket { out, rate: PhantomData }
    }
}

impl<R, T: Clone + Send + 'static> Clone for Socket<R, T> {
    fn clone(&self) -> Self {
        Socket::new(self.out.clone())
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
    type Values: Send + 'static;

    #[doc(hidden)]
    type Outs: Outs<Values = Self::Values>;

    #[doc(hidden)]
    fn into_outs(self) -> Self::Outs;
}

impl<R> Sockets<R> for () {
    type Values = ();
    type Outs = ();

    fn into_outs(self) {}
}

impl<R, T: Send + 'static> Sockets<R> for Socket<R, T> {
    type Values = T;
    type Outs = Out<T>;

    fn into_outs(self) -> Out<T> {
        self.out
    }
}

/// A tuple of two to six that can be taken apart into sockets of rate `R`.
pub trait Unzip<R>: Parts {
    /// A socket for each part.
    type Sockets;

    #[doc(hidden)]
    fn sockets(outs: Self::Outs) -> Self::Sockets;
}

macro_rules! tuples {
    ($(($($T:ident $i:tt)+))+) => {$(
        impl<R, $($T: Send + 'static),+> Sockets<R> for ($(Socket<R, $T>,)+) {
            type Values = ($($T,)+);
            type Outs = ($(Out<$T>,)+);

            fn into_outs(self) -> Self::Outs {
                ($(self.$i.out,)+)
            }
        }

        impl<R, $($T),+> sealed::Sealed for ($(Socket<R, $T>,)+) {}

        impl<R, $($T: Send + 'static),+> Unzip<R> for ($($T,)+) {
            type Sockets = ($(Socket<R, $T>,)+);

            fn sockets(outs: Self::Outs) -> Self::Sockets {
                ($(Socket::new(outs.$i),)+)
            }
        }
    )+};
}

tuples! { (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) (A 0 B 1 C 2 D 3 E 4) (A 0 B 1 C 2 D 3 E 4 F 5) }

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

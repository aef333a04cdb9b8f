//! The ends of sockets: what a task gives ([`Out`]), what it waits for ([`In`]), and tuples of them.

use std::{any::Any, marker::PhantomData, sync::Arc};

use super::cell::{Copier, Tap, Wires};

/// What one task gives: frames of type `T`, to be moved into the one task that reads them.
///
/// Where `T` is `Clone`, the socket can be cloned, and all readers but the last get clones of the frame; an `Arc`
/// shares it.
pub struct Out<T> {
    pub(crate) port: Port,
    marker: PhantomData<fn() -> T>,
}

impl<T> Out<T> {
    pub(crate) fn new(graph: &GraphId, slot: usize, task: usize) -> Self {
        Out { port: Port { graph: graph.clone(), slot, task, copier: None }, marker: PhantomData }
    }
}

impl<T: Clone + Send + 'static> Clone for Out<T> {
    fn clone(&self) -> Self {
        let copier: Arc<dyn Any + Send + Sync> = Arc::new(T::clone as Copier<T>);
        Out { port: Port { copier: Some(copier), ..self.port.clone() }, marker: PhantomData }
    }
}

/// An input that waits to be bound: of a select, or one declared before the task that feeds it.
#[must_use = "an input that is never bound is a build error"]
pub struct In<T> {
    pub(crate) graph: GraphId,
    pub(crate) slot: usize,
    marker: PhantomData<fn(T)>,
}

impl<T> In<T> {
    pub(crate) fn new(graph: &GraphId, slot: usize) -> Self {
        In { graph: graph.clone(), slot, marker: PhantomData }
    }
}

/// A socket without its type.
#[derive(Clone)]
#[doc(hidden)]
pub struct Port {
    pub(crate) graph: GraphId,
    pub(crate) slot: usize,
    pub(crate) task: usize,
    pub(crate) copier: Option<Arc<dyn Any + Send + Sync>>,
}

/// Which graph a socket belongs to.
#[derive(Clone)]
pub(crate) struct GraphId(pub(crate) Arc<()>);

impl PartialEq for GraphId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What a task can be bound to: nothing (`()`), one socket, or a tuple of two to six.
pub trait Outs: sealed::Sealed + 'static {
    /// The frames of the sockets: what the task takes.
    type Values: Send + 'static;
    #[doc(hidden)]
    type Taps: 'static;
    #[doc(hidden)]
    fn ports(self) -> Vec<Port>;
    #[doc(hidden)]
    fn taps(wires: &mut Wires<'_>) -> Self::Taps;
    #[doc(hidden)]
    fn read(taps: &Self::Taps) -> Self::Values;
}

impl Outs for () {
    type Values = ();
    type Taps = ();

    fn ports(self) -> Vec<Port> {
        Vec::new()
    }

    fn taps(_: &mut Wires<'_>) {}

    fn read((): &()) {}
}

impl<T: Send + 'static> Outs for Out<T> {
    type Values = T;
    type Taps = Tap<T>;

    fn ports(self) -> Vec<Port> {
        vec![self.port]
    }

    fn taps(wires: &mut Wires<'_>) -> Tap<T> {
        wires.input(0)
    }

    fn read(tap: &Tap<T>) -> T {
        tap.read()
    }
}

macro_rules! tuples {
    ($(($($T:ident $i:tt)+))+) => {$(
        impl<$($T: Send + 'static),+> Outs for ($(Out<$T>,)+) {
            type Values = ($($T,)+);
            type Taps = ($(Tap<$T>,)+);

            fn ports(self) -> Vec<Port> {
                vec![$(self.$i.port),+]
            }

            fn taps(wires: &mut Wires<'_>) -> Self::Taps {
                ($(wires.input::<$T>($i),)+)
            }

            fn read(taps: &Self::Taps) -> Self::Values {
                ($(taps.$i.read(),)+)
            }
        }

        impl<$($T),+> sealed::Sealed for ($(Out<$T>,)+) {}
    )+};
}

tuples! { (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) (A 0 B 1 C 2 D 3 E 4) (A 0 B 1 C 2 D 3 E 4 F 5) }

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl<T> Sealed for super::Out<T> {}
}

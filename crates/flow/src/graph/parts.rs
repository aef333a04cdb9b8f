//! Tasks with several outputs: a tuple comes in, each part of it goes out through a socket of its own.

use std::marker::PhantomData;

use super::{
    Graph, Out, Role,
    body::{Body, Linked, NEXT, Turn, put},
    cell::{Cell, Tap, Wires},
};
use crate::BoxError;

/// A tuple of two to six parts.
pub trait Parts: Send + sealed::Sealed + 'static {
    /// The sockets of the parts.
    type Outs;
    #[doc(hidden)]
    type Cells: 'static;
    #[doc(hidden)]
    fn declare(graph: &mut Graph, task: usize) -> (Vec<usize>, Self::Outs);
    #[doc(hidden)]
    fn cells(wires: &mut Wires<'_>) -> Self::Cells;
    #[doc(hidden)]
    fn put(self, cells: &Self::Cells);
}

impl Graph {
    /// Takes a tuple apart: a task with several outputs gives a tuple, and this makes a socket of each part.
    ///
    /// ```
    /// use facette_flow::{closures::{iterate, map}, graph::{Graph, Sequence, Settings}};
    ///
    /// let mut graph = Graph::new();
    /// let number = graph.source(iterate("Count", 0..10_u32));
    /// let pair = graph.task(number, map("Divide", |n| Ok((n / 3, n % 3))));
    /// let (quotient, rest) = graph.unzip(pair);
    /// graph.task(quotient, map("Quotient", |n| Ok(assert!(n <= 3))));
    /// graph.task(rest, map("Rest", |n| Ok(assert!(n < 3))));
    /// Sequence::new(graph, 1)?.run(&Settings::default())?;
    /// # Ok::<(), facette_flow::Error>(())
    /// ```
    pub fn unzip<T: Parts>(&mut self, socket: Out<T>) -> T::Outs {
        let task = self.tasks.len();
        let reads = self.read("unzip", &[socket.port]);
        let (writes, outs) = T::declare(self, task);
        self.declare("unzip", Role::Plain, Box::new(UnzipBody::<T>(PhantomData)), (reads, writes));
        self.tasks[task].is_internal = true;
        outs
    }
}

struct UnzipBody<T>(PhantomData<fn() -> T>);

struct LinkedUnzip<T: Parts> {
    tap: Tap<T>,
    cells: T::Cells,
}

impl<T: Parts> Body for UnzipBody<T> {
    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(UnzipBody(self.0)))
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        Box::new(LinkedUnzip::<T> { tap: wires.input(0), cells: T::cells(wires) })
    }
}

impl<T: Parts> Linked for LinkedUnzip<T> {
    fn run(&mut self, _fault: &mut Option<BoxError>) -> Turn {
        self.tap.read().put(&self.cells);
        NEXT
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(UnzipBody::<T>(PhantomData))
    }
}

macro_rules! tuples {
    ($(($($T:ident $i:tt)+))+) => {$(
        impl<$($T: Send + 'static),+> Parts for ($($T,)+) {
            type Outs = ($(Out<$T>,)+);
            type Cells = ($(Cell<$T>,)+);

            fn declare(graph: &mut Graph, task: usize) -> (Vec<usize>, Self::Outs) {
                let slots = [$(graph.slot::<$T>(Some(task), concat!("part ", $i))),+];
                (slots.to_vec(), ($(Out::new(&graph.id, slots[$i], task),)+))
            }

            fn cells(wires: &mut Wires<'_>) -> Self::Cells {
                ($(wires.output::<$T>($i),)+)
            }

            fn put(self, cells: &Self::Cells) {
                $(put(&cells.$i, self.$i);)+
            }
        }

        impl<$($T),+> sealed::Sealed for ($($T,)+) {}
    )+};
}

tuples! { (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) (A 0 B 1 C 2 D 3 E 4) (A 0 B 1 C 2 D 3 E 4 F 5) }

mod sealed {
    pub trait Sealed {}
}

//! The inside of a `per_chunk`: what is declared here runs once for every chunk.

use std::{cell::RefCell, marker::PhantomData, sync::Arc};

use crate::{
    Accumulator, BuildError, Once, PerChunk, Socket, Sockets, Task,
    chain::Draft,
    graph::{Graph, Out, Outs},
    link::{Held, Lay, Place, Share},
    recorder::Sizes,
    socket::Unzip,
};

/// The inside of a `per_chunk`: what is declared here runs once for every chunk.
pub struct PerChunkScope<'s> {
    /// In a cell, so that `hold` can stand among the arguments of `then`.
    pub(crate) inner: RefCell<(&'s mut Draft, Stream)>,
    pub(crate) brand: PhantomData<PerChunk<'s>>,
}

/// A stream while it is declared.
pub(crate) struct Stream {
    pub(crate) graph: Graph,
    pub(crate) sizes: Sizes,
    /// Tasks of the chain that lay down what the stream holds.
    pub(crate) holds: Vec<Out<()>>,
    /// Tasks of the chain that take up what the stream gives.
    pub(crate) gives: Vec<Out<()>>,
    pub(crate) release: Vec<Box<dyn FnMut() + Send>>,
    /// Names of the accumulators, as `gives`.
    producers: Vec<String>,
    /// Sockets that hold what the stream itself gives, with the name of the accumulator.
    early: Vec<(Out<()>, String)>,
    /// Sockets that hold a value of another chain.
    foreign: Vec<Out<()>>,
}

impl Stream {
    pub(crate) fn new(graph: Graph, sizes: Sizes) -> Self {
        Stream {
            graph,
            sizes,
            holds: vec![],
            gives: vec![],
            release: vec![],
            producers: vec![],
            early: vec![],
            foreign: vec![],
        }
    }

    /// Adds a task of the user, unless it holds what cannot be there.
    fn task<I: Outs, K: Task<In = I::Values>>(&mut self, inputs: I, task: K) -> Out<K::Out> {
        let name = task.name();
        let out = self.graph.task(inputs, task);
        self.check_holds(&name);
        out
    }

    /// Refuses the task just declared if it holds what cannot be there.
    fn check_holds(&mut self, task: &str) {
        let Stream { graph, early, foreign, .. } = self;
        let find = |socket: &Out<()>| graph.input_of_last(socket);
        let error = foreign.iter().find_map(|socket| {
            Some(BuildError::ForeignSocket { task: task.to_owned(), input: find(socket)? })
        });
        let error = error.or_else(|| {
            early.iter().find_map(|(socket, producer)| {
                let (task, producer) = (task.to_owned(), producer.clone());
                Some(BuildError::HeldTooEarly { task, input: find(socket)?, producer })
            })
        });
        if let Some(error) = error {
            graph.fail(error);
        }
    }
}

impl<'s> PerChunkScope<'s> {
    /// Runs `task` on every chunk.
    pub fn then<K: Task>(
        &mut self,
        input: impl Sockets<PerChunk<'s>, Values = K::In>,
        task: K,
    ) -> Socket<PerChunk<'s>, K::Out> {
        let (_, stream) = self.inner.get_mut();
        Socket::new(stream.task(input.into_outs(), task))
    }

    /// Runs `task` on every chunk, for its effect, in stream order unless it allows replicas.
    pub fn sink<K: Task<Out = ()>>(&mut self, input: impl Sockets<PerChunk<'s>, Values = K::In>, task: K) {
        let _ = self.then(input, task);
    }

    /// Folds all chunks, in stream order, into one value of the chain.
    pub fn accumulate<A: Accumulator, I: Sockets<PerChunk<'s>, Values = A::In>>(
        &mut self,
        input: I,
        accumulator: A,
    ) -> Socket<Once, A::Out> {
        let (draft, stream) = self.inner.get_mut();
        let (name, place) = (accumulator.name(), Place::new());
        let folded = stream.graph.accumulate(input.into_outs(), accumulator);
        stream.check_holds(&name);
        let laid = stream.graph.task(folded, Lay(place.clone()));
        stream.graph.set_internal(&laid, "result");
        let out = draft.result(place, &name);
        stream.gives.push(out.untyped());
        stream.producers.push(name);
        Socket::new(out)
    }

    /// A value of the chain, read by every chunk.
    pub fn hold<T: Send + Sync + 'static>(
        &self,
        socket: Socket<Once, Arc<T>>,
    ) -> Socket<PerChunk<'s>, Arc<T>> {
        let (draft, stream) = &mut *self.inner.borrow_mut();
        let (place, out) = (Place::new(), socket.out);
        let producer = stream.gives.iter().position(|give| give.is_same(&out));
        let is_own = draft.graph.owns(&out);
        let held = stream.graph.task((), Held(place.clone()));
        stream.graph.set_internal(&held, "hold");
        match producer {
            Some(i) => stream.early.push((held.untyped(), stream.producers[i].clone())),
            None if !is_own => stream.foreign.push(held.untyped()),
            None => {
                let laid = draft.internal(out, Lay(place.clone()), "hold");
                stream.holds.push(laid);
                stream.release.push(Box::new(move || place.clear()));
            }
        }
        Socket::new(held)
    }

    /// Takes a tuple apart: each part gets a socket of its own.
    pub fn unzip<T: Unzip<PerChunk<'s>>>(&mut self, socket: Socket<PerChunk<'s>, T>) -> T::Sockets {
        let (_, stream) = self.inner.get_mut();
        T::sockets(stream.graph.unzip(socket.out))
    }

    /// The same value in an `Arc`, so that several tasks may read a chunk without copies.
    pub fn share<T: Send + Sync + 'static>(
        &mut self,
        socket: Socket<PerChunk<'s>, T>,
    ) -> Socket<PerChunk<'s>, Arc<T>> {
        let (_, stream) = self.inner.get_mut();
        let shared = stream.graph.task(socket.out, Share(PhantomData));
        stream.graph.set_internal(&shared, "share");
        Socket::new(shared)
    }
}

//! `repeat`: the same tasks turn after turn, what a turn gives going into the next.

use crate::{BoxError, Chain, Once, Socket, Sockets, Task, graph::Out, link::Turn, socket::Unzip};

/// What goes from turn to turn: one socket, or a tuple of two to six.
pub trait State: Sockets<Once> + Sized {
    #[doc(hidden)]
    fn open(chain: &mut Chain, values: Out<Self::Values>) -> Self;
}

impl<T: Send + 'static> State for Socket<Once, T> {
    fn open(_: &mut Chain, values: Out<T>) -> Self {
        Socket::new(values)
    }
}

macro_rules! tuples {
    ($(($($T:ident)+))+) => {$(
        impl<$($T: Send + 'static),+> State for ($(Socket<Once, $T>,)+) {
            fn open(chain: &mut Chain, values: Out<($($T,)+)>) -> Self {
                chain.unzip(Socket::new(values))
            }
        }
    )+};
}

tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

/// What travels around the loop.
struct Round<V> {
    values: V,
    n_done: usize,
    is_over: bool,
}

impl Chain {
    /// Runs `body` turn after turn, at most `most` times, until it says that it is done.
    ///
    /// `body` gets sockets of the values that it gave in the turn before (in the first turn, those of `start`), and
    /// gives the next ones and whether that was the last turn. Values from outside are read by clone: share large
    /// ones. A source inside must be one that can begin [`again`](crate::Source::again), an accumulator is as new
    /// after each turn. In the report a task counts the calls of all turns.
    ///
    /// ```
    /// use facette_flow::{Chain, Run, closures::{fold, iterate_again, map}};
    /// use std::sync::Arc;
    ///
    /// // Newton's root of 2: each turn reads a stream, whose mean corrects the guess.
    /// let mut chain = Chain::new();
    /// let start = chain.constant(1.0);
    /// let root = chain.repeat(20, start, |chain, guess| {
    ///     let held = chain.share(guess.clone());
    ///     let errors = chain.per_chunk(iterate_again("Count", 0..4_u64), |c, n| {
    ///         let error = c.then((n, c.hold(held)), map("Error", |(_, x): (u64, Arc<f64>)| Ok(*x - 2.0 / *x)));
    ///         c.accumulate(error, fold("Sum", 0.0, |sum, error: f64| {
    ///             *sum += error;
    ///             Ok(())
    ///         }))
    ///     });
    ///     let next = chain.then((guess, errors), map("Correct", |(x, sum): (f64, f64)| Ok((x - sum / 8.0, sum.abs() < 1e-14))));
    ///     chain.unzip(next)
    /// });
    /// let root = chain.output(root);
    /// let report = chain.run(&Run::pipeline(2))?;
    /// assert!((root.take().unwrap() - 2.0_f64.sqrt()).abs() < 1e-15);
    /// assert!(report.tasks.iter().any(|task| task.name == "Correct" && task.calls < 20));
    /// # Ok::<(), facette_flow::Error>(())
    /// ```
    pub fn repeat<S: State>(
        &mut self,
        most: usize,
        start: S,
        body: impl FnOnce(&mut Chain, S) -> (S, Socket<Once, bool>),
    ) -> S {
        let start = self.draft.internal(start.into_outs(), Begin::<S::Values>::new(), "repeat");
        let goes_on = move |round: &Round<S::Values>| round.n_done < most && !round.is_over;
        // The loop hands out the graph alone; swapping lets the body see the whole chain.
        let mut graph = std::mem::take(&mut self.draft.graph);
        let end = graph.repeat_while(start, goes_on, |graph, round| {
            std::mem::swap(graph, &mut self.draft.graph);
            let again = self.turn(round, body);
            std::mem::swap(graph, &mut self.draft.graph);
            again
        });
        self.draft.graph = graph;
        let end = self.draft.internal(end, End::<S::Values>::new(), "repeat");
        S::open(self, end)
    }

    /// Takes a tuple apart: each part gets a socket of its own.
    pub fn unzip<T: Unzip<Once>>(&mut self, socket: Socket<Once, T>) -> T::Sockets {
        T::sockets(self.draft.graph.unzip(socket.out))
    }

    /// Declares one turn.
    fn turn<S: State>(
        &mut self,
        round: Out<Round<S::Values>>,
        body: impl FnOnce(&mut Chain, S) -> (S, Socket<Once, bool>),
    ) -> Out<Round<S::Values>> {
        let opened = self.draft.internal(round, Open::<S::Values>::new(), "turn");
        let (values, n_done, turn) = self.draft.graph.unzip(opened);
        let outer = self.draft.turn.replace(turn);
        let values = S::open(self, values);
        let (next, is_over) = body(self, values);
        let next = self.draft.internal(next.into_outs(), Pack::<S::Values>::new(), "turn");
        let round = self.draft.internal((next, n_done, is_over.out), Close::<S::Values>::new(), "turn");
        self.draft.turn = outer;
        round
    }
}

/// A task of the loop's own, made of a function.
macro_rules! step {
    ($name:ident: $in:ty => $out:ty, $pattern:pat => $value:expr) => {
        struct $name<V>(std::marker::PhantomData<fn(V)>);

        impl<V> $name<V> {
            fn new() -> Self {
                $name(std::marker::PhantomData)
            }
        }

        impl<V: Send + 'static> Task for $name<V> {
            type In = $in;
            type Out = $out;

            fn run(&mut self, $pattern: $in) -> Result<$out, BoxError> {
                Ok($value)
            }
        }
    };
}

step!(Begin: V => Round<V>, values => Round { values, n_done: 0, is_over: false });
step!(Open: Round<V> => (V, usize, Turn), round => (round.values, round.n_done, Turn));
step!(Pack: V => V, values => values);
step!(Close: (V, usize, bool) => Round<V>, (values, n, is_over) => Round { values, n_done: n + 1, is_over });
step!(End: Round<V> => V, round => round.values);

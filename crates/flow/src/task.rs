//! What a user of the runtime writes: tasks, sources and accumulators, plain structs that need no runtime to test.

use crate::BoxError;

/// One step of a chain: takes a value, gives a value.
///
/// A task keeps what state it likes in itself; it sees the chunks of a stream in order unless it allows replicas.
///
/// Its state lies on cache lines of its own when it is given by value. What it, or a `Box<dyn Task>`, keeps behind a
/// pointer lies where the allocator put it, maybe beside that of another stage, and then both wait for one line: where a
/// frame takes less than a microsecond, `#[repr(align(128))]` on such a struct makes frames pass several times as fast.
pub trait Task: Send + 'static {
    /// What it takes; a tuple when it is bound to several sockets.
    type In: Send + 'static;
    /// What it gives.
    type Out: Send + 'static;

    /// The name in errors and reports; the type's own name unless overridden. Of several tasks of one name in a stream or
    /// a graph the later ones are numbered there.
    fn name(&self) -> String {
        short_name::<Self>()
    }

    /// Works on one value.
    ///
    /// # Errors
    /// Whatever the task meets; it stops the run and comes back as [`crate::Error::Task`].
    fn run(&mut self, input: Self::In) -> Result<Self::Out, BoxError>;

    /// `Some` says: stateless (or harmlessly so), a copy may work on other chunks at the same time.
    ///
    /// Make it cheap: large tables belong into an `Arc`.
    fn replica(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Most threads that it can use inside. More than one: `run` is called within a rayon pool that the runtime sizes,
    /// and no replicas are made. `usize::MAX` takes all that there are.
    fn max_threads(&self) -> usize {
        1
    }
}

/// The beginning of a stream.
pub trait Source: Send + 'static {
    /// One chunk.
    type Out: Send + 'static;

    /// The name in errors and reports; the type's own name unless overridden.
    fn name(&self) -> String {
        short_name::<Self>()
    }

    /// The next chunk, or `None` at the end of the stream; not called again after that.
    ///
    /// # Errors
    /// Whatever the source meets; it stops the run and comes back as [`crate::Error::Task`].
    fn next(&mut self) -> Result<Option<Self::Out>, BoxError>;

    /// How many chunks there will be, where that is known: for progress only.
    fn n_chunks(&self) -> Option<u64> {
        None
    }

    /// How large a chunk is, in any unit: profiles tell how the time of tasks follows it.
    fn size(&self, chunk: &Self::Out) -> u64 {
        let _ = chunk;
        1
    }

    /// The same source from its beginning, for the turns of a [`crate::Chain::repeat`].
    fn again(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// A copy that gives frames of its own, for the copies of a [`crate::graph::Sequence`] or a replicated first stage.
    fn replica(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// The end of a stream: a stateful fold that sees every chunk in stream order, whatever the number of threads.
pub trait Accumulator: Send + 'static {
    /// What it takes from each chunk; a tuple when it is bound to several sockets.
    type In: Send + 'static;
    /// What it gives at the end of the stream.
    type Out: Send + 'static;

    /// The name in errors and reports; the type's own name unless overridden.
    fn name(&self) -> String {
        short_name::<Self>()
    }

    /// Takes one chunk in.
    ///
    /// # Errors
    /// Whatever the accumulator meets; it stops the run and comes back as [`crate::Error::Task`].
    fn add(&mut self, input: Self::In) -> Result<(), BoxError>;

    /// The result, after the last chunk (also when there was none). Afterwards the accumulator is as new, so that it can
    /// fold another stream: in a `repeat`, or when a pipeline is run again.
    ///
    /// # Errors
    /// As for `add`, without a chunk.
    fn finish(&mut self) -> Result<Self::Out, BoxError>;

    /// Most threads that it can use inside. More than one: `add` and `finish` are called within a rayon pool that the
    /// runtime sizes. `usize::MAX` takes all that there are.
    fn max_threads(&self) -> usize {
        1
    }

    /// `Some` says: the fold is exact and does not depend on the order, so copies may fold shares of the stream that
    /// depend on timing. Sums of integers are exact, sums of floating-point numbers are not.
    fn replica(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Takes over what a copy has folded, and leaves it as new; to be written by accumulators that make replicas.
    fn merge(&mut self, other: &mut Self)
    where
        Self: Sized,
    {
        let _ = other;
    }
}

/// A boxed task runs as what is in the box, but makes no replicas: a trait object cannot say how.
impl<K: Task + ?Sized> Task for Box<K> {
    type In = K::In;
    type Out = K::Out;

    fn name(&self) -> String {
        (**self).name()
    }

    fn run(&mut self, input: Self::In) -> Result<Self::Out, BoxError> {
        (**self).run(input)
    }

    fn max_threads(&self) -> usize {
        (**self).max_threads()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    type Out = S::Out;

    fn name(&self) -> String {
        (**self).name()
    }

    fn next(&mut self) -> Result<Option<Self::Out>, BoxError> {
        (**self).next()
    }

    fn n_chunks(&self) -> Option<u64> {
        (**self).n_chunks()
    }

    fn size(&self, chunk: &S::Out) -> u64 {
        (**self).size(chunk)
    }
}

impl<A: Accumulator + ?Sized> Accumulator for Box<A> {
    type In = A::In;
    type Out = A::Out;

    fn name(&self) -> String {
        (**self).name()
    }

    fn add(&mut self, input: Self::In) -> Result<(), BoxError> {
        (**self).add(input)
    }

    fn finish(&mut self) -> Result<Self::Out, BoxError> {
        (**self).finish()
    }

    fn max_threads(&self) -> usize {
        (**self).max_threads()
    }
}

/// `a::b::Name<c::D>` → `Name`.
pub(crate) fn short_name<T: ?Sized>() -> String {
    let full = std::any::type_name::<T>();
    let path = full.split('<').next().unwrap_or(full);
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Twice<T>(T);

    impl<T: Send + 'static> Task for Twice<T> {
        type In = i32;
        type Out = i32;
        fn run(&mut self, input: i32) -> Result<i32, BoxError> {
            Ok(2 * input)
        }
    }

    #[test]
    fn names_lose_their_path_and_parameters_and_survive_boxing() {
        assert_eq!(Twice("text").name(), "Twice");
        assert_eq!(Twice(Vec::<String>::new()).name(), "Twice");
        let boxed: Box<dyn Task<In = i32, Out = i32>> = Box::new(Twice(0));
        assert_eq!(boxed.name(), "Twice");
        assert!(boxed.replica().is_none());
    }
}

//! The source of a stream without its type.

use std::{sync::Arc, time::Instant};

use crate::{
    BoxError, Error, Source,
    env::{Env, guard},
    report::Stats,
    value::Value,
};

/// A source without its type.
trait SourceBody: Send {
    fn next(&mut self) -> Result<Option<Value>, BoxError>;
    fn n_chunks(&self) -> Option<u64>;
}

impl<S: Source> SourceBody for S {
    fn next(&mut self) -> Result<Option<Value>, BoxError> {
        Ok(Source::next(self)?.map(|value| Box::new(value) as Value))
    }

    fn n_chunks(&self) -> Option<u64> {
        Source::n_chunks(self)
    }
}

/// The source of a stream; its chunks lie in slot 0.
pub(crate) struct Feed {
    pub(crate) name: Arc<str>,
    /// Whether any task reads the chunks.
    pub(crate) is_read: bool,
    pub(crate) stats: Stats,
    body: Box<dyn SourceBody>,
}

impl Feed {
    pub(crate) fn new<S: Source>(source: S) -> Self {
        let stats = Stats { replicas: 1, ..Stats::default() };
        Feed { name: source.name().into(), is_read: true, stats, body: Box::new(source) }
    }

    pub(crate) fn n_chunks(&self) -> Option<u64> {
        self.body.n_chunks()
    }

    /// The next chunk into slot 0; false at the end of the stream.
    pub(crate) fn next(
        &mut self,
        chunk: u64,
        slots: &mut [Option<Value>],
        env: &Env<'_>,
    ) -> Result<bool, Error> {
        let Feed { name, is_read, stats, body } = self;
        guard(name, Some(chunk), || {
            let started = Instant::now();
            let value = body.next()?;
            let seconds = started.elapsed().as_secs_f64();
            stats.busy_s += seconds;
            let is_some = value.is_some();
            if is_some {
                stats.calls += 1;
                slots[0] = value.filter(|_| *is_read);
                env.task_done(name, Some(chunk), seconds);
            }
            Ok(is_some)
        })
    }
}

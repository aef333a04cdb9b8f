//! The threads for tasks that are parallel inside: a rayon pool whose threads are joined when the run is over.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{Builder, JoinHandle},
};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::timers::{self, Mode};
use crate::Error;

/// A pool of threads. Rayon alone does not join them, and a run promises that none is left.
pub(crate) struct Pool {
    threads: Option<Arc<ThreadPool>>,
    handles: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts `n` threads.
    pub(crate) fn start(n: usize) -> Result<Self, Error> {
        let handles = Mutex::new(Vec::new());
        let spawn = |thread: rayon::ThreadBuilder| {
            let builder = Builder::new().name(format!("flow pool {}", thread.index()));
            let handle = builder.spawn(|| thread.run())?;
            handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
            Ok(())
        };
        let pool = ThreadPoolBuilder::new().num_threads(n).spawn_handler(spawn).build();
        let handles = handles.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (threads, refused) = match pool {
            Ok(pool) => (Some(Arc::new(pool)), None),
            Err(source) => (None, Some(Error::Threads { source: source.into() })),
        };
        let pool = Pool { threads, handles };
        refused.map_or(Ok(pool), Err)
    }

    pub(crate) fn threads(&self) -> Option<Arc<ThreadPool>> {
        self.threads.clone()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.threads = None;
        for handle in self.handles.drain(..) {
            // A panic of a job was handed to whoever installed it.
            let _ = handle.join();
        }
    }
}

/// Runs `work` in the pool, if there is one.
pub(crate) fn within<T: Send>(pool: Option<&ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    let Some(pool) = pool else { return work() };
    let mode = timers::mode();
    if mode == Mode::Off {
        return pool.install(work);
    }
    let (value, notes) = pool.install(|| timers::apart(mode, work));
    timers::bring_home(notes);
    value
}

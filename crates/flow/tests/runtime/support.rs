//! What several tests use: executions, a watchdog, values that are counted.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use facette_flow::{Execution, Run};

/// Sequential and pipelined, on 1, 2 and 8 threads, with tight and with wide boundaries.
pub(crate) fn runs() -> Vec<Run> {
    let mut runs = Vec::new();
    for threads in [1, 2, 8] {
        runs.push(Run { execution: Execution::Sequential, ..Run::pipeline(threads) });
        runs.push(Run::auto(threads));
        runs.push(Run { depth: 1, ..Run::pipeline(threads) });
        runs.push(Run { depth: 5, ..Run::pipeline(threads) });
    }
    runs
}

/// Fails the test if `work` takes longer than any honest run.
pub(crate) fn watched<T: Send + 'static>(what: String, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _ = done.send(work());
    });
    match result.recv_timeout(Duration::from_secs(20)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs: {what}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{what}: {:?}", thread.join().err()),
    }
}

/// How many values are alive, and how many ever were at the same time.
#[derive(Default)]
pub(crate) struct Census {
    live: AtomicI64,
    most: AtomicI64,
    born: AtomicI64,
}

impl Census {
    pub(crate) fn live(&self) -> i64 {
        self.live.load(Ordering::SeqCst)
    }

    pub(crate) fn most(&self) -> i64 {
        self.most.load(Ordering::SeqCst)
    }

    pub(crate) fn born(&self) -> i64 {
        self.born.load(Ordering::SeqCst)
    }
}

/// A number that is counted from birth to drop; deliberately neither `Clone` nor `Sync`.
pub(crate) struct Tracked {
    pub(crate) number: u64,
    census: Arc<Census>,
    not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

impl Tracked {
    pub(crate) fn new(number: u64, census: &Arc<Census>) -> Self {
        let live = census.live.fetch_add(1, Ordering::SeqCst) + 1;
        census.most.fetch_max(live, Ordering::SeqCst);
        census.born.fetch_add(1, Ordering::SeqCst);
        Tracked { number, census: census.clone(), not_sync: std::marker::PhantomData }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.census.live.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A [`Tracked`] that can be shared.
pub(crate) struct Sendable(pub(crate) Mutex<Tracked>);

/// Sleeps up to half a millisecond for one number in four, the same for the same number.
pub(crate) fn jitter(number: u64) {
    let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if (hash >> 40).is_multiple_of(4) {
        thread::sleep(Duration::from_micros(hash >> 55));
    }
}

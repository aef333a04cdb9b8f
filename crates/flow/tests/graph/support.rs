//! A watchdog, collected results, and every way to wait.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use facette_flow::{
    Task,
    closures::map,
    graph::{Forward, Waiting},
};

pub(crate) const WAITINGS: [Waiting; 3] = [Waiting::Spin, Waiting::SpinThenPark, Waiting::Park];

/// Fails the test if `work` takes longer than any honest run.
pub(crate) fn watched<T: Send + 'static>(what: String, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _ = done.send(work());
    });
    match result.recv_timeout(Duration::from_secs(60)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs: {what}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{what}: {:?}", thread.join().err()),
    }
}

/// A task that keeps what it gets.
pub(crate) fn keep<T: Send + 'static>() -> (impl Task<In = T, Out = ()>, Arc<Mutex<Vec<T>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let all = kept.clone();
    let task = map("Keep", move |frame| {
        all.lock().unwrap().push(frame);
        Ok(())
    });
    (task, kept)
}

/// What was kept so far.
pub(crate) fn kept<T>(all: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *all.lock().unwrap())
}

/// Adds a number in place.
pub(crate) struct Add(pub(crate) u64);

impl Forward for Add {
    type Frame = u64;
    fn run(&mut self, frame: &mut u64) -> Result<(), facette_flow::BoxError> {
        *frame += self.0;
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        Some(Add(self.0))
    }
}

//! Cancellation: no further chunk, the ones on their way finished in order, nothing closed.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use facette_flow::{
    CancelToken, Chain, Error, Run,
    closures::{iterate, map, replicable},
};

use crate::support::{jitter, runs, watched};

/// An accumulator that must not be closed.
struct NeverClosed(Arc<AtomicBool>);

impl facette_flow::Accumulator for NeverClosed {
    type In = u64;
    type Out = ();
    fn add(&mut self, _: u64) -> Result<(), facette_flow::BoxError> {
        Ok(())
    }
    fn finish(&mut self) -> Result<(), facette_flow::BoxError> {
        self.0.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Runs an endless stream; `at` is called by its first task with each chunk. The chunks that reached the sink.
fn endless(run: Run, at: impl FnMut(u64) + Clone + Send + 'static) -> Vec<u64> {
    let what = format!("{run:?}");
    watched(what, move || {
        let (written, closed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let log = written.clone();
        let mut chain = Chain::new();
        let mut at = at;
        chain.per_chunk(iterate("Endless", 0_u64..), |c, n| {
            let n = c.then(
                n,
                replicable("Work", move |n| {
                    at(n);
                    jitter(n);
                    Ok(n)
                }),
            );
            c.sink(
                n.clone(),
                map("Write", move |n| {
                    log.lock().unwrap().push(n);
                    Ok(())
                }),
            );
            let _ = c.accumulate(n, NeverClosed(closed.clone()));
        });
        chain.sink((), map("After", |()| Err("must not be reached".into())));
        let error = chain.run(&run).unwrap_err();
        assert!(matches!(error, Error::Cancelled), "{error:?}");
        assert!(!closed.load(Ordering::SeqCst), "a cancelled stream was closed");
        Arc::try_unwrap(written).unwrap().into_inner().unwrap()
    })
}

#[test]
fn from_inside_the_chunk_in_hand_is_finished() {
    for run in runs() {
        let token = CancelToken::new();
        let run = Run { cancel: token.clone(), ..run };
        let written = endless(run.clone(), move |n| {
            if n == 5 {
                token.cancel()
            }
        });
        assert!(written.len() >= 6, "{run:?}: {written:?}");
        assert!(written.iter().copied().eq(0..written.len() as u64), "{run:?}: {written:?}");
        if run.execution == facette_flow::Execution::Sequential {
            assert_eq!(written.len(), 6);
        }
    }
}

#[test]
fn from_outside_at_any_time() {
    for run in runs() {
        let token = CancelToken::new();
        let run = Run { cancel: token.clone(), ..run };
        let outside = thread::spawn(move || {
            thread::sleep(Duration::from_millis(15));
            token.cancel();
        });
        let written = endless(run, |_| {});
        assert!(written.iter().copied().eq(0..written.len() as u64));
        outside.join().unwrap();
    }
}

#[test]
fn before_the_start_nothing_runs() {
    for run in runs() {
        run.cancel.cancel();
        let mut chain = Chain::new();
        chain.sink((), map("First", |()| Err("must not be reached".into())));
        assert!(matches!(chain.run(&run), Err(Error::Cancelled)));
    }
}

#[test]
fn a_long_task_may_give_up_by_itself() {
    for run in runs() {
        let mut chain = Chain::new();
        chain.per_chunk(iterate("Count", 0..9_u64), |c, n| {
            c.sink(n, map("Long", |n: u64| if n == 4 { Err(Error::Cancelled.into()) } else { Ok(()) }));
        });
        assert!(matches!(chain.run(&run), Err(Error::Cancelled)), "{run:?}");
    }
}

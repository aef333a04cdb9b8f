//! `repeat`: turns, streams inside, nesting, and what cannot be repeated.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use facette_flow::{
    BuildError, CancelToken, Chain, Error, Once, Run, Socket,
    closures::{fold, iterate, iterate_again, map, replicable},
};

use crate::support::runs;

/// The sum of a stream that is read anew, each item times `factor`.
fn sum_of_stream(chain: &mut Chain, factor: Socket<Once, u64>) -> Socket<Once, u64> {
    let factor = chain.share(factor);
    chain.per_chunk(iterate_again("Count", 1..=4_u64), |c, n| {
        let n = c.then((n, c.hold(factor)), replicable("Times", |(n, f): (u64, Arc<u64>)| Ok(n * *f)));
        let sum = fold("Sum", 0_u64, |sum, n| {
            *sum += n;
            Ok(())
        });
        c.accumulate(n, sum)
    })
}

fn never(chain: &mut Chain) -> Socket<Once, bool> {
    chain.then((), map("Never", |()| Ok(false)))
}

#[test]
fn each_turn_reads_the_stream_and_what_the_turn_before_gave() {
    for run in runs() {
        let mut chain = Chain::new();
        let (start, log) = (chain.constant(1_u64), chain.constant(Vec::new()));
        let (last, log) = chain.repeat(10, (start, log), |chain, (x, log)| {
            let x = sum_of_stream(chain, x);
            let note = |(x, mut log): (u64, Vec<u64>)| {
                log.push(x);
                Ok((log, x >= 1000))
            };
            let noted = chain.then((x.clone(), log), map("Note", note));
            let (log, is_over) = chain.unzip(noted);
            ((x, log), is_over)
        });
        let (last, log) = (chain.output(last), chain.output(log));
        let report = chain.run(&run).unwrap();
        assert_eq!((last.take(), log.take()), (Some(1000), Some(vec![10, 100, 1000])), "{run:?}");
        let calls = |name: &str| report.tasks.iter().find(|task| task.name == name).unwrap().calls;
        assert_eq!(["Count", "Times", "Sum", "Note"].map(calls), [12, 12, 12, 3]);
        assert_eq!((report.passes.len(), report.passes[0].chunks), (1, 12));
    }
}

#[test]
fn no_turn_one_turn_and_all_turns() {
    for (most, want) in [(0, 1), (1, 10), (3, 1000)] {
        let mut chain = Chain::new();
        let start = chain.constant(1_u64);
        let last = chain.repeat(most, start, |chain, x| {
            let x = sum_of_stream(chain, x);
            (x, never(chain))
        });
        let last = chain.output(last);
        chain.run(&Run::pipeline(2)).unwrap();
        assert_eq!(last.take(), Some(want));
    }
}

#[test]
fn repeats_nest_and_read_from_outside() {
    for run in runs() {
        let mut chain = Chain::new();
        let (start, step) = (chain.constant(0_u64), chain.constant(7_u64));
        let step = chain.share(step);
        let last = chain.repeat(3, start, |chain, x| {
            let x = chain.repeat(5, x, |chain, x| {
                let add = map("Add", |(x, step): (u64, Arc<u64>)| Ok(x + *step));
                let x = chain.then((x, step.clone()), add);
                (x, never(chain))
            });
            let x = sum_of_stream(chain, x);
            (x, never(chain))
        });
        let last = chain.output(last);
        chain.run(&run).unwrap();
        // x → 10 (x + 35), three times from 0.
        assert_eq!(last.take(), Some(38_850), "{run:?}");
    }
}

#[test]
fn what_stands_behind_a_repeat_runs_once() {
    let turns = Arc::new(AtomicU64::new(0));
    let count = turns.clone();
    let mut chain = Chain::new();
    let start = chain.constant(());
    let end = chain.repeat(5, start, move |chain, nothing| {
        chain.sink(
            (),
            map("Turn", move |()| {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }),
        );
        (nothing, never(chain))
    });
    chain.sink(end, map("After", |()| Ok(())));
    chain.sink((), map("Alone", |()| Ok(())));
    let report = chain.run(&Run::sequential()).unwrap();
    assert_eq!(turns.load(Ordering::SeqCst), 5);
    let calls = |name: &str| report.tasks.iter().find(|task| task.name == name).unwrap().calls;
    assert_eq!(["Turn", "After", "Alone"].map(calls), [5, 1, 1]);
}

#[test]
fn a_failure_or_a_cancellation_in_a_later_turn_ends_the_run() {
    for run in runs() {
        let token = CancelToken::new();
        for is_error in [true, false] {
            let cancel = token.clone();
            let run = Run { cancel: token.clone(), ..run.clone() };
            let mut chain = Chain::new();
            let start = chain.constant(1_u64);
            let last = chain.repeat(10, start, |chain, x| {
                let x = sum_of_stream(chain, x);
                let stop = move |x: u64| match (x, is_error) {
                    (1000, true) => Err("enough".into()),
                    (1000, false) => {
                        cancel.cancel();
                        Ok(x)
                    }
                    _ => Ok(x),
                };
                let x = chain.then(x, map("Stop", stop));
                (x, never(chain))
            });
            let last = chain.output(last);
            match chain.run(&run).unwrap_err() {
                Error::Task { task, chunk: None, .. } if is_error => assert_eq!(task, "Stop"),
                Error::Cancelled if !is_error => {}
                other => panic!("{other:?}"),
            }
            assert_eq!(last.take(), None);
        }
    }
}

#[test]
fn a_source_that_cannot_begin_again_is_named() {
    let mut chain = Chain::new();
    let start = chain.constant(0_u64);
    let _ = chain.repeat(2, start, |chain, x| {
        chain.per_chunk(iterate("Tape", 0..3_u64), |c, n| c.sink(n, map("End", |_| Ok(()))));
        (x, never(chain))
    });
    let error = chain.run(&Run::sequential()).unwrap_err();
    assert!(
        matches!(&error, Error::Build(BuildError::Repeated { source_task }) if source_task == "Tape"),
        "{error}"
    );
}

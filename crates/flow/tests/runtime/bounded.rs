//! Memory stays bounded while one replica is slow.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use facette_flow::{
    BoxError, Chain, Execution, Run,
    closures::{fold, iterate, map, replicable},
};

use crate::support::{Census, Sendable, Tracked, runs};

/// Chunk 0 waits until `crowd` chunks live, and then some; how many lived at the same time, how many were allowed.
fn most_alive(run: &Run, n_chunks: u64, crowd: i64) -> (i64, i64) {
    let census = Arc::new(Census::default());
    let (born, seen) = (census.clone(), census.clone());
    let mut chain = Chain::new();
    let sum =
        chain.per_chunk(iterate("Count", (0..n_chunks).map(move |n| Tracked::new(n, &born))), |c, chunk| {
            let slow = replicable("Slow", move |chunk: Tracked| {
                let patience = Instant::now();
                while chunk.number == 0 && seen.live() < crowd && patience.elapsed().as_secs() < 5 {
                    thread::sleep(Duration::from_millis(1));
                }
                if chunk.number == 0 {
                    thread::sleep(Duration::from_millis(20));
                }
                Ok(chunk)
            });
            let chunk = c.then(chunk, slow);
            let chunk = c.then(chunk, map("Pass", Ok));
            let sum = fold("Sum", 0, |sum: &mut u64, chunk: Tracked| {
                *sum += chunk.number;
                Ok(())
            });
            c.accumulate(chunk, sum)
        });
    let sum = chain.output(sum);
    let window = chain.plan(run).unwrap().passes[0].window;
    chain.run(run).unwrap();
    assert_eq!(sum.take(), Some(n_chunks * (n_chunks - 1) / 2));
    assert_eq!((census.live(), census.born()), (0, n_chunks as i64));
    (census.most(), window as i64)
}

#[test]
fn no_more_chunks_than_the_window_however_far_the_fast_replicas_run_ahead() {
    for (threads, depth) in [(2, 1), (4, 1), (4, 3), (8, 2)] {
        let want = (1 + (threads + depth) + 2 * (1 + depth)) as i64;
        let found = most_alive(&Run { depth, ..Run::pipeline(threads) }, 500, want);
        // While chunk 0 holds one replica, the others fill the window and then must wait.
        assert_eq!(found, (want, want), "{threads} threads, depth {depth}");
    }
}

#[test]
fn one_chunk_at_a_time_when_sequential() {
    assert_eq!(most_alive(&Run { execution: Execution::Sequential, ..Run::pipeline(4) }, 50, 1), (1, 1));
}

#[test]
fn values_are_dropped_as_soon_as_nobody_will_read_them() {
    for run in runs() {
        let census = Arc::new(Census::default());
        let made = |name: &str| {
            let census = census.clone();
            map(name, move |n: u64| Ok(Sendable(Mutex::new(Tracked::new(n, &census)))))
        };
        let alive = |name: &str| {
            let census = census.clone();
            map(name, move |_: u64| Ok(census.live()))
        };
        let mut chain = Chain::new();
        let _unread = chain.constant(Tracked::new(1, &census));
        let (one, two, three) = (chain.constant(1), chain.constant(2), chain.constant(3));
        let _unread = chain.then(one, made("Unread"));
        let before = chain.then(two.clone(), alive("Before"));
        let held = chain.then(two, made("Held"));
        let held = chain.share(held);
        let during = chain.per_chunk(iterate("Count", 0..20_u64), |c, n| {
            let _unread = c.then(n.clone(), made("Unread too"));
            let read = map("Read", |(n, held): (u64, Arc<Sendable>)| Ok(n + held.0.lock().unwrap().number));
            let n = c.then((n, c.hold(held)), read);
            let n = c.then(n, alive("During"));
            let most = fold("Most", 0, |most: &mut i64, n: i64| {
                *most = n.max(*most);
                Ok(())
            });
            c.accumulate(n, most)
        });
        let after = chain.then(three, alive("After"));
        let all = chain.then((before, during, after), map("All", Ok::<(i64, i64, i64), BoxError>));
        let all = chain.output(all);
        chain.run(&run).unwrap();
        // In the stream only what is held; the two sequential tasks share a stage, so no other chunk is in between.
        assert_eq!(all.take(), Some((0, 1, 0)), "{run:?}");
        assert_eq!(census.born(), 23);
    }
}

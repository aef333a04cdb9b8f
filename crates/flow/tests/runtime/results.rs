//! The same chain gives the same results however it is executed.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use facette_flow::{
    Accumulator, BoxError, Chain, Execution, Run, Task,
    closures::{fold, iterate, map, replicable},
};

use crate::support::{jitter, runs, watched};

/// Rounding makes the sum depend on the order: only stream order gives the same bits.
fn rough_sum(name: &str) -> impl Accumulator<In = f64, Out = f64> {
    fold(name, 0.0_f64, |sum: &mut f64, x: f64| {
        *sum = *sum * 1.000_1 + x;
        Ok(())
    })
}

#[test]
fn two_passes_give_the_same_bits_on_any_number_of_threads() {
    let outcome = |run: &Run| {
        let mut chain = Chain::new();
        let scale = chain.constant(1.0 / 3.0);
        let count = || iterate("Count", 0..200_u64);
        let mean = chain.per_chunk(count(), |c, number| {
            let number = c.then(
                number,
                replicable("Root", |n: u64| {
                    jitter(n);
                    Ok((n as f64).sqrt())
                }),
            );
            c.accumulate(number, rough_sum("Mean"))
        });
        let mean = chain.then((mean, scale), map("Scale", |(a, b): (f64, f64)| Ok(a * b)));
        let mean = chain.share(mean);
        let (sum, list) = chain.per_chunk(count(), |c, number| {
            let off = c.then(
                (number, c.hold(mean)),
                replicable("Off", |(n, mean): (u64, Arc<f64>)| {
                    jitter(n ^ 77);
                    Ok(n as f64 - *mean)
                }),
            );
            let sum = c.accumulate(off.clone(), rough_sum("Sum"));
            let list = fold("List", Vec::new(), |list: &mut Vec<u64>, x: f64| {
                list.push(x.to_bits());
                Ok(())
            });
            (sum, c.accumulate(off, list))
        });
        let (sum, list) = (chain.output(sum), chain.output(list));
        chain.run(run).unwrap();
        assert_eq!((sum.take().is_some(), sum.take()), (true, None), "an output is taken once");
        list.take().unwrap()
    };
    let want = outcome(&Run::sequential());
    assert_eq!(want.len(), 200);
    for run in runs() {
        let inner = run.clone();
        assert_eq!(watched(format!("{run:?}"), move || outcome(&inner)), want, "{run:?}");
    }
}

#[test]
fn order_is_kept_behind_replicas_with_random_delays() {
    for threads in [2, 4, 8] {
        let mut chain = Chain::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let list = chain.per_chunk(iterate("Count", 0..300_u64), |c, n| {
            let n = c.then(
                n,
                replicable("Delay", |n| {
                    jitter(n);
                    Ok(n)
                }),
            );
            c.sink(
                n.clone(),
                map("Log", move |n: u64| {
                    log.lock().unwrap().push(n);
                    Ok(())
                }),
            );
            // A second replicated stage behind the ordered one.
            let n = c.then(
                n,
                replicable("Again", |n| {
                    jitter(n ^ 3);
                    Ok(n)
                }),
            );
            let list = fold("List", Vec::new(), |list: &mut Vec<u64>, n| {
                list.push(n);
                Ok(())
            });
            c.accumulate(n, list)
        });
        let list = chain.output(list);
        let report = chain.run(&Run { depth: 1, ..Run::pipeline(threads) }).unwrap();
        let want: Vec<u64> = (0..300).collect();
        assert_eq!(list.take().unwrap(), want);
        assert_eq!(*seen.lock().unwrap(), want);
        assert_eq!(report.tasks.iter().map(|t| t.replicas).collect::<Vec<_>>(), [1, threads, 1, threads, 1]);
    }
}

#[test]
fn replicas_take_chunks_by_need() {
    // Every other chunk is slow: dealt out in turns, one of two replicas would get all of them.
    let slow: Arc<Mutex<HashMap<ThreadId, u32>>> = Arc::default();
    let log = slow.clone();
    let mut chain = Chain::new();
    chain.per_chunk(iterate("Count", 0..40_u64), |c, n| {
        let work = replicable("Work", move |n: u64| {
            if n.is_multiple_of(2) {
                thread::sleep(Duration::from_millis(5));
                *log.lock().unwrap().entry(thread::current().id()).or_default() += 1;
            }
            Ok(())
        });
        c.sink(n, work);
    });
    chain.run(&Run::pipeline(2)).unwrap();
    let slow = slow.lock().unwrap();
    assert_eq!(slow.values().sum::<u32>(), 20);
    assert_eq!(slow.len(), 2, "{slow:?}");
}

#[test]
fn values_that_are_neither_clone_nor_sync_move_through() {
    type Thunk = Box<dyn FnOnce() -> u32 + Send>;
    struct Big {
        cell: Cell<u32>,
        pad: [u64; 4096],
    }
    for run in runs() {
        let mut chain = Chain::new();
        let start = chain.constant(Cell::new(7_u32));
        let thunk = chain.per_chunk(iterate("Count", 0..5_u32), |c, n| {
            let make = |n| Ok(Big { cell: Cell::new(n), pad: [u64::from(n); 4096] });
            let big = c.then(n, replicable("Make", make));
            let big = c.then(
                big,
                map("Bump", |big: Big| {
                    big.cell.set(big.cell.get() + 1);
                    Ok(big)
                }),
            );
            let last = fold("Last", None, |last: &mut Option<Thunk>, big: Big| {
                *last = Some(Box::new(move || big.cell.get() * 100 + big.pad[4095] as u32));
                Ok(())
            });
            c.accumulate(big, last)
        });
        let call = map("Call", |(thunk, start): (Option<Thunk>, Cell<u32>)| {
            Ok(thunk.ok_or("no chunk")?() + start.get())
        });
        let result = chain.then((thunk, start), call);
        let result = chain.output(result);
        chain.run(&run).unwrap();
        assert_eq!(result.take(), Some(511), "{run:?}");
    }
}

#[test]
fn fan_out_clones_all_but_the_last_and_shares_without_copies() {
    use std::sync::atomic::{AtomicU32, Ordering};
    struct Counted(Arc<AtomicU32>);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::SeqCst);
            Counted(self.0.clone())
        }
    }
    let clones = Arc::new(AtomicU32::new(0));
    for run in runs() {
        clones.store(0, Ordering::SeqCst);
        let mut chain = Chain::new();
        let see = |name: &str| map(name, |_: Counted| Ok(()));
        let made = clones.clone();
        chain.per_chunk(iterate("Count", 0..10_u32), |c, n| {
            let value = c.then(n, map("Make", move |_| Ok(Counted(made.clone()))));
            // Three readers, the original first: two clones a chunk. A clone that nobody reads costs nothing.
            let (second, third, _unread) = (value.clone(), value.clone(), value.clone());
            c.sink(value, see("One"));
            c.sink((second, third), map("Two", |_: (Counted, Counted)| Ok(())));
        });
        let value = chain.constant(Counted(clones.clone()));
        let shared = chain.share(value);
        let same = map("Same", |(a, b): (Arc<Counted>, Arc<Counted>)| Ok(Arc::ptr_eq(&a, &b)));
        let same = chain.then((shared.clone(), shared), same);
        let same = chain.output(same);
        chain.run(&run).unwrap();
        assert_eq!((clones.load(Ordering::SeqCst), same.take()), (20, Some(true)), "{run:?}");
    }
}

#[test]
fn a_shared_value_is_alone_again_behind_its_readers() {
    for run in runs() {
        let mut chain = Chain::new();
        let table = chain.constant(vec![10_u64, 20, 30]);
        let table = chain.share(table);
        let held = table.clone();
        let sum = chain.per_chunk(iterate("Count", 0..3_usize), |c, i| {
            let picked = c.then(
                (i, c.hold(held)),
                replicable("Pick", |(i, table): (usize, Arc<Vec<u64>>)| Ok(table[i])),
            );
            let sum = fold("Sum", 0, |sum: &mut u64, n| {
                *sum += n;
                Ok(())
            });
            c.accumulate(picked, sum)
        });
        let unwrap = map("Unwrap", |(table, sum): (Arc<Vec<u64>>, u64)| {
            let table = Arc::try_unwrap(table).map_err(|_| "the pass still holds the table")?;
            Ok(table.len() as u64 + sum)
        });
        let result = chain.then((table, sum), unwrap);
        let result = chain.output(result);
        chain.run(&run).unwrap();
        assert_eq!(result.take(), Some(63), "{run:?}");
    }
}

#[test]
fn tuples_of_up_to_six_arrive_in_order() {
    type Six = (u8, u16, u32, u64, String, char);
    for run in runs() {
        let mut chain = Chain::new();
        let text = chain.per_chunk(iterate("Count", 0..3_u8), |c, a| {
            let b = c.then(a.clone(), map("B", |a| Ok(u16::from(a) + 1)));
            let d = c.then((), replicable("D", |()| Ok(4_u32)));
            let e = c.then((a.clone(), b.clone()), map("E", |(a, b)| Ok(u64::from(a) + u64::from(b))));
            let f =
                c.then((a.clone(), b.clone(), d.clone()), map("F", |t: (u8, u16, u32)| Ok(format!("{t:?}"))));
            let g = c.then(
                (a.clone(), b.clone(), d.clone(), e.clone()),
                map("G", |t: (u8, u16, u32, u64)| Ok(if t.0 == 1 { 'y' } else { 'n' })),
            );
            let five = (a.clone(), b.clone(), d.clone(), e.clone(), f.clone());
            c.sink(
                five,
                map(
                    "H",
                    |t: (u8, u16, u32, u64, String)| {
                        if t.4.is_empty() { Err("empty".into()) } else { Ok(()) }
                    },
                ),
            );
            let list = fold("List", Vec::new(), |list: &mut Vec<Six>, six: Six| {
                list.push(six);
                Ok(())
            });
            c.accumulate((a, b, d, e, f, g), list)
        });
        let text = chain.output(text);
        chain.run(&run).unwrap();
        let want: Vec<Six> = (0..3_u8)
            .map(|a| {
                let b = u16::from(a) + 1;
                (
                    a,
                    b,
                    4,
                    u64::from(a) + u64::from(b),
                    format!("({a}, {b}, 4)"),
                    if a == 1 { 'y' } else { 'n' },
                )
            })
            .collect();
        assert_eq!(text.take(), Some(want), "{run:?}");
    }
}

#[test]
fn an_empty_stream_still_finishes_its_accumulators() {
    for run in runs() {
        let mut chain = Chain::new();
        let sum = chain.per_chunk(iterate("None", std::iter::empty::<f64>()), |c, x| {
            let x = c.then(x, replicable("Same", Ok));
            c.accumulate(x, rough_sum("Sum"))
        });
        let sum = chain.output(sum);
        let report = chain.run(&run).unwrap();
        assert_eq!((sum.take(), report.passes[0].chunks), (Some(0.0), 0));
    }
    assert!(Chain::default().run(&Run::pipeline(2)).unwrap().tasks.is_empty());
}

#[test]
fn parallel_tasks_run_in_a_pool_of_the_size_asked_for() {
    struct Inside;
    impl Task for Inside {
        type In = u64;
        type Out = (u64, usize);
        fn run(&mut self, n: u64) -> Result<(u64, usize), BoxError> {
            use rayon::prelude::*;
            let sum = (0..1000_u64).into_par_iter().map(|i| i * n).sum();
            Ok((sum, rayon::current_num_threads()))
        }
        fn max_threads(&self) -> usize {
            usize::MAX
        }
    }
    for run in runs() {
        let mut chain = Chain::new();
        let all = chain.per_chunk(iterate("Count", 0..20_u64), |c, n| {
            let n = c.then(n, Inside);
            let all = fold("All", Vec::new(), |all: &mut Vec<(u64, usize)>, n| {
                all.push(n);
                Ok(())
            });
            c.accumulate(n, all)
        });
        let one = chain.constant(1);
        let one = chain.then(one, Inside);
        let (all, one) = (chain.output(all), chain.output(one));
        chain.run(&run).unwrap();
        let mut all = all.take().unwrap();
        if run.execution == Execution::Auto {
            // The sample runs on fewer threads, too, and the plan may.
            assert!(all.iter().all(|&(_, threads)| (1..=run.threads).contains(&threads)), "{all:?}");
            all.iter_mut().for_each(|(_, threads)| *threads = run.threads);
        }
        let want: Vec<_> = (0..20).map(|n| (499_500 * n, run.threads)).collect();
        assert_eq!((all, one.take()), (want, Some((499_500, run.threads))), "{run:?}");
    }
}

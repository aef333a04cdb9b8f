//! Errors and panics anywhere: always one clean error with task and chunk, nothing hangs, nothing leaks.

use std::{
    error::Error as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use facette_flow::{Accumulator, BoxError, Chain, Error, Execution, Run, Source, Task, closures::map};

use crate::support::{Census, Sendable, Tracked, jitter, runs, watched};

const N_CHUNKS: u64 = 12;

/// Where and how the run is to fail.
#[derive(Clone, Copy, Debug)]
struct Trap {
    task: &'static str,
    chunk: Option<u64>,
    is_panic: bool,
}

impl Trap {
    fn spring(self, task: &str, chunk: Option<u64>) -> Result<(), BoxError> {
        match (task == self.task && chunk == self.chunk, self.is_panic) {
            (true, true) => panic!("trap in {task}"),
            (true, false) => Err(format!("trap in {task}").into()),
            _ => Ok(()),
        }
    }
}

struct Count {
    next: u64,
    trap: Trap,
    census: Arc<Census>,
}

impl Source for Count {
    type Out = Tracked;
    fn next(&mut self) -> Result<Option<Tracked>, BoxError> {
        let n = self.next;
        self.next += 1;
        let chunk = Tracked::new(n, &self.census);
        self.trap.spring("Count", Some(n))?;
        Ok((n < N_CHUNKS).then_some(chunk))
    }
}

struct Step {
    name: &'static str,
    is_replicable: bool,
    is_parallel: bool,
    trap: Trap,
    /// Tasks own something, too.
    _own: Tracked,
    census: Arc<Census>,
}

impl Step {
    fn new(name: &'static str, trap: Trap, census: &Arc<Census>) -> Self {
        let _own = Tracked::new(0, census);
        Step { name, is_replicable: false, is_parallel: false, trap, _own, census: census.clone() }
    }
}

impl Task for Step {
    type In = Tracked;
    type Out = Tracked;
    fn name(&self) -> String {
        self.name.to_owned()
    }
    fn run(&mut self, chunk: Tracked) -> Result<Tracked, BoxError> {
        jitter(chunk.number + self.name.len() as u64);
        self.trap.spring(self.name, Some(chunk.number))?;
        Ok(chunk)
    }
    fn replica(&self) -> Option<Self> {
        let copy = || Step::new(self.name, self.trap, &self.census);
        self.is_replicable.then(|| Step { is_replicable: true, ..copy() })
    }
    fn max_threads(&self) -> usize {
        if self.is_parallel { usize::MAX } else { 1 }
    }
}

struct Sum {
    kept: Vec<Arc<Sendable>>,
    next: u64,
    trap: Trap,
}

impl Accumulator for Sum {
    type In = Arc<Sendable>;
    type Out = usize;
    fn add(&mut self, chunk: Arc<Sendable>) -> Result<(), BoxError> {
        assert_eq!(chunk.0.lock().unwrap().number, self.next, "out of order");
        self.next += 1;
        self.trap.spring("Sum", Some(self.next - 1))?;
        self.kept.push(chunk);
        Ok(())
    }
    fn finish(&mut self) -> Result<usize, BoxError> {
        self.trap.spring("Sum", None)?;
        Ok(self.kept.len())
    }
}

/// Count → First × n → Middle → Inside (parallel) → Last × n → Sum and Write; then After.
fn chain(trap: Trap, census: &Arc<Census>) -> Chain {
    let step = |name| Step::new(name, trap, census);
    let mut chain = Chain::new();
    let held = chain.constant(Sendable(Mutex::new(Tracked::new(0, census))));
    let held = chain.share(held);
    let count = Count { next: 0, trap, census: census.clone() };
    let sum = chain.per_chunk(count, |c, chunk| {
        let chunk = c.then(chunk, Step { is_replicable: true, ..step("First") });
        let chunk = c.then(chunk, step("Middle"));
        let chunk = c.then(chunk, Step { is_parallel: true, ..step("Inside") });
        let chunk = c.then(chunk, Step { is_replicable: true, ..step("Last") });
        let chunk = c.then(chunk, map("Wrap", |chunk| Ok(Sendable(Mutex::new(chunk)))));
        let chunk = c.share(chunk);
        let sum = c.accumulate(chunk.clone(), Sum { kept: Vec::new(), next: 0, trap });
        let write = map("Write", move |(chunk, _held): (Arc<Sendable>, Arc<Sendable>)| {
            let number = chunk.0.lock().unwrap().number;
            trap.spring("Write", Some(number))
        });
        c.sink((chunk, c.hold(held)), write);
        sum
    });
    let after = move |n: usize| {
        assert_eq!(n as u64, N_CHUNKS);
        trap.spring("After", None)
    };
    chain.sink(sum, map("After", after));
    chain
}

/// One clean error, nothing left alive.
fn expect_failure(trap: Trap, run: &Run) {
    let what = format!("{trap:?} {run:?}");
    let census = Arc::new(Census::default());
    let (inner, run) = (census.clone(), run.clone());
    let error = watched(what.clone(), move || chain(trap, &inner).run(&run).unwrap_err());
    match &error {
        Error::Task { task, chunk, source } if !trap.is_panic => {
            assert_eq!((task.as_str(), *chunk), (trap.task, trap.chunk), "{what}");
            assert_eq!(source.to_string(), format!("trap in {}", trap.task));
            assert!(error.source().is_some() && error.to_string().contains(trap.task));
        }
        Error::Panic { task, chunk, message } if trap.is_panic => {
            assert_eq!((task.as_str(), *chunk), (trap.task, trap.chunk), "{what}");
            assert_eq!(message, &format!("trap in {}", trap.task));
        }
        other => panic!("{what}: {other:?}"),
    }
    assert_eq!(census.live(), 0, "{what}: values left or dropped twice");
}

#[test]
fn a_failure_anywhere_is_one_clean_error() {
    let in_stream = ["Count", "First", "Middle", "Inside", "Last", "Sum", "Write"];
    let chunks = [0, 1, N_CHUNKS / 2, N_CHUNKS - 1].map(Some);
    let mut places: Vec<_> = in_stream.iter().flat_map(|task| chunks.map(|chunk| (*task, chunk))).collect();
    places.extend([("Count", Some(N_CHUNKS)), ("Sum", None), ("After", None)]);
    for (task, chunk) in places {
        for is_panic in [false, true] {
            for threads in [1, 4] {
                let trap = Trap { task, chunk, is_panic };
                for depth in [1, 3] {
                    expect_failure(trap, &Run { depth, ..Run::pipeline(threads) });
                }
                expect_failure(trap, &Run { execution: Execution::Sequential, ..Run::pipeline(threads) });
            }
        }
    }
}

#[test]
fn without_a_trap_everything_arrives_and_is_dropped() {
    for run in runs() {
        let census = Arc::new(Census::default());
        let trap = Trap { task: "", chunk: None, is_panic: false };
        chain(trap, &census).run(&run).unwrap();
        assert_eq!(census.live(), 0, "{run:?}");
        assert!(census.born() > N_CHUNKS as i64);
    }
}

/// The first chunk fails when all tokens are taken by chunks that wait for it.
#[test]
fn a_late_failure_of_the_first_chunk_frees_a_full_window() {
    use facette_flow::closures::{iterate, replicable};
    for (is_panic, depth) in [(false, 1), (true, 1), (false, 3)] {
        let run = Run { depth, ..Run::pipeline(3) };
        let census = Arc::new(Census::default());
        let (born, seen) = (census.clone(), census.clone());
        let written = Arc::new(AtomicU64::new(0));
        let count = written.clone();
        let error = watched(format!("{run:?}"), move || {
            let window = (1 + (3 + depth) + (1 + depth)) as i64;
            let mut chain = Chain::new();
            chain.per_chunk(iterate("Endless", (0..).map(move |n| Tracked::new(n, &born))), |c, chunk| {
                let fail = replicable("Fail", move |chunk: Tracked| {
                    while chunk.number == 0 && seen.live() < window {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    match (chunk.number, is_panic) {
                        (0, true) => panic!("late"),
                        (0, false) => Err("late".into()),
                        _ => Ok(chunk),
                    }
                });
                let chunk = c.then(chunk, fail);
                let write = map("Write", move |_: Tracked| {
                    count.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                });
                c.sink(chunk, write);
            });
            chain.run(&run).unwrap_err()
        });
        assert_eq!(written.load(Ordering::SeqCst), 0, "chunks behind the failed one were written");
        let is_first = match &error {
            Error::Task { task, chunk, .. } => !is_panic && task == "Fail" && *chunk == Some(0),
            Error::Panic { task, chunk, .. } => is_panic && task == "Fail" && *chunk == Some(0),
            _ => false,
        };
        assert!(is_first, "{error:?}");
        assert_eq!(census.live(), 0);
    }
}

/// The earliest chunk wins, though later ones fail sooner.
#[test]
fn of_many_failures_the_first_in_stream_order_is_reported() {
    use facette_flow::closures::{iterate, replicable};
    use std::{thread::sleep, time::Duration};
    for round in 0..60_u64 {
        let run = Run { depth: 1 + (round % 3) as usize, ..Run::pipeline(4) };
        let error = watched(format!("round {round}"), move || {
            let mut chain = Chain::new();
            chain.per_chunk(iterate("Count", 0..40_u64), |c, n| {
                let n = c.then(
                    n,
                    replicable("Early", move |n: u64| {
                        jitter(n + round);
                        if n >= 6 { Err("early".into()) } else { Ok(n) }
                    }),
                );
                let late = map("Late", |n: u64| {
                    sleep(Duration::from_micros(300));
                    if n >= 3 { panic!("late") } else { Ok(()) }
                });
                c.sink(n, late);
            });
            chain.run(&run).unwrap_err()
        });
        let is_late = matches!(&error, Error::Panic { task, chunk: Some(3), .. } if task == "Late");
        assert!(is_late, "round {round}: {error:?}");
    }
}

#[test]
fn panics_in_clones_drops_replicas_and_observers_are_caught() {
    use facette_flow::closures::{iterate, replicable};
    struct Bomb(&'static str);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            if self.0 == "clone" { panic!("in clone") } else { Bomb("") }
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 == "drop" && !std::thread::panicking() {
                panic!("in drop")
            }
        }
    }
    struct Shy(u32);
    impl Task for Shy {
        type In = Bomb;
        type Out = ();
        fn run(&mut self, _: Bomb) -> Result<(), BoxError> {
            Ok(())
        }
        fn replica(&self) -> Option<Self> {
            if self.0 == 1 { panic!("in replica") } else { Some(Shy(self.0)) }
        }
    }
    struct Rude;
    impl facette_flow::Observer for Rude {
        fn task_done(&self, task: &str, chunk: Option<u64>, _: f64) {
            assert!(task != "Shy" || chunk != Some(2), "in observer");
        }
    }
    let outcome = |bomb: &'static str, shy: u32, run: Run| {
        watched(format!("{bomb} {shy} {run:?}"), move || {
            let mut chain = Chain::new();
            chain.per_chunk(iterate("Count", 0..9_u32), move |c, n| {
                let make = replicable("Make", move |n| Ok(Bomb(if n == 2 { bomb } else { "" })));
                let value = c.then(n, make);
                c.sink(value.clone(), Shy(shy));
                c.sink(value, map("Drop", |_| Ok(())));
            });
            match chain.run(&run).unwrap_err() {
                Error::Panic { task, chunk, message } => (task, chunk, message),
                other => panic!("{other:?}"),
            }
        })
    };
    let named = |task: &str, chunk, message: &str| (task.to_owned(), chunk, message.to_owned());
    for run in runs() {
        assert_eq!(outcome("clone", 0, run.clone()), named("Shy", Some(2), "in clone"));
        assert_eq!(outcome("drop", 0, run.clone()), named("Drop", Some(2), "in drop"));
        let rude = Run { observer: Some(Arc::new(Rude)), ..run.clone() };
        assert_eq!(outcome("", 0, rude), named("Shy", Some(2), "in observer"));
    }
    assert_eq!(outcome("", 1, Run::pipeline(2)).2, "in replica");
}

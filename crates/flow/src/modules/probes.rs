//! Probes: tasks that note when frames pass, how fast, and what they hold, while the run goes on.
//!
//! A [`ProbeLog`] has a column per probe and a row per frame. Frames are told apart by a [`Stamp`] that a source of the
//! log gives each of them; it travels beside the data to wherever a probe is bound. So probes may sit in any stage, in
//! replicas that work out of order, and every value still comes into the row of its frame. What a probe measures is the
//! time at which it runs: bind it between two tasks by [`Graph::order`](crate::graph::Graph::order).
//!
//! ```
//! use facette_flow::{
//!     closures::{iterate, replicable},
//!     graph::{Graph, Pipeline, Settings, Stage},
//!     modules::ProbeLog,
//! };
//!
//! let log = ProbeLog::new(100)?;
//! let mut graph = Graph::new();
//! let stamp = graph.source(log.stamps());
//! let number = graph.source(iterate("Count", 0..1000_u64));
//! let square = graph.task(number, replicable("Square", |n: u64| Ok(n * n)));
//! let square = graph.task((stamp.clone(), square), log.value("square", "", |n: &u64| *n));
//! let end = graph.task(square, replicable("End", |_: u64| Ok(())));
//! let age = graph.task(stamp, log.latency("age"));
//! graph.order(&end, &age);
//!
//! Pipeline::new(graph, &[Stage::new(2), Stage::new(2).replicas(2), Stage::new(2)])?.run(&Settings::default())?;
//! let table = log.table();
//! assert_eq!((table.columns[1].unit.as_str(), table.rows.len()), ("s", 100));
//! assert_eq!((table.rows[0].frame, &table.rows[0].values[0]), (900, &Some(810_000_u64.into())));
//! # Ok::<(), facette_flow::Error>(())
//! ```

use std::{
    marker::PhantomData,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use super::table::{ProbeColumn, ProbeRow, ProbeTable, Value};
use crate::{BoxError, BuildError, Source, Task};

/// Which frame it is, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The number of the frame, from 0.
    pub frame: u64,
    /// When the frame began.
    pub born: Instant,
}

/// Gives every frame its stamp, without end: it stands beside the source of the data. Made by [`ProbeLog::stamps`].
///
/// Replicas draw from one counter, so no two frames get the same number.
#[derive(Clone, Debug)]
pub struct Stamps {
    next: Arc<AtomicU64>,
}

impl Source for Stamps {
    type Out = Stamp;

    fn next(&mut self) -> Result<Option<Stamp>, BoxError> {
        Ok(Some(Stamp { frame: self.next.fetch_add(1, Ordering::Relaxed), born: Instant::now() }))
    }

    fn replica(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// What probes have seen of the last frames. Clones share it; it can be read while the run goes on.
#[derive(Clone, Debug)]
pub struct ProbeLog {
    columns: Arc<Mutex<Vec<Arc<Column>>>>,
    rows: usize,
    /// One instant on both clocks.
    started: Instant,
    started_ns: u64,
}

/// What one probe and its replicas have seen.
#[derive(Debug)]
struct Column {
    head: ProbeColumn,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// A ring: frame `n` lies at `n` modulo its length.
    cells: Vec<Option<(u64, Value)>>,
    calls: u64,
    last: Option<Instant>,
}

/// A lock under which nothing can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Column {
    /// Notes a value, unless the ring has gone on to a later frame.
    fn note(&self, frame: u64, value: impl FnOnce(&mut Seen) -> Option<Value>) {
        let mut seen = lock(&self.seen);
        let value = value(&mut seen);
        let i = (frame % seen.cells.len() as u64) as usize;
        let cell = &mut seen.cells[i];
        if let Some(value) = value
            && cell.as_ref().is_none_or(|(other, _)| *other <= frame)
        {
            *cell = Some((frame, value));
        }
    }
}

impl ProbeLog {
    /// A log of the last `rows` frames; its clock begins now.
    ///
    /// # Errors
    /// [`BuildError::Zero`] for no rows.
    pub fn new(rows: usize) -> Result<Self, BuildError> {
        if rows == 0 {
            return Err(BuildError::Zero { setting: "rows" });
        }
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let started_ns = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        Ok(ProbeLog { columns: Arc::default(), rows, started: Instant::now(), started_ns })
    }

    /// The source of stamps, one per graph.
    pub fn stamps(&self) -> Stamps {
        Stamps { next: Arc::default() }
    }

    /// How much passes per second, from call to call: `amount` is what one frame is worth in the unit before the
    /// slash, 1 for `frames/s`. Empty for the first frame.
    pub fn throughput(&self, name: &str, unit: &str, amount: f64) -> Probe {
        self.probe(name, unit, What::Throughput(amount))
    }

    /// Seconds since the frame began.
    pub fn latency(&self, name: &str) -> Probe {
        self.probe(name, "s", What::Latency)
    }

    /// Seconds since the log was made.
    pub fn time(&self, name: &str) -> Probe {
        self.probe(name, "s", What::Time)
    }

    /// Nanoseconds since 1970, as whole numbers, for traces. They never go back.
    pub fn timestamp(&self, name: &str) -> Probe {
        self.probe(name, "ns", What::Timestamp)
    }

    /// How many frames came before, in the order of calls.
    pub fn occurrence(&self, name: &str) -> Probe {
        self.probe(name, "", What::Occurrence)
    }

    /// Something that frames hold: a task on stamp and frame that hands the frame on.
    pub fn value<T, V, F>(&self, name: &str, unit: &str, look: F) -> ProbeValue<T, V, F>
    where
        T: Send + 'static,
        V: Into<Value> + 'static,
        F: Fn(&T) -> V + Clone + Send + 'static,
    {
        ProbeValue { column: self.column(name, unit), look, types: PhantomData }
    }

    /// All columns, in the order in which the probes were made, and the last rows, without those that no probe has
    /// seen. During a run, rows at the end may be incomplete.
    pub fn table(&self) -> ProbeTable {
        let columns = lock(&self.columns).clone();
        let seen: Vec<_> = columns.iter().map(|column| lock(&column.seen).cells.clone()).collect();
        let newest = seen.iter().flatten().flatten().map(|(frame, _)| *frame).max();
        let last = newest.map_or(0, |frame| frame.saturating_add(1));
        let row = |frame: u64| {
            let i = (frame % self.rows as u64) as usize;
            let value = |cells: &Vec<Option<(u64, Value)>>| match &cells[i] {
                Some((of, value)) if *of == frame => Some(value.clone()),
                _ => None,
            };
            ProbeRow { frame, values: seen.iter().map(value).collect() }
        };
        let rows = (last.saturating_sub(self.rows as u64)..last).map(row);
        let rows = rows.filter(|row| row.values.iter().any(Option::is_some)).collect();
        ProbeTable { columns: columns.iter().map(|column| column.head.clone()).collect(), rows }
    }

    fn column(&self, name: &str, unit: &str) -> Arc<Column> {
        let seen = Mutex::new(Seen { cells: vec![None; self.rows], calls: 0, last: None });
        let head = ProbeColumn { name: name.to_owned(), unit: unit.to_owned() };
        let column = Arc::new(Column { head, seen });
        lock(&self.columns).push(column.clone());
        column
    }

    fn probe(&self, name: &str, unit: &str, what: What) -> Probe {
        let (started, started_ns) = (self.started, self.started_ns);
        Probe { column: self.column(name, unit), what, started, started_ns }
    }
}

/// What a probe notes.
#[derive(Clone, Copy, Debug)]
enum What {
    Throughput(f64),
    Latency,
    Time,
    Timestamp,
    Occurrence,
}

/// Notes something about the time at which it runs. Replicas write into one column.
#[derive(Clone, Debug)]
pub struct Probe {
    column: Arc<Column>,
    what: What,
    started: Instant,
    started_ns: u64,
}

impl Task for Probe {
    type In = Stamp;
    type Out = ();

    fn name(&self) -> String {
        format!("probe {}", self.column.head.name)
    }

    fn run(&mut self, Stamp { frame, born }: Stamp) -> Result<(), BoxError> {
        let now = Instant::now();
        let since = now.saturating_duration_since(self.started);
        self.column.note(frame, |seen| {
            let (calls, last) = (seen.calls, seen.last.replace(now));
            seen.calls += 1;
            match self.what {
                // Less than the clock can tell counts as one of its steps.
                What::Throughput(amount) => last.map(|last| {
                    (amount / now.saturating_duration_since(last).as_secs_f64().max(1e-9)).into()
                }),
                What::Latency => Some(now.saturating_duration_since(born).as_secs_f64().into()),
                What::Time => Some(since.as_secs_f64().into()),
                What::Timestamp => {
                    let since = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
                    Some(self.started_ns.saturating_add(since).into())
                }
                What::Occurrence => Some(calls.into()),
            }
        });
        Ok(())
    }

    fn replica(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// Notes something that frames hold, and hands them on; made by [`ProbeLog::value`].
pub struct ProbeValue<T, V, F> {
    column: Arc<Column>,
    look: F,
    types: PhantomData<fn(T) -> V>,
}

impl<T, V, F> Task for ProbeValue<T, V, F>
where
    T: Send + 'static,
    V: Into<Value> + 'static,
    F: Fn(&T) -> V + Clone + Send + 'static,
{
    type In = (Stamp, T);
    type Out = T;

    fn name(&self) -> String {
        format!("probe {}", self.column.head.name)
    }

    fn run(&mut self, (stamp, frame): (Stamp, T)) -> Result<T, BoxError> {
        // User code runs before the lock is taken.
        let value = (self.look)(&frame).into();
        self.column.note(stamp.frame, |_| Some(value));
        Ok(frame)
    }

    fn replica(&self) -> Option<Self> {
        Some(ProbeValue { column: self.column.clone(), look: self.look.clone(), types: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use std::{thread::sleep, time::Duration};

    use super::*;

    fn stamp(frame: u64) -> Stamp {
        Stamp { frame, born: Instant::now() }
    }

    #[test]
    fn late_values_find_their_row_or_are_too_late() {
        let log = ProbeLog::new(4).unwrap();
        let mut value = log.value("n", "", |n: &u64| *n);
        for frame in [1, 0, 5, 3, 4, 2, 1] {
            assert_eq!(value.run((stamp(frame), 10 * frame)).unwrap(), 10 * frame);
        }
        // Frame 1 came again when its place had gone to frame 5.
        let rows = log.table().rows.into_iter().map(|row| (row.frame, row.values));
        let want = [2, 3, 4, 5].map(|frame: u64| (frame, vec![Some((10 * frame).into())]));
        assert_eq!(rows.collect::<Vec<_>>(), want);
    }

    #[test]
    fn clocks_agree_and_replicas_share_a_column() {
        let log = ProbeLog::new(10).unwrap();
        let (mut time, mut stamped, mut age) = (log.time("time"), log.timestamp("at"), log.latency("age"));
        let (mut count, mut rate) = (log.occurrence("count"), log.throughput("rate", "samples/s", 50.0));
        let mut other = count.replica().unwrap();
        let first = stamp(0);
        sleep(Duration::from_millis(5));
        time.run(first).unwrap();
        stamped.run(first).unwrap();
        age.run(first).unwrap();
        count.run(first).unwrap();
        other.run(stamp(1)).unwrap();
        rate.run(first).unwrap();
        sleep(Duration::from_millis(5));
        rate.run(stamp(1)).unwrap();
        let table = log.table();
        let real = |row: usize, column: usize| match table.rows[row].values[column] {
            Some(Value::Real(x)) => x,
            ref other => panic!("{other:?}"),
        };
        let Some(Value::Count(at)) = table.rows[0].values[1] else { panic!("{table:?}") };
        assert!(real(0, 0) >= 0.005 && real(0, 2) >= 0.005);
        assert!((at - log.started_ns) as f64 * 1e-9 >= real(0, 0), "the stamp was taken after the time");
        assert_eq!([0, 1].map(|row| table.rows[row].values[3].clone()), [0_u64, 1].map(|n| Some(n.into())));
        assert_eq!(table.rows[0].values[4], None);
        assert!((0.0..10_000.0).contains(&real(1, 4)));
        assert_eq!(ProbeLog::new(0).unwrap_err(), BuildError::Zero { setting: "rows" });
    }
}

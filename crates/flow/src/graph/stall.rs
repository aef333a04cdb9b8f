//! When nothing moves: who waits for whom, and whether somebody is just slow.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    board::Desk,
    snapshot::{Doing, Scene, Worker},
};

/// Less than this share of a core is no computing.
const ASLEEP: f64 = 0.05;

/// No call has ended and no frame has moved for [`super::Settings::stall_after`].
///
/// Its text names every boundary where somebody waits, and every task at work, and says which of the two it is: a task
/// that takes long, or stages that wait for each other.
///
/// ```
/// use facette_flow::{Observer, closures::{iterate, map}, graph::{Graph, Sequence, Settings, Stall}};
/// use std::{sync::{Arc, Mutex}, thread, time::Duration};
///
/// #[derive(Default)]
/// struct Complaints(Mutex<Vec<String>>);
///
/// impl Observer for Complaints {
///     fn stalled(&self, stall: &Stall) {
///         self.0.lock().unwrap().push(stall.to_string());
///     }
/// }
///
/// let mut graph = Graph::new();
/// let number = graph.source(iterate("Give", [1_u64]));
/// graph.task(number, map("Sleep", |_: u64| Ok(thread::sleep(Duration::from_millis(300)))));
/// let complaints = Arc::new(Complaints::default());
/// let settings = Settings {
///     observer: Some(complaints.clone()),
///     stall_after: Some(Duration::from_millis(100)),
///     ..Settings::default()
/// };
/// Sequence::new(graph, 1)?.run(&settings)?;
/// // "nothing has moved for 0.100 s; task Sleep of stage 0 replica 0 is at work on frame 0 for 0.100 s, asleep: …"
/// assert!(complaints.0.lock().unwrap()[0].contains("task Sleep of stage 0 replica 0 is at work on frame 0"));
/// # Ok::<(), facette_flow::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Stall {
    /// Seconds that nothing has moved.
    pub seconds: f64,
    /// Every replica that has not ended.
    pub workers: Vec<StalledWorker>,
}

/// A replica while nothing moves.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StalledWorker {
    /// The replica and what it does.
    pub worker: Worker,
    /// Seconds that it has been doing so.
    pub seconds: f64,
    /// Cores that its thread has used meanwhile, 0 to 1. `None` where the operating system does not say, and for a
    /// task that works in a pool of threads.
    pub cores: Option<f64>,
}

impl StalledWorker {
    fn is_working(&self) -> bool {
        matches!(self.worker.doing, Doing::Working { .. })
    }
}

impl Stall {
    /// Whether no task is at work: the stages wait for each other.
    pub fn is_deadlock(&self) -> bool {
        !self.workers.iter().any(StalledWorker::is_working)
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing has moved for {:.3} s", self.seconds)?;
        if self.is_deadlock() {
            write!(f, ", and no task is at work: a deadlock")?;
        }
        let (working, waiting): (Vec<_>, Vec<_>) =
            self.workers.iter().partition(|worker| worker.is_working());
        for StalledWorker { worker, seconds, cores } in working {
            write!(f, "; {worker} for {seconds:.3} s, ")?;
            match cores {
                Some(cores) if *cores >= ASLEEP => write!(f, "computing: it is slow, not stuck")?,
                Some(_) => write!(f, "asleep: it waits for something that the graph does not know")?,
                None => write!(f, "slow or waiting for something that the graph does not know")?,
            }
        }
        waiting.iter().try_for_each(|stalled| write!(f, "; {}", stalled.worker))
    }
}

/// What a replica looked like, and since when.
#[derive(Clone, Copy)]
struct Trail {
    calls: u64,
    taken: u64,
    given: u64,
    doing: usize,
    since: Instant,
    /// Seconds of work of the thread when it was first found unchanged.
    worked_s: Option<f64>,
    is_quiet: bool,
}

impl Trail {
    fn of(desk: &Desk, now: Instant) -> Self {
        let (calls, taken, given, doing) = (desk.calls(), desk.taken(), desk.given(), desk.doing());
        Trail { calls, taken, given, doing, since: now, worked_s: None, is_quiet: false }
    }

    fn is_same(&self, other: &Trail) -> bool {
        (self.calls, self.taken, self.given, self.doing)
            == (other.calls, other.taken, other.given, other.doing)
    }
}

/// Looks again and again whether anything has moved.
pub(crate) struct Vigil {
    patience: Duration,
    trails: Vec<Trail>,
    /// The stall that lasts has been told.
    is_told: bool,
}

impl Vigil {
    pub(crate) fn new(patience: Duration, scene: &Scene) -> Self {
        let now = Instant::now();
        let trails = scene.board.desks().map(|desk| Trail::of(desk, now)).collect();
        Vigil { patience, trails, is_told: false }
    }

    /// How often to look.
    pub(crate) fn period(&self) -> Duration {
        (self.patience / 8).clamp(Duration::from_millis(1), Duration::from_secs(1))
    }

    /// Looks; gives a stall once for each.
    pub(crate) fn look(&mut self, scene: &Scene) -> Option<Stall> {
        let now = Instant::now();
        for (desk, trail) in scene.board.desks().zip(&mut self.trails) {
            let fresh = Trail::of(desk, now);
            if !trail.is_same(&fresh) {
                *trail = fresh;
            } else if !trail.is_quiet {
                (trail.is_quiet, trail.worked_s) = (true, worked_s(desk));
            }
        }
        let last = self.trails.iter().map(|trail| trail.since).max()?;
        if now - last < self.patience {
            self.is_told = false;
            return None;
        }
        let workers = self.workers(scene, now);
        let is_news = !std::mem::replace(&mut self.is_told, true) && !workers.is_empty();
        is_news.then(|| Stall { seconds: (now - last).as_secs_f64(), workers })
    }

    fn workers(&self, scene: &Scene, now: Instant) -> Vec<StalledWorker> {
        let stalled = |(desk, trail): (_, &Trail)| {
            let seconds = (now - trail.since).as_secs_f64();
            let desk: &Desk = desk;
            let cores = trail
                .worked_s
                .zip(worked_s(desk))
                .map(|(then, now)| ((now - then) / seconds).clamp(0.0, 1.0));
            StalledWorker { worker: scene.worker(desk), seconds, cores }
        };
        let desks = scene.board.desks().map(|desk| &**desk);
        let all = desks.zip(&self.trails).map(stalled);
        all.filter(|stalled| stalled.worker.doing != Doing::Ended).collect()
    }
}

/// Seconds that the thread of a replica has worked.
fn worked_s(desk: &Desk) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{}/schedstat", desk.thread()?)).ok()?;
    let nanoseconds: u64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

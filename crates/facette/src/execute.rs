//! Running chains: threads, progress, and the survey that comes before every plan.

use crate::{Error, Session, watch::Watch};
use flow::{
    Chain, Execution, Observer, PassPlan, Plan, Run, RunReport,
    graph::{Doing, Snapshot, Stall, Worker},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tasks::{Data, Surveyed, chunk_rows};

/// Chunks buffered before each stage.
const DEPTH: usize = 1;

/// Most chunks that exist at the same time in a stream of three tasks behind the source.
pub(crate) fn in_flight(execution: &Execution, threads: usize) -> u64 {
    match execution {
        Execution::Sequential => 1,
        Execution::Planned(plan) => plan.passes.iter().map(|pass| pass.window).max().unwrap_or(1) as u64,
        // The source has one in hand, so has each replica of the first stage and the gridder; one waits before each
        // stage. A plan by costs has no more: its stages share as many cores as there are threads.
        _ => 1 + (threads as u64 + 1) + 2,
    }
}

/// How a chain is run.
#[derive(Clone)]
pub(crate) struct How {
    pub threads: usize,
    pub execution: Execution,
    /// Visibilities (rows × channels) streamed up to each chunk, that one included.
    pub chunks: Vec<u64>,
    /// Passes over the data for gridding; 0 where they are not to be counted.
    pub n_passes: usize,
    pub watch: Watch,
}

/// Visibilities up to each chunk of MeasurementSets with these numbers of rows and channels.
pub(crate) fn visibilities_by_chunk(sets: impl Iterator<Item = (u64, usize)>) -> Vec<u64> {
    let (mut sum, mut chunks) = (0, Vec::new());
    for (mut n_row, n_chan) in sets {
        while n_row > 0 {
            let rows = n_row.min(chunk_rows(n_chan) as u64);
            sum += rows * n_chan as u64;
            chunks.push(sum);
            n_row -= rows;
        }
    }
    chunks
}

/// Runs a chain to its end.
pub(crate) fn run(chain: Chain, session: &Session, how: How) -> Result<RunReport, Error> {
    let mut run = Run {
        threads: how.threads,
        execution: how.execution.clone(),
        depth: DEPTH,
        cancel: session.cancel.clone(),
        observer: None,
        snapshot_every: session.screen.snapshot_every(),
        stall_after: how.watch.stall_after,
    };
    // Says at once what cannot be executed.
    let plan = chain.plan(&run)?;
    run.observer = Some(how.watch.observer(Arc::new(Progress::new(session, how.clone(), plan))));
    let report = chain.run(&run)?;
    session.screen.report(&report);
    Ok(report)
}

/// Reads the baseline coordinates and times of all data.
pub(crate) fn survey(
    data: &Data,
    n_ms: usize,
    session: &Session,
    threads: usize,
    watch: &Watch,
) -> Result<Surveyed, Error> {
    let mut chain = Chain::new();
    let surveyed = modes::survey(&mut chain, data, n_ms).map_err(Error::Declare)?;
    let execution = Execution::Pipeline;
    let how = How { threads, execution, chunks: Vec::new(), n_passes: 0, watch: watch.clone() };
    run(chain, session, how)?;
    surveyed.take().ok_or_else(|| Error::Declare("the survey gave no result".into()))
}

/// Turns finished calls of the accumulating tasks into progress in visibilities, and stalls into warnings.
struct Progress {
    session: Session,
    how: How,
    plan: Mutex<Plan>,
    /// The stream that runs.
    pass: AtomicUsize,
    /// Whether a stall of this stream was told.
    is_stall_told: AtomicBool,
    /// Gridding passes that have ended.
    n_gridded: AtomicUsize,
}

impl Progress {
    fn new(session: &Session, how: How, plan: Plan) -> Self {
        let (session, plan) = (session.clone(), Mutex::new(plan));
        let (pass, n_gridded) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Progress { session, how, plan, pass, is_stall_told: AtomicBool::new(false), n_gridded }
    }

    /// What the user reads beside the bar, by the task that ends the stream of chunks.
    fn pass_of(&self, task: &str) -> Option<String> {
        match task {
            "SumDensity" => Some("weighting".to_owned()),
            "Grid" if self.how.n_passes > 1 => {
                let i_pass = self.n_gridded.load(Ordering::Relaxed) % self.how.n_passes + 1;
                Some(format!("gridding {i_pass}/{}", self.how.n_passes))
            }
            "Grid" => Some("gridding".to_owned()),
            _ => None,
        }
    }
}

impl Observer for Progress {
    fn task_done(&self, task: &str, i_chunk: Option<u64>, _seconds: f64) {
        let Some(pass) = self.pass_of(task) else { return };
        match i_chunk.and_then(|i| self.how.chunks.get(i as usize)) {
            Some(&done) => {
                self.session.screen.progress(&pass, done, *self.how.chunks.last().unwrap_or(&done))
            }
            // The end of an accumulation is reported without a chunk.
            None if task == "Grid" => drop(self.n_gridded.fetch_add(1, Ordering::Relaxed)),
            None => {}
        }
    }

    fn snapshot(&self, snapshot: &Snapshot) {
        self.session.screen.snapshot(snapshot);
    }

    fn stalled(&self, stall: &Stall) {
        if !self.is_stall_told.swap(true, Ordering::Relaxed) {
            let plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
            let pass = plan.passes.get(self.pass.load(Ordering::Relaxed));
            let boundaries = pass.map_or_else(String::new, |pass| boundaries(stall, pass));
            self.session.screen.note(&format!("{stall}{boundaries}"));
        }
    }

    fn planned(&self, pass: usize, plan: &PassPlan) {
        let mut plans = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plans.passes.get_mut(pass).into_iter().for_each(|known| known.clone_from(plan));
    }

    fn pass_started(&self, pass: usize, _source: &str, _n_chunks: Option<u64>) {
        self.pass.store(pass, Ordering::Relaxed);
        self.is_stall_told.store(false, Ordering::Relaxed);
        self.session.screen.pass_started();
    }

    fn pass_ended(&self, _pass: usize, _chunks: u64, _seconds: f64) {
        self.session.screen.pass_done();
    }
}

/// Which tasks lie on both sides of the boundaries where somebody waits.
fn boundaries(stall: &Stall, pass: &PassPlan) -> String {
    let boundary = |worker: &Worker| match worker.doing {
        Doing::WaitingForFrame => worker.stage.checked_sub(1),
        Doing::WaitingForRoom => Some(worker.stage),
        _ => None,
    };
    let waiting: BTreeSet<_> = stall.workers.iter().filter_map(|w| boundary(&w.worker)).collect();
    let tasks = |stage: usize| pass.stages.get(stage).map(|stage| stage.tasks.join(", "));
    let say =
        |boundary| Some(format!("; boundary {boundary}: {} → {}", tasks(boundary)?, tasks(boundary + 1)?));
    waiting.into_iter().filter_map(say).collect()
}

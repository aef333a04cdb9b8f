//! Running chains: threads, progress, and the survey that comes before every plan.

use crate::{Error, Session};
use flow::{Chain, Execution, Observer, Run, RunReport};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tasks::{Data, Surveyed, chunk_rows};

/// Chunks buffered before each stage.
const DEPTH: usize = 1;

/// How a chain is run.
#[derive(Clone, Debug)]
pub(crate) struct How {
    pub threads: usize,
    pub execution: Execution,
    /// Visibilities (rows × channels) streamed up to each chunk, that one included.
    pub chunks: Vec<u64>,
    /// Passes over the data for gridding; 0 where they are not to be counted.
    pub n_passes: usize,
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
    let observer: Arc<dyn Observer> =
        Arc::new(Progress { session: session.clone(), how: how.clone(), n_gridded: AtomicUsize::new(0) });
    let run = Run {
        threads: how.threads,
        execution: how.execution,
        depth: DEPTH,
        cancel: session.cancel.clone(),
        observer: Some(observer),
        ..Run::pipeline(how.threads)
    };
    Ok(chain.run(&run)?)
}

/// Reads the baseline coordinates and times of all data.
pub(crate) fn survey(data: &Data, n_ms: usize, session: &Session, threads: usize) -> Result<Surveyed, Error> {
    let mut chain = Chain::new();
    let surveyed = modes::survey(&mut chain, data, n_ms).map_err(Error::Declare)?;
    let how = How { threads, execution: Execution::Pipeline, chunks: Vec::new(), n_passes: 0 };
    run(chain, session, how)?;
    surveyed.take().ok_or_else(|| Error::Declare("the survey gave no result".into()))
}

/// Turns finished calls of the accumulating tasks into progress in visibilities.
struct Progress {
    session: Session,
    how: How,
    /// Gridding passes that have ended.
    n_gridded: AtomicUsize,
}

impl Progress {
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

    fn pass_started(&self, _pass: usize, _source: &str, _n_chunks: Option<u64>) {
        self.session.screen.pass_started();
    }

    fn pass_ended(&self, _pass: usize, _chunks: u64, _seconds: f64) {
        self.session.screen.pass_done();
    }
}

//! Running chains: threads, progress, and the survey that comes before every plan.

use crate::{Error, Session};
use flow::{Chain, Execution, Observer, Run, RunReport};
use std::sync::Arc;
use tasks::{Data, Surveyed};

/// Chunks buffered before each stage.
const DEPTH: usize = 1;

/// How a chain is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub threads: usize,
    pub execution: Execution,
    /// Visibilities (rows × channels) that one pass streams.
    pub pass_visibilities: u64,
    /// Visibilities of a full chunk.
    pub chunk_visibilities: u64,
}

/// Runs a chain to its end.
pub(crate) fn run(chain: Chain, session: &Session, how: How) -> Result<RunReport, Error> {
    let observer: Arc<dyn Observer> = Arc::new(Progress { session: session.clone(), how });
    let run = Run {
        threads: how.threads,
        execution: how.execution,
        depth: DEPTH,
        cancel: session.cancel.clone(),
        observer: Some(observer),
    };
    Ok(chain.run(&run)?)
}

/// Reads the baseline coordinates and times of all data.
pub(crate) fn survey(data: &Data, n_ms: usize, session: &Session, threads: usize) -> Result<Surveyed, Error> {
    let mut chain = Chain::new();
    let surveyed = modes::survey(&mut chain, data, n_ms).map_err(Error::Declare)?;
    let how = How { threads, execution: Execution::Pipeline, pass_visibilities: 0, chunk_visibilities: 0 };
    run(chain, session, how)?;
    surveyed.take().ok_or_else(|| Error::Declare("the survey gave no result".into()))
}

/// Turns finished calls of the accumulating tasks into progress in visibilities.
struct Progress {
    session: Session,
    how: How,
}

impl Progress {
    /// The pass that a task's calls measure, by the task that ends its stream of chunks.
    fn pass_of(task: &str) -> Option<&'static str> {
        match task {
            "SumDensity" => Some("weighting"),
            "Grid" => Some("gridding"),
            _ => None,
        }
    }
}

impl Observer for Progress {
    fn task_done(&self, task: &str, i_chunk: Option<u64>, _seconds: f64) {
        let (Some(pass), Some(i_chunk)) = (Self::pass_of(task), i_chunk) else { return };
        let done = ((i_chunk + 1) * self.how.chunk_visibilities).min(self.how.pass_visibilities);
        self.session.screen.progress(pass, done, self.how.pass_visibilities);
    }

    fn pass_started(&self, _pass: usize, _source: &str, _n_chunks: Option<u64>) {
        self.session.screen.pass_started();
    }

    fn pass_ended(&self, _pass: usize, _chunks: u64, _seconds: f64) {
        self.session.screen.pass_done();
    }
}

//! Who did what when: spans for a Gantt chart, and as a file for Perfetto.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a span of time went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activity {
    /// A task, by its position in the stage.
    Task(usize),
    /// Handing a frame over a boundary, or taking it.
    HandOver,
    /// Sending a frame to another node.
    Send,
    /// Waiting for the frame.
    AwaitFrame,
    /// Waiting for room behind the stage.
    AwaitRoom,
    /// Waiting until few enough frames are between source and end.
    AwaitToken,
}

/// One bar of a Gantt chart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Position in the list of lanes.
    pub lane: usize,
    /// Position of the stage; of a frame that is sent, the stage that sends.
    pub stage: usize,
    /// What was done.
    pub activity: Activity,
    /// The frame, numbered from 0.
    pub frame: u64,
    /// Seconds from the start of the run.
    pub start_s: f64,
    /// Seconds from the start of the run.
    pub end_s: f64,
}

/// A row of a Gantt chart: a worker, or the link of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// What is written beside it.
    pub name: String,
    /// Position of its node.
    pub node: usize,
    /// Stage and replica, of a worker.
    pub worker: Option<(usize, u32)>,
}

/// Names of the tasks, by stage.
pub(crate) type Names = Vec<Vec<String>>;

impl Activity {
    /// What it is called in charts; `tasks` are the names of the tasks of its stage.
    #[must_use]
    pub fn name<'a>(&self, tasks: &'a [String]) -> &'a str {
        match self {
            Self::Task(task) => tasks.get(*task).map_or("task", String::as_str),
            Self::HandOver => "hand over",
            Self::Send => "send",
            Self::AwaitFrame => "await frame",
            Self::AwaitRoom => "await room",
            Self::AwaitToken => "await token",
        }
    }
}

/// Spans as text in the Trace Event Format, which Perfetto and browsers read: a process for each node, a thread for each
/// lane, times in microseconds.
pub(crate) fn perfetto(lanes: &[Lane], nodes: &[String], tasks: &Names, spans: &[Span]) -> String {
    let node = |(pid, name): (usize, &String)| json!({"name": "process_name", "ph": "M", "pid": pid, "tid": 0, "args": {"name": name}});
    let lane = |(tid, lane): (usize, &Lane)| {
        let args = json!({"name": lane.name});
        json!({"name": "thread_name", "ph": "M", "pid": lane.node, "tid": tid, "args": args})
    };
    let span = |span: &Span| {
        let name = span.activity.name(tasks.get(span.stage).map_or(&[], Vec::as_slice));
        let args = json!({"frame": span.frame, "stage": span.stage});
        let (ts, dur) = (span.start_s * 1e6, (span.end_s - span.start_s) * 1e6);
        let (pid, tid) = (lanes[span.lane].node, span.lane);
        json!({"name": name, "ph": "X", "ts": ts, "dur": dur, "pid": pid, "tid": tid, "args": args})
    };
    let nodes = nodes.iter().enumerate().map(node);
    let events: Vec<Value> =
        nodes.chain(lanes.iter().enumerate().map(lane)).chain(spans.iter().map(span)).collect();
    json!({"displayTimeUnit": "ms", "traceEvents": events}).to_string()
}

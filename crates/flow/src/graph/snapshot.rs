//! A run while it goes on: what was counted so far, and what each replica does now.

use std::{fmt, sync::Arc, time::Instant};

use serde::Serialize;

use super::{
    Occupancy, ReplicaStats, SCHEMA, TaskStats,
    board::{Board, Desk, Sum, doing},
    engine::FINISH,
    layout::StageLayout,
    report::json,
};

/// A run at one moment; see [`super::Settings::snapshot_every`].
///
/// Counters are read while the replicas go on, each at its own time, and none of them waits for it.
///
/// ```
/// use facette_flow::{Observer, closures::{iterate, map}, graph::{Graph, Sequence, Settings, Snapshot}};
/// use std::{sync::{Arc, Mutex}, time::Duration};
///
/// #[derive(Default)]
/// struct Last(Mutex<Option<Snapshot>>);
///
/// impl Observer for Last {
///     fn snapshot(&self, snapshot: &Snapshot) {
///         *self.0.lock().unwrap() = Some(snapshot.clone());
///     }
/// }
///
/// let mut graph = Graph::new();
/// let number = graph.source(iterate("Count", 0..100_u64));
/// graph.task(number, map("Check", |n: u64| if n < 100 { Ok(()) } else { Err("large".into()) }));
/// let last = Arc::new(Last::default());
/// let settings = Settings {
///     observer: Some(last.clone()),
///     snapshot_every: Some(Duration::from_secs(1)),
///     ..Settings::default()
/// };
/// let report = Sequence::new(graph, 1)?.run(&settings)?;
/// let last = last.0.lock().unwrap().take().expect("one at the end");
/// assert!(last.is_final && last.frames == report.frames && last.tasks[1].calls == 100);
/// # Ok::<(), facette_flow::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Seconds since the run began.
    pub elapsed_s: f64,
    /// The run has ended: these are the totals of its [`super::StreamReport`].
    pub is_final: bool,
    /// Frames that have come into the last stage; through it, where it is the only one.
    pub frames: u64,
    /// Every task, stage by stage, so far.
    pub tasks: Vec<TaskStats>,
    /// Every boundary between stages.
    pub boundaries: Vec<BoundaryNow>,
    /// Every replica of every stage.
    pub workers: Vec<Worker>,
}

impl Snapshot {
    /// The snapshot as one line of JSON: the fields of this type by their names, see [`SCHEMA`].
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// A boundary at one moment.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct BoundaryNow {
    /// Frames that there is room for.
    pub capacity: u64,
    /// Frames that lie there, more or less: both sides go on while they are counted.
    pub frames: u64,
    /// Frames that lay there so far.
    pub occupancy: Occupancy,
}

/// A replica of a stage at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Worker {
    /// The stage, from 0.
    pub stage: usize,
    /// The replica, from 0.
    pub replica: usize,
    /// Frames that it has taken; that it has finished, in the first stage.
    pub frames: u64,
    /// What it does.
    pub doing: Doing,
}

/// What a replica does at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doing {
    /// It has not begun.
    Starting,
    /// It is in a task, or between two.
    Working {
        /// Name of the task.
        task: String,
        /// The frame at the rate of the stage; `None` at the end of the stream.
        frame: Option<u64>,
    },
    /// It waits for a frame at the boundary in front of it.
    WaitingForFrame,
    /// It waits for room at the boundary behind it.
    WaitingForRoom,
    /// It waits for a frame to leave the pipeline, where the number of frames in it is limited.
    WaitingForExit,
    /// It waits for the other replicas of its stage to end, to merge what they have accumulated.
    WaitingForReplicas,
    /// It has ended.
    Ended,
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Worker { stage, replica, doing, .. } = self;
        match doing {
            Doing::Starting => write!(f, "stage {stage} replica {replica} has not begun"),
            Doing::Working { task, frame } => {
                write!(f, "task {task} of stage {stage} replica {replica} is at work ")?;
                match frame {
                    Some(frame) => write!(f, "on frame {frame}"),
                    None => write!(f, "at the end of the stream"),
                }
            }
            Doing::WaitingForFrame => {
                let boundary = stage.saturating_sub(1);
                write!(f, "stage {stage} replica {replica} waits for a frame at boundary {boundary}")
            }
            Doing::WaitingForRoom => {
                write!(f, "stage {stage} replica {replica} waits for room at boundary {stage}")
            }
            Doing::WaitingForExit => {
                write!(f, "stage {stage} replica {replica} waits for a frame to leave the stages behind it")
            }
            Doing::WaitingForReplicas => {
                write!(f, "stage {stage} replica {replica} waits for the other replicas to end")
            }
            Doing::Ended => write!(f, "stage {stage} replica {replica} has ended"),
        }
    }
}

/// What a run can be seen by.
pub(crate) struct Scene {
    pub(crate) stages: Vec<Arc<StageLayout>>,
    /// Of the boundary behind each stage but the last.
    pub(crate) capacities: Vec<usize>,
    pub(crate) board: Arc<Board>,
    pub(crate) started: Instant,
}

impl Scene {
    /// Frames that came to the end.
    pub(crate) fn frames(&self) -> u64 {
        // Copies of a source announce their ends, which are no frames: of frames that are not counted anew the first
        // stage knows best.
        let last = self.stages.len().saturating_sub(1);
        let is_base = self.stages.last().is_some_and(|stage| stage.n_changes == 0);
        self.board.frames(if is_base { 0 } else { last })
    }

    pub(crate) fn snapshot(&self, is_final: bool) -> Snapshot {
        let boundary = |(stage, &capacity): (usize, &usize)| BoundaryNow {
            capacity: capacity as u64,
            frames: self.board.waiting(stage, capacity),
            occupancy: self.occupancy(stage),
        };
        Snapshot {
            schema: SCHEMA,
            elapsed_s: self.started.elapsed().as_secs_f64(),
            is_final,
            frames: self.frames(),
            tasks: self.tasks(),
            boundaries: self.capacities.iter().enumerate().map(boundary).collect(),
            workers: self.board.desks().map(|desk| self.worker(desk)).collect(),
        }
    }

    /// How many frames lay behind a stage.
    pub(crate) fn occupancy(&self, stage: usize) -> Occupancy {
        let mut crowd = Sum::default();
        self.board.stages[stage].iter().for_each(|desk| crowd.merge(&desk.crowd.sum()));
        crowd.into()
    }

    /// What was counted of every task.
    pub(crate) fn tasks(&self) -> Vec<TaskStats> {
        let mut tasks = Vec::new();
        for (stage, (desks, layout)) in self.board.stages.iter().zip(&self.stages).enumerate() {
            for (i, step) in layout.steps.iter().enumerate().filter(|(_, step)| !step.is_internal) {
                let tallies = desks.iter().map(|desk| &desk.tallies[i]);
                let replicas =
                    tallies.map(|tally| ReplicaStats { calls: tally.calls(), clock: tally.clock() });
                let mut task = TaskStats::new(step.name.clone(), stage, replicas.collect());
                desks.iter().for_each(|desk| desk.add_timers(i, &mut task.timers));
                tasks.push(task);
            }
        }
        tasks
    }

    /// What a replica does.
    pub(crate) fn worker(&self, desk: &Desk) -> Worker {
        let layout = &self.stages[desk.stage];
        let doing = match desk.doing() {
            doing::STARTS => Doing::Starting,
            doing::FRAME => Doing::WaitingForFrame,
            doing::ROOM => Doing::WaitingForRoom,
            doing::TOKEN => Doing::WaitingForExit,
            doing::OTHERS => Doing::WaitingForReplicas,
            doing::OVER => Doing::Ended,
            op => {
                let task =
                    layout.ops.get(op).map_or_else(String::new, |op| layout.steps[op.step].name.to_string());
                Doing::Working { task, frame: Some(desk.frame()).filter(|&frame| frame != FINISH) }
            }
        };
        Worker { stage: desk.stage, replica: desk.replica, frames: desk.taken(), doing }
    }
}

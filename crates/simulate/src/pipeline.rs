//! The pipeline: tasks in stages, how many work at each, and the boundaries between them, as in `flow::graph`.

use crate::service::Service;
use schedule::Kind;
use serde::{Deserialize, Serialize};

/// Stages of one chain, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// From the source to the end.
    pub stages: Vec<Stage>,
    /// How workers come to cores.
    #[serde(default)]
    pub sharing: Sharing,
    /// Most frames between the source and the end, if that is limited.
    #[serde(default)]
    pub window: Option<usize>,
}

/// How workers come to cores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Each worker has cores of its own, `team` of them.
    #[default]
    Dedicated,
    /// All threads of a node and core type share its cores: with more threads than cores each gets an equal share.
    Shared,
}

/// Consecutive tasks and how they are executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its tasks, one after the other.
    pub tasks: Vec<Task>,
    /// Copies that take frames in turn, by need.
    #[serde(default = "one")]
    pub replicas: u32,
    /// Threads of each replica that work together on a frame, in tasks that are parallel inside.
    #[serde(default = "one")]
    pub team: u32,
    /// Position of its node in the cluster.
    #[serde(default)]
    pub node: usize,
    /// Position of its core type on the node.
    #[serde(default)]
    pub core_type: usize,
    /// Frames that may wait at the boundary behind it. As in `flow`, there is room for one more from each other replica
    /// where the boundary puts frames back into order.
    #[serde(default = "depth")]
    pub depth: usize,
    /// How both sides wait at the boundary behind it.
    #[serde(default)]
    pub waiting: Waiting,
    /// Whether the boundary behind its replicas puts frames back into order, in front of a stage of one replica.
    #[serde(default)]
    pub order: Order,
    /// What the boundary behind it costs each side for each frame, on its core; as [`Problem::with_crossing`].
    ///
    /// [`Problem::with_crossing`]: schedule::Problem::with_crossing
    #[serde(default)]
    pub crossing_s: f64,
}

/// Whether a boundary restores the order of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A stage of one replica sees frames in order.
    #[default]
    Restored,
    /// It sees them as they are ready.
    AsReady,
}

/// How a worker waits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// Looks again and again: goes on at once, and occupies a core.
    Spin,
    /// Looks for a while, then sleeps.
    SpinThenPark {
        /// How long it looks.
        spin_s: f64,
        /// What waking costs.
        wake: Wake,
    },
    /// Sleeps at once.
    Park {
        /// What waking costs.
        wake: Wake,
    },
}

/// What it costs to wake a worker that sleeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Wake {
    /// From the call until the sleeper runs.
    pub latency_s: f64,
    /// What the call costs the caller, on its core, before it does anything else.
    #[serde(default)]
    pub call_s: f64,
}

impl Waiting {
    /// How long it looks before it sleeps.
    pub(crate) fn spin_s(self) -> f64 {
        match self {
            Self::Spin => f64::INFINITY,
            Self::SpinThenPark { spin_s, .. } => spin_s,
            Self::Park { .. } => 0.0,
        }
    }

    /// What waking costs.
    pub(crate) fn wake(self) -> Wake {
        match self {
            Self::Spin => Wake::default(),
            Self::SpinThenPark { wake, .. } | Self::Park { wake } => wake,
        }
    }
}

impl Default for Waiting {
    /// Looks for 20 µs as `flow` does, and wakes in no time.
    fn default() -> Self {
        Self::SpinThenPark { spin_s: 20e-6, wake: Wake::default() }
    }
}

/// A task of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Name for results and messages.
    pub name: String,
    /// Time for a frame on one core of the stage's type with the memory to itself.
    pub service: Service,
    /// What more cores than one do for it; only [`Kind::Parallel`] uses a team, only [`Kind::Replicable`] is copied.
    pub kind: Kind,
    /// What it needs while it runs.
    #[serde(default)]
    pub needs: Needs,
    /// Bytes that it moves from and to memory for a frame, for which it competes with the others on its node.
    #[serde(default)]
    pub traffic_bytes: f64,
    /// Bytes of the frame that it gives; those of the last task of a stage cross the boundary.
    #[serde(default)]
    pub output_bytes: f64,
    /// Bytes that each replica keeps.
    #[serde(default)]
    pub memory_bytes: u64,
}

/// What a task needs while it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Cores.
    #[default]
    Cores,
    /// Only time: it sleeps, or waits for a disk.
    Time,
}

impl Pipeline {
    /// Stages on cores of their own, no limit on the frames between source and end.
    #[must_use]
    pub fn new(stages: Vec<Stage>) -> Self {
        Self { stages, sharing: Sharing::Dedicated, window: None }
    }

    /// The name of a stage for messages: its first and last task.
    pub(crate) fn name(&self, stage: usize) -> String {
        match self.stages[stage].tasks.as_slice() {
            [] => format!("{stage}"),
            [only] => only.name.clone(),
            [first, .., last] => format!("{}…{}", first.name, last.name),
        }
    }
}

impl Stage {
    /// One replica on one core of the first type of the first node; 16 frames fit behind it.
    #[must_use]
    pub fn new(tasks: Vec<Task>) -> Self {
        Self {
            tasks,
            replicas: 1,
            team: 1,
            node: 0,
            core_type: 0,
            depth: depth(),
            waiting: Waiting::default(),
            order: Order::Restored,
            crossing_s: 0.0,
        }
    }

    /// The same stage with so many copies.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }
}

impl Task {
    /// A replicable task that needs a core.
    #[must_use]
    pub fn new(name: &str, service: Service) -> Self {
        Self {
            name: name.into(),
            service,
            kind: Kind::Replicable,
            needs: Needs::Cores,
            traffic_bytes: 0.0,
            output_bytes: 0.0,
            memory_bytes: 0,
        }
    }

    /// How many threads of a team work, and how many times as fast: the best of the counts that were measured.
    pub(crate) fn speedup(&self, team: u32) -> (u32, f64) {
        let Kind::Parallel(measured) = &self.kind else { return (1, 1.0) };
        let reached = measured.iter().take_while(|m| m.0 <= team);
        let speedups = reached.map(|&(cores, efficiency)| (cores, f64::from(cores) * efficiency));
        speedups.fold((1, 1.0), |best, one| if one.1 > best.1 { one } else { best })
    }
}

fn one() -> u32 {
    1
}

fn depth() -> usize {
    16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_works_with_the_best_count_that_was_measured() {
        let kind = Kind::Parallel(vec![(2, 0.75), (4, 0.5), (8, 0.2)]);
        let task = Task { kind, ..Task::new("grid", Service::constant(1.0)) };
        assert_eq!([1, 2, 3, 4, 8, 9].map(|n| task.speedup(n).0), [1, 2, 2, 4, 4, 4]);
        assert_eq!(task.speedup(9).1, 2.0);
        assert_eq!(Task::new("read", Service::constant(1.0)).speedup(4), (1, 1.0));
    }
}

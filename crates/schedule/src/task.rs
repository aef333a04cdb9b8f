//! What a caller knows: tasks with their costs, and the cores there are.

use serde::{Deserialize, Serialize};

/// One task of a chain, as measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Name for messages; need not be unique.
    pub name: String,
    /// Time for one frame on one core of each type, in the order of the core types, in any one unit.
    /// Whole numbers up to 2^52 in sum are exact.
    pub costs: Vec<f64>,
    /// What more cores than one do for it.
    pub kind: Kind,
    /// Bytes that one replica of the task keeps.
    #[serde(default)]
    pub memory_bytes: u64,
}

impl Task {
    /// A task that keeps no memory worth counting.
    pub fn new(name: impl Into<String>, costs: impl Into<Vec<f64>>, kind: Kind) -> Self {
        Self { name: name.into(), costs: costs.into(), kind, memory_bytes: 0 }
    }

    /// The same task, each replica of which keeps so many bytes.
    #[must_use]
    pub fn keeping(mut self, memory_bytes: u64) -> Self {
        self.memory_bytes = memory_bytes;
        self
    }
}

/// What more cores than one do for a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It has state: one frame after the other, on one core.
    Sequential,
    /// It has no state: r replicas take frames in turn, each at the full cost.
    Replicable,
    /// One frame after the other, but r cores share the work of a frame: the time is `cost / (r × efficiency)`.
    ///
    /// The pairs are core counts and the efficiency measured there, counts rising. One core has the efficiency 1.
    /// A count between two measured ones runs like the better of those below it, and cores beyond the last are idle.
    Parallel(Vec<(u32, f64)>),
}

/// Cores of one type. The first type of a list is the one that the papers call *big*, the last *little*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreType {
    /// Name for messages.
    pub name: String,
    /// How many there are; 0 where only some types of a known machine are to be used.
    pub count: u32,
}

impl CoreType {
    /// `count` cores called `name`.
    pub fn new(name: impl Into<String>, count: u32) -> Self {
        Self { name: name.into(), count }
    }
}

//! What a simulation tells: plain data.

use crate::trace::{Lane, Span, perfetto};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How a run went. Shares and means are over the whole run, from the first frame's start to the last one's end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Frames that went through.
    pub frames: u64,
    /// From the start of the first frame to the end of the last.
    pub makespan_s: f64,
    /// Mean time between two frames that leave, over the steady part.
    pub period_s: f64,
    /// The steady part: the period is the time between these two departures over their number. See [`crate::Run`].
    pub steady: Range<usize>,
    /// From the start of a frame in the first stage to its end in the last, over all frames.
    pub latency: Latency,
    /// Frames between source and end.
    pub in_flight: Occupancy,
    /// By stage.
    pub stages: Vec<StageUse>,
    /// By boundary: the first lies behind the first stage.
    pub boundaries: Vec<BoundaryUse>,
    /// Every core of every node, also those that nobody uses.
    pub cores: Vec<CoreUse>,
    /// By node.
    pub nodes: Vec<NodeUse>,
    /// Every frame, in the order in which they left.
    pub passages: Vec<Passage>,
    /// Rows of the Gantt chart: workers stage by stage, then the links of nodes.
    pub lanes: Vec<Lane>,
    /// Bars of the Gantt chart, by end; those of the frames that were asked for.
    pub spans: Vec<Span>,
}

/// Times from source to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Mean.
    pub mean_s: f64,
    /// Half of the frames take no longer.
    pub median_s: f64,
    /// 99 of 100 frames take no longer.
    pub p99_s: f64,
    /// Longest.
    pub max_s: f64,
}

/// How many were there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Occupancy {
    /// Mean over time.
    pub mean: f64,
    /// Most at any time.
    pub max: f64,
}

/// Where the time of a stage went; seconds are sums over its replicas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageUse {
    /// Names of its tasks.
    pub tasks: Vec<String>,
    /// Frames that it handled.
    pub frames: u64,
    /// Its replicas.
    pub replicas: u32,
    /// In its tasks and at its boundaries.
    pub busy_s: f64,
    /// Waiting for frames.
    pub awaited_frame_s: f64,
    /// Waiting for room behind it.
    pub awaited_room_s: f64,
    /// Waiting until few enough frames are on their way.
    pub awaited_token_s: f64,
    /// Share of the run that a replica was busy, in the mean.
    pub utilization: f64,
}

/// How full a boundary was, and who waited there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoundaryUse {
    /// Frames for which there is room.
    pub capacity: usize,
    /// Frames that lay there, those under way from another node included.
    pub held: Occupancy,
    /// Time that the stage behind waited for frames, summed over its replicas.
    pub awaited_frame_s: f64,
    /// Time that the stage in front waited for room, summed over its replicas.
    pub awaited_room_s: f64,
}

/// What a core did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoreUse {
    /// Position of its node.
    pub node: usize,
    /// Name of its type.
    pub core_type: String,
    /// Stage and replica whose core it is; `None` for one that is shared, or that nobody has.
    pub worker: Option<(usize, u32)>,
    /// Share of the run that it worked, waiting for memory included. Shared cores of a type are all alike.
    pub busy: f64,
    /// Share of the run that it spun.
    pub spinning: f64,
}

/// What a node held and sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeUse {
    /// Its name.
    pub name: String,
    /// Most bytes at any time: of frames on it, and of what replicas keep.
    pub peak_bytes: f64,
    /// Bytes moved from and to memory.
    pub traffic_bytes: f64,
    /// Bytes sent to other nodes.
    pub sent_bytes: f64,
}

/// A frame's way through.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Which frame, numbered from 0.
    pub frame: u64,
    /// When the first stage began it.
    pub begun_s: f64,
    /// When the last stage ended it.
    pub left_s: f64,
}

impl Outcome {
    /// Frames per second in the steady part.
    #[must_use]
    pub fn throughput_per_s(&self) -> f64 {
        1.0 / self.period_s
    }

    /// The stage whose replicas were busy for the largest share of the run: the first of them.
    #[must_use]
    pub fn bottleneck(&self) -> usize {
        largest(self.stages.iter().map(|s| s.utilization)).unwrap_or(0)
    }

    /// The boundary where most time was spent waiting, by both sides; `None` if there is none.
    #[must_use]
    pub fn most_awaited(&self) -> Option<usize> {
        largest(self.boundaries.iter().map(|b| b.awaited_frame_s + b.awaited_room_s))
    }

    /// Most bytes on any node at any time.
    #[must_use]
    pub fn peak_bytes(&self) -> f64 {
        self.nodes.iter().map(|n| n.peak_bytes).fold(0.0, f64::max)
    }

    /// The spans as text in the Trace Event Format, for Perfetto: one process a node, one thread a lane.
    #[must_use]
    pub fn trace_json(&self) -> String {
        let nodes: Vec<String> = self.nodes.iter().map(|n| n.name.clone()).collect();
        let tasks = self.stages.iter().map(|s| s.tasks.clone()).collect();
        perfetto(&self.lanes, &nodes, &tasks, &self.spans)
    }
}

impl Latency {
    pub(crate) fn of(passages: &[Passage]) -> Self {
        let mut times: Vec<f64> = passages.iter().map(|p| p.left_s - p.begun_s).collect();
        times.sort_by(f64::total_cmp);
        let n = times.len();
        let at = |share: f64| times[((share * n as f64).ceil() as usize).clamp(1, n) - 1];
        let mean_s = times.iter().sum::<f64>() / n as f64;
        Self { mean_s, median_s: at(0.5), p99_s: at(0.99), max_s: at(1.0) }
    }
}

/// The first of the largest.
fn largest(values: impl Iterator<Item = f64>) -> Option<usize> {
    let better = |best: Option<(usize, f64)>, (i, value): (usize, f64)| match best {
        Some((_, most)) if most >= value => best,
        _ => Some((i, value)),
    };
    values.enumerate().fold(None, better).map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_frames_that_there_were() {
        let passage = |i: u64| Passage { frame: i, begun_s: 1.0, left_s: 1.0 + i as f64 };
        let passages: Vec<_> = (1..=200).rev().map(passage).collect();
        let Latency { mean_s, median_s, p99_s, max_s } = Latency::of(&passages);
        assert_eq!((mean_s, median_s, p99_s, max_s), (100.5, 100.0, 198.0, 200.0));
        assert_eq!(Latency::of(&passages[..1]).median_s, 200.0);
        assert_eq!(largest([1.0, 3.0, 3.0, 2.0].into_iter()), Some(1));
    }
}

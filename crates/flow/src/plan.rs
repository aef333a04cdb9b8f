//! How a stream is cut into stages: a pure function of what its tasks are.
//!
//! ```text
//! source | replicable … replicable | sequential … sequential | accumulator | parallel | …
//! ```
//! Neighbours of one kind share a stage, hence a thread and no queue between them; an accumulator or a task that is
//! parallel inside has a stage to itself.

use std::ops::Range;

/// How the streams of a chain are executed: what [`crate::Chain::plan`] tells before and the report after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Every `per_chunk`, in order.
    pub passes: Vec<PassPlan>,
}

/// How one stream is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassPlan {
    /// Name of the source.
    pub source: String,
    /// The stages behind the source; a single one when the execution is sequential.
    pub stages: Vec<StagePlan>,
    /// Most chunks that exist at the same time: one in hand for every worker and the source, `depth` at every boundary.
    pub window: usize,
}

/// One stage: tasks that work on a chunk one after the other, on one thread per replica.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StagePlan {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// Copies that may work side by side, the most that the runtime will make.
    pub replicas: usize,
}

/// What the cut needs to know of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sees every chunk, in order.
    Sequential,
    /// May work on several chunks at the same time.
    Replicable,
    /// Wants a stage to itself: an accumulator, or parallel inside.
    Alone,
    /// The runtime's own (sharing, handing out): goes with its neighbour.
    Neutral,
}

/// Some consecutive tasks of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) steps: Range<usize>,
    pub(crate) is_replicable: bool,
}

/// Cuts the tasks of a stream, source excluded, into stages.
pub(crate) fn cut(kinds: &[Kind]) -> Vec<Span> {
    let mut stages: Vec<(Kind, Range<usize>)> = Vec::new();
    for (i, &kind) in kinds.iter().enumerate() {
        match stages.last_mut() {
            Some((stage, steps)) if joins(*stage, kind) => {
                steps.end = i + 1;
                *stage = if *stage == Kind::Neutral { kind } else { *stage };
            }
            _ => stages.push((kind, i..i + 1)),
        }
    }
    let span = |(kind, steps)| Span { steps, is_replicable: kind == Kind::Replicable };
    stages.into_iter().map(span).collect()
}

fn joins(stage: Kind, next: Kind) -> bool {
    stage == Kind::Neutral || next == Kind::Neutral || (stage == next && next != Kind::Alone)
}

/// Chunks that may exist at the same time with these stages.
pub(crate) fn window(stages: &[StagePlan], depth: usize) -> usize {
    1 + stages.iter().map(|stage| stage.replicas + depth).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::{Kind::*, *};

    fn stages(kinds: &[Kind]) -> Vec<(Range<usize>, bool)> {
        cut(kinds).into_iter().map(|s| (s.steps, s.is_replicable)).collect()
    }

    #[test]
    fn neighbours_of_a_kind_fuse_and_loners_stay_alone() {
        let kinds = [Replicable, Replicable, Sequential, Sequential, Alone, Alone, Sequential, Replicable];
        let want = [(0..2, true), (2..4, false), (4..5, false), (5..6, false), (6..7, false), (7..8, true)];
        assert_eq!(stages(&kinds), want);
        assert_eq!(stages(&[]), []);
    }

    #[test]
    fn neutral_tasks_make_no_stage_of_their_own() {
        assert_eq!(stages(&[Neutral, Replicable, Neutral, Replicable]), [(0..4, true)]);
        assert_eq!(stages(&[Neutral, Alone, Neutral, Alone]), [(0..3, false), (3..4, false)]);
        assert_eq!(stages(&[Neutral, Neutral]), [(0..2, false)]);
    }

    #[test]
    fn window_counts_hands_and_boundaries() {
        let stage = |replicas| StagePlan { tasks: vec![], replicas };
        assert_eq!(window(&[], 2), 1);
        assert_eq!(window(&[stage(4), stage(1)], 2), 1 + 4 + 2 + 1 + 2);
    }
}

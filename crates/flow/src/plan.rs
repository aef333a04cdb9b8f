//! How a stream is cut into stages: as data, as a file, and the cut that is made without knowing costs.
//!
//! ```text
//! source | replicable … replicable | sequential … sequential | accumulator | parallel | …
//! ```
//! Neighbors of one kind share a stage, hence a thread and no queue between them; an accumulator or a task that is
//! parallel inside has a stage to itself. All stages share the cores that there are.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{BuildError, graph::Stage};

/// Version of the layout of [`Plan::to_json`].
const FORMAT: u32 = 1;

/// Most replicas or threads of a stage in a file.
const MOST_THREADS: usize = 1024;
/// Most chunks that may wait behind a stage in a file.
const MOST_DEPTH: usize = 4096;
/// Most streams in a file, stages of a stream, and tasks of a stage.
const MOST_PARTS: usize = 256;
/// Longest file, bytes.
const MOST_BYTES: usize = 1 << 20;
/// Streams that a message names.
const MOST_NAMED: usize = 3;

/// How the streams of a chain are executed: what [`crate::Chain::plan`] tells before and the report after a run, and
/// what [`crate::Execution::Planned`] asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Every `per_chunk`, in order. Asked for, one entry does for all streams of the same tasks.
    pub passes: Vec<PassPlan>,
}

/// How one stream is executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PassPlan {
    /// Name of the source.
    pub source: String,
    /// The stages, the first of which begins with the source; a single one when the execution is sequential.
    pub stages: Vec<StagePlan>,
    /// Most chunks that exist at the same time: one in hand for every worker, `depth` at every boundary.
    pub window: usize,
}

/// One stage: tasks that work on a chunk one after the other, on one thread per replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StagePlan {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// Copies that may work side by side, the most that the runtime will make.
    #[serde(default = "one")]
    pub replicas: usize,
    /// Threads for the tasks of the stage that are parallel inside.
    #[serde(default = "one")]
    pub threads: usize,
    /// Chunks that may wait behind it.
    #[serde(default = "one")]
    pub depth: usize,
}

fn one() -> usize {
    1
}

/// A file of a plan, or one that was to be one.
#[derive(Serialize, Deserialize)]
struct PlanFile {
    format: u32,
    passes: Vec<PassFile>,
}

/// A stream in a file; what follows from the stages is not written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PassFile {
    source: String,
    stages: Vec<StagePlan>,
}

impl Plan {
    /// The plan as JSON: `{"format": 1, "passes": [{"source", "stages": [{"tasks", "replicas", "threads", "depth"}]}]}`.
    /// Streams that are executed alike are written once.
    pub fn to_json(&self) -> String {
        let mut passes: Vec<PassFile> = Vec::new();
        for PassPlan { source, stages, .. } in &self.passes {
            if passes.iter().all(|known| known.stages != *stages) {
                passes.push(PassFile { source: source.clone(), stages: stages.clone() });
            }
        }
        // Invariant: names and numbers can always be written.
        let mut text =
            serde_json::to_string_pretty(&PlanFile { format: FORMAT, passes }).expect("plain data");
        text.push('\n');
        text
    }

    /// Reads what [`Plan::to_json`] wrote; replicas, threads and depth may be left out where they are 1.
    ///
    /// # Errors
    /// [`BuildError::PlanFile`] that says what is wrong. Whether the tasks are those of a chain is seen when it is run.
    pub fn from_json(text: &str) -> Result<Self, BuildError> {
        let wrong = |what: String| BuildError::PlanFile { what };
        if text.len() > MOST_BYTES {
            return Err(wrong(format!("it has {} bytes, the limit is {MOST_BYTES}", text.len())));
        }
        let file: PlanFile = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if file.format != FORMAT {
            return Err(wrong(format!("its format is {}, this program reads {FORMAT}", file.format)));
        }
        file.check().map_or(Ok(()), |what| Err(wrong(what)))?;
        let pass = |PassFile { source, stages }| PassPlan::new(source, stages);
        Ok(Plan { passes: file.passes.into_iter().map(pass).collect() })
    }

    /// The stages of a stream of these tasks.
    pub(crate) fn of(&self, source: &str, links: &[Link]) -> Result<PassPlan, BuildError> {
        let tasks = || links.iter().map(|link| &link.name);
        let fits = |pass: &&PassPlan| pass.stages.iter().flat_map(|stage| &stage.tasks).eq(tasks());
        let found = self.passes.iter().find(fits);
        found.cloned().ok_or_else(|| BuildError::NoPlan {
            source_task: source.to_owned(),
            tasks: tasks().cloned().collect(),
            planned: self
                .passes
                .iter()
                .take(MOST_NAMED)
                .map(|pass| pass.to_string().escape_debug().to_string())
                .collect(),
        })
    }
}

impl PlanFile {
    /// The first number that nobody can mean.
    fn check(&self) -> Option<String> {
        let stages = || self.passes.iter().flat_map(|pass| &pass.stages);
        let most = |parts: usize| parts > MOST_PARTS;
        if most(self.passes.len()) || self.passes.iter().any(|pass| most(pass.stages.len())) {
            return Some(format!("it has more than {MOST_PARTS} streams, or stages in one"));
        }
        let check = |stage: &StagePlan| {
            let limits = [
                ("tasks", stage.tasks.len(), MOST_PARTS),
                ("replicas", stage.replicas, MOST_THREADS),
                ("threads", stage.threads, MOST_THREADS),
                ("depth", stage.depth, MOST_DEPTH),
            ];
            let (what, got, limit) = limits.into_iter().find(|&(_, got, limit)| got > limit)?;
            Some(format!("a stage has {got} {what}, the limit is {limit}"))
        };
        stages().find_map(check)
    }
}

impl PassPlan {
    /// A stream that begins with `source`, in these stages.
    pub fn new(source: String, stages: Vec<StagePlan>) -> Self {
        let workers = stages.iter().fold(0_usize, |sum, stage| sum.saturating_add(stage.replicas));
        let waiting = stages.iter().rev().skip(1).fold(0_usize, |sum, stage| sum.saturating_add(stage.depth));
        let window = if stages.len() == 1 { 1 } else { workers.saturating_add(waiting) };
        PassPlan { source, stages, window }
    }

    /// Threads of all stages, those inside of tasks included.
    pub fn threads(&self) -> usize {
        let threads = self.stages.iter().map(|stage| stage.replicas.saturating_mul(stage.threads));
        threads.fold(0, usize::saturating_add)
    }

    /// Threads that a task has if it is parallel inside; 1 for a task that is not here.
    pub(crate) fn threads_of(&self, task: &str) -> usize {
        let stage = self.stages.iter().find(|stage| stage.tasks.iter().any(|name| name == task));
        stage.map_or(1, |stage| stage.threads)
    }

    /// All tasks in one stage.
    pub(crate) fn sequential(source: &str, links: &[Link], threads: usize) -> Self {
        let stage = StagePlan::of(links, (1, threads), 1);
        PassPlan::new(source.to_owned(), vec![stage])
    }

    /// The cut that is made without knowing costs.
    pub(crate) fn by_kind(source: &str, links: &[Link], threads: usize, depth: usize) -> Self {
        let stage = |links: &[Link]| {
            let replicas = if links[0].kind == Kind::Replicable { threads } else { 1 };
            StagePlan::of(links, (replicas, threads), depth)
        };
        let stages = cut(links).into_iter().map(|span| stage(&links[span])).collect();
        PassPlan::new(source.to_owned(), stages)
    }

    /// The same for the graph; each name stands for a link.
    pub(crate) fn graph_stages(&self, links: &[Link]) -> Vec<Stage> {
        let mut links = links.iter();
        let stages = self.stages.iter().map(|stage| {
            let units = links.by_ref().take(stage.tasks.len()).map(|link| link.units.len()).sum();
            Stage::new(units).replicas(stage.replicas).depth(stage.depth).threads(stage.threads)
        });
        stages.collect()
    }
}

impl std::fmt::Display for PassPlan {
    /// `read | weigh ×2 | grid (2 threads)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, stage) in self.stages.iter().enumerate() {
            f.write_str(if i > 0 { " | " } else { "" })?;
            f.write_str(&stage.tasks.join(" → "))?;
            match (stage.replicas, stage.threads) {
                (1, 1) => {}
                (1, threads) => write!(f, " ({threads} threads)")?,
                (replicas, _) => write!(f, " ×{replicas}")?,
            }
        }
        Ok(())
    }
}

impl StagePlan {
    /// Tasks by their names; `how` says replicas, and threads for those that are parallel inside; room for `depth` chunks
    /// behind them.
    pub fn new(tasks: Vec<String>, how: (usize, usize), depth: usize) -> Self {
        StagePlan { tasks, replicas: how.0, threads: how.1, depth }
    }

    /// `how`: replicas, and threads if any of the tasks is parallel inside.
    pub(crate) fn of(links: &[Link], how: (usize, usize), depth: usize) -> Self {
        let threads = if links.iter().any(|link| link.is_parallel) { how.1 } else { 1 };
        let tasks = links.iter().map(|link| link.name.clone()).collect();
        StagePlan { tasks, replicas: how.0, threads, depth }
    }
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
    /// The runtime's own (sharing, handing out): goes with its neighbor.
    Neutral,
}

/// A task of a stream with those of the runtime's own behind it, which go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    /// As the graph counts.
    pub(crate) units: Range<usize>,
    pub(crate) kind: Kind,
    pub(crate) is_parallel: bool,
}

/// Cuts the tasks of a stream into stages; the source, the first of them, has one to itself.
fn cut(links: &[Link]) -> Vec<Range<usize>> {
    let joins = |i: usize| i > 1 && links[i - 1].kind == links[i].kind && links[i].kind != Kind::Alone;
    let mut stages: Vec<Range<usize>> = Vec::new();
    for i in 0..links.len() {
        match stages.last_mut().filter(|_| joins(i)) {
            Some(stage) => stage.end = i + 1,
            None => stages.push(i..i + 1),
        }
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::{Kind::*, *};

    fn links(kinds: &[Kind]) -> Vec<Link> {
        let link = |(i, &kind): (usize, &Kind)| Link {
            name: format!("t{i}"),
            units: i..i + 1,
            kind,
            is_parallel: kind == Alone,
        };
        kinds.iter().enumerate().map(link).collect()
    }

    #[test]
    fn neighbors_of_a_kind_fuse_and_loners_stay_alone() {
        let kinds = [Sequential, Replicable, Replicable, Sequential, Sequential, Alone, Alone, Replicable];
        assert_eq!(cut(&links(&kinds)), [0..1, 1..3, 3..5, 5..6, 6..7, 7..8]);
        assert_eq!(cut(&links(&[Sequential, Sequential])), [0..1, 1..2], "the source stays alone");
        assert!(cut(&[]).is_empty());
    }

    #[test]
    fn the_window_counts_hands_and_boundaries() {
        let plan = PassPlan::by_kind("t0", &links(&[Sequential, Replicable, Alone]), 4, 2);
        assert_eq!(plan.window, 1 + 2 + 4 + 2 + 1);
        assert_eq!(plan.to_string(), "t0 | t1 ×4 | t2 (4 threads)");
        assert_eq!(PassPlan::sequential("t0", &links(&[Sequential, Replicable]), 4).window, 1);
    }

    #[test]
    fn plans_survive_a_file_and_mistakes_are_named() {
        let links = links(&[Sequential, Replicable, Alone]);
        let pass = PassPlan::by_kind("t0", &links, 3, 1);
        let plan = Plan { passes: vec![pass.clone(), pass.clone()] };
        let read = Plan::from_json(&plan.to_json()).unwrap();
        assert_eq!(read.passes, std::slice::from_ref(&pass));
        assert_eq!(read.of("t0", &links).unwrap(), pass);
        let other = read.of("t0", &links[..2]).unwrap_err().to_string();
        assert!(other.contains("t0, t1") && other.contains("t2 (3 threads)"), "{other}");
        let of = |key: &str, value: &str| {
            format!(
                r#"{{"format": 1, "passes": [{{"source": "t0", "stages": [{{"tasks": ["t0"], "{key}": {value}}}]}}]}}"#
            )
        };
        for (text, part) in [
            ("{}", "missing field `format`"),
            (r#"{"format": 2, "passes": []}"#, "its format is 2, this program reads 1"),
            (r#"{"format": 1, "passes": [{"source": "t0", "stage": []}]}"#, "unknown field `stage`"),
            (&of("replicas", "18446744073709551615"), "replicas, the limit is 1024"),
            (&of("threads", "1000000000"), "a stage has 1000000000 threads, the limit is 1024"),
            (&of("depth", "1000000000000000000"), "depth, the limit is 4096"),
            (&of("replicas", "-1"), "invalid value"),
            (&" ".repeat(MOST_BYTES + 1), "the limit is 1048576"),
        ] {
            let error = Plan::from_json(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}

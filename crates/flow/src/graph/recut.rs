//! A pipeline cut anew: the graph that it was made of, put together again out of its tasks as they are between runs.

use super::{
    Graph, GraphId, SlotDecl, TaskDecl, body::Body, feedback::FeedbackDecl, layout::Kit, show::Show,
};
use crate::BuildError;

/// A graph without its tasks, and where these went.
pub(crate) struct Outline {
    id: GraphId,
    tasks: Vec<TaskDecl<()>>,
    slots: Vec<SlotDecl>,
    feedbacks: Vec<FeedbackDecl>,
    shows: Vec<(usize, Show)>,
    /// The stage of each task.
    stage_of: Vec<usize>,
}

/// Part of a stream, where one stream is run in several turns.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// Number of its first frame.
    pub(crate) first: u64,
    /// The stream goes on when as many frames as were asked for have been given: nothing is finished then.
    pub(crate) pauses: bool,
}

impl<B> TaskDecl<B> {
    /// The same declaration with another body, and the body.
    fn exchange<C>(self, body: C) -> (TaskDecl<C>, B) {
        let TaskDecl { name, given, body: old, role, reads, writes, after, module, is_internal, set } = self;
        (TaskDecl { name, given, body, role, reads, writes, after, module, is_internal, set }, old)
    }
}

impl Outline {
    /// What has to be kept of a graph that is about to be cut into stages of `counts` tasks.
    pub(crate) fn of(graph: &Graph, counts: &[usize]) -> Self {
        let outline = |task: &TaskDecl| TaskDecl {
            name: task.name.clone(),
            given: task.given.clone(),
            body: (),
            role: task.role,
            reads: task.reads.clone(),
            writes: task.writes.clone(),
            after: task.after.clone(),
            module: task.module,
            is_internal: task.is_internal,
            set: task.set,
        };
        Outline {
            id: graph.id.clone(),
            tasks: graph.tasks.iter().map(outline).collect(),
            slots: graph.slots.clone(),
            feedbacks: graph.feedbacks.clone(),
            shows: graph.shows.clone(),
            stage_of: graph.stage_of(counts),
        }
    }

    /// The graph, with the tasks of the first replica of each stage.
    ///
    /// A kit holds the tasks of its stage in the order of declaration, and behind them those that were added when the
    /// graph was cut, which are left out.
    pub(crate) fn fill(self, kits: Vec<Kit>) -> Result<Graph, BuildError> {
        let n_modules = kits.iter().map(|kit| kit.modules.len()).max().unwrap_or(0);
        let mut modules: Vec<_> = (0..n_modules).map(|_| None).collect();
        let mut bodies: Vec<std::vec::IntoIter<Box<dyn Body>>> = Vec::new();
        for kit in kits {
            bodies.push(kit.bodies.into_iter());
            for (all, own) in modules.iter_mut().zip(kit.modules) {
                *all = own.or_else(|| all.take());
            }
        }
        let with_body =
            |(task, stage): (TaskDecl<()>, usize)| Some(task.exchange(bodies.get_mut(stage)?.next()?).0);
        let tasks = self.tasks.into_iter().zip(self.stage_of).map(with_body).collect::<Option<_>>();
        let modules = modules.into_iter().collect::<Option<_>>();
        let (Some(tasks), Some(modules)) = (tasks, modules) else { return Err(BuildError::Broken) };
        let Outline { id, slots, feedbacks, shows, .. } = self;
        Ok(Graph { id, tasks, slots, modules, feedbacks, shows, ..Graph::new() })
    }
}

impl Graph {
    /// The stage of each task, if stages have so many units each.
    pub(crate) fn stage_of(&self, counts: &[usize]) -> Vec<usize> {
        let stages = counts.iter().enumerate().flat_map(|(stage, &n)| std::iter::repeat_n(stage, n));
        stages.zip(self.units()).flat_map(|(stage, n)| std::iter::repeat_n(stage, n)).collect()
    }
}

//! Sequences: all tasks of a frame one after the other on one thread.

use super::{
    CoreSet, Graph, Settings, Stage, StreamReport, crew::Crew, layout::lay_out, pin, shape::Post,
    work::Numbers,
};
use crate::{BuildError, Error};

/// A graph on one thread, or as n independent copies, each with its own data and its own frames from 0.
///
/// ```
/// use facette_flow::{closures::{iterate, map}, graph::{Graph, Sampling, Sequence, Settings}};
///
/// let mut graph = Graph::new();
/// let word = graph.source(iterate("Words", ["in", "out", "forward"]));
/// let length = graph.task(word, map("Length", |word: &str| Ok(word.len())));
/// graph.task(length, map("Check", |n: usize| if n > 1 { Ok(()) } else { Err("short".into()) }));
///
/// let settings = Settings { sampling: Sampling::Every, ..Settings::default() };
/// let report = Sequence::new(graph, 1)?.run(&settings)?;
/// assert_eq!((report.frames, report.tasks[1].calls), (3, 3));
/// # Ok::<(), facette_flow::Error>(())
/// ```
pub struct Sequence {
    crew: Crew,
}

impl Sequence {
    /// Makes `copies` of the graph; more than one need tasks and sources that make replicas.
    ///
    /// # Errors
    /// A [`BuildError`] that names the task or the setting.
    pub fn new(graph: Graph, copies: usize) -> Result<Self, BuildError> {
        if copies == 0 {
            return Err(BuildError::Zero { setting: "copies" });
        }
        let n_tasks = graph.n_tasks();
        let (layout, kits) = lay_out(graph, &[n_tasks])?;
        let post = Post::of(&Stage::new(n_tasks).replicas(copies));
        Ok(Sequence { crew: Crew::new(layout, kits, vec![post], Numbers::Own)? })
    }

    /// The cores between which each copy may move, taken in turn; an empty set is any core. Linux only, elsewhere
    /// without effect. [`super::Placement::cores`] finds the sets by packages, caches and cores.
    ///
    /// # Errors
    /// [`BuildError::Core`] for a core that this process may not use.
    pub fn pin(mut self, cores: &[CoreSet]) -> Result<Self, BuildError> {
        pin::check(cores)?;
        self.crew.pin(cores);
        Ok(self)
    }

    /// What executes it, for settings of the runtime's own.
    pub(crate) fn crew(&mut self) -> &mut Crew {
        &mut self.crew
    }

    /// Runs to the end of the sources, or of [`Settings::frames`]; the first copy works on the calling thread.
    ///
    /// # Errors
    /// As for [`super::Pipeline::run`].
    pub fn run(&mut self, settings: &Settings) -> Result<StreamReport, Error> {
        self.crew.run(settings)
    }
}

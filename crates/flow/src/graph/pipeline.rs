//! Pipelines: stages of any width, at work on different frames at the same time.

use super::{
    CoreSet, Graph, Settings, StreamReport, Waiting, crew::Crew, layout::lay_out, pin, recut::Outline,
    shape::Post, work::Numbers,
};
use crate::{BuildError, Error};

/// One stage of a pipeline: consecutive tasks in the order of declaration, and how they are executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub(crate) tasks: usize,
    pub(crate) replicas: usize,
    pub(crate) depth: usize,
    pub(crate) waiting: Waiting,
    /// By replica, taken in turn; an empty set is any core.
    pub(crate) cores: Vec<CoreSet>,
    pub(crate) threads: Option<usize>,
    pub(crate) is_unordered: bool,
    pub(crate) bytes: Option<usize>,
}

impl Stage {
    /// A stage of so many tasks: one replica, 16 frames at the boundary behind it, spin then park, on any core.
    pub fn new(tasks: usize) -> Self {
        Stage {
            tasks,
            replicas: 1,
            depth: 16,
            waiting: Waiting::default(),
            cores: Vec::new(),
            threads: None,
            is_unordered: false,
            bytes: None,
        }
    }

    /// Copies that work side by side; more than one need tasks that make replicas.
    pub fn replicas(self, replicas: usize) -> Self {
        Stage { replicas, ..self }
    }

    /// Frames that may wait at the boundary behind the stage, at least 1.
    ///
    /// Behind several replicas and in front of one, there is room for one more frame from each other replica, so that
    /// a slow frame holds back none of them at once.
    pub fn depth(self, depth: usize) -> Self {
        Stage { depth, ..self }
    }

    /// Bytes that may wait at the boundary behind the stage, at least 1, of frames that are weighed
    /// ([`Graph::weigh`]). A heavier frame passes alone. Behind the last stage there is no boundary.
    pub fn bytes(self, bytes: usize) -> Self {
        Stage { bytes: Some(bytes), ..self }
    }

    /// How both sides wait at the boundary behind the stage.
    pub fn waiting(self, waiting: Waiting) -> Self {
        Stage { waiting, ..self }
    }

    /// A core for each replica, taken in turn; none for any core. Linux only, elsewhere without effect.
    pub fn cores(self, cores: &[usize]) -> Self {
        Stage { cores: cores.iter().copied().map(CoreSet::one).collect(), ..self }
    }

    /// The cores between which each replica may move, taken in turn; an empty set is any core. Linux only, elsewhere
    /// without effect. [`super::Placement`] finds the sets by packages, caches and cores.
    pub fn pin(self, cores: &[CoreSet]) -> Self {
        Stage { cores: cores.to_vec(), ..self }
    }

    /// Does not restore the order behind the replicas of this stage: a stage of one replica behind it takes frames as
    /// they are ready, and counts them anew. What it gives then depends on timing.
    pub fn unordered(self) -> Self {
        Stage { is_unordered: true, ..self }
    }

    /// Threads for the tasks of the stage that are parallel inside, unless none of them can use as many; all cores if
    /// not said.
    pub fn threads(self, threads: usize) -> Self {
        Stage { threads: Some(threads), ..self }
    }

    fn check(&self) -> Result<(), BuildError> {
        match (self.tasks, self.replicas, self.depth) {
            (0, ..) => Err(BuildError::Zero { setting: "tasks" }),
            (_, 0, _) => Err(BuildError::Zero { setting: "replicas" }),
            (.., 0) => Err(BuildError::Zero { setting: "depth" }),
            _ if self.bytes == Some(0) => Err(BuildError::Zero { setting: "bytes" }),
            _ if self.threads == Some(0) => Err(BuildError::Zero { setting: "threads" }),
            _ => pin::check(&self.cores),
        }
    }
}

/// A graph cut into stages, each on threads of its own. Frames reach every single-replica stage in order.
///
/// The last stage (its first replica) works on the calling thread.
pub struct Pipeline {
    crew: Crew,
    outline: Outline,
}

impl Pipeline {
    /// Cuts `graph` into `stages`. A stage with several replicas takes the graph's tasks and copies of them.
    ///
    /// # Errors
    /// A [`BuildError`] that names the task or the setting.
    pub fn new(graph: Graph, stages: &[Stage]) -> Result<Self, BuildError> {
        if stages.is_empty() {
            return Err(BuildError::Zero { setting: "stages" });
        }
        stages.iter().try_for_each(Stage::check)?;
        let counts: Vec<usize> = stages.iter().map(|stage| stage.tasks).collect();
        let outline = Outline::of(&graph, &counts);
        let (layout, kits) = lay_out(graph, &counts)?;
        let is_unweighed = |stage: &usize| stages[*stage].bytes.is_some() && !layout.is_weighed(*stage);
        if let Some(stage) = (0..stages.len()).find(is_unweighed) {
            let is_last = stage + 1 == stages.len();
            let error = BuildError::Unweighed { stage: Some(stage) };
            return Err(if is_last { BuildError::NoBoundary { stage } } else { error });
        }
        let numbers = if stages[0].replicas == 1 { Numbers::Own } else { Numbers::Drawn };
        let posts = stages.iter().map(Post::of).collect();
        Ok(Pipeline { crew: Crew::new(layout, kits, posts, numbers)?, outline })
    }

    /// The same tasks, with the state that they have between two runs, cut into other stages. Limits of memory are to
    /// be set anew.
    ///
    /// ```
    /// use facette_flow::{closures::{iterate, map, replicable}, graph::{Graph, Pipeline, Settings, Stage}};
    ///
    /// let mut graph = Graph::new();
    /// let number = graph.source(iterate("Count", 0..1000_u64));
    /// let square = graph.task(number, replicable("Square", |n: u64| Ok(n * n)));
    /// let mut sum = 0;
    /// graph.task(square, map("Sum", move |n: u64| {
    ///     sum += n;
    ///     if sum <= 332_833_500 { Ok(()) } else { Err("too much".into()) }
    /// }));
    /// let mut pipeline = Pipeline::new(graph, &[Stage::new(3)])?;
    /// pipeline.run(&Settings { frames: Some(400), ..Settings::default() })?;
    /// let mut pipeline = pipeline.recut(&[Stage::new(1), Stage::new(1).replicas(2), Stage::new(1)])?;
    /// assert_eq!(pipeline.run(&Settings::default())?.frames, 600);
    /// # Ok::<(), facette_flow::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Pipeline::new`], and [`BuildError::Broken`] if a run before has lost a thread. The tasks are gone then.
    pub fn recut(self, stages: &[Stage]) -> Result<Self, BuildError> {
        Pipeline::new(self.outline.fill(self.crew.into_kits()?)?, stages)
    }

    /// Limits the bytes of all frames between source and end, of sockets that are weighed ([`Graph::weigh`]): no frame
    /// begins while those on their way leave no room for the heaviest that was seen. At least one is always on its way.
    ///
    /// ```
    /// use facette_flow::{closures::{iterate, map, replicable}, graph::{Graph, Pipeline, Settings, Stage}};
    ///
    /// let mut graph = Graph::new();
    /// let block = graph.source(iterate("Blocks", (0..100).map(|_| vec![0_u8; 1 << 16])));
    /// graph.weigh(&block, Vec::len);
    /// let block = graph.task(block, replicable("Fill", |mut block: Vec<u8>| {
    ///     block.fill(1);
    ///     Ok(block)
    /// }));
    /// graph.weigh(&block, Vec::len);
    /// graph.task(block, map("Check", |block: Vec<u8>| if block[0] == 1 { Ok(()) } else { Err("empty".into()) }));
    /// let stages = [Stage::new(1), Stage::new(1).replicas(4), Stage::new(1)];
    /// Pipeline::new(graph, &stages)?.memory(1 << 18)?.run(&Settings::default())?;
    /// # Ok::<(), facette_flow::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Unweighed`] when no socket between stages is weighed; [`BuildError::Zero`].
    pub fn memory(mut self, bytes: usize) -> Result<Self, BuildError> {
        if bytes == 0 {
            return Err(BuildError::Zero { setting: "memory" });
        }
        self.crew.set_memory(bytes)?;
        Ok(self)
    }

    /// What executes it, for settings of the runtime's own.
    pub(crate) fn crew(&mut self) -> &mut Crew {
        &mut self.crew
    }

    /// Runs to the end of the sources, and waits for it. Its threads then sleep until the next run; they are joined when
    /// the pipeline is dropped, and at once when the run fails.
    ///
    /// It may be run again, also after an error: tasks go on with the state they have, frames count from 0. So an
    /// accumulator that did not come to its end, because the run before was stopped, still holds what it has added.
    ///
    /// # Errors
    /// [`Error::Task`] and [`Error::Panic`] for the earliest frame that a task failed at; [`Error::Cancelled`];
    /// [`Error::Deadline`]; [`Error::Threads`].
    pub fn run(&mut self, settings: &Settings) -> Result<StreamReport, Error> {
        self.crew.run(settings)
    }
}

//! StreamPU's schedule files, versions 1 and 2: how a graph is cut into stages, and where these run.
//!
//! | key | here |
//! | --- | --- |
//! | `tasks` | tasks of a stage |
//! | `cores` (1), `threads` (2) | replicas; a list in version 1 also gives the PU of each, by hwloc's numbers |
//! | `sync_buff_size` | depth of the boundary behind the stage; 1 where nothing is said |
//! | `sync_waiting_type` | `active` is [`Waiting::Spin`], `passive` (where nothing is said) [`Waiting::SpinThenPark`] |
//! | `resources`, `core-type`, `pinning-policy` (2) | two lists of PUs, and how a stage takes its own from one of them |
//!
//! `passive` does not become [`Waiting::Park`], because a short look before sleeping costs nothing while frames are
//! rare and saves the wake-up while they are not; written are both of them as `passive`. The keys `platform`, `date`,
//! `scheduler_name` and `cluster-size` are left out of account, as StreamPU leaves them; any other is refused, for it may
//! be one of the above in another spelling. The last stage has no boundary behind it, so keys about it are an error there,
//! as they are for StreamPU.
//!
//! Policies take PUs like this: `packed` the next of the list, one for each replica; `distant` in turn from the
//! beginning and the middle of the list; `guided` lets every replica use all that are left, or any core if none are;
//! `loose` (where nothing is said) leaves the threads to the system. A core with two threads counts once as long as others are left; with an
//! `smt` of 2 its second thread stands at the end of the list.
//!
//! The lists of amp-scheduling, `[{"tasks": 5, "cores": [B, B]}, …]`, are read, too: as version 2 without resources, its
//! letters B and L being P-cores and E-cores that no thread is pinned to.

mod error;
mod keys;
mod place;
mod read;
mod write;

use super::{Stage, Topology, Waiting};

pub use error::ScheduleError;

/// The greatest number in a file that is taken seriously.
const MOST: usize = 1_000_000;

/// What StreamPU knows about the stages of a pipeline.
///
/// ```
/// use facette_flow::graph::{ScheduleFile, Stage, Waiting};
///
/// let file = ScheduleFile::parse(r#"{ "schedule": [
///     { "tasks": 1, "cores": 1, "sync_buff_size": 8, "sync_waiting_type": "active" },
///     { "tasks": 3, "cores": 4 },
///     { "tasks": 2, "cores": 1 }
/// ] }"#)?;
/// let stages = file.stages();
/// assert_eq!(stages[0], Stage::new(1).depth(8).waiting(Waiting::Spin));
/// assert_eq!(stages[1], Stage::new(3).replicas(4).depth(1));
/// assert_eq!(file.n_tasks(), 6);
/// # Ok::<(), facette_flow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleFile {
    version: ScheduleVersion,
    /// Of P-cores and E-cores; empty in version 1.
    resources: [Resource; 2],
    entries: Vec<Entry>,
}

/// The version of a [`ScheduleFile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleVersion {
    /// Cores by stage.
    V1,
    /// Resources, and a policy by stage.
    V2,
}

/// The cores of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Resource {
    nodes: Vec<Node>,
    smt: usize,
}

impl Default for Resource {
    fn default() -> Self {
        Resource { nodes: Vec::new(), smt: 1 }
    }
}

/// PUs or cores, from one number to another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    is_core: bool,
    first: usize,
    last: usize,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    tasks: usize,
    threads: usize,
    place: Place,
    depth: usize,
    waiting: Waiting,
}

/// Where a stage runs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// On these PUs, one for each replica: version 1.
    Pus(Vec<usize>),
    /// Version 2.
    By(CoreType, Policy),
}

/// The types of cores: fast ones and thrifty ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CoreType {
    P,
    E,
}

impl CoreType {
    fn name(self) -> &'static str {
        ["p-core", "e-core"][self as usize]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Loose,
    Guided,
    Packed,
    Distant,
}

impl Policy {
    const ALL: [(Policy, &'static str); 4] = [
        (Policy::Loose, "loose"),
        (Policy::Guided, "guided"),
        (Policy::Packed, "packed"),
        (Policy::Distant, "distant"),
    ];
}

impl ScheduleFile {
    /// Reads a file of any version: one with `resources` is of version 2.
    ///
    /// # Errors
    /// A [`ScheduleError`] that names the place and the key.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        read::read(text, None)
    }

    /// Reads a file of a given version.
    ///
    /// # Errors
    /// As for [`ScheduleFile::parse`].
    pub fn parse_as(text: &str, version: ScheduleVersion) -> Result<Self, ScheduleError> {
        read::read(text, Some(version))
    }

    /// The file that says of `stages` what can be said in `version`; `machine` gives the PUs their numbers.
    ///
    /// Version 1 can place every replica on one PU, or a whole stage nowhere in particular. Version 2 can besides let all
    /// replicas of a stage share a set of PUs, the same one wherever this is done; it writes that set as the E-cores.
    ///
    /// # Errors
    /// [`ScheduleError::NotCarried`] for what cannot be said; [`ScheduleError::NoStages`].
    pub fn from_stages(
        stages: &[Stage],
        version: ScheduleVersion,
        machine: &Topology,
    ) -> Result<Self, ScheduleError> {
        write::from_stages(stages, version, machine)
    }

    /// The version.
    pub fn version(&self) -> ScheduleVersion {
        self.version
    }

    /// Tasks of all stages: as many as the graph must have.
    pub fn n_tasks(&self) -> usize {
        self.entries.iter().map(|entry| entry.tasks).sum()
    }

    /// The stages, placed nowhere: what a schedule made for another machine is good for.
    ///
    /// [`super::Pipeline::new`] says when the graph has other tasks.
    pub fn stages(&self) -> Vec<Stage> {
        let last = self.entries.len() - 1;
        let stage = |(i, entry): (usize, &Entry)| {
            let stage = Stage::new(entry.tasks).replicas(entry.threads);
            if i == last { stage } else { stage.depth(entry.depth).waiting(entry.waiting) }
        };
        self.entries.iter().enumerate().map(stage).collect()
    }

    /// The stages, placed on a machine as the file wants it.
    ///
    /// # Errors
    /// [`ScheduleError::Absent`], [`ScheduleError::Denied`] and [`ScheduleError::UsedUp`]. Resources that no stage is
    /// pinned to may be those of another machine.
    pub fn placed_stages(&self, machine: &Topology) -> Result<Vec<Stage>, ScheduleError> {
        let places = place::places(self, machine)?;
        Ok(self.stages().into_iter().zip(places).map(|(stage, cores)| stage.pin(&cores)).collect())
    }

    /// The text of the file, one stage a line.
    pub fn to_json(&self) -> String {
        write::to_json(self)
    }
}

//! Where threads run, written as StreamPU writes it.
//!
//! `|` stands between stages, `;` between the replicas of a stage, `,` between objects that a thread may use; an object
//! is a kind and its number, as in `PU_0` or `L3D_1`. `NO_PIN`, or nothing for a whole stage, leaves threads where the
//! system puts them. White space means nothing. One list for a stage is for all of its replicas, and one stage is for
//! all stages.

use std::{fmt, str::FromStr};

use super::{CoreSet, ObjectKind, Stage, Topology};
use crate::{BuildError, Error};

/// Which objects of a machine each replica of each stage may use.
///
/// ```
/// use facette_flow::graph::{Placement, Stage};
///
/// let mut stages = vec![Stage::new(1), Stage::new(2).replicas(2), Stage::new(1)];
/// Placement::parse("PU_0 | MACHINE_0; PACKAGE_0, CORE_0 | NO_PIN")?.apply(&mut stages)?;
/// # Ok::<(), facette_flow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// By stage and replica.
    stages: Vec<Vec<Vec<Object>>>,
}

/// What is wrong with a placement. Characters are counted from 1, stages from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// Between two separators stands nothing.
    #[error(
        "an object is missing at character {at} of the placement; write NO_PIN for a thread that may run anywhere"
    )]
    Missing {
        /// Where it should stand.
        at: usize,
    },
    /// A word that is no object.
    #[error(
        "`{text}` at character {at} of the placement is no object; write a kind and a number as in PU_0, the kinds \
         being {}, or NO_PIN",
        ObjectKind::ALL.map(ObjectKind::name).join(", ")
    )]
    Unknown {
        /// The word.
        text: String,
        /// Where it begins.
        at: usize,
    },
    /// `NO_PIN` beside objects.
    #[error("NO_PIN at character {at} of the placement stands beside objects; write one or the other")]
    Beside {
        /// Where it begins.
        at: usize,
    },
    /// Other stages than there are.
    #[error(
        "the placement has {got} stages separated by `|`, the pipeline has {expected}; write one, or as many"
    )]
    Stages {
        /// Stages of the pipeline.
        expected: usize,
        /// Stages of the placement.
        got: usize,
    },
    /// Other replicas than there are.
    #[error(
        "the placement has {got} replicas separated by `;` for stage {stage}, which has {expected}; write one, or as \
         many"
    )]
    Replicas {
        /// The stage, from 0.
        stage: usize,
        /// Its replicas.
        expected: usize,
        /// Replicas of the placement.
        got: usize,
    },
    /// An object that the machine does not have.
    #[error("`{text}` at character {at} of the placement does not exist; there are {}", numbered(kind, *count))]
    Absent {
        /// The object.
        text: String,
        /// Where it begins.
        at: usize,
        /// Its kind.
        kind: &'static str,
        /// How many of its kind there are.
        count: usize,
    },
    /// An object of which the process may use nothing.
    #[error("`{text}` at character {at} of the placement is core {cores}; this process may use {allowed}")]
    Denied {
        /// The object.
        text: String,
        /// Where it begins.
        at: usize,
        /// Its cores, as the operating system numbers them.
        cores: CoreSet,
        /// What is allowed.
        allowed: CoreSet,
    },
}

impl From<PlacementError> for Error {
    fn from(error: PlacementError) -> Self {
        BuildError::from(error).into()
    }
}

fn numbered(kind: &str, count: usize) -> String {
    match count {
        0 => "none".to_owned(),
        1 => format!("1, {kind}_0"),
        n => format!("{n}, {kind}_0 to {kind}_{}", n - 1),
    }
}

/// One object, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    kind: ObjectKind,
    /// As written: what does not fit a number exists on no machine.
    number: String,
    at: usize,
}

impl Placement {
    /// Reads a placement.
    ///
    /// # Errors
    /// [`PlacementError::Missing`], [`PlacementError::Unknown`] or [`PlacementError::Beside`].
    pub fn parse(text: &str) -> Result<Self, PlacementError> {
        let stages = pieces(text, 1, '|').map(|(stage, at)| {
            if stage.trim().is_empty() {
                return Ok(vec![Vec::new()]);
            }
            pieces(stage, at, ';').map(|(replica, at)| objects(replica, at)).collect()
        });
        Ok(Placement { stages: stages.collect::<Result<_, _>>()? })
    }

    /// Places the replicas of `stages` on this machine.
    ///
    /// # Errors
    /// The [`PlacementError`]s about counts and objects.
    pub fn apply(&self, stages: &mut [Stage]) -> Result<(), PlacementError> {
        self.apply_on(&Topology::here(), stages)
    }

    /// Places the replicas of `stages` on a machine.
    ///
    /// # Errors
    /// The [`PlacementError`]s about counts and objects; the stages are then as before.
    pub fn apply_on(&self, machine: &Topology, stages: &mut [Stage]) -> Result<(), PlacementError> {
        let replicas: Vec<usize> = stages.iter().map(|stage| stage.replicas).collect();
        let cores = self.cores(machine, &replicas)?;
        for (stage, cores) in stages.iter_mut().zip(cores) {
            let is_free = cores.iter().all(CoreSet::is_empty);
            stage.cores = if is_free { Vec::new() } else { cores };
        }
        Ok(())
    }

    /// The cores of a machine that each replica of each stage may use, for so many replicas; an empty set is any core.
    ///
    /// An object of which the process may use only a part stands for that part.
    ///
    /// # Errors
    /// As for [`Placement::apply`].
    pub fn cores(&self, machine: &Topology, replicas: &[usize]) -> Result<Vec<Vec<CoreSet>>, PlacementError> {
        let stages = spread(&self.stages, replicas.len());
        let stages =
            stages.ok_or(PlacementError::Stages { expected: replicas.len(), got: self.stages.len() })?;
        let mut all = Vec::with_capacity(replicas.len());
        for (stage, (lists, &expected)) in stages.zip(replicas).enumerate() {
            let got = lists.len();
            let lists = spread(lists, expected).ok_or(PlacementError::Replicas { stage, expected, got })?;
            all.push(lists.map(|objects| union(machine, objects)).collect::<Result<_, _>>()?);
        }
        Ok(all)
    }
}

/// As many as wanted, or one as many times.
fn spread<T>(items: &[T], n: usize) -> Option<impl Iterator<Item = &T>> {
    (items.len() == n || items.len() == 1).then(|| items.iter().cycle().take(n))
}

fn union(machine: &Topology, objects: &[Object]) -> Result<CoreSet, PlacementError> {
    let mut all = CoreSet::default();
    for object in objects {
        all.extend(object.usable(machine)?.iter());
    }
    Ok(all)
}

impl Object {
    fn usable(&self, machine: &Topology) -> Result<CoreSet, PlacementError> {
        let (text, at) = (self.to_string(), self.at);
        let cores = self.number.parse().ok().and_then(|number| machine.get(self.kind, number));
        let Some(cores) = cores else {
            let (kind, count) = (self.kind.name(), machine.count(self.kind));
            return Err(PlacementError::Absent { text, at, kind, count });
        };
        let usable = cores.intersection(machine.allowed());
        if usable.is_empty() {
            let (cores, allowed) = (cores.clone(), machine.allowed().clone());
            return Err(PlacementError::Denied { text, at, cores, allowed });
        }
        Ok(usable)
    }

    fn parse(word: &str, at: usize) -> Option<Self> {
        let (name, number) = word.rsplit_once('_')?;
        let kind = ObjectKind::ALL.into_iter().find(|kind| kind.name() == name)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Object { kind, number: number.to_owned(), at })
    }
}

/// The parts of a text between separators, and the characters at which they begin.
fn pieces(text: &str, start: usize, separator: char) -> impl Iterator<Item = (&str, usize)> {
    let mut at = start;
    text.split(separator).map(move |piece| {
        let begins = at;
        at += piece.chars().count() + 1;
        (piece, begins)
    })
}

/// The objects of one replica; none for `NO_PIN`.
fn objects(replica: &str, at: usize) -> Result<Vec<Object>, PlacementError> {
    let mut objects = Vec::new();
    let mut free = None;
    for (piece, at) in pieces(replica, at, ',') {
        let at = at + piece.chars().take_while(|c| c.is_whitespace()).count();
        let word: String = piece.chars().filter(|c| !c.is_whitespace()).collect();
        match word.as_str() {
            "" => return Err(PlacementError::Missing { at }),
            "NO_PIN" => free = Some(at),
            _ => objects.push(Object::parse(&word, at).ok_or(PlacementError::Unknown { text: word, at })?),
        }
    }
    match free {
        Some(at) if !objects.is_empty() => Err(PlacementError::Beside { at }),
        _ => Ok(objects),
    }
}

impl FromStr for Placement {
    type Err = PlacementError;

    fn from_str(text: &str) -> Result<Self, PlacementError> {
        Self::parse(text)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.kind.name(), self.number)
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replica = |objects: &Vec<Object>| match objects.is_empty() {
            true => "NO_PIN".to_owned(),
            false => objects.iter().map(Object::to_string).collect::<Vec<_>>().join(", "),
        };
        let stage = |lists: &Vec<_>| lists.iter().map(replica).collect::<Vec<_>>().join("; ");
        f.write_str(&self.stages.iter().map(stage).collect::<Vec<_>>().join(" | "))
    }
}

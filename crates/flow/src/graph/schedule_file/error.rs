//! What can be wrong with a schedule file.

use crate::{
    BuildError, Error,
    graph::{CoreSet, ObjectKind},
};

/// What is wrong with a schedule file, or with putting a schedule into one. Stages are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The text is no JSON.
    #[error("the schedule is no JSON: {message}")]
    Json {
        /// What is wrong, and in which line and column.
        message: String,
    },
    /// A key is not there.
    #[error("{place} in the schedule has no `{key}`")]
    Missing {
        /// `the top level`, a stage, or one of the resources.
        place: String,
        /// The key.
        key: &'static str,
    },
    /// A key that means nothing there: misspelt, perhaps.
    #[error(
        "{place} in the schedule has the key `{key}`, which is not known there; the nearest known is `{nearest}`"
    )]
    UnknownKey {
        /// `the top level`, a stage, or one of the resources.
        place: String,
        /// The key.
        key: String,
        /// The known key that looks most like it.
        nearest: &'static str,
    },
    /// A value is of another kind than it should be.
    #[error("{what} in the schedule is {got}; it must be {expected}")]
    Unexpected {
        /// The key and where it stands.
        what: String,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// The last stage has a key about the boundary behind it.
    #[error(
        "`{key}` of stage {stage} of the schedule is about the boundary to a next stage, but there is none; remove it"
    )]
    LastStage {
        /// The stage, from 0.
        stage: usize,
        /// The key.
        key: &'static str,
    },
    /// There is no stage.
    #[error("the schedule has no stages; it must have at least one")]
    NoStages,
    /// A core or PU that the machine does not have.
    #[error("{place} in the schedule names {} {number}, which does not exist; this machine has {count}", kind.name())]
    Absent {
        /// A stage, or one of the resources.
        place: String,
        /// Core or PU.
        kind: ObjectKind,
        /// Its number, as hwloc numbers them.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// Cores that this process may not use.
    #[error("stage {stage} of the schedule would run on core {cores}; this process may use {allowed}")]
    Denied {
        /// The stage, from 0.
        stage: usize,
        /// The cores, as the operating system numbers them.
        cores: CoreSet,
        /// What is allowed.
        allowed: CoreSet,
    },
    /// More threads of their own than PUs.
    #[error(
        "stage {stage} of the schedule finds no {core_type} left to run on; add to its `node-list`, take fewer \
         `threads`, or make the `pinning-policy` guided or loose"
    )]
    UsedUp {
        /// The stage, from 0.
        stage: usize,
        /// `p-core` or `e-core`.
        core_type: &'static str,
    },
    /// The version of the file has no words for it.
    #[error("a schedule of this version cannot say of stage {stage} that {what}")]
    NotCarried {
        /// The stage, from 0.
        stage: usize,
        /// What cannot be said.
        what: String,
    },
}

impl From<ScheduleError> for Error {
    fn from(error: ScheduleError) -> Self {
        BuildError::from(error).into()
    }
}

//! The chains that are compared: a name, the tasks, the plan.

use crate::tasks::{Divided, Sleep, Sweep, Toil, Work};
use std::sync::Arc;

/// A chain and how it is executed.
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    pub(crate) tasks: Vec<Arc<dyn Work>>,
    pub(crate) plan: Vec<Cut>,
    /// Frames of a run.
    pub(crate) frames: u64,
}

/// A stage: so many of the next tasks, copies, threads of each in tasks that are parallel inside.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) tasks: usize,
    pub(crate) replicas: u32,
    pub(crate) team: u32,
}

/// Frames that may wait at each boundary.
pub(crate) const DEPTH: usize = 4;

impl Chain {
    /// `"1-2×1-1"`: tasks aside, replicas and the threads of each, where there are more than one.
    pub(crate) fn plan_text(&self) -> String {
        let stage = |cut: &Cut| match cut.team {
            1 => cut.replicas.to_string(),
            team => format!("{}×{team}", cut.replicas),
        };
        self.plan.iter().map(stage).collect::<Vec<_>>().join("-")
    }
}

const fn cut(tasks: usize, replicas: u32) -> Cut {
    Cut { tasks, replicas, team: 1 }
}

/// All chains.
pub(crate) fn chains() -> Vec<Chain> {
    let toil = |ms: f64| Toil::new(&[ms]) as Arc<dyn Work>;
    vec![
        Chain {
            name: "compute",
            tasks: vec![toil(0.5), toil(1.5), toil(2.0)],
            plan: vec![cut(2, 1), cut(1, 1)],
            frames: 400,
        },
        Chain {
            name: "sweep",
            tasks: vec![toil(1.0), Sweep::new(128)],
            plan: vec![cut(1, 1), cut(1, 2)],
            frames: 100,
        },
        Chain {
            name: "compute-first",
            tasks: vec![toil(3.0), toil(1.0)],
            plan: vec![cut(1, 2), cut(1, 1)],
            frames: 300,
        },
        Chain {
            name: "oversubscribed",
            tasks: vec![toil(1.0), Toil::new(&[2.0, 3.5, 1.2, 6.0, 2.7, 2.1, 3.0]), toil(1.0)],
            plan: vec![cut(1, 1), cut(1, 2), cut(1, 1)],
            frames: 300,
        },
        Chain {
            name: "team",
            tasks: vec![toil(0.5), Divided::new(5.0)],
            plan: vec![cut(1, 1), Cut { tasks: 1, replicas: 1, team: 2 }],
            frames: 250,
        },
        Chain {
            name: "slow-and-fast",
            tasks: vec![toil(0.2), Sleep::new(&[1.0, 5.0]), toil(0.2)],
            plan: vec![cut(1, 1), cut(1, 2), cut(1, 1)],
            frames: 250,
        },
    ]
}

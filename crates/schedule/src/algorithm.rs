//! What an algorithm is: a name and a function from a problem to a plan.

use crate::error::Error;
use crate::plan::Plan;
use crate::problem::Problem;

/// One way to make a plan.
///
/// Every algorithm takes every problem. What it does not know of (crossing, teams, memory) it leaves out of its
/// thoughts, but not out of its plan: the plan is legal and its period is priced with everything.
#[derive(Debug, Clone, Copy)]
pub struct Algorithm {
    /// Short name, as in options and files.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// For which problems its period is the optimum.
    pub optimal: Optimal,
    pub(crate) solve: fn(&Problem) -> Result<Plan, Error>,
}

/// For which problems the period of an algorithm is the shortest there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimal {
    /// None in particular.
    Never,
    /// One core type, no crossing, no parallel tasks, no memory cap.
    OneType,
    /// At most two core types, no crossing, no parallel tasks, no memory cap.
    TwoTypes,
    /// All.
    Always,
}

impl Algorithm {
    /// Makes a plan.
    ///
    /// # Errors
    /// Where the algorithm finds no plan within the limits; the message says which limit.
    pub fn solve(&self, problem: &Problem) -> Result<Plan, Error> {
        (self.solve)(problem)?.within_limits(problem, self.name)
    }

    /// Whether its period is the optimum of this problem.
    #[must_use]
    pub fn is_optimal_for(&self, problem: &Problem) -> bool {
        let plain = problem.memory_cap().is_none()
            && !problem.has_crossing()
            && (0..problem.core_types().len()).all(|v| problem.table().largest_team(v) == 1);
        match self.optimal {
            Optimal::Never => false,
            Optimal::OneType => plain && problem.usable().len() == 1,
            Optimal::TwoTypes => plain && problem.usable().len() <= 2,
            Optimal::Always => true,
        }
    }
}

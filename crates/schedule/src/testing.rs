//! Chains written as text, and the one check that every plan of every algorithm goes through, for unit tests.

use crate::{CoreType, Kind, Plan, Problem, Task, check};

/// `"8 23S"`: a replicable task of cost 8, a sequential one of 23. `"8/20"`: 8 on the first type, 20 on the second.
pub(crate) fn chain(text: &str, cores: &[u32]) -> Problem {
    let tasks = text.split_whitespace().enumerate().map(|(i, word)| {
        let costs = word.trim_end_matches('S').split('/').map(|c| c.parse().unwrap());
        let kind = if word.ends_with('S') { Kind::Sequential } else { Kind::Replicable };
        Task::new(format!("t{i}"), costs.collect::<Vec<f64>>(), kind)
    });
    let names = ["big", "little", "tiny"];
    let cores = cores.iter().zip(names).map(|(&count, name)| CoreType::new(name, count));
    Problem::new(tasks.collect(), cores.collect()).unwrap()
}

pub(crate) fn one_type(text: &str, cores: u32) -> Problem {
    chain(text, &[cores])
}

pub(crate) fn check_plan(problem: &Problem, plan: &Plan) {
    assert_eq!(check(problem, plan), Ok(()), "{plan:?}");
}

//! Every exact algorithm against brute force on random chains; `FACETTE_SLOW=1` takes 10 000 of each sort.

mod brute;
mod random;

use brute::{Best, best};
use facette_schedule::{ALL, Plan, Problem, algorithm, check, frontier};
use random::{Sort, chain};

fn n_cases() -> u64 {
    if std::env::var_os("FACETTE_SLOW").is_some() { 10_000 } else { 400 }
}

/// What holds for the plan of every algorithm: it is one, and it is not faster than possible.
fn solve(problem: &Problem, name: &str, best: &Best, case: &str) -> Option<Plan> {
    let found = algorithm(name).unwrap();
    let plan = match found.solve(problem) {
        Ok(plan) => plan,
        Err(error) => {
            assert!(!found.is_optimal_for(problem), "{case}: {name}: {error}");
            return None;
        }
    };
    assert_eq!(check(problem, &plan), Ok(()), "{case}: {name}: {plan:?}");
    assert!(plan.period >= best.period || problem.target().is_some(), "{case}: {name}: {plan:?}");
    if found.is_optimal_for(problem) && problem.target().is_none() {
        assert_eq!(plan.period, best.period, "{case}: {name}: {plan:?}");
    }
    Some(plan)
}

fn compare(sort: Sort, types: usize) {
    for seed in 0..n_cases() {
        let random = chain(sort, types, seed);
        let (problem, best) = (&random.problem, best(&random));
        let case = format!("{sort:?}, {types} types, seed {seed}: {random:?}");
        let plans: Vec<_> = ALL.iter().map(|a| (a.name, solve(problem, a.name, &best, &case))).collect();
        let frontier = frontier(problem).unwrap();
        let points: Vec<_> = frontier.plans.iter().map(|p| p.cores.clone()).collect();
        assert_eq!(points, best.frontier, "{case}");
        for plan in &frontier.plans {
            assert_eq!(check(problem, plan), Ok(()), "{case}: {plan:?}");
            assert!(plan.period <= frontier.period, "{case}: {plan:?}");
        }
        for (name, plan) in plans {
            let in_frontier = |p: &Plan| best.frontier.contains(&p.cores);
            let exact = algorithm(name).unwrap().is_optimal_for(problem);
            assert!(!exact || plan.as_ref().is_some_and(in_frontier), "{case}: {name} {plan:?}: {best:?}");
        }
        let exact = algorithm("exact").unwrap().solve(problem).unwrap();
        assert_eq!(exact.cores, best.frontier[0], "{case}");
    }
}

#[test]
fn one_core_type() {
    compare(Sort::Plain, 1);
}

#[test]
fn two_core_types() {
    compare(Sort::Plain, 2);
}

#[test]
fn three_core_types() {
    compare(Sort::Plain, 3);
}

#[test]
fn boundaries_that_cost() {
    compare(Sort::Crossing, 1);
    compare(Sort::Crossing, 2);
}

#[test]
fn tasks_that_are_parallel_inside() {
    compare(Sort::Teams, 1);
    compare(Sort::Teams, 2);
}

#[test]
fn a_cap_on_memory() {
    compare(Sort::Memory, 1);
    compare(Sort::Memory, 2);
}

#[test]
fn a_target_period() {
    compare(Sort::Target, 1);
    compare(Sort::Target, 2);
}

#[test]
fn everything_at_once() {
    compare(Sort::Everything, 2);
}

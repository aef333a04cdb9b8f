//! With constant times and nothing that a plan leaves out, a plan reaches the period that it says.

mod common;

use common::{near, rng};
use facette_simulate::{Cluster, Pipeline, Run, Service, simulate, simulate_plan};
use rand::RngExt;
use schedule::{ALL, CoreType, Kind, Problem, Task, algorithm};

/// Up to eight tasks of whole costs on up to twelve cores of one or two types, some parallel inside, some with crossing.
fn problem(seed: u64) -> Problem {
    let mut rng = rng(seed);
    let types = rng.random_range(1..=2);
    let n = rng.random_range(1..=8);
    let tasks = (0..n).map(|i| {
        let big = f64::from(rng.random_range(1..=30));
        let costs: Vec<f64> =
            (0..types).map(|v| big * (1.0 + f64::from(v) * rng.random_range(0.0..3.0)).round()).collect();
        let kind = match rng.random_range(0..6) {
            0 | 1 => Kind::Sequential,
            2 => Kind::Parallel(vec![(2, 0.75), (4, 0.5)]),
            _ => Kind::Replicable,
        };
        Task::new(format!("t{i}"), costs, kind).keeping(rng.random_range(0..100))
    });
    let tasks: Vec<Task> = tasks.collect();
    let cores = (0..types).map(|v| CoreType::new(["big", "little"][v as usize], rng.random_range(1..=6)));
    let problem = Problem::new(tasks, cores.collect()).unwrap();
    if rng.random_bool(0.3) {
        let crossing: Vec<f64> = (0..n).map(|_| f64::from(rng.random_range(0..3))).collect();
        return problem.with_crossing(crossing).unwrap();
    }
    problem
}

#[test]
fn the_period_is_that_of_the_plan() {
    let mut plans = 0;
    for seed in 0..120 {
        let problem = problem(seed);
        for algorithm in ALL {
            let Ok(plan) = algorithm.solve(&problem) else { continue };
            let run = Run { warm_up: 3000, ..Run::new(6000) };
            let mut pipeline = Pipeline::of(&problem, &plan, 1e-3).unwrap();
            pipeline.stages.iter_mut().for_each(|s| s.depth = 2 + seed as usize % 3);
            let outcome = simulate(&Cluster::of(&problem), &pipeline, &run).unwrap();
            let expected_s = plan.period.to_f64() * 1e-3;
            assert!(
                (outcome.period_s / expected_s - 1.0).abs() < 1e-9,
                "seed {seed}, {}: {} instead of {expected_s}: {plan:?}",
                algorithm.name,
                outcome.period_s
            );
            let slowest = plan.times[outcome.bottleneck()].to_f64() * 1e-3;
            near(slowest, expected_s, 0.01);
            near(outcome.peak_bytes().max(1.0), (plan.memory_bytes as f64).max(1.0), 0.0);
            plans += 1;
        }
    }
    assert!(plans > 600, "{plans} plans");
}

#[test]
fn times_that_vary_cost_what_buffers_do_not_absorb() {
    let tasks = ["a", "b", "c"].map(|name| Task::new(name, [1.0], Kind::Sequential));
    let problem = Problem::new(tasks.into(), vec![CoreType::new("core", 3)]).unwrap();
    let plan = algorithm("otac").unwrap().solve(&problem).unwrap();
    let run = Run::new(20_000);
    near(simulate_plan(&problem, &plan, 1.0, &run).unwrap().period_s, 1.0, 1e-9);
    let mut pipeline = Pipeline::of(&problem, &plan, 1.0).unwrap();
    let mut periods = Vec::new();
    for depth in [1, 4, 16, 64] {
        for stage in &mut pipeline.stages {
            stage.depth = depth;
            stage.tasks[0].service = Service::Gamma { mean_s: 1.0, cv: 0.7 };
        }
        periods.push(simulate(&Cluster::of(&problem), &pipeline, &run).unwrap().period_s);
    }
    assert!(periods.is_sorted_by(|a, b| a > b), "{periods:?}");
    assert!(periods[0] > 1.2 && periods[3] < 1.02, "{periods:?}");
}

#[test]
fn a_plan_of_another_problem_is_refused() {
    let one = |cost: f64| {
        let tasks = vec![Task::new("a", [cost], Kind::Replicable)];
        Problem::new(tasks, vec![CoreType::new("core", 3)]).unwrap()
    };
    let plan = algorithm("otac").unwrap().solve(&one(3.0)).unwrap();
    let error = simulate_plan(&one(4.0), &plan, 1.0, &Run::new(10)).unwrap_err();
    assert!(error.to_string().contains("does not belong"), "{error}");
    let error = simulate_plan(&one(3.0), &plan, 0.0, &Run::new(10)).unwrap_err();
    assert!(error.to_string().contains("unit of cost is 0 s"), "{error}");
}

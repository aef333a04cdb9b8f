//! What holds for every pipeline: no frame is lost, Little's law, limits are kept, work is conserved.

mod common;

use common::{constant, near, order, random_pipeline, shared, stage};
use facette_simulate::{
    Cluster, Needs, Order, Outcome, Pipeline, Run, Service, Sharing, Stage, Task, simulate,
};

fn cluster(seed: u64) -> Cluster {
    let mut cluster = Cluster::uniform(20);
    cluster.nodes[0].memory_bytes_per_s = seed.is_multiple_of(3).then_some(3.0);
    cluster.nodes[0].cores[0].worth =
        if seed.is_multiple_of(4) { vec![(2, 1.5), (8, 4.0)] } else { Vec::new() };
    cluster
}

/// Random pipelines: on 20 cores if they have cores of their own, else on one to six.
fn random(n: u64) -> impl Iterator<Item = (Pipeline, Cluster, Outcome)> {
    (0..n).map(|seed| {
        let (pipeline, mut cluster) = (random_pipeline(seed), cluster(seed));
        if pipeline.sharing == Sharing::Shared {
            cluster.nodes[0].cores[0].count = 1 + seed as u32 % 6;
        }
        let run = Run { seed, ..Run::new(400) };
        let outcome = simulate(&cluster, &pipeline, &run).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        (pipeline, cluster, outcome)
    })
}

#[test]
fn every_frame_leaves_once_and_in_order_where_that_is_restored() {
    let mut ordered = 0;
    for (pipeline, _, outcome) in random(400) {
        let mut sorted = order(&outcome);
        let is_in_order = sorted.is_sorted();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..400).collect::<Vec<_>>());
        assert!(outcome.stages.iter().all(|s| s.frames == 400));
        assert!(outcome.passages.iter().all(|p| p.begun_s <= p.left_s));
        let is_restored = pipeline.stages.iter().all(|s| s.order == Order::Restored);
        if is_restored && pipeline.stages.last().unwrap().replicas == 1 {
            assert!(is_in_order);
            ordered += 1;
        }
    }
    assert!(ordered > 20, "{ordered}");
}

#[test]
fn littles_law() {
    for (_, _, outcome) in random(400) {
        let throughput = outcome.frames as f64 / outcome.makespan_s;
        near(outcome.in_flight.mean, throughput * outcome.latency.mean_s, 1e-9);
        let lat = outcome.latency;
        assert!(
            lat.median_s <= lat.p99_s && lat.p99_s <= lat.max_s && lat.mean_s <= lat.max_s * (1.0 + 1e-9)
        );
    }
}

#[test]
fn windows_and_depths_are_kept_and_reached() {
    let (mut full, mut at_limit) = (0, 0);
    for (pipeline, _, outcome) in random(400) {
        let replicas: u32 = pipeline.stages.iter().map(|s| s.replicas).sum();
        let rooms: usize = outcome.boundaries.iter().map(|b| b.capacity).sum();
        let most = pipeline.window.unwrap_or(replicas as usize + rooms) as f64;
        assert!(outcome.in_flight.max <= most, "{} of {most}", outcome.in_flight.max);
        at_limit += u32::from(pipeline.window.is_some() && outcome.in_flight.max == most);
        for boundary in &outcome.boundaries {
            assert!(boundary.held.max <= boundary.capacity as f64, "{boundary:?}");
            assert!(boundary.held.mean <= boundary.held.max);
            full += u32::from(boundary.held.max == boundary.capacity as f64);
        }
    }
    assert!(full > 100 && at_limit > 50, "{full} full boundaries, {at_limit} full windows");
}

#[test]
fn no_core_works_more_than_all_the_time() {
    for (pipeline, _, outcome) in random(400) {
        for core in &outcome.cores {
            assert!(core.busy >= 0.0 && core.busy + core.spinning <= 1.0 + 1e-9, "{core:?}");
        }
        for (stage, used) in pipeline.stages.iter().zip(&outcome.stages) {
            let replicas = f64::from(stage.replicas);
            let known = used.busy_s + used.awaited_frame_s + used.awaited_room_s + used.awaited_token_s;
            assert!(used.utilization <= 1.0 + 1e-9 && known <= replicas * outcome.makespan_s * (1.0 + 1e-9));
        }
    }
}

#[test]
fn busy_time_is_the_work_that_was_given() {
    let cycle = |times: &[f64]| Task::new("t", Service::Cycle { times_s: times.to_vec() });
    let asleep = Task { needs: Needs::Time, ..constant(5.0) };
    let stages = || {
        let first = Stage { crossing_s: 0.25, ..Stage::new(vec![constant(0.5)]) };
        let second = Stage::new(vec![cycle(&[1.0, 3.0]), asleep.clone()]).replicas(4);
        vec![first, second, stage(0.5, 1)]
    };
    // 0.5 + 0.25, 0.25 + 2, 0.5; what sleeps uses no core.
    let work_s = 100.0 * (0.75 + 2.25 + 0.5);
    for pipeline in [Pipeline::new(stages()), shared(stages())] {
        for cores in [6, 9] {
            let outcome = simulate(&Cluster::uniform(cores), &pipeline, &Run::new(100)).unwrap();
            let busy_s: f64 = outcome.cores.iter().map(|c| c.busy * outcome.makespan_s).sum();
            near(busy_s, work_s, 1e-9);
            assert_eq!(outcome.cores.len(), cores as usize);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_and_another_seed_does_not() {
    let wide = Stage::new(vec![Task::new("t", Service::LogNormal { mean_s: 3.0, cv: 0.5 })]).replicas(3);
    let pipeline = shared(vec![stage(0.5, 1), wide, stage(0.5, 1)]);
    let run = |seed| simulate(&cluster(1), &pipeline, &Run { seed, traced: 0..9, ..Run::new(300) }).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).makespan_s, run(2).makespan_s);
}

#[test]
fn more_cores_and_more_replicas_are_never_slower_with_constant_times() {
    for seed in 0..60 {
        let costs: Vec<f64> = (0..4).map(|i| 1.0 + ((seed * 7 + i * 5) % 11) as f64).collect();
        let stages =
            |extra: u32| costs.iter().enumerate().map(|(i, &c)| stage(c, 1 + extra + i as u32 % 2)).collect();
        let period = |cores, extra| {
            let run = Run { warm_up: 800, ..Run::new(2400) };
            simulate(&Cluster::uniform(cores), &shared(stages(extra)), &run).unwrap().period_s
        };
        let periods: Vec<f64> = (1..=6).map(|cores| period(cores, 0)).collect();
        assert!(periods.is_sorted_by(|a, b| *b <= a * 1.005), "seed {seed}: {periods:?}");
        let work_s: f64 = costs.iter().sum();
        for (cores, period_s) in (1..=6).zip(&periods) {
            assert!(*period_s >= work_s / f64::from(cores) * 0.995, "{period_s} on {cores}");
        }
        near(periods[0], work_s, 1e-2);
        let own = |extra| {
            let run = Run { warm_up: 800, ..Run::new(2400) };
            simulate(&Cluster::uniform(64), &Pipeline::new(stages(extra)), &run).unwrap().period_s
        };
        assert!(own(1) <= own(0) * (1.0 + 1e-9) && own(2) <= own(1) * (1.0 + 1e-9));
    }
}

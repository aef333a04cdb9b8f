//! Results of queueing theory that have a closed form.

mod common;

use common::{constant, exponential, near, order, stage};
use facette_simulate::{Cluster, Order, Outcome, Pipeline, Run, Service, Stage, Task, simulate};

fn own(stages: Vec<Stage>, run: &Run) -> Outcome {
    simulate(&Cluster::uniform(16), &Pipeline::new(stages), run).unwrap()
}

/// A source that never waits gives a Poisson stream of rate 1 to `servers` exponential servers.
fn poisson(servers: u32, load: f64) -> Outcome {
    let source = Stage { depth: 1 << 20, ..Stage::new(vec![exponential(1.0)]) };
    let server = Stage::new(vec![exponential(load * f64::from(servers))]).replicas(servers);
    own(vec![source, server], &Run { seed: 4, ..Run::new(400_000) })
}

#[test]
fn one_server_with_poisson_arrivals() {
    for load in [0.3, 0.5, 0.7] {
        let outcome = poisson(1, load);
        near(outcome.boundaries[0].held.mean, load * load / (1.0 - load), 0.03);
        near(outcome.stages[1].utilization, load, 0.01);
    }
}

#[test]
fn two_servers_with_poisson_arrivals() {
    for load in [0.5_f64, 0.7] {
        let waiting = 2.0 * load.powi(3) / (1.0 - load * load);
        near(poisson(2, load).boundaries[0].held.mean, waiting, 0.04);
    }
}

/// Two exponential servers of rate 1 with room for `d` frames between them: the number of frames behind the first is
/// uniform on 0 to d + 2, so the throughput is (d + 2)/(d + 3).
#[test]
fn two_servers_in_a_row_block_each_other() {
    for depth in [1_usize, 2, 5] {
        let first = Stage { depth, ..Stage::new(vec![exponential(1.0)]) };
        let outcome =
            own(vec![first, Stage::new(vec![exponential(1.0)])], &Run { seed: 3, ..Run::new(300_000) });
        let d = depth as f64;
        near(outcome.throughput_per_s(), (d + 2.0) / (d + 3.0), 0.01);
        near(outcome.stages[0].awaited_room_s / outcome.makespan_s, 1.0 / (d + 3.0), 0.03);
        near(outcome.stages[1].awaited_frame_s / outcome.makespan_s, 1.0 / (d + 3.0), 0.03);
    }
}

/// Frames in turn would give one replica all the slow frames and a period of 3/2; by need both do the same work.
#[test]
fn slow_and_fast_frames_in_turn_are_shared_by_need() {
    let filter = Task::new("filter", Service::Cycle { times_s: vec![1.0, 3.0] });
    let stages = |order| {
        let wide = Stage { order, ..Stage::new(vec![filter.clone()]).replicas(2) };
        vec![stage(0.01, 1), wide, stage(0.01, 1)]
    };
    for restored in [Order::Restored, Order::AsReady] {
        let outcome = own(stages(restored), &Run::new(1000));
        near(outcome.period_s, 1.0, 2e-3);
        assert!(outcome.makespan_s < 1000.0 + 4.0, "{}", outcome.makespan_s);
        let overtakes = order(&outcome).windows(2).any(|pair| pair[0] > pair[1]);
        assert_eq!(overtakes, restored == Order::AsReady);
    }
}

#[test]
fn latency_and_frames_in_flight_of_a_plain_row() {
    let outcome = own(vec![stage(2.0, 1), stage(1.0, 1), stage(1.0, 1)], &Run::new(50));
    assert_eq!((outcome.latency.mean_s, outcome.latency.max_s), (4.0, 4.0));
    assert_eq!((outcome.makespan_s, outcome.period_s), (102.0, 2.0));
    assert_eq!((outcome.bottleneck(), outcome.in_flight.max), (0, 2.0));
    assert_eq!(outcome.most_awaited(), Some(0));
    assert_eq!(outcome.boundaries[0].awaited_room_s, 0.0);
}

#[test]
fn a_window_makes_the_latency_the_limit() {
    let stages = vec![stage(1.0, 1), stage(1.0, 1), stage(1.0, 1), stage(1.0, 1)];
    for (window, period_s) in [(1, 4.0), (2, 2.0), (4, 1.0), (9, 1.0)] {
        let pipeline = Pipeline { window: Some(window), ..Pipeline::new(stages.clone()) };
        let outcome = simulate(&Cluster::uniform(4), &pipeline, &Run::new(400)).unwrap();
        near(outcome.period_s, period_s, 1e-9);
        assert!(outcome.in_flight.max <= window as f64);
        assert_eq!(outcome.stages[0].awaited_token_s > 0.0, window < 4);
    }
}

/// The order is restored in front of the last stage: what is early waits there, so one slow frame delays the others
/// but costs no throughput as long as there is room for those that overtake it.
#[test]
fn a_slow_frame_is_waited_for_in_order() {
    let mut times_s = vec![1.0; 40];
    times_s[0] = 20.0;
    let wide =
        Stage { depth: 64, ..Stage::new(vec![Task::new("t", Service::Cycle { times_s })]).replicas(4) };
    let outcome =
        own(vec![stage(0.0, 1), wide, Stage::new(vec![constant(0.0)])], &Run { warm_up: 0, ..Run::new(40) });
    assert!(outcome.passages.iter().all(|p| p.left_s >= 20.0));
    assert_eq!(outcome.boundaries[1].held.max, 39.0);
    assert_eq!(outcome.makespan_s, 20.0);
}

/// One frame is slow in the first of two wide stages. Without tokens those that overtake it would fill the boundary that
/// restores the order, and then every replica in front of it, so that the slow one could never pass.
#[test]
fn frames_that_overtake_in_two_wide_stages_leave_room_for_the_one_that_is_waited_for() {
    let mut times_s = vec![1.0; 500];
    times_s[0] = 400.0;
    let slow = Task::new("slow", Service::Cycle { times_s });
    for depth in [1, 2, 7] {
        let wide = |task: Task| Stage { depth, ..Stage::new(vec![task]).replicas(3) };
        let stages = vec![stage(0.1, 1), wide(slow.clone()), wide(constant(1.0)), stage(0.1, 1)];
        let outcome = own(stages, &Run { warm_up: 0, ..Run::new(500) });
        assert_eq!(order(&outcome), (0..500).collect::<Vec<_>>());
        assert_eq!(outcome.boundaries[2].capacity, 3 + 3 + 2 * depth - 1);
    }
}

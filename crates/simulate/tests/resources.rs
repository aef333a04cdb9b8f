//! Cores, memory, the network, waiting and waking: what is shared is shared, and what costs time takes it.

mod common;

use common::{constant, near, shared, stage};
use facette_simulate::{
    Activity, Cluster, Copies, Cores, Network, Node, Outcome, Pipeline, Run, Sharing, Stage, Task, Waiting,
    Wake, simulate, simulate_copies,
};
use schedule::Kind;

fn run(frames: u64) -> Run {
    Run { warm_up: frames / 4, ..Run::new(frames) }
}

fn on(cluster: &Cluster, pipeline: &Pipeline, frames: u64) -> Outcome {
    simulate(cluster, pipeline, &run(frames)).unwrap()
}

#[test]
fn k_threads_on_c_cores_take_k_over_c_as_long() {
    for (threads, cores) in [(1, 2), (2, 2), (3, 2), (8, 3), (7, 1)] {
        let outcome =
            on(&Cluster::uniform(cores), &shared(vec![stage(2.0, threads)]), 40 * u64::from(threads));
        near(outcome.makespan_s, 80.0 * (f64::from(threads) / f64::from(cores)).max(1.0), 1e-9);
        assert!(
            outcome
                .cores
                .iter()
                .all(|c| (c.busy - f64::from(threads.min(cores)) / f64::from(cores)).abs() < 1e-9)
        );
    }
}

#[test]
fn cores_that_slow_each_other_are_worth_less() {
    let mut cluster = Cluster::uniform(2);
    cluster.nodes[0].cores[0].worth = vec![(2, 1.25)];
    near(on(&cluster, &Pipeline::new(vec![stage(1.0, 2)]), 100).makespan_s, 100.0 / 1.25, 1e-9);
    near(on(&cluster, &shared(vec![stage(1.0, 4)]), 100).makespan_s, 100.0 / 1.25, 1e-9);
    near(on(&cluster, &Pipeline::new(vec![stage(1.0, 1)]), 100).makespan_s, 100.0, 1e-9);
}

#[test]
fn little_cores_take_longer() {
    let mut cluster = Cluster::uniform(1);
    cluster.nodes[0].cores.push(Cores { speed: 0.25, ..Cores::new("little", 1) });
    let stages = vec![stage(1.0, 1), Stage { core_type: 1, ..stage(1.0, 1) }];
    let outcome = on(&cluster, &Pipeline::new(stages), 100);
    near(outcome.period_s, 4.0, 1e-9);
    assert_eq!(outcome.bottleneck(), 1);
    assert_eq!((outcome.cores[1].core_type.as_str(), outcome.cores[1].worker), ("little", Some((1, 0))));
}

#[test]
fn a_team_is_as_fast_as_was_measured_and_shares_cores_like_threads() {
    let grid = Task { kind: Kind::Parallel(vec![(2, 0.75), (4, 0.5)]), ..constant(6.0) };
    let team = |team| vec![stage(0.5, 1), Stage { team, ..Stage::new(vec![grid.clone(), constant(1.0)]) }];
    for (threads, period_s) in [(1, 7.0), (2, 5.0), (3, 5.0), (4, 4.0)] {
        let outcome = on(&Cluster::uniform(5), &Pipeline::new(team(threads)), 200);
        near(outcome.period_s, period_s, 1e-9);
    }
    // Four threads on two cores take twice as long in the part that is parallel.
    let outcome = on(&Cluster::uniform(2), &shared(team(4)), 400);
    assert!(outcome.period_s > 6.0 + 1.0 && outcome.period_s < 6.0 + 1.0 + 1.0, "{}", outcome.period_s);
    let own = on(&Cluster::uniform(5), &Pipeline::new(team(4)), 200);
    let busy: Vec<f64> = own.cores[1..].iter().map(|c| c.busy / own.cores[1].busy).collect();
    assert!((busy[1] - 0.75).abs() < 1e-6 && busy[1] == busy[3], "{busy:?}");
}

#[test]
fn n_tasks_that_each_need_all_bandwidth_run_at_one_nth() {
    for n in [1, 2, 5] {
        let mut cluster = Cluster::uniform(8);
        cluster.nodes[0].memory_bytes_per_s = Some(1000.0);
        let sweep = Task { traffic_bytes: 500.0, ..constant(0.5) };
        let outcome =
            on(&cluster, &Pipeline::new(vec![Stage::new(vec![sweep]).replicas(n)]), 20 * u64::from(n));
        near(outcome.makespan_s, 10.0 * f64::from(n), 1e-9);
        near(outcome.nodes[0].traffic_bytes, 10_000.0 * f64::from(n), 1e-12);
    }
}

#[test]
fn memory_slows_only_who_uses_it() {
    let mut cluster = Cluster::uniform(3);
    cluster.nodes[0].memory_bytes_per_s = Some(100.0);
    let sweep = Task { traffic_bytes: 100.0, ..constant(1.0) };
    let stages = vec![Stage::new(vec![sweep.clone()]), stage(1.5, 1), Stage::new(vec![sweep])];
    let outcome = on(&cluster, &Pipeline::new(stages), 400);
    near(outcome.period_s, 2.0, 1e-9);
    assert_ne!(outcome.bottleneck(), 1);
}

fn two_nodes(network: Network) -> Cluster {
    let node = |name: &str| Node { name: name.into(), ..Cluster::uniform(4).nodes[0].clone() };
    Cluster { nodes: vec![node("left"), node("right")], network }
}

fn across(bytes: f64) -> Pipeline {
    let first = Stage::new(vec![Task { output_bytes: bytes, ..constant(1.0) }]);
    Pipeline::new(vec![first, Stage { node: 1, ..stage(1.0, 1) }])
}

#[test]
fn frames_that_cross_the_network_take_its_time() {
    let network = Network { latency_s: 5.0, bytes_per_s: Some(10.0) };
    // Four seconds a frame on the link, which is the bottleneck.
    let slow = simulate(&two_nodes(network), &across(40.0), &Run { traced: 0..2, ..run(200) }).unwrap();
    near(slow.period_s, 4.0, 1e-9);
    near(slow.passages[0].left_s, 1.0 + 4.0 + 5.0 + 1.0, 1e-12);
    near(slow.nodes[0].sent_bytes, 8000.0, 1e-12);
    let sends: Vec<_> = slow.spans.iter().filter(|s| s.activity == Activity::Send).collect();
    assert_eq!((sends[0].start_s, sends[0].end_s, sends[1].start_s), (1.0, 10.0, 5.0));
    assert_eq!(slow.lanes[sends[0].lane].name, "link of left");
    // One second on the link: the latency is hidden.
    near(on(&two_nodes(network), &across(10.0), 200).period_s, 1.0, 1e-9);
    // With room for three frames, and 7 s from put to take, the latency limits.
    let mut shallow = across(10.0);
    shallow.stages[0].depth = 3;
    near(on(&two_nodes(network), &shallow, 200).period_s, 6.0 / 3.0, 1e-2);
}

#[test]
fn bytes_are_counted_where_they_lie() {
    let first = Stage { depth: 3, ..Stage::new(vec![Task { output_bytes: 10.0, ..constant(1.0) }]) };
    let last = Stage::new(vec![Task { memory_bytes: 7, output_bytes: 1.0, ..constant(5.0) }]).replicas(2);
    let outcome = on(&Cluster::uniform(3), &Pipeline::new(vec![first, last]), 50);
    // One at the source, three between, two at work with what they make; two replicas.
    assert_eq!(outcome.peak_bytes(), 10.0 + 30.0 + 22.0 + 14.0);
    let outcome = on(&two_nodes(Network::default()), &across(10.0), 50);
    let peaks: Vec<f64> = outcome.nodes.iter().map(|n| n.peak_bytes).collect();
    assert_eq!(peaks, [10.0, 10.0]);
}

#[test]
fn waking_takes_its_time_only_from_those_who_sleep() {
    let wake = Wake { latency_s: 0.5, call_s: 0.25 };
    let row = |waiting| {
        let first = Stage { waiting, ..stage(2.0, 1) };
        Pipeline::new(vec![first, stage(1.0, 1)])
    };
    let latency = |waiting| on(&Cluster::uniform(2), &row(waiting), 100);
    // The second stage waits for a second at every frame.
    let spun = latency(Waiting::Spin);
    assert_eq!((spun.latency.max_s, spun.period_s), (3.0, 2.0));
    near(spun.cores[1].spinning, 1.0 - spun.cores[1].busy, 1e-9);
    let parked = latency(Waiting::Park { wake });
    assert_eq!((parked.latency.median_s, parked.period_s, parked.cores[1].spinning), (3.75, 2.25, 0.0));
    let long = latency(Waiting::SpinThenPark { spin_s: 1.5, wake });
    assert_eq!(long.latency.median_s, 3.0);
    let short = latency(Waiting::SpinThenPark { spin_s: 0.25, wake });
    assert_eq!((short.latency.median_s, short.period_s), (3.75, 2.25));
    assert!(short.cores[1].spinning > 0.1 && short.cores[1].spinning < 0.2, "{}", short.cores[1].spinning);
}

/// One frame wakes one of those who sleep for it: the source pays one call for each frame.
#[test]
fn a_frame_wakes_one_sleeper() {
    let wake = Wake { latency_s: 0.5, call_s: 0.25 };
    let first = Stage { waiting: Waiting::Park { wake }, ..stage(10.0, 1) };
    let outcome = on(&Cluster::uniform(4), &Pipeline::new(vec![first, stage(1.0, 3)]), 100);
    near(outcome.period_s, 10.25, 1e-9);
}

/// Who is awake takes what a sleeper was called for: a sleeper owns no frame.
#[test]
fn a_frame_goes_to_who_is_awake_first() {
    let wake = Wake { latency_s: 5.0, call_s: 0.0 };
    let first = Stage { waiting: Waiting::SpinThenPark { spin_s: 1.5, wake }, ..stage(1.0, 1) };
    let outcome = on(&Cluster::uniform(3), &Pipeline::new(vec![first, stage(0.5, 2)]), 200);
    // The first frame finds both awake; from then on one of them is always quick enough, and the other sleeps.
    assert_eq!(outcome.latency.max_s, 1.5);
    near(outcome.cores[1].busy + outcome.cores[2].busy, 0.5, 0.02);
}

#[test]
fn who_spins_takes_time_from_who_works_where_they_share() {
    let pipeline = |waiting| shared(vec![Stage { waiting, ..stage(1.0, 1) }, stage(0.0, 3)]);
    let period = |waiting, weight| {
        let mut cluster = Cluster::uniform(1);
        cluster.nodes[0].cores[0].spin_weight = weight;
        on(&cluster, &pipeline(waiting), 100).period_s
    };
    near(period(Waiting::Spin, 1.0), 4.0, 1e-9);
    near(period(Waiting::Spin, 0.0), 1.0, 1e-9);
    near(period(Waiting::Park { wake: Wake::default() }, 1.0), 1.0, 1e-9);
    // Until they sleep there are two or more, then one.
    let brief = period(Waiting::SpinThenPark { spin_s: 0.1, wake: Wake::default() }, 1.0);
    assert!(brief > 1.0 && brief < 1.31, "{brief}");
}

#[test]
fn crossing_is_paid_on_both_sides() {
    let stages =
        vec![Stage { crossing_s: 0.5, ..stage(1.0, 1) }, Stage { crossing_s: 9.0, ..stage(1.25, 1) }];
    let outcome = on(&Cluster::uniform(2), &Pipeline::new(stages), 100);
    near(outcome.period_s, 1.75, 1e-9);
    assert_eq!(outcome.passages[0].left_s, 3.25);
}

#[test]
fn copies_on_many_nodes_share_frames_and_add_their_results() {
    let mut cluster = Cluster::uniform(2);
    cluster.network = Network { latency_s: 0.5, bytes_per_s: Some(100.0) };
    let pipeline = Pipeline::new(vec![stage(1.0, 1), stage(1.0, 1)]);
    let outcome = |nodes| {
        let copies = Copies { nodes, result_bytes: 250.0, add_s: 1.0 };
        simulate_copies(&cluster, &pipeline, &run(640), &copies).unwrap()
    };
    let one = outcome(1);
    assert_eq!((one.makespan_s, one.reduction_s, one.copies.len()), (641.0, 0.0, 1));
    for (nodes, rounds) in [(2, 1.0), (16, 4.0), (64, 6.0)] {
        let many = outcome(nodes);
        near(many.makespan_s, 640.0 / f64::from(nodes) + 1.0 + rounds * 4.0, 1e-9);
        near(many.reduction_s, rounds * 4.0, 1e-9);
        near(many.period_s, 1.0 / f64::from(nodes), 1e-9);
        assert_eq!(many.merges.len(), nodes as usize - 1);
    }
    let few =
        simulate_copies(&cluster, &pipeline, &run(3), &Copies { nodes: 8, result_bytes: 0.0, add_s: 0.0 });
    assert_eq!(few.unwrap().copies.len(), 3);
}

#[test]
fn bars_of_a_chart_lie_side_by_side_and_make_a_trace() {
    let stages = vec![Stage { crossing_s: 0.1, ..stage(1.0, 1) }, stage(3.0, 2), stage(0.5, 1)];
    let pipeline = Pipeline { window: Some(4), ..Pipeline::new(stages) };
    let outcome = simulate(&Cluster::uniform(4), &pipeline, &Run { traced: 5..15, ..run(30) }).unwrap();
    for lane in 0..outcome.lanes.len() {
        let spans: Vec<_> = outcome.spans.iter().filter(|s| s.lane == lane).collect();
        assert!(spans.windows(2).all(|pair| pair[0].end_s <= pair[1].start_s + 1e-12), "lane {lane}");
        assert!(spans.iter().all(|s| (5..15).contains(&s.frame) && s.start_s < s.end_s));
    }
    let tasks = outcome.spans.iter().filter(|s| matches!(s.activity, Activity::Task(_)));
    assert_eq!(tasks.count(), 30);
    assert!(outcome.spans.iter().any(|s| s.activity == Activity::AwaitToken));
    let trace: serde_json::Value = serde_json::from_str(&outcome.trace_json()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    assert_eq!(events.len(), 1 + outcome.lanes.len() + outcome.spans.len());
    let bars: Vec<_> = events.iter().filter(|e| e["ph"] == "X").collect();
    assert!(bars.iter().all(|e| e["ts"].is_f64() && e["dur"].as_f64().unwrap() > 0.0));
}

#[test]
fn a_large_computer_is_simulated_at_once() {
    let grid = Task::new("grid", facette_simulate::Service::LogNormal { mean_s: 0.5, cv: 0.2 });
    let stages = vec![stage(1e-3, 1), Stage::new(vec![grid]).replicas(510), stage(1e-3, 1)];
    let pipeline = Pipeline { sharing: Sharing::Dedicated, ..Pipeline::new(stages) };
    let outcome = on(&Cluster::uniform(512), &pipeline, 10_000);
    assert!(outcome.period_s < 1.2e-3, "{}", outcome.period_s);
}

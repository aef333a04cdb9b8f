//! Everything that makes no sense is refused by name.

mod common;

use common::{constant, stage};
use facette_simulate::{
    Cluster, Copies, Cores, Pipeline, Run, Service, Stage, Task, Waiting, Wake, simulate, simulate_copies,
};
use schedule::Kind;

fn says(change: impl Fn(&mut Cluster, &mut Pipeline, &mut Run), words: &str) {
    let (mut cluster, mut run) = (Cluster::uniform(4), Run::new(10));
    let mut pipeline = Pipeline::new(vec![stage(1.0, 1), stage(1.0, 2)]);
    assert!(simulate(&cluster, &pipeline, &run).is_ok());
    change(&mut cluster, &mut pipeline, &mut run);
    let error = simulate(&cluster, &pipeline, &run).expect_err(words).to_string();
    assert!(error.contains(words), "`{error}` does not say `{words}`");
}

fn task_says(task: Task, words: &str) {
    says(|_, p, _| p.stages[0].tasks[0] = Task { name: "filter".into(), ..task.clone() }, words);
}

#[test]
fn runs_and_stages() {
    says(|_, _, run| (run.frames, run.warm_up) = (0, 0), "no frames");
    says(|_, _, run| run.warm_up = 10, "first 10 of 10 frames");
    says(
        |_, _, run| run.frames = u64::MAX,
        "18446744073709551615 frames are too many; the limit is 10000000",
    );
    says(|_, _, run| run.first_frame = u64::MAX, "frames before the first are too many");
    says(|c, _, _| c.nodes[0].cores[0].count = u32::MAX, "4294967295 cores are too many");
    says(|_, p, _| p.stages[1].replicas = u32::MAX, "4294967295 replicas are too many");
    says(|_, p, _| p.stages[0].depth = usize::MAX, "depth are too many");
    says(|_, p, _| p.stages.clear(), "no stages");
    says(|_, p, _| p.stages[1].tasks.clear(), "stage 1 has no tasks");
    says(|_, p, _| p.stages[1].replicas = 0, "stage 1 (t) has replicas 0");
    says(|_, p, _| p.stages[1].team = 0, "team 0");
    says(|_, p, _| p.stages[0].depth = 0, "stage 0 (t) has depth 0");
    says(|_, p, _| p.window = Some(0), "window is 0");
    says(|_, p, _| p.stages[0].crossing_s = f64::NAN, "a crossing of NaN");
    let wake = Wake { latency_s: -1.0, call_s: 0.0 };
    says(|_, p, _| p.stages[0].waiting = Waiting::Park { wake }, "a wake-up latency of -1");
    let endless = Waiting::SpinThenPark { spin_s: f64::INFINITY, wake: Wake::default() };
    says(|_, p, _| p.stages[0].waiting = endless, "a spin of inf");
    says(|_, p, _| p.stages[1].tasks[0].kind = Kind::Sequential, "2 replicas, which task t does not allow");
}

#[test]
fn tasks() {
    task_says(constant(f64::NAN), "task filter has a service time with NaN");
    task_says(constant(-2.0), "task filter has a service time with -2");
    task_says(Task::new("", Service::Gamma { mean_s: 1.0, cv: f64::INFINITY }), "service time with inf");
    task_says(Task::new("", Service::Samples { times_s: vec![] }), "empty");
    task_says(Task { traffic_bytes: -1.0, ..constant(1.0) }, "memory traffic of -1");
    task_says(Task { output_bytes: f64::NAN, ..constant(1.0) }, "an output of NaN");
    let parallel =
        |measured: &[(u32, f64)]| Task { kind: Kind::Parallel(measured.to_vec()), ..constant(1.0) };
    task_says(parallel(&[(2, 0.9), (2, 0.8)]), "efficiency 0.8 on 2 cores");
    task_says(parallel(&[(2, 0.0)]), "efficiency 0 on 2 cores");
}

#[test]
fn nodes_and_network() {
    says(|_, p, _| p.stages[1].node = 1, "stage 1 (t) is on node 1, there are 1");
    says(|_, p, _| p.stages[1].core_type = 3, "core type 3 of node node, which has 1");
    says(
        |c, p, _| {
            c.nodes[0].cores.push(Cores::new("little", 0));
            p.stages[1].core_type = 1;
        },
        "of which there are no cores",
    );
    says(|_, p, _| p.stages[1].replicas = 4, "need 5 cores of type core on node node, there are 4");
    says(|_, p, _| p.stages[1].team = 2, "need 5 cores");
    says(|c, _, _| c.nodes[0].memory_bytes_per_s = Some(0.0), "memory bandwidth of 0");
    says(|c, _, _| c.nodes[0].cores[0].speed = f64::NAN, "cores of speed NaN");
    says(|c, _, _| c.nodes[0].cores[0].spin_weight = 2.0, "spin weight of 2");
    says(|c, _, _| c.nodes[0].cores[0].worth = vec![(2, 1.0), (2, 1.5)], "worth is given at 2");
    says(|c, _, _| c.nodes[0].cores[0].worth = vec![(2, 0.0)], "that are worth 0");
    says(|c, _, _| c.network.latency_s = -1.0, "network has a latency of -1");
    says(|c, _, _| c.network.bytes_per_s = Some(f64::NAN), "network has a bandwidth of NaN");
}

#[test]
fn copies() {
    let says = |node: usize, copies: Copies, words: &str| {
        let pipeline = Pipeline::new(vec![Stage { node, ..stage(1.0, 1) }]);
        let error = simulate_copies(&Cluster::uniform(1), &pipeline, &Run::new(10), &copies).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    let good = Copies { nodes: 2, result_bytes: 1.0, add_s: 1.0 };
    says(0, Copies { nodes: 0, ..good }, "no copies");
    says(1, good, "stage 0 is on node 1");
    says(0, Copies { result_bytes: f64::NAN, ..good }, "a result of bytes NaN");
    says(0, Copies { add_s: -1.0, ..good }, "an addition of -1");
}

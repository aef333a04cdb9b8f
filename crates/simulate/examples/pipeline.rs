//! Simulates a pipeline and prints what came out: `cargo run --example pipeline -- [case or file.json] [trace.json]`.
//!
//! Without arguments all built-in cases run. A file holds an object with `cluster`, `pipeline` and `run`, each as the
//! types of this crate say; `--show CASE` prints a case in that form, to begin with.
#![expect(clippy::print_stdout, reason = "an example prints")]

use anyhow::{Context, bail};
use facette_simulate::{
    Cluster, Copies, Cores, Needs, Network, Outcome, Pipeline, Run, Service, Sharing, Stage, Task, simulate,
    simulate_copies,
};
use schedule::Kind;
use serde::{Deserialize, Serialize};

/// What a file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Case {
    cluster: Cluster,
    pipeline: Pipeline,
    run: Run,
    /// Copies on nodes, with a reduction at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copies: Option<Copies>,
}

type Named = (&'static str, fn() -> Case);

const CASES: &[Named] = &[
    ("imaging-16", || imaging(16, None)),
    ("imaging-64", || imaging(64, None)),
    ("imaging-512", || imaging(512, None)),
    ("imaging-16-nodes", || imaging(64, Some(16))),
    ("imaging-64-nodes", || imaging(64, Some(64))),
    ("big-little", big_little),
    ("oversubscribed", oversubscribed),
];

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        [] => CASES.iter().try_for_each(|(name, case)| tell(name, &case(), None)),
        ["--show", name] => {
            println!("{}", serde_json::to_string_pretty(&find(name)?)?);
            Ok(())
        }
        [name] => tell(name, &find(name)?, None),
        [name, trace] => tell(name, &find(name)?, Some(trace)),
        _ => bail!("give a case or a file, and where to write a trace"),
    }
}

fn find(name: &str) -> anyhow::Result<Case> {
    if let Some((_, case)) = CASES.iter().find(|c| c.0 == name) {
        return Ok(case());
    }
    let text = std::fs::read_to_string(name).with_context(|| format!("{name} is no case, and no file"))?;
    serde_json::from_str(&text).with_context(|| format!("{name} is no case of a pipeline"))
}

fn tell(name: &str, case: &Case, trace: Option<&str>) -> anyhow::Result<()> {
    println!("{name}");
    let Case { cluster, pipeline, run, copies } = case;
    if let Some(copies) = copies {
        let all = simulate_copies(cluster, pipeline, run, copies)?;
        let n = all.copies.len();
        println!("  {n} nodes: {:.3} s, of which {:.3} s reduction", all.makespan_s, all.reduction_s);
        println!("  period {:.6} s", all.period_s);
        return Ok(());
    }
    let traced = if trace.is_some() { 0..run.frames } else { run.traced.clone() };
    let outcome = simulate(cluster, pipeline, &Run { traced, ..run.clone() })?;
    print(&outcome);
    if let Some(path) = trace {
        std::fs::write(path, outcome.trace_json())?;
    }
    Ok(())
}

fn print(outcome: &Outcome) {
    let Outcome { frames, makespan_s, period_s, latency, in_flight, .. } = outcome;
    println!("  {frames} frames in {makespan_s:.3} s, period {period_s:.6} s");
    println!("  latency {:.6} s, 99 % within {:.6} s", latency.mean_s, latency.p99_s);
    println!("  frames in flight {:.1}, at most {}", in_flight.mean, in_flight.max);
    for (i, stage) in outcome.stages.iter().enumerate() {
        let mark = if i == outcome.bottleneck() { "←" } else { "" };
        println!(
            "  {i} {}×{}: {:.0} % busy {mark}",
            stage.replicas,
            stage.tasks.join("+"),
            100.0 * stage.utilization
        );
    }
    for (i, b) in outcome.boundaries.iter().enumerate() {
        let waited = (b.awaited_frame_s, b.awaited_room_s);
        println!(
            "  boundary {i}: {:.1} of {}, waited {:.3} s for frames, {:.3} s for room",
            b.held.mean, b.capacity, waited.0, waited.1
        );
    }
    let busy: f64 = outcome.cores.iter().map(|c| c.busy).sum();
    println!(
        "  {busy:.1} of {} cores busy, {:.0} MB at most",
        outcome.cores.len(),
        outcome.peak_bytes() / 1e6
    );
}

/// A chain like that of an image: read, prepare, grid, on so many cores; gridding is parallel inside.
fn imaging(cores: u32, nodes: Option<u32>) -> Case {
    let frame_bytes = 64e6;
    let read = Task {
        kind: Kind::Sequential,
        needs: Needs::Time,
        output_bytes: frame_bytes,
        ..Task::new("read", Service::LogNormal { mean_s: 0.02, cv: 0.2 })
    };
    let prepare = Task {
        traffic_bytes: 3.0 * frame_bytes,
        output_bytes: frame_bytes,
        ..Task::new("prepare", Service::LogNormal { mean_s: 0.1, cv: 0.1 })
    };
    let efficiencies = (0..10).map(|i| (1 << i, 1.0 / (1.0 + 0.01 * f64::from(1 << i))));
    let grid = Task {
        kind: Kind::Parallel(efficiencies.collect()),
        traffic_bytes: 10.0 * frame_bytes,
        ..Task::new("grid", Service::Gamma { mean_s: 1.5, cv: 0.1 })
    };
    let prepares = (cores / 8).max(1);
    let team = Stage { team: cores - prepares - 1, ..Stage::new(vec![grid]) };
    let stages = vec![Stage::new(vec![read]), Stage::new(vec![prepare]).replicas(prepares), team];
    let mut cluster = Cluster::uniform(cores);
    cluster.nodes[0].memory_bytes_per_s = Some(20e9 * f64::from(cores).sqrt());
    cluster.network = Network { latency_s: 2e-6, bytes_per_s: Some(12e9) };
    let copies = nodes.map(|nodes| Copies { nodes, result_bytes: 8e9, add_s: 0.5 });
    Case { cluster, pipeline: Pipeline::new(stages), run: Run::new(10_000), copies }
}

fn big_little() -> Case {
    let mut cluster = Cluster::uniform(8);
    cluster.nodes[0].cores[0].core_type = "big".into();
    cluster.nodes[0].cores.push(Cores { speed: 0.4, ..Cores::new("little", 16) });
    let task = |name: &str, mean_s| Task::new(name, Service::LogNormal { mean_s, cv: 0.2 });
    let stages = vec![
        Stage { core_type: 1, ..Stage::new(vec![task("read", 0.8e-3)]) },
        Stage { core_type: 1, ..Stage::new(vec![task("weigh", 9e-3)]).replicas(15) },
        Stage::new(vec![task("grid", 10e-3)]).replicas(6),
        Stage::new(vec![task("write", 1e-3)]),
    ];
    Case { cluster, pipeline: Pipeline::new(stages), run: Run::new(5000), copies: None }
}

fn oversubscribed() -> Case {
    let mut cluster = Cluster::uniform(2);
    cluster.nodes[0].cores[0].worth = vec![(2, 1.8)];
    let task = |name: &str, mean_s| Task::new(name, Service::Gamma { mean_s, cv: 0.5 });
    let stages = vec![
        Stage::new(vec![task("read", 1e-3)]),
        Stage::new(vec![task("filter", 6e-3)]).replicas(4),
        Stage::new(vec![task("write", 1e-3)]),
    ];
    let pipeline = Pipeline { sharing: Sharing::Shared, ..Pipeline::new(stages) };
    Case { cluster, pipeline, run: Run::new(5000), copies: None }
}

//! The dirty chain by plans made by hand, by the plan that `auto` makes, and as the simulator says they run.
//!
//! `cargo run --release -p facette --example plans -- my.ms [rounds] [npix] [arcsec] [chunks]` grids a part of the data
//! by each plan, round by round, with natural weights. Before each run the costs of the tasks are measured on some
//! chunks; they are all that the simulator is told. One line of JSON for every run, then one for every plan with medians,
//! then one for all.
#![expect(clippy::print_stdout, reason = "an example prints")]

use facette::{
    flow::{Call, Chain, Execution, Leg, Observer, Plan, Run, RunReport, Sample, StreamProfile},
    kernels::{GridPlan, GridderSpec},
    modes::{Rehearse, rehearse},
    ms::{Ms, Selection},
    outlook::play,
    resources::n_threads,
    tasks::{Data, chunk_rows},
    types::{ARCSEC_RAD, ImageGeometry, Stokes, Weighting},
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Chunks of a run, if not said.
const CHUNKS: f64 = 300.0;
/// Rows are read in pieces of this size, as by the command.
const READ_ROWS: usize = 16_384;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let path = words.first().ok_or("give a MeasurementSet: plans my.ms [rounds] [npix] [arcsec] [chunks]")?;
    let number = |i: usize, other: f64| words.get(i).map_or(Ok(other), |word| word.parse());
    let (rounds, npix, arcsec) = (number(1, 5.0)? as usize, number(2, 4096.0)? as usize, number(3, 1.5)?);
    let chunks = number(4, CHUNKS)? as u64;
    let cfg = open(path, ImageGeometry { nx: npix, ny: npix, cell_rad: arcsec * ARCSEC_RAD }, chunks)?;
    let cores = n_threads();
    let plans = by_hand(cores);
    let mut runs: Vec<(String, Vec<Ran>)> =
        plans.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
    let mut automatic = Vec::new();
    for round in 0..rounds {
        for ((name, plan), (_, ran)) in plans.iter().zip(&mut runs) {
            ran.push(one(&cfg, name, plan, (round, cores))?);
        }
        let report = run(&cfg, Execution::Auto, (cores, None))?;
        let pass = &report.passes[0];
        println!(
            "{}",
            json!({"plan": "auto", "round": round, "stages": report.plan.passes[0].to_string(), "seconds": pass.wall_s})
        );
        automatic.push(pass.wall_s);
    }
    sum_up(&runs, &automatic);
    Ok(())
}

/// A run by a plan: seconds from chunk to chunk, predicted and measured, and of the whole run.
struct Ran {
    predicted_s: f64,
    measured_s: f64,
    wall_s: f64,
}

fn one(cfg: &Rehearse<f32>, name: &str, plan: &Plan, (round, cores): (usize, usize)) -> Result<Ran, Failure> {
    let costs = costs(cfg, cores)?;
    let ends = Arc::new(Ends::default());
    let report = run(cfg, Execution::Planned(Arc::new(plan.clone())), (cores, Some(ends.clone())))?;
    let pass = &report.passes[0];
    let predicted_s = play(&costs, &report.plan.passes[0], cores, pass.chunks)?.period_s;
    let (measured_s, wall_s) = (ends.period_s(), pass.wall_s);
    println!(
        "{}",
        json!({
            "plan": name, "round": round, "chunks": pass.chunks, "predicted_period_s": predicted_s,
            "measured_period_s": measured_s, "difference": predicted_s / measured_s - 1.0, "wall_s": wall_s,
        })
    );
    Ok(Ran { predicted_s, measured_s, wall_s })
}

/// When chunks left the last task.
#[derive(Default)]
struct Ends(Mutex<Vec<Instant>>);

impl Observer for Ends {
    fn called(&self, call: &Call<'_>) {
        if call.task == "Grid" && call.frame.is_some() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call.ended);
        }
    }
}

impl Ends {
    /// Seconds from chunk to chunk over the middle of the run: neither filling nor draining counts.
    fn period_s(&self) -> f64 {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = (ends.len() / 5, ends.len() * 4 / 5);
        (ends[last] - ends[first]).as_secs_f64() / (last - first) as f64
    }
}

/// What the tasks cost, on the first chunks.
fn costs(cfg: &Rehearse<f32>, cores: usize) -> Result<StreamProfile, Failure> {
    let leg = |threads, warm_up| Leg { threads, warm_up, frames: 5 };
    let sample = Sample { legs: vec![leg(cores, 5), leg(1, 0), leg(cores, 0), leg(1, 0)] };
    let streams = run(cfg, Execution::Sample(sample), (cores, None))?.profile.streams;
    Ok(streams.into_iter().next().ok_or("nothing was measured")?)
}

fn run(
    cfg: &Rehearse<f32>,
    execution: Execution,
    (cores, ends): (usize, Option<Arc<Ends>>),
) -> Result<RunReport, Failure> {
    let mut chain = Chain::new();
    rehearse(&mut chain, cfg)?;
    let observer = ends.map(|ends| ends as Arc<dyn Observer>);
    Ok(chain.run(&Run { execution, observer, depth: 1, ..Run::pipeline(cores) })?)
}

/// Chunks from the middle of the first field, gridded with natural weights.
fn open(path: &str, geometry: ImageGeometry, chunks: u64) -> Result<Rehearse<f32>, Failure> {
    let whole = Ms::open(path)?.select(&Selection::default())?;
    let rows = chunks.saturating_mul(chunk_rows(whole.setup().freq_hz.len()) as u64).min(whole.n_row_total());
    let first = whole.n_row_total().saturating_sub(rows) / 2;
    let rows = first..first + rows;
    let part = whole.part(std::slice::from_ref(&rows));
    let (mut geometry_of, mut w_m) = (part.geometry(READ_ROWS)?, (f64::INFINITY, 0.0_f64));
    while let Some(chunk) = geometry_of.next()? {
        let all = chunk.uvw_m.iter().map(|uvw| uvw[2].abs()).filter(|w| w.is_finite());
        w_m = all.fold(w_m, |(low, high), w| (low.min(w), high.max(w)));
    }
    let freq_hz = &part.setup().freq_hz;
    let highest = freq_hz.iter().copied().fold(0.0, f64::max) / facette::types::SPEED_OF_LIGHT_M_S;
    let spec = GridderSpec {
        geometry,
        epsilon: 1e-4,
        w_abs_lambda: (0.0, w_m.1 * highest),
        w_correction: true,
        memory_bytes: None,
        threads: n_threads(),
        block_samples: 1 << 17,
    };
    Ok(Rehearse {
        data: Data::MeasurementSets { selected: vec![part], read_rows: READ_ROWS },
        stokes: Stokes::I,
        weighting: Weighting::Natural,
        plan: Arc::new(GridPlan::new(&spec)?),
        is_psf: false,
    })
}

/// Plans that a person would try.
fn by_hand(cores: usize) -> Vec<(String, Plan)> {
    let (r, s, w, g) = ("ReadChunks", "ToStokes", "Weigh", "Grid");
    let plans: Vec<Vec<(Vec<&str>, usize, usize)>> = vec![
        vec![(vec![r, s, w, g], 1, 1)],
        vec![(vec![r, s, w, g], 1, cores)],
        vec![(vec![r], 1, 1), (vec![s, w, g], 1, 1)],
        vec![(vec![r, s, w], 1, 1), (vec![g], 1, 1)],
        vec![(vec![r, s, w], 1, 1), (vec![g], 1, cores)],
        vec![(vec![r], 1, 1), (vec![s, w], 1, 1), (vec![g], 1, 1)],
        vec![(vec![r], 1, 1), (vec![s, w], cores, 1), (vec![g], 1, cores)],
        vec![(vec![r], 1, 1), (vec![s], 1, 1), (vec![w], 1, 1), (vec![g], 1, cores)],
    ];
    let stage = |(tasks, replicas, threads): (Vec<&str>, usize, usize)| json!({"tasks": tasks, "replicas": replicas, "threads": threads, "depth": 1});
    let plan = |stages: Vec<(Vec<&str>, usize, usize)>| {
        let stages: Vec<_> = stages.into_iter().map(stage).collect();
        let text = json!({"format": 1, "passes": [{"source": r, "stages": stages}]}).to_string();
        let plan = Plan::from_json(&text).expect("the text is a plan");
        (plan.passes[0].to_string(), plan)
    };
    plans.into_iter().map(plan).collect()
}

fn sum_up(runs: &[(String, Vec<Ran>)], automatic: &[f64]) {
    let auto_s = testkit::median(automatic);
    let (mut differences, mut fastest) = (Vec::new(), (f64::INFINITY, ""));
    for (name, ran) in runs {
        let of = |figure: fn(&Ran) -> f64| testkit::median(&ran.iter().map(figure).collect::<Vec<_>>());
        let difference = of(|ran| ran.predicted_s / ran.measured_s - 1.0);
        let wall_s = of(|ran| ran.wall_s);
        // Round by round, so that a slow moment of the computer counts for both.
        let ratios: Vec<f64> = ran.iter().zip(automatic).map(|(ran, auto_s)| auto_s / ran.wall_s).collect();
        println!(
            "{}",
            json!({
                "plan": name, "predicted_period_s": of(|ran| ran.predicted_s),
                "measured_period_s": of(|ran| ran.measured_s), "difference": difference, "wall_s": wall_s,
                "auto_over_this": testkit::median(&ratios),
            })
        );
        differences.push(difference.abs());
        if wall_s < fastest.0 {
            fastest = (wall_s, name);
        }
    }
    println!(
        "{}",
        json!({
            "plans": runs.len(), "median_difference": testkit::median(&differences), "auto_s": auto_s,
            "fastest_by_hand_s": fastest.0, "fastest_by_hand": fastest.1,
        })
    );
}

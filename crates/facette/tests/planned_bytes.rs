//! Plans by costs do not change a pixel: a stream of many chunks that is cut anew while it runs.

use facette::{
    fits,
    flow::{Chain, Execution, Plan, Run, RunReport},
    kernels::{GridPlan, GridderSpec},
    modes::{Dirty, dirty},
    sim::{Simulation, demo_geometry},
    tasks::{Data, WriteFits},
    types::{Stokes, Weighting},
};
use std::{path::Path, sync::Arc};

/// 24 chunks of a source and noise.
fn simulation() -> Arc<Simulation> {
    let mut simulation = Simulation::demo(3, 0.5);
    simulation.observation.freq_hz = (0..64).map(|i_chan| 1.28e9 + f64::from(i_chan) * 5e5).collect();
    simulation.sources.truncate(1);
    Arc::new(simulation)
}

/// The pixels of the file, and how it went.
fn image(simulation: &Arc<Simulation>, dir: &Path, run: &Run) -> (Vec<u32>, RunReport) {
    let geometry = demo_geometry();
    let spec = GridderSpec {
        geometry,
        epsilon: 1e-4,
        w_abs_lambda: (0.0, 26_000.0),
        w_correction: true,
        memory_bytes: None,
        threads: run.threads,
        block_samples: 1 << 17,
    };
    let plan = Arc::new(GridPlan::<f32>::new(&spec).unwrap());
    let path = dir.join("t.fits");
    let fits = WriteFits::new(path.clone(), simulation.header(Stokes::I), geometry, true);
    let picture = fits.picture("");
    let (data, stokes, weighting) = (Data::Simulated(simulation.clone()), Stokes::I, Weighting::Uniform);
    let mut chain = Chain::new();
    let _ = dirty(&mut chain, Dirty { data, stokes, weighting, plan, fits, picture }).unwrap();
    let report = chain.run(run).unwrap();
    let pixels = fits::read_image(&path).unwrap().pixels;
    (pixels.iter().map(|pixel| (*pixel as f32).to_bits()).collect(), report)
}

#[test]
fn costs_decide_the_stages_and_not_the_pixels() {
    let (simulation, dir) = (simulation(), tempfile::tempdir().unwrap());
    let (want, report) = image(&simulation, dir.path(), &Run::sequential());
    assert_eq!(report.passes.iter().map(|pass| pass.chunks).collect::<Vec<_>>(), [24, 24]);
    for threads in [2, 3, 8] {
        let (got, report) = image(&simulation, dir.path(), &Run { depth: 1, ..Run::auto(threads) });
        assert!(got == want, "{threads} threads, {}", report.plan.passes[1]);
        for (pass, plan) in report.passes.iter().zip(&report.plan.passes) {
            assert!(pass.forecast.as_ref().is_some_and(|f| f.frames > 0 && f.predicted_s > 0.0), "{plan}");
            assert!(plan.stages.len() > 1, "{plan}");
        }
        // The plan that was made, asked for.
        let plan = Plan::from_json(&report.plan.to_json()).unwrap();
        let execution = Execution::Planned(Arc::new(plan));
        let (got, again) = image(&simulation, dir.path(), &Run { execution, ..Run::pipeline(threads) });
        assert!(got == want, "{threads} threads, as planned");
        assert_eq!(again.plan, report.plan);
    }
}

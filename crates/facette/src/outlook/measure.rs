//! What a run would cost, measured on a small part of the data.
//!
//! What is done for every chunk is rehearsed on that part, with the real grids. What is done once is measured on an image
//! of a quarter of the size along each side, and scaled: the transforms by planes × cells × log(cells), all else by
//! pixels.

use super::{Looked, part};
use crate::{
    Error, Product, Request, Session, header::header, plan, staging::Staging, summary::image_summary,
};
use flow::{Chain, Execution, Run, RunReport, Sample, StreamProfile};
use kernels::Recipe;
use modes::{Dirty, Psf, Rehearse};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use tasks::{GridPlan, Real, WriteFits};
use types::ImageGeometry;

/// Images of which what is done once is measured have a side so many times smaller.
const SHRINK: usize = 4;
/// Smaller images are measured as they are.
const SMALL_NPIX: usize = 512;

/// Costs of a run on this machine.
#[derive(Clone)]
pub(super) struct Costs {
    /// What is done for every chunk, pass by pass.
    pub streams: Vec<StreamProfile>,
    /// What is done once.
    pub once: Vec<OnceCost>,
}

/// Seconds of a task that runs once.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct OnceCost {
    /// The task.
    pub task: String,
    /// Seconds on one thread.
    pub alone_s: f64,
    /// Threads of the other measurement.
    pub threads: usize,
    /// Seconds on these.
    pub together_s: f64,
}

impl OnceCost {
    /// Seconds on so many threads, by Amdahl's law through both measurements.
    pub(super) fn seconds(&self, threads: usize) -> f64 {
        if self.threads == 1 {
            return self.alone_s;
        }
        let shared_s = (self.alone_s - self.together_s) / (1.0 - 1.0 / self.threads as f64);
        let shared_s = shared_s.clamp(0.0, self.alone_s);
        self.alone_s - shared_s + shared_s / threads as f64
    }
}

/// Measures on as many threads as there are `here`, and on one.
pub(super) fn measure<T: Real>(
    request: &Request,
    session: &Session,
    looked: &Looked,
    here: usize,
    staging: &Staging,
) -> Result<Costs, Error> {
    let geometry = looked.geometry;
    let plan = plan::plan::<T>(&looked.spec(request, geometry, here))?.plan;
    let streams = rehearse(request, session, looked, &plan, here)?;
    let small = if geometry.nx.min(geometry.ny) <= SMALL_NPIX { 1 } else { SHRINK };
    let shrunk = ImageGeometry { nx: geometry.nx / small, ny: geometry.ny / small, ..geometry };
    let small = plan::plan::<T>(&looked.spec(request, shrunk, here))?.plan;
    let scale = Scale { full: plan.recipe().clone(), small: small.recipe().clone(), geometry, shrunk };
    let many = once(request, session, looked, &small, here, staging)?;
    let one = if here > 1 { once(request, session, looked, &small, 1, staging)? } else { many.clone() };
    let once = many.into_iter().zip(one).map(|((task, together_s), (_, alone_s))| {
        let factor = scale.factor(&task);
        OnceCost { task, threads: here, together_s: together_s * factor, alone_s: alone_s * factor }
    });
    Ok(Costs { streams, once: once.collect() })
}

/// What is done for every chunk.
fn rehearse<T: Real>(
    request: &Request,
    session: &Session,
    looked: &Looked,
    plan: &Arc<GridPlan<T>>,
    here: usize,
) -> Result<Vec<StreamProfile>, Error> {
    let cfg = Rehearse {
        data: looked.opened.data.clone(),
        stokes: request.stokes,
        weighting: request.weighting,
        plan: plan.clone(),
        is_psf: request.product == Product::Psf,
    };
    // One thread and all of them, in turn; a warm-up before.
    let threads: Vec<usize> = if here > 1 { vec![here, 1, here, 1] } else { vec![1] };
    let n_chunks = looked.chunks_in(looked.rows_read);
    let frames = (n_chunks.saturating_sub(1) / threads.len() as u64).clamp(1, 3);
    let sample = Sample { warm_up: u64::from(n_chunks > threads.len() as u64), frames, threads };
    let mut chain = Chain::new();
    modes::rehearse(&mut chain, &cfg).map_err(Error::Declare)?;
    Ok(run(chain, session, Execution::Sample(sample), here)?.profile.streams)
}

/// Seconds of each task that runs once, for a small image on so many threads.
fn once<T: Real>(
    request: &Request,
    session: &Session,
    looked: &Looked,
    plan: &Arc<GridPlan<T>>,
    threads: usize,
    staging: &Staging,
) -> Result<Vec<(String, f64)>, Error> {
    let geometry = *plan.geometry();
    let options = request.resolved(&looked.opened.selected[0], &geometry, threads);
    let header = header(request, &looked.opened, &options, plan.n_passes());
    let fits = WriteFits::new(staging.path(&probe_path(&request.out)), header, geometry, true);
    let picture = fits.picture("");
    let (data, plan) = (looked.firsts.clone(), plan.clone());
    let (stokes, weighting) = (request.stokes, request.weighting);
    let mut chain = Chain::new();
    let image = match request.product {
        Product::Dirty => modes::dirty(&mut chain, Dirty { data, stokes, weighting, plan, fits, picture }),
        Product::Psf => modes::psf(&mut chain, Psf { data, stokes, weighting, plan, fits, picture }),
    };
    let image = chain.output(image.map_err(Error::Declare)?);
    let sample = Sample { warm_up: 0, frames: part::MOST_WINDOWS, threads: vec![threads] };
    let report = run(chain, session, Execution::Sample(sample), threads)?;
    let image = image.take().ok_or_else(|| Error::Declare("the chain made no image".into()))?;
    let summing = Instant::now();
    image_summary(&image, &geometry);
    let mut costs = vec![("statistics".to_owned(), summing.elapsed().as_secs_f64())];
    for task in report.tasks.iter().filter(|task| task.pass.is_none()) {
        match costs.iter_mut().find(|known| known.0 == task.name) {
            Some(known) => known.1 += task.busy_s,
            None => costs.push((task.name.clone(), task.busy_s)),
        }
    }
    Ok(costs)
}

/// A product that is measured and thrown away.
pub(super) fn probe_path(out: &Path) -> PathBuf {
    super::product(out, "plan.probe.fits")
}

fn run(chain: Chain, session: &Session, execution: Execution, threads: usize) -> Result<RunReport, Error> {
    let cancel = session.cancel.clone();
    Ok(chain.run(&Run { execution, cancel, depth: 1, ..Run::pipeline(threads) })?)
}

/// From the small image to the one that is asked for.
struct Scale {
    full: Recipe,
    small: Recipe,
    geometry: ImageGeometry,
    shrunk: ImageGeometry,
}

impl Scale {
    fn factor(&self, task: &str) -> f64 {
        let pixels = |g: &ImageGeometry| (g.nx * g.ny) as f64;
        match task {
            "AddPlanes" => transforms(&self.full) / transforms(&self.small),
            // The beam is fitted to the center of the PSF, whatever the size of the image.
            "FitBeam" => 1.0,
            _ => pixels(&self.geometry) / pixels(&self.shrunk),
        }
    }
}

/// What transforms of all planes take, in a unit of its own.
pub(super) fn transforms(recipe: &Recipe) -> f64 {
    let cells = (recipe.nu * recipe.nv) as f64;
    recipe.n_planes as f64 * cells * cells.log2()
}

#[cfg(test)]
mod tests {
    use super::OnceCost;

    #[test]
    fn what_is_done_once_follows_amdahl() {
        let cost = OnceCost { task: "t".to_owned(), alone_s: 8.0, threads: 2, together_s: 5.0 };
        assert_eq!([1, 2, 6].map(|n| cost.seconds(n)), [8.0, 5.0, 3.0]);
        let slower = OnceCost { together_s: 9.0, ..cost.clone() };
        assert_eq!(slower.seconds(16), 8.0, "threads that get in each other's way help no more than one");
        assert_eq!(OnceCost { threads: 1, ..cost }.seconds(16), 8.0);
    }
}

//! What a run would cost, measured on a small part of the data.
//!
//! What is done for every chunk is rehearsed on that part, with the real grids. What is done once is measured on two
//! small images, of a sixth of the size along each side on all threads and of a twelfth on one, and scaled: the
//! transforms by planes × cells × log(cells), the last step of imaging by pixels, files and statistics by a line
//! through both images; a picture and the fit of a beam cost what they cost there.

use super::{Looked, part};
use crate::{
    Error, Product, Request, Session, header::header, plan, staging::Staging, summary::image_summary,
};
use flow::{Chain, Execution, Leg, Run, RunReport, Sample, StreamProfile};
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
const SHRINK: usize = 6;
/// Chunks that a small image is made of: what is measured of it goes with its size alone.
const PROBE_CHUNKS: u64 = 1;
/// Smaller images are measured as they are.
const SMALL_NPIX: usize = 512;

/// Costs of a run on this computer.
#[derive(Clone)]
pub(super) struct Costs {
    /// What is done for every chunk, pass by pass.
    pub streams: Vec<StreamProfile>,
    /// What is done once.
    pub once: Vec<OnceCost>,
    /// Times that the data are read for gridding, with the memory of this computer.
    pub n_passes: usize,
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
    /// Seconds on so many threads: as measured, or by Amdahl's law through both measurements.
    pub(super) fn seconds(&self, threads: usize) -> f64 {
        if threads == self.threads {
            return self.together_s;
        }
        if self.threads == 1 || threads == 1 {
            return self.alone_s;
        }
        if self.together_s >= self.alone_s {
            // They get in each other's way: more would hardly help.
            return self.together_s;
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
    let plan = plan::plan::<T>(&looked.spec(request, looked.geometry, here))?.plan;
    let streams = rehearse(request, session, looked, &plan, here)?;
    let probe = |shrink, threads| probe::<T>(request, session, looked, (shrink, threads), staging);
    let (large, small) = (probe(SHRINK, here)?, probe(2 * SHRINK, 1)?);
    let full = Size::of(&plan);
    let once = large.costs.iter().zip(&small.costs).map(|((task, large_s), (_, small_s))| {
        let large = (large.size, *large_s);
        let (together_s, alone_s) = full.scaled(task, large, (small.size, *small_s));
        OnceCost { task: task.clone(), threads: here, together_s, alone_s }
    });
    Ok(Costs { streams, once: once.collect(), n_passes: plan.n_passes() })
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
    let sample = legs(here, looked.chunks_in(looked.opened.n_row()));
    let mut chain = Chain::new();
    modes::rehearse(&mut chain, &cfg).map_err(Error::Declare)?;
    Ok(run(chain, session, Execution::Sample(sample), here)?.profile.streams)
}

/// All threads and one, in turn, behind the chunk that touches memory for the first time.
fn legs(here: usize, n_chunks: u64) -> Sample {
    let leg = |threads, warm_up, frames| Leg { threads, warm_up, frames };
    let legs = match (n_chunks / part::WINDOW_CHUNKS, here) {
        (0, 1) => vec![leg(1, 0, n_chunks.max(1))],
        // Too little data for more than a first look.
        (0, _) if n_chunks < 4 => vec![leg(here, 0, 1), leg(1, 0, 1)],
        (0, _) => vec![leg(here, 1, 1), leg(1, 0, n_chunks - 2)],
        (1, _) if here > 1 => {
            let half = (part::WINDOW_CHUNKS - 1) / 2;
            vec![leg(here, 1, half), leg(1, 0, half)]
        }
        // Window by window: threads that have just begun touch memory for the first time, too.
        (n, _) => {
            let threads = (0..n).map(|i| if i % 2 == 0 { here } else { 1 });
            threads.map(|threads| leg(threads, 1, part::WINDOW_CHUNKS - 1)).collect()
        }
    };
    Sample { legs }
}

/// A small image, and the seconds of each task that runs once for it.
struct Probe {
    size: Size,
    costs: Vec<(String, f64)>,
}

/// Makes an image whose sides are so many times smaller, on so many threads.
fn probe<T: Real>(
    request: &Request,
    session: &Session,
    looked: &Looked,
    (shrink, threads): (usize, usize),
    staging: &Staging,
) -> Result<Probe, Error> {
    let side = |n: usize| (n / shrink).max(n.min(SMALL_NPIX));
    let full = looked.geometry;
    let geometry = ImageGeometry { nx: side(full.nx), ny: side(full.ny), ..full };
    let plan = plan::plan::<T>(&looked.spec(request, geometry, threads))?.plan;
    let options = request.resolved(&looked.opened.selected[0], &geometry, threads);
    let header = header(request, &looked.opened, &options, plan.n_passes());
    let fits = WriteFits::new(staging.path(&probe_path(&request.out)), header, geometry, true);
    let picture = fits.picture("");
    let (size, data) = (Size::of(&plan), looked.opened.data.clone());
    let (stokes, weighting) = (request.stokes, request.weighting);
    let mut chain = Chain::new();
    let image = match request.product {
        Product::Dirty => modes::dirty(&mut chain, Dirty { data, stokes, weighting, plan, fits, picture }),
        Product::Psf => modes::psf(&mut chain, Psf { data, stokes, weighting, plan, fits, picture }),
    };
    let image = chain.output(image.map_err(Error::Declare)?);
    let sample = Sample { legs: vec![Leg { threads, warm_up: 0, frames: PROBE_CHUNKS }] };
    let report = run(chain, session, Execution::Sample(sample), threads)?;
    let image = image.take().ok_or_else(|| Error::Declare("the chain made no image".into()))?;
    let summing = Instant::now();
    image_summary(&image, &geometry);
    let mut costs = vec![("statistics".to_owned(), summing.elapsed().as_secs_f64())];
    for task in report.tasks.iter().filter(|task| task.pass.is_none()) {
        // Tasks of one kind are numbered.
        let name = task.name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
        match costs.iter_mut().find(|known| known.0 == name) {
            Some(known) => known.1 += task.busy_s,
            None => costs.push((name.to_owned(), task.busy_s)),
        }
    }
    Ok(Probe { size, costs })
}

/// A product that is measured and thrown away.
pub(super) fn probe_path(out: &Path) -> PathBuf {
    super::product(out, "plan.probe.fits")
}

fn run(chain: Chain, session: &Session, execution: Execution, threads: usize) -> Result<RunReport, Error> {
    let cancel = session.cancel.clone();
    Ok(chain.run(&Run { execution, cancel, depth: 1, ..Run::pipeline(threads) })?)
}

/// What the cost of an image goes with.
#[derive(Clone, Copy, Debug)]
struct Size {
    pixels: f64,
    transforms: f64,
}

impl Size {
    fn of<T: Real>(plan: &GridPlan<T>) -> Self {
        let g = plan.geometry();
        Size { pixels: (g.nx * g.ny) as f64, transforms: transforms(plan.recipe()) }
    }

    /// Seconds for this size on the threads of the larger probe, and on the one of the smaller.
    fn scaled(&self, task: &str, large: (Size, f64), small: (Size, f64)) -> (f64, f64) {
        let by = |of: fn(&Size) -> f64| {
            let scaled = |(size, seconds): (Size, f64)| seconds * of(self) / of(&size);
            (scaled(large), scaled(small))
        };
        match task {
            "AddPlanes" => by(|size| size.transforms),
            "FinishImage" => by(|size| size.pixels),
            // The beam is fitted to the center of the PSF, and a picture has its size, whatever that of the image.
            "FitBeam" | "WritePicture" => (large.1, large.1),
            // On one thread in both: some of it for any image, some for each pixel.
            _ => {
                let apart = large.0.pixels - small.0.pixels;
                let per_pixel_s = if apart > 0.0 { ((large.1 - small.1) / apart).max(0.0) } else { 0.0 };
                let seconds = large.1 + per_pixel_s * (self.pixels - large.0.pixels);
                (seconds, seconds)
            }
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
    use super::*;

    #[test]
    fn costs_of_small_images_are_scaled_by_what_they_go_with() {
        let size = |pixels, transforms| Size { pixels, transforms };
        let (full, large, small) =
            (size(1600.0, 9000.0), (size(100.0, 500.0), 2.0), (size(25.0, 90.0), 1.25));
        assert_eq!(full.scaled("AddPlanes", large, small), (36.0, 125.0));
        assert_eq!(full.scaled("FinishImage", large, small), (32.0, 80.0));
        assert_eq!(full.scaled("FitBeam", large, small), (2.0, 2.0));
        // 1 s for any image, 10 ms a pixel.
        let (written, _) = full.scaled("WriteFits", large, small);
        assert!((written - 17.0).abs() < 1e-9, "{written}");
        assert_eq!(full.scaled("WriteFits", large, (large.0, 3.0)).0, 2.0, "one size tells no slope");
        assert_eq!(full.scaled("WritePicture", large, small), (2.0, 2.0));
    }

    #[test]
    fn what_is_done_once_follows_amdahl() {
        let cost = OnceCost { task: "t".to_owned(), alone_s: 8.0, threads: 2, together_s: 5.0 };
        assert_eq!([1, 2, 6].map(|n| cost.seconds(n)), [8.0, 5.0, 3.0]);
        let slower = OnceCost { together_s: 9.0, ..cost.clone() };
        assert_eq!([1, 2, 16].map(|n| slower.seconds(n)), [8.0, 9.0, 9.0]);
        assert_eq!(OnceCost { threads: 1, ..cost }.seconds(16), 8.0);
    }
}

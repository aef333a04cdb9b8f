//! Making a dirty image or a PSF: check → open → survey → plan → run the mode → summary → products.

use crate::{
    Error, Product, Request, Session, check, execute, guess,
    header::header,
    open::{self, Opened},
    plan::{self, Planned, Spec},
    request::Resolved,
    resources,
    staging::Staging,
    summary::{FORMAT, Summary, gridder_summary, image_summary, pipeline_summaries, task_summaries},
    watch::Watch,
};
use flow::{Chain, Execution, Output, RunReport};
use modes::{Dirty, Psf};
use std::time::Instant;
use tasks::{Imaged, Real, WriteFits};
use types::{ImageGeometry, Precision, format_angle};

/// Makes the image that `request` asks for and writes `PREFIX.<mode>.fits`, `.png` and `.summary.json`, and the trace
/// if one is asked for.
///
/// # Errors
/// When an option is wrong, the data cannot be read or imaged, memory does not suffice, an output cannot be written, or
/// the session was cancelled. Products appear together or not at all, and the MeasurementSets are never changed.
pub fn image(request: &Request, session: &Session) -> Result<Summary, Error> {
    let started = Instant::now();
    check::request(request)?;
    let threads = request.threads.unwrap_or_else(resources::n_threads);
    let watch = Watch::new(request.stall_after, request.trace.clone(), threads);
    let products = request.outputs().map(|(_, path)| ("out", path)).into_iter().chain(watch.product());
    let execution = request.pipeline.execution()?;
    let staging = Staging::new(products.collect(), request.overwrite, &session.scratch)?;
    let opened = open::open(request, session, threads, &watch)?;
    let (geometry, notes) = guess::geometry(request.npix, request.cell_rad, &opened.reach);
    notes.iter().for_each(|n| session.screen.note(n));
    let staging_of = &staging;
    let job =
        Job { request, session, opened, geometry, threads, execution, started, staging: staging_of, watch };
    let made = match request.precision {
        Precision::Single => job.image::<f32>(),
        Precision::Double => job.image::<f64>(),
    };
    let summary = made.map_err(|e| staging.name_products(e))?;
    session.still_wanted()?;
    staging.commit(request.overwrite)?;
    Ok(summary)
}

/// Everything that is known before the mode starts.
struct Job<'a> {
    request: &'a Request,
    session: &'a Session,
    opened: Opened,
    geometry: ImageGeometry,
    threads: usize,
    execution: Execution,
    started: Instant,
    staging: &'a Staging,
    watch: Watch,
}

impl Job<'_> {
    fn image<T: Real>(self) -> Result<Summary, Error> {
        let planned = plan::plan::<T>(&self.spec())?;
        self.announce(&planned);
        let mut chain = Chain::new();
        let made = self.declare(&mut chain, &planned)?;
        let report = execute::run(chain, self.session, self.how(planned.plan.n_passes()));
        let report = report.map_err(|error| self.request.pipeline.blame(error))?;
        let image = made.take().ok_or_else(|| Error::Declare("the chain made no image".into()))?;
        if let Some(Err(why)) = &image.beam {
            self.session.screen.note(&format!("no beam was fitted: {why}"));
        }
        self.watch.write(self.staging, &*self.session.screen)?;
        let summary = self.summary(&planned, &report, &image);
        report::write_json(&self.staging.path(&self.request.output("summary.json")), &summary, false)?;
        Ok(summary)
    }

    fn spec(&self) -> Spec {
        let spec = self.opened.spec(self.request, self.geometry, self.threads, &self.execution);
        Spec { trace_bytes: self.watch.memory_bytes(), ..spec }
    }

    fn options(&self) -> Resolved {
        self.request.resolved(&self.opened.selected[0], &self.geometry, self.threads)
    }

    fn announce<T: Real>(&self, planned: &Planned<T>) {
        let g = &self.geometry;
        let options = self.options().image;
        let robust = options.get("robust").map_or(String::new(), |r| format!(" (robust {r})"));
        let text = format!(
            "{} × {} · {} · {} · Stokes {} · {}{robust} weights",
            g.nx,
            g.ny,
            format_angle(g.cell_rad),
            format_angle(g.nx.max(g.ny) as f64 * g.cell_rad),
            self.request.stokes.name(),
            options["weight"]
        );
        self.session.screen.fact("image", &text);
        self.session.screen.fact("plan", &planned.describe(self.request.epsilon, self.threads));
    }

    fn declare<T: Real>(&self, chain: &mut Chain, planned: &Planned<T>) -> Result<Output<Imaged<T>>, Error> {
        let r = self.request;
        let header = header(r, &self.opened, &self.options(), planned.plan.n_passes());
        let fits = WriteFits::new(self.staging.path(&r.output("fits")), header, self.geometry, false);
        let picture = fits.picture(r.product.title());
        let (data, plan) = (self.opened.data.clone(), planned.plan.clone());
        let (stokes, weighting) = (r.stokes, r.weighting);
        let image = match r.product {
            Product::Dirty => modes::dirty(chain, Dirty { data, stokes, weighting, plan, fits, picture }),
            Product::Psf => modes::psf(chain, Psf { data, stokes, weighting, plan, fits, picture }),
        };
        Ok(chain.output(image.map_err(Error::Declare)?))
    }

    fn how(&self, n_passes: usize) -> execute::How {
        let n_chan = self.opened.selected.iter().map(|s| s.setup().freq_hz.len());
        let rows = self.opened.surveyed.extents.iter().map(|e| e.n_row);
        execute::How {
            threads: self.threads,
            execution: self.execution.clone(),
            chunks: execute::visibilities_by_chunk(rows.zip(n_chan)),
            n_passes,
            watch: self.watch.clone(),
        }
    }

    fn summary<T: Real>(&self, planned: &Planned<T>, report: &RunReport, image: &Imaged<T>) -> Summary {
        let wall_s = self.started.elapsed().as_secs_f64();
        let observed_s = self.opened.surveyed.observed_s;
        let counts = image.counts;
        let outputs = self.request.outputs().into_iter().chain(self.watch.product());
        let outputs = outputs.map(|(kind, path)| (kind.to_owned(), path.display().to_string()));
        Summary {
            format: FORMAT,
            program: concat!("facette ", env!("CARGO_PKG_VERSION")).to_owned(),
            mode: self.request.product.name().to_owned(),
            options: self.options(),
            rows_read: self.opened.rows_total,
            rows_selected: counts.n_row,
            visibilities_used: counts.n_used,
            visibilities_flagged: counts.n_flagged,
            visibilities_per_s: (counts.n_used + counts.n_flagged) as f64 / wall_s,
            observed_s,
            wall_s,
            real_time_ratio: wall_s / observed_s,
            peak_memory_bytes: resources::peak_memory_bytes(),
            planned_memory_bytes: planned.memory_bytes,
            gridder: gridder_summary(planned, self.request.epsilon, self.threads),
            image: image_summary(image, &self.geometry),
            pipelines: pipeline_summaries(report),
            tasks: task_summaries(report),
            outputs: outputs.collect(),
        }
    }
}

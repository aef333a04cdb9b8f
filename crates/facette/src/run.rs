//! Making a dirty image or a PSF: open → survey → plan → run the mode → summary.

use crate::{
    Error, Product, Request, Session, execute, guess,
    open::{self, Opened},
    plan::{self, ChunkShape, Planned, Spec},
    resources,
    summary::{FORMAT, GridderSummary, ImageSummary, Summary, TaskSummary},
};
use flow::{Chain, Output, RunReport};
use modes::{Dirty, Psf};
use std::{collections::BTreeMap, time::Instant};
use tasks::{Imaged, Real, WriteFits, chunk_rows};
use types::{ARCSEC_RAD, Beam, ImageGeometry, ImageHeader, Precision, format_angle};

/// Makes the image that `request` asks for and writes `PREFIX.<mode>.fits`, `.png` and `.summary.json`.
///
/// # Errors
/// When an option is wrong, the data cannot be read or imaged, memory does not suffice, an output cannot be written, or
/// the session was cancelled. No product is left half-written, and the MeasurementSets are never changed.
pub fn image(request: &Request, session: &Session) -> Result<Summary, Error> {
    let started = Instant::now();
    check_request(request)?;
    let threads = request.threads.unwrap_or_else(resources::n_threads);
    for ending in ["fits", "png", "summary.json"] {
        fits::check_writable(&request.output(ending), request.overwrite)?;
    }
    let opened = open::open(request, session, threads)?;
    let (geometry, notes) = guess::geometry(request.npix, request.cell_rad, &opened.reach);
    notes.iter().for_each(|n| session.screen.note(n));
    let job = Job { request, session, opened, geometry, threads, started };
    match request.precision {
        Precision::Single => job.image::<f32>(),
        Precision::Double => job.image::<f64>(),
    }
}

fn check_request(request: &Request) -> Result<(), Error> {
    let wrong = |option, problem: &str, way_out: &str| {
        Err(Error::Option { option, problem: problem.to_owned(), way_out: way_out.to_owned() })
    };
    if request.cell_rad.is_some_and(|c| !(c > 0.0)) {
        return wrong("cell", "the cell must be larger than zero", "--cell 2arcsec");
    }
    if request.npix.is_some_and(|(nx, ny)| nx == 0 || ny == 0) {
        return wrong("npix", "an image needs at least one pixel", "--npix 1024");
    }
    if request.threads == Some(0) {
        return wrong("threads", "at least one thread is needed", "--threads 1");
    }
    if request.read_rows == Some(0) {
        return wrong("chunk-rows", "at least one row must be read at a time", "--chunk-rows 16384");
    }
    Ok(())
}

/// Everything that is known before the mode starts.
struct Job<'a> {
    request: &'a Request,
    session: &'a Session,
    opened: Opened,
    geometry: ImageGeometry,
    threads: usize,
    started: Instant,
}

impl Job<'_> {
    fn image<T: Real>(self) -> Result<Summary, Error> {
        let planned = plan::plan::<T>(&self.spec())?;
        self.announce(&planned);
        let mut chain = Chain::new();
        let made = self.declare(&mut chain, &planned)?;
        let report = execute::run(chain, self.session, self.how())?;
        let image = made.take().ok_or_else(|| Error::Declare("the chain made no image".into()))?;
        if let Some(Err(why)) = &image.beam {
            self.session.screen.note(&format!("no beam was fitted: {why}"));
        }
        let summary = self.summary(&planned, &report, &image);
        report::write_json(&self.request.output("summary.json"), &summary, self.request.overwrite)?;
        Ok(summary)
    }

    fn spec(&self) -> Spec {
        // The largest chunks of all MeasurementSets decide.
        let size = |c: &ChunkShape| c.n_chan * c.n_corr;
        let shapes = self.opened.selected.iter().map(|s| s.setup());
        let shapes = shapes.map(|s| ChunkShape { n_chan: s.freq_hz.len(), n_corr: s.correlations.len() });
        Spec {
            geometry: self.geometry,
            epsilon: self.request.epsilon,
            w_abs_lambda: self.opened.w_abs_lambda,
            w_correction: true,
            weighting: self.request.weighting,
            chunk: shapes.max_by_key(size).unwrap_or(ChunkShape { n_chan: 1, n_corr: 1 }),
            memory_bytes: self.request.memory_bytes,
            threads: self.threads,
        }
    }

    fn announce<T: Real>(&self, planned: &Planned<T>) {
        let g = &self.geometry;
        let width = format_angle(g.nx.max(g.ny) as f64 * g.cell_rad);
        let options = self.request.resolved(g, self.threads).options;
        let robust = options.get("robust").map_or(String::new(), |r| format!(" (robust {r})"));
        self.session.screen.fact(
            "image",
            &format!(
                "{} × {} · {} · {width} · Stokes {} · {}{robust} weights",
                g.nx,
                g.ny,
                format_angle(g.cell_rad),
                self.request.stokes.name(),
                options["weight"]
            ),
        );
        self.session.screen.fact("plan", &planned.describe(self.request.epsilon, self.threads));
    }

    fn declare<T: Real>(&self, chain: &mut Chain, planned: &Planned<T>) -> Result<Output<Imaged<T>>, Error> {
        let r = self.request;
        let fits = WriteFits::new(r.output("fits"), self.header(), self.geometry, r.overwrite);
        let picture = fits.picture(r.product.title());
        let (data, plan) = (self.opened.data.clone(), planned.plan.clone());
        let (stokes, weighting) = (r.stokes, r.weighting);
        let image = match r.product {
            Product::Dirty => modes::dirty(chain, Dirty { data, stokes, weighting, plan, fits, picture }),
            Product::Psf => modes::psf(chain, Psf { data, stokes, weighting, plan, fits, picture }),
        };
        Ok(chain.output(image.map_err(Error::Declare)?))
    }

    fn header(&self) -> ImageHeader {
        let first = &self.opened.selected[0];
        let surveyed = &self.opened.surveyed;
        let (freq_hz, bandwidth_hz) = band(&self.opened.selected);
        let mut history =
            vec![format!("facette {} {}", env!("CARGO_PKG_VERSION"), self.request.product.name())];
        let options = self.request.resolved(&self.geometry, self.threads).options;
        // Threads do not change the image: left out, so that the file does not change either.
        history.extend(options.iter().filter(|(k, _)| *k != "threads").map(|(k, v)| format!("{k} = {v}")));
        ImageHeader {
            object: first.field_name().to_owned(),
            telescope: first.telescope().to_owned(),
            observer: first.observer().to_owned(),
            phase_center: first.phase_center(),
            frame: first.frame(),
            freq_hz,
            bandwidth_hz,
            rest_freq_hz: first.rest_freq_hz(),
            spectral_frame: first.spectral_frame(),
            start_mjd_s: surveyed.start_mjd_s,
            end_mjd_s: surveyed.end_mjd_s,
            stokes: self.request.stokes,
            unit: "Jy/beam".to_owned(),
            beam: None,
            history,
        }
    }

    fn how(&self) -> execute::How {
        let n_chan = |i: usize| self.opened.selected[i].setup().freq_hz.len() as u64;
        let rows = self.opened.surveyed.extents.iter().map(|e| e.n_row).enumerate();
        execute::How {
            threads: self.threads,
            execution: self.request.execution,
            pass_visibilities: rows.map(|(i, n)| n * n_chan(i)).sum(),
            chunk_visibilities: chunk_rows(n_chan(0) as usize) as u64 * n_chan(0),
        }
    }

    fn summary<T: Real>(&self, planned: &Planned<T>, report: &RunReport, image: &Imaged<T>) -> Summary {
        let wall_s = self.started.elapsed().as_secs_f64();
        let observed_s = self.opened.surveyed.observed_s;
        let counts = image.counts;
        let outputs = ["fits", "png", "summary.json"]
            .map(|e| (e.to_owned(), self.request.output(e).display().to_string()));
        Summary {
            format: FORMAT,
            program: concat!("facette ", env!("CARGO_PKG_VERSION")).to_owned(),
            mode: self.request.product.name().to_owned(),
            options: self.request.resolved(&self.geometry, self.threads),
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
            tasks: task_summaries(report),
            outputs: BTreeMap::from(outputs),
        }
    }
}

/// Effective frequency (mean of all channels, weighted by their widths) and total width of the selection, Hz.
fn band(selected: &[ms::Selected]) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    let (mut sum, mut sum_width) = (0.0, 0.0);
    for s in selected {
        for (&freq, &width) in s.setup().freq_hz.iter().zip(s.chan_width_hz()) {
            // A width of zero must not drop the channel from the mean.
            let width = width.abs().max(1.0);
            low = low.min(freq - width / 2.0);
            high = high.max(freq + width / 2.0);
            sum += freq * width;
            sum_width += width;
        }
    }
    (sum / sum_width, high - low)
}

pub(crate) fn gridder_summary<T: Real>(planned: &Planned<T>, epsilon: f64, threads: usize) -> GridderSummary {
    let r = planned.plan.recipe();
    GridderSummary {
        epsilon,
        support: r.support,
        grid_size: (r.nu, r.nv),
        n_planes: r.n_planes,
        n_passes: r.n_passes,
        threads,
    }
}

pub(crate) fn image_summary<T: Real>(image: &Imaged<T>, geometry: &ImageGeometry) -> ImageSummary {
    let stats = ::image::statistics(&image.pixels);
    ImageSummary {
        npix: (geometry.nx, geometry.ny),
        cell_arcsec: geometry.cell_rad / ARCSEC_RAD,
        max_jy_per_beam: stats.max,
        min_jy_per_beam: stats.min,
        rms_jy_per_beam: stats.rms,
        robust_rms_jy_per_beam: stats.robust_rms,
        sum_weights: image.sum_weights,
        beam: beam_of(image)
            .map(|b| (b.bmaj_rad / ARCSEC_RAD, b.bmin_rad / ARCSEC_RAD, b.bpa_rad.to_degrees())),
    }
}

/// The beam, where one was fitted.
pub(crate) fn beam_of<T>(image: &Imaged<T>) -> Option<Beam> {
    image.beam.as_ref().and_then(|b| b.as_ref().ok()).copied()
}

pub(crate) fn task_summaries(report: &RunReport) -> Vec<TaskSummary> {
    let summary = |t: &flow::TaskReport| TaskSummary {
        name: t.name.clone(),
        calls: t.calls,
        busy_s: t.busy_s,
        replicas: t.replicas,
        wait_input_s: t.waited_input_s,
        wait_output_s: t.waited_output_s,
    };
    report.tasks.iter().map(summary).collect()
}

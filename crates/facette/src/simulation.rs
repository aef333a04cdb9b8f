//! Simulates an observation of a catalogue into a MeasurementSet.

mod inputs;
mod plan;
mod rows;

use crate::{Error, Session, resources};
use ms::{History, NewAntenna, NewMs};
use serde::Serialize;
use sim::{EarthModel, Simulation};
use std::{path::PathBuf, time::Instant};
use types::{Correlation, RaDec};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct SimulateRequest {
    /// The MeasurementSet to be made.
    pub out: PathBuf,
    /// Whether one that is there may be replaced.
    pub overwrite: bool,
    /// Name of a built-in array ([`sim::ARRAYS`]), or a file of positions ([`sim::Layout::parse`]).
    pub telescope: String,
    /// Phase center, J2000.
    pub phase_center: RaDec,
    /// Start, seconds of modified Julian date, UTC.
    pub start_mjd_s: f64,
    /// Length, seconds; a last interval that does not fit is left out.
    pub duration_s: f64,
    /// Length of an integration, seconds.
    pub interval_s: f64,
    /// Middle of the first channel, Hz.
    pub freq_hz: f64,
    /// From one channel to the next, Hz; negative for falling frequencies.
    pub chan_width_hz: f64,
    /// Channels.
    pub n_chan: usize,
    /// Correlations.
    pub correlations: Vec<Correlation>,
    /// Catalogue ([`sim::parse_catalogue`]); `None`: a source of 1 Jy at the phase center.
    pub sky: Option<PathBuf>,
    /// System equivalent flux density of each antenna, Jy; zero for no noise.
    pub sefd_jy: f64,
    /// Rms of gain errors, relative and in radians.
    pub gain_error: f64,
    /// Time over which gains change, seconds; `None`: they stay.
    pub gain_period_s: Option<f64>,
    /// Share of samples that are flagged.
    pub flag_fraction: f64,
    /// Lowest elevation that is recorded, radians.
    pub elevation_limit_rad: f64,
    /// Seed of gains, noise and flags.
    pub seed: u64,
    /// Whether auto-correlations are recorded.
    pub autos: bool,
    /// Earth orientation of the IERS (finals2000A); `None`: the embedded table.
    pub eop: Option<PathBuf>,
    /// How baselines are turned to the sky.
    pub earth_model: EarthModel,
    /// Threads; `None`: as many as the process may use.
    pub threads: Option<usize>,
    /// The command line, for HISTORY.
    pub command: String,
}

/// What was simulated.
#[derive(Clone, Debug, Serialize)]
pub struct SimulateSummary {
    /// The MeasurementSet.
    pub out: PathBuf,
    /// Rows.
    pub rows: u64,
    /// Visibilities: rows × channels × correlations.
    pub visibilities: u64,
    /// Simulated observing time, seconds.
    pub observed_s: f64,
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Largest resident set of the process, bytes.
    pub peak_memory_bytes: Option<u64>,
}

/// Simulates, and writes the MeasurementSet, which appears under its name when it is complete.
///
/// # Errors
/// When an option is wrong, a file cannot be read or written, or the session was cancelled; then no MeasurementSet is
/// made, and one that was there is as it was.
pub fn simulate(request: &SimulateRequest, session: &Session) -> Result<SimulateSummary, Error> {
    let started = Instant::now();
    plan::check(request)?;
    let staged = crate::staged_ms::StagedMs::new(&request.out, request.overwrite, session)?;
    let simulation = inputs::simulation(request, session)?;
    plan::announce(request, &simulation, session)?;
    let threads = request.threads.unwrap_or_else(resources::n_threads);
    let rows = rows::SimulatedRows::new(&simulation, session, threads)?;
    session.screen.pass_started();
    let made = ms::create_ms(staged.path(), &new_ms(request, &simulation), &rows);
    session.screen.pass_done();
    session.still_wanted()?;
    made.map_err(|error| staged.name(error))?;
    staged.commit()?;
    let observation = &simulation.observation;
    let n_row = observation.n_row() as u64;
    Ok(SimulateSummary {
        out: request.out.clone(),
        rows: n_row,
        visibilities: n_row * (request.n_chan * request.correlations.len()) as u64,
        observed_s: observation.observed_s(),
        wall_s: started.elapsed().as_secs_f64(),
        peak_memory_bytes: resources::peak_memory_bytes(),
    })
}

fn new_ms(request: &SimulateRequest, simulation: &Simulation) -> NewMs {
    let observation = &simulation.observation;
    let antenna = |a: &sim::Antenna| NewAntenna {
        name: a.name.clone(),
        station: a.name.clone(),
        position_m: a.position_m,
        diameter_m: a.diameter_m,
        mount: a.mount.clone(),
    };
    let noise_jy = simulation.corruptions.noise_jy;
    let first = observation.time_mjd_s(observation.recorded_time(0));
    let last = observation.time_mjd_s(observation.recorded_time(observation.n_recorded().saturating_sub(1)));
    NewMs {
        telescope: observation.layout.name.clone(),
        observer: "facette simulate".to_owned(),
        project: "simulation".to_owned(),
        antennas: observation.layout.antennas.iter().map(antenna).collect(),
        field: "simulated".to_owned(),
        phase_center: observation.phase_center,
        freq_hz: observation.freq_hz.clone(),
        chan_width_hz: request.chan_width_hz,
        correlations: simulation.correlations.clone(),
        time_range_s: [first - observation.interval_s / 2.0, last + observation.interval_s / 2.0],
        interval_s: observation.interval_s,
        sigma_jy: (noise_jy > 0.0).then_some(noise_jy),
        history: history(request),
    }
}

/// Times are those of the observation, so that the same request makes the same bytes.
fn history(request: &SimulateRequest) -> History {
    let parameter = |name: &str, value: String| format!("{name} = {value}");
    History {
        time_s: request.start_mjd_s,
        application: concat!("facette ", env!("CARGO_PKG_VERSION")).to_owned(),
        origin: "simulate".to_owned(),
        message: "simulated".to_owned(),
        command: request.command.clone(),
        parameters: vec![
            parameter("telescope", request.telescope.clone()),
            parameter(
                "sky",
                request.sky.as_ref().map_or_else(|| "1 Jy".to_owned(), |p| p.display().to_string()),
            ),
            parameter("sefd", format!("{} Jy", request.sefd_jy)),
            parameter("gain-error", request.gain_error.to_string()),
            parameter("flag-fraction", request.flag_fraction.to_string()),
            parameter("seed", request.seed.to_string()),
            parameter("earth-model", format!("{:?}", request.earth_model).to_lowercase()),
        ],
    }
}

//! What is checked and said before a simulation begins.

use super::SimulateRequest;
use crate::{Error, Session, resources};
use sim::{Corruptions, Observation, Simulation, format_utc};
use types::{Correlation, format_angle, format_bytes, format_count, format_freq};

/// More rows than this a table does not hold.
const MOST_ROWS: f64 = 4e9;
/// Bytes of a row besides its visibilities and flags: uvw, antennas, and a share of what is constant.
const ROW_BYTES: u64 = 24 + 8 + 24;
/// Memory that the writer and pieces of visibilities take, whatever their number.
const BASE_MEMORY_BYTES: u64 = 64 << 20;

fn wrong<T>(option: &'static str, problem: String, way_out: &str) -> Result<T, Error> {
    Err(Error::Option { option, problem, way_out: way_out.to_owned() })
}

/// Checks what can be checked without looking at files.
pub(super) fn check(r: &SimulateRequest) -> Result<(), Error> {
    let above_zero = |x: f64| x.is_finite() && x > 0.0;
    if !above_zero(r.interval_s) {
        return wrong("dt", "an integration lasts longer than zero".into(), "--dt 8s");
    }
    if !(above_zero(r.duration_s) && r.duration_s >= r.interval_s * (1.0 - 1e-9)) {
        return wrong("duration", "shorter than one integration (--dt)".into(), "--duration 1h");
    }
    if r.n_chan == 0 || r.n_chan > 1 << 20 {
        return wrong("nchan", format!("{} channels are not 1 to 1,048,576", r.n_chan), "--nchan 64");
    }
    if !r.chan_width_hz.is_finite() || r.chan_width_hz == 0.0 {
        return wrong("chan-width", "a channel is wider than zero".into(), "--chan-width 1MHz");
    }
    let last_hz = r.freq_hz + (r.n_chan - 1) as f64 * r.chan_width_hz;
    if !(above_zero(r.freq_hz) && above_zero(last_hz)) {
        return wrong(
            "freq",
            format!("channels from {} to {last_hz} Hz are not all above zero", r.freq_hz),
            "--freq 1.4GHz",
        );
    }
    if r.duration_s / r.interval_s > 1e8 {
        return wrong(
            "dt",
            format!("{:.0} integrations are too many", r.duration_s / r.interval_s),
            "a longer --dt",
        );
    }
    correlations(&r.correlations)?;
    for (option, value, most) in [
        ("sefd", r.sefd_jy, 1e15),
        ("gain-error", r.gain_error, 10.0),
        ("flag-fraction", r.flag_fraction, 1.0),
    ] {
        if !(0.0..=most).contains(&value) {
            return wrong(option, format!("{value} is not between 0 and {most}"), "0");
        }
    }
    weights(r)?;
    if r.gain_period_s.is_some_and(|s| !above_zero(s)) {
        return wrong("gain-period", "gains change over a time longer than zero".into(), "--gain-period 1h");
    }
    match r.threads {
        Some(0) => wrong("threads", "at least one thread is needed".into(), "--threads 1"),
        Some(n) if n > 1024 => wrong("threads", format!("{n} threads are more than 1024"), "--threads 8"),
        _ => Ok(()),
    }
}

/// WEIGHT is 1/σ² in single precision, of auto-correlations half as much: neither may be lost.
fn weights(r: &SimulateRequest) -> Result<(), Error> {
    let noise_jy = Corruptions::noise_of_sefd_jy(r.sefd_jy, r.chan_width_hz, r.interval_s);
    let weight = 1.0 / (noise_jy * noise_jy);
    if r.sefd_jy == 0.0 || [weight, weight / 2.0].iter().all(|w| (*w as f32).is_normal()) {
        return Ok(());
    }
    let problem = format!(
        "noise of {noise_jy:.2e} Jy has a weight of {weight:.2e} Jy⁻², which is no number in single precision"
    );
    wrong("sefd", problem, "--sefd 400Jy, or --sefd 0Jy for no noise")
}

/// Products of receptors of one kind, each once.
fn correlations(all: &[Correlation]) -> Result<(), Error> {
    let is_circular = |c: &Correlation| c.name().contains(['R', 'L']);
    let names = || all.iter().map(|c| c.name()).collect::<Vec<_>>().join(",");
    let fits = !all.is_empty()
        && all.iter().all(|c| c.receptors().is_some() && is_circular(c) == is_circular(&all[0]))
        && all.iter().enumerate().all(|(i, c)| !all[..i].contains(c));
    if fits {
        return Ok(());
    }
    wrong(
        "corr",
        format!("`{}` are not products of one pair of receptors", names()),
        "--corr XX,XY,YX,YY or RR,RL,LR,LL",
    )
}

/// Says what will be made, how long and how large it is, and refuses what no table holds.
pub(super) fn announce(
    request: &SimulateRequest,
    simulation: &Simulation,
    session: &Session,
) -> Result<(), Error> {
    let (observation, screen) = (&simulation.observation, &session.screen);
    let (n_corr, n_chan) = (simulation.correlations.len(), request.n_chan);
    let rows = observation.n_recorded() as f64 * observation.n_pair() as f64;
    if rows > MOST_ROWS {
        return wrong(
            "dt",
            format!("{rows:.2e} rows are more than {MOST_ROWS:.0e}"),
            "a longer --dt, or fewer antennas",
        );
    }
    let n_row = rows as u64;
    let layout = &observation.layout;
    screen.fact(
        "simulating",
        &format!(
            "{} · {} antennas, baselines to {} · {} · elevation {:.0}° to {:.0}°",
            layout.name,
            layout.antennas.len(),
            length(layout.longest_m()),
            observation.phase_center.sexagesimal(),
            elevations(simulation).0,
            elevations(simulation).1,
        ),
    );
    screen.fact("", &track(simulation, request));
    let names: Vec<&str> = simulation.correlations.iter().map(|c| c.name()).collect();
    screen.fact(
        "",
        &format!(
            "{} rows × {} channels ({} to {}) × {} · {} sources · noise {:.4} Jy",
            format_count(n_row),
            n_chan,
            format_freq(observation.freq_hz[0]),
            format_freq(observation.freq_hz[n_chan - 1]),
            names.join(" "),
            format_count(simulation.sources.len() as u64),
            simulation.corruptions.noise_jy,
        ),
    );
    plan(simulation, n_row, (n_chan * n_corr) as u64, session)
}

fn track(simulation: &Simulation, request: &SimulateRequest) -> String {
    let observation = &simulation.observation;
    let (n, all) = (observation.n_recorded(), observation.n_time);
    let low = match all - n {
        0 => String::new(),
        left_out => format!(", {left_out} left out below {}", format_angle(request.elevation_limit_rad)),
    };
    format!(
        "from {} UTC · {n} integrations of {} s{low}",
        format_utc(observation.start_mjd_s),
        observation.interval_s
    )
}

fn elevations(simulation: &Simulation) -> (f64, f64) {
    let observation = &simulation.observation;
    // A few of a long track say enough.
    let step = (observation.n_recorded() / 200).max(1);
    let times = (0..observation.n_recorded()).step_by(step);
    let degrees = times.map(|i| observation.elevation_rad(observation.recorded_time(i)).to_degrees());
    degrees.fold((90.0, -90.0), |(low, high): (f64, f64), e| (low.min(e), high.max(e)))
}

fn length(m: f64) -> String {
    if m < 1e3 { format!("{m:.0} m") } else { format!("{:.1} km", m / 1e3) }
}

/// Disk and memory.
fn plan(simulation: &Simulation, n_row: u64, n_sample: u64, session: &Session) -> Result<(), Error> {
    let complex_bytes = n_row.saturating_mul(n_sample).saturating_mul(8);
    let flag_bytes = n_row.saturating_mul(n_sample.div_ceil(8));
    let disk = complex_bytes.saturating_add(flag_bytes).saturating_add(n_row * ROW_BYTES);
    let spectra = (simulation.spectra.len() as u64).saturating_mul(n_sample.max(4) * 8);
    let rows_bytes = rows_bytes(simulation.observation.freq_hz.len() as u64, n_sample);
    let held = held_bytes(&simulation.observation);
    let needed_bytes = spectra.saturating_add(rows_bytes).saturating_add(BASE_MEMORY_BYTES + held);
    session
        .screen
        .fact("plan", &format!("disk {} · memory {}", format_bytes(disk), format_bytes(needed_bytes)));
    match resources::memory_bytes() {
        Some(limit_bytes) if needed_bytes > limit_bytes => Err(Error::Memory {
            what: "the sky, and rows on their way to disk".to_owned(),
            needed_bytes,
            limit_is: "this machine has",
            limit_bytes,
            details: format!(
                "{} spectra of {n_sample} values, and {} for rows",
                simulation.spectra.len(),
                format_bytes(rows_bytes)
            ),
            way_out: "fewer sources in --sky, or fewer channels".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Memory for the list of integrations, and for antennas with their coordinates and gains at a time. Pairs are not held.
fn held_bytes(observation: &Observation) -> u64 {
    let antenna = size_of::<sim::Antenna>() + 2 * 24 + 2 * 16;
    (observation.layout.antennas.len() * antenna + observation.n_recorded() * size_of::<usize>()) as u64
}

/// Memory for rows of `n_sample` samples: the sums over the sky of at least one, and the writer's.
fn rows_bytes(n_chan: u64, n_sample: u64) -> u64 {
    // Four Stokes parameters of a channel, complex and double.
    n_chan.saturating_mul(4 * 16).saturating_add(ms::create_bytes(n_sample))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_counts_rows_of_many_channels() {
        assert!(rows_bytes(64, 256) < 8 << 20);
        assert!(rows_bytes(1 << 20, 4 << 20) > 64 * (8 * (4 << 20)));
    }
}

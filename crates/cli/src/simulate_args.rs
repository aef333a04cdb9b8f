//! The options of `facette simulate`.

use crate::text::quoted;
use clap::{Args, ValueEnum};
use facette::{
    Error,
    sim::{EarthModel, format_utc, parse_utc_mjd_s},
    simulation::SimulateRequest,
    types::{
        Correlation, RaDec, parse_angle_rad, parse_dec_rad, parse_flux_jy, parse_freq_hz, parse_ra_rad,
        parse_time_s,
    },
};
use std::path::PathBuf;

pub(crate) const EXAMPLE: &str = "Example:
  facette simulate obs.ms --telescope meerkat --ra 05:34:31.9 --dec -30:42:47 --start 2026-03-01T16:00:00 \\
      --duration 1h --dt 8s --freq 1.284GHz --chan-width 836kHz --nchan 64 --sky sources.txt --sefd 420Jy
The catalogue is a component list of WSClean, a sky model of BBS, or lines of blank-separated columns:
  name ra dec I [Q [U [V [ref_freq [spectral_index [major minor [pa]]]]]]]     (Jy, Hz, arcsec, degrees)
A file of positions has a line an antenna: x y z [diameter [name [mount]]], metres in ITRF, or East, North and up after
a line such as `# enu 116.7deg -26.8deg 0m`. The same options make the same bytes.";

#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// MeasurementSet to be made
    #[arg(value_name = "OUT.ms")]
    out: PathBuf,

    /// Built-in array, or a file of antenna positions; arrays: meerkat, ska-mid, ska-low, lofar, vla-a to vla-d, atca-6a,
    /// atca-1.5a, atca-750a, atca-h168
    #[arg(long, default_value = "meerkat", value_name = "NAME|FILE", help_heading = "Observation")]
    telescope: String,
    /// Right ascension of the phase center (J2000)
    #[arg(long, value_parser = parse_ra_rad, default_value = "00:00:00", value_name = "HH:MM:SS|DEG", help_heading = "Observation")]
    ra: f64,
    /// Declination of the phase center (J2000)
    #[arg(long, value_parser = parse_dec_rad, default_value = "-30:00:00", value_name = "DD:MM:SS|DEG", allow_hyphen_values = true, help_heading = "Observation")]
    dec: f64,
    /// Start, UTC
    #[arg(long, value_parser = parse_utc_mjd_s, default_value = "2026-03-01T12:00:00", value_name = "UTC", help_heading = "Observation")]
    start: f64,
    /// Length of the observation
    #[arg(long, value_parser = parse_time_s, default_value = "1h", value_name = "TIME", help_heading = "Observation")]
    duration: f64,
    /// Length of an integration
    #[arg(long, value_parser = parse_time_s, default_value = "8s", value_name = "TIME", help_heading = "Observation")]
    dt: f64,
    /// Lowest elevation that is recorded
    #[arg(long, value_parser = parse_angle_rad, default_value = "0deg", value_name = "ANGLE", allow_hyphen_values = true, help_heading = "Observation")]
    elevation_limit: f64,
    /// Record auto-correlations too
    #[arg(long, help_heading = "Observation")]
    autos: bool,

    /// Middle of the first channel
    #[arg(long, value_parser = parse_freq_hz, default_value = "1.284GHz", value_name = "FREQ", help_heading = "Channels")]
    freq: f64,
    /// From one channel to the next; negative for falling frequencies
    #[arg(long, value_parser = parse_freq_hz, default_value = "1MHz", value_name = "FREQ", allow_hyphen_values = true, help_heading = "Channels")]
    chan_width: f64,
    /// Channels
    #[arg(long, default_value_t = 16, value_name = "N", help_heading = "Channels")]
    nchan: usize,
    /// Correlations, in their order
    #[arg(long, value_parser = correlation, value_delimiter = ',', default_value = "XX,XY,YX,YY", value_name = "XX,…", help_heading = "Channels")]
    corr: Vec<Correlation>,

    /// Catalogue of points and Gaussians [default: 1 Jy at the phase center]
    #[arg(long, value_name = "FILE", help_heading = "Sky and errors")]
    sky: Option<PathBuf>,
    /// System equivalent flux density of an antenna, for noise of SEFD/√(2 Δν Δt) in the real and in the imaginary part of
    /// each correlation
    #[arg(long, value_parser = parse_flux_jy, default_value = "0Jy", value_name = "FLUX", help_heading = "Sky and errors")]
    sefd: f64,
    /// Rms of the gain error of each antenna and receptor: relative in amplitude, radians in phase; 0.05 or 5%
    #[arg(long, value_parser = share, default_value = "0", value_name = "SHARE", help_heading = "Sky and errors")]
    gain_error: f64,
    /// Time over which gains change [default: they stay]
    #[arg(long, value_parser = parse_time_s, value_name = "TIME", help_heading = "Sky and errors")]
    gain_period: Option<f64>,
    /// Share of samples that are flagged, at random; 0.1 or 10%
    #[arg(long, value_parser = share, default_value = "0", value_name = "SHARE", help_heading = "Sky and errors")]
    flag_fraction: f64,
    /// Seed of gains, noise and flags
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Sky and errors")]
    seed: u64,

    /// Earth orientation of the IERS, format finals2000A [default: a table within the program, from 2000 on]
    #[arg(long, value_name = "FILE", help_heading = "Earth")]
    eop: Option<PathBuf>,
    /// How baselines are turned to the sky: as CASA's simulator and makems do, or by SOFA's IAU 2006 chain (some cm of
    /// 10 km apart)
    #[arg(long, value_enum, default_value = "casacore", help_heading = "Earth")]
    earth_model: EarthModelArg,

    /// Threads; do not change a byte [default: all this process may use]
    #[arg(long, value_name = "N", help_heading = "Performance")]
    threads: Option<usize>,
    /// Replace the MeasurementSet if there is one
    #[arg(long, help_heading = "Output")]
    overwrite: bool,
    /// Print nothing but errors
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum EarthModelArg {
    /// IAU 2006/2000A precession and nutation, polar motion, aberration, as SOFA computes them
    Iau2006,
    /// The numbers of casacore and CASA's simulator: up to 50 mm apart on a baseline of 10 km
    Casacore,
}

fn correlation(text: &str) -> Result<Correlation, String> {
    Correlation::from_name(text.trim())
        .ok_or_else(|| format!("`{text}` is not a correlation such as XX or RL"))
}

/// `0.05` or `5%`.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |n| (n.trim(), 0.01));
    let share = number.parse().ok().filter(|x: &f64| x.is_finite()).map(|x| x * unit);
    share.ok_or_else(|| format!("`{text}` is not a share such as 0.05 or 5%"))
}

impl SimulateArgs {
    /// The request in the library's words.
    pub(crate) fn request(&self) -> Result<SimulateRequest, Error> {
        Ok(SimulateRequest {
            out: self.out.clone(),
            overwrite: self.overwrite,
            telescope: self.telescope.clone(),
            phase_center: RaDec { ra_rad: self.ra, dec_rad: self.dec },
            start_mjd_s: self.start,
            duration_s: self.duration,
            interval_s: self.dt,
            freq_hz: self.freq,
            chan_width_hz: self.chan_width,
            n_chan: self.nchan,
            correlations: self.corr.clone(),
            sky: self.sky.clone(),
            sefd_jy: self.sefd,
            gain_error: self.gain_error,
            gain_period_s: self.gain_period,
            flag_fraction: self.flag_fraction,
            elevation_limit_rad: self.elevation_limit,
            seed: self.seed,
            autos: self.autos,
            eop: self.eop.clone(),
            earth_model: match self.earth_model {
                EarthModelArg::Iau2006 => EarthModel::Iau2006,
                EarthModelArg::Casacore => EarthModel::Casacore,
            },
            threads: self.threads,
            command: self.command(),
        })
    }

    /// The command line without what changes no byte; what was not given is there too, for defaults may change.
    fn command(&self) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let corr: Vec<&str> = self.corr.iter().map(|c| c.name()).collect();
        let valued = [
            ("telescope", Some(self.telescope.clone())),
            ("ra", Some(format!("{}rad", self.ra))),
            ("dec", Some(format!("{}rad", self.dec))),
            ("start", Some(utc(self.start))),
            ("duration", Some(format!("{}s", self.duration))),
            ("dt", Some(format!("{}s", self.dt))),
            ("elevation-limit", Some(format!("{}rad", self.elevation_limit))),
            ("freq", Some(format!("{}Hz", self.freq))),
            ("chan-width", Some(format!("{}Hz", self.chan_width))),
            ("nchan", Some(self.nchan.to_string())),
            ("corr", Some(corr.join(","))),
            ("sky", self.sky.as_ref().map(path)),
            ("sefd", Some(format!("{}Jy", self.sefd))),
            ("gain-error", Some(self.gain_error.to_string())),
            ("gain-period", self.gain_period.map(|s| format!("{s}s"))),
            ("flag-fraction", Some(self.flag_fraction.to_string())),
            ("seed", Some(self.seed.to_string())),
            ("eop", self.eop.as_ref().map(path)),
            ("earth-model", self.earth_model.to_possible_value().map(|v| v.get_name().to_owned())),
        ];
        let given =
            valued.into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", quoted(&value?))));
        let autos = if self.autos { " --autos" } else { "" };
        format!("facette simulate{}{autos}", given.collect::<String>())
    }
}

/// Seconds of modified Julian date as a time that is read as the same number.
fn utc(mjd_s: f64) -> String {
    let (day_s, minutes) = (mjd_s.rem_euclid(86_400.0), (mjd_s.rem_euclid(86_400.0) / 60.0).floor());
    let date = format_utc(mjd_s - day_s);
    let (date, _) = date.split_once('T').unwrap_or((&date, ""));
    let (hour, minute) = ((minutes / 60.0).floor(), minutes % 60.0);
    format!("{date}T{hour:02}:{minute:02}:{:02}", day_s - minutes * 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;
    use facette::sim::ARRAYS;

    #[test]
    fn options_have_their_units() {
        let cli = Cli::try_parse_from([
            "facette",
            "simulate",
            "x.ms",
            "--ra",
            "5h34m31.9s",
            "--dec",
            "-30:42:47",
            "--start",
            "2026/03/01/16:00",
            "--chan-width",
            "-836kHz",
            "--corr",
            "RR,LL",
            "--gain-error",
            "5%",
            "--elevation-limit",
            "15deg",
        ]);
        let Ok(Cli { command: Command::Simulate(args) }) = cli else { panic!("not parsed") };
        let request = args.request().unwrap();
        assert_eq!(request.correlations, [Correlation::RR, Correlation::LL]);
        assert_eq!((request.chan_width_hz, request.gain_error, request.n_chan), (-836e3, 0.05, 16));
        assert!(
            request.phase_center.dec_rad < 0.0
                && (request.elevation_limit_rad.to_degrees() - 15.0).abs() < 1e-9
        );
        assert_eq!(request.start_mjd_s / 86_400.0, 61_100.0 + 16.0 / 24.0);
    }

    #[test]
    fn the_help_names_every_array() {
        let help =
            <SimulateArgs as Args>::augment_args(clap::Command::new("x")).render_long_help().to_string();
        for array in ARRAYS.iter().filter(|a| !a.name.starts_with("vla")) {
            let words: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(array.name), "{}", array.name);
        }
    }

    /// The request of a command line, whatever it is called there.
    fn request(words: &[&str]) -> SimulateRequest {
        let words = [&["facette", "simulate", "x.ms"], words].concat();
        let Ok(Cli { command: Command::Simulate(args) }) = Cli::try_parse_from(words) else {
            panic!("not parsed")
        };
        args.request().unwrap()
    }

    #[test]
    fn the_command_in_history_asks_for_the_same() {
        let some = [
            "--telescope a\u{a0}b.txt --ra 5h34m31.9s --dec -30:42:47 --start 2026/03/01/16:07:03.1234 --duration 7min",
            "--dt 1.1s --elevation-limit 15deg --autos --freq 1.0000001GHz --chan-width -836.1kHz --nchan 3",
            "--corr RR,LL --sky it's\u{a0}$HOME.txt --sefd 0.3mJy --gain-error 5% --gain-period 3min --flag-fraction 0.1",
            "--seed 18446744073709551615 --eop eop.txt --earth-model casacore",
        ];
        let all = some.join(" ");
        for words in [Vec::new(), all.split(' ').collect()] {
            let first = request(&words);
            // No word of these has a blank; quotes are taken away as a shell does it.
            let command = first.command.replace("'\\''", "\u{1}").replace('\'', "").replace('\u{1}', "'");
            let again = request(&command.split(' ').skip(2).collect::<Vec<_>>());
            assert_eq!(format!("{again:?}"), format!("{first:?}"));
        }
        // Only what changes no byte is left out.
        let command = request(&all.split(' ').collect::<Vec<_>>()).command;
        let simulate = <SimulateArgs as Args>::augment_args(clap::Command::new("x"));
        let unsaid = simulate.get_arguments().filter_map(|a| a.get_long());
        let unsaid: Vec<_> = unsaid.filter(|name| !command.contains(&format!("--{name}"))).collect();
        assert_eq!(unsaid, ["threads", "overwrite", "quiet"]);
        assert!(command.contains("'it'\\''s\u{a0}$HOME.txt'"), "{command}");
    }
}

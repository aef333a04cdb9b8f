//! From a request to a simulation: positions, sky and Earth orientation are read here.

use super::SimulateRequest;
use crate::{Error, Session};
use sim::{
    ARRAYS, Catalogue, Component, Corruptions, Doubt, EarthTable, KnownArray, Layout, Observation,
    Simulation, Sky, Spectrum, Turning, format_utc, parse_catalogue,
};
use std::{fs::File, io::Read, path::Path};
use types::format_bytes;

/// A catalogue of so many bytes has more sources than can be summed directly.
const MOST_BYTES: u64 = 1 << 28;
/// An error of rotation below this is not worth a word: 1 mm on a baseline of 10 km.
const WORTH_RAD: f64 = 1e-7;

/// The simulation that was asked for.
pub(super) fn simulation(request: &SimulateRequest, session: &Session) -> Result<Simulation, Error> {
    let observation = Observation {
        layout: layout(&request.telescope)?,
        turning: Turning::Earth { table: earth_table(request.eop.as_deref())?, model: request.earth_model },
        phase_center: request.phase_center,
        start_mjd_s: request.start_mjd_s,
        n_time: (request.duration_s / request.interval_s * (1.0 + 1e-9)).floor().max(1.0) as usize,
        recorded: None,
        interval_s: request.interval_s,
        freq_hz: (0..request.n_chan).map(|i| request.freq_hz + i as f64 * request.chan_width_hz).collect(),
        autos: request.autos,
    };
    let observation = observation.above(request.elevation_limit_rad);
    if observation.n_recorded() == 0 {
        let problem =
            format!("the phase center is never {:.1}° high", request.elevation_limit_rad.to_degrees());
        return Err(option("elevation-limit", problem, "another --start, --ra, --dec or --elevation-limit"));
    }
    doubt(&observation, session);
    let sky = sky(request, session)?;
    let corruptions = Corruptions {
        noise_jy: Corruptions::noise_of_sefd_jy(request.sefd_jy, request.chan_width_hz, request.interval_s),
        gain_rms: request.gain_error,
        gain_period_s: request.gain_period_s,
        flag_fraction: request.flag_fraction,
    };
    Ok(Simulation {
        observation,
        correlations: request.correlations.clone(),
        sources: sky.sources,
        spectra: sky.spectra,
        corruptions,
        seed: request.seed,
    })
}

fn option(option: &'static str, problem: String, way_out: &str) -> Error {
    Error::Option { option, problem, way_out: way_out.to_owned() }
}

/// A built-in array, or positions from a file.
fn layout(telescope: &str) -> Result<Layout, Error> {
    if let Some(array) = KnownArray::find(telescope) {
        return Ok(array.layout());
    }
    let path = Path::new(telescope);
    if !path.exists() {
        let names: Vec<&str> = ARRAYS.iter().map(|a| a.name).collect();
        let problem = format!("`{telescope}` is neither a built-in array nor a file");
        let way_out =
            format!("{}, or a file of lines `x y z [diameter [name [mount]]]` (ITRF, m)", names.join(", "));
        return Err(option("telescope", problem, &way_out));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or("array");
    let text = read("telescope", path)?;
    Layout::parse(name, &text).map_err(|e| input("telescope", path, e.to_string()))
}

fn earth_table(eop: Option<&Path>) -> Result<EarthTable, Error> {
    let Some(path) = eop else { return Ok(EarthTable::embedded()) };
    let text = read("eop", path)?;
    EarthTable::parse_finals2000a(&path.display().to_string(), &text)
        .map_err(|e| input("eop", path, e.to_string()))
}

/// Says so where the Earth's orientation is not known well enough.
fn doubt(observation: &Observation, session: &Session) {
    let Turning::Earth { table, .. } = &observation.turning else { return };
    let times = (0..observation.n_recorded())
        .map(|i| observation.time_mjd_s(observation.recorded_time(i)) / 86_400.0);
    let worst =
        times.filter_map(|mjd| table.doubt(mjd)).max_by(|a, b| a.error_rad().total_cmp(&b.error_rad()));
    let Some(doubt) = worst.filter(|d| d.error_rad() > WORTH_RAD) else { return };
    let longest_m = observation.layout.longest_m();
    let size = format!(
        "the sky may be turned by {}, uvw be wrong by {:.3} m on the longest baseline ({:.1} km)",
        types::format_angle(doubt.error_rad()),
        doubt.error_rad() * longest_m,
        longest_m / 1e3,
    );
    let [first, _, last] = table.span_mjd().map(|mjd| format_utc(mjd * 86_400.0)[..10].to_owned());
    session.screen.note(&match doubt {
        Doubt::Predicted { days, .. } => {
            format!(
                "Earth orientation is predicted, {days:.0} days ahead ({}): {size}; --eop FILE",
                table.source()
            )
        }
        Doubt::Outside { .. } => {
            format!(
                "Earth orientation is not known ({}: {first} to {last}): {size}; --eop FILE",
                table.source()
            )
        }
    });
}

fn sky(request: &SimulateRequest, session: &Session) -> Result<Sky, Error> {
    let components = match &request.sky {
        Some(path) => parse_catalogue(&read("sky", path)?, request.freq_hz)
            .map_err(|e| input("sky", path, e.to_string()))
            .map(|catalogue| known(catalogue, session))?,
        None => {
            session.screen.note("--sky not given: a source of 1 Jy at the phase center");
            vec![one_jansky(request)]
        }
    };
    let sky = Sky::new(&components, request.phase_center);
    if let Some(first) = sky.behind.first() {
        let n = sky.behind.len();
        session.screen.note(&format!("sources more than 90° away are left out: {n}, such as {first}"));
    }
    Ok(sky)
}

/// The sources; says which columns were not looked at.
fn known(catalogue: Catalogue, session: &Session) -> Vec<Component> {
    if !catalogue.unknown_columns.is_empty() {
        let names = catalogue.unknown_columns.join(", ");
        session.screen.note(&format!("columns of --sky that are not looked at: {names}"));
    }
    catalogue.components
}

fn one_jansky(request: &SimulateRequest) -> Component {
    let spectrum = Spectrum {
        stokes_jy: [1.0, 0.0, 0.0, 0.0],
        ref_freq_hz: request.freq_hz,
        terms: Vec::new(),
        logarithmic: true,
    };
    Component { name: "center".to_owned(), direction: request.phase_center, spectrum, gaussian: None }
}

/// The text of a file that an option names.
fn read(option: &'static str, path: &Path) -> Result<String, Error> {
    read_at_most(MOST_BYTES, option, path)
}

fn read_at_most(most_bytes: u64, option: &'static str, path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).and_then(|file| file.take(most_bytes + 1).read_to_end(&mut bytes));
    file.map_err(|e| input(option, path, e.to_string()))?;
    if bytes.len() as u64 > most_bytes {
        let problem = format!("it is larger than {}; expected a shorter list", format_bytes(most_bytes));
        return Err(input(option, path, problem));
    }
    String::from_utf8(bytes).map_err(|_| input(option, path, "it is not UTF-8 text".to_owned()))
}

fn input(option: &'static str, path: &Path, problem: String) -> Error {
    Error::Input { option, path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_refused_and_not_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sky.txt");
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(read_at_most(10, "sky", &path).unwrap(), "0123456789");
        let error = read_at_most(9, "sky", &path).unwrap_err().to_string();
        assert!(error.contains("sky.txt cannot be used: it is larger than"), "{error}");
        std::fs::write(&path, [b'a', 0xff]).unwrap();
        assert!(read_at_most(10, "sky", &path).unwrap_err().to_string().contains("not UTF-8"));
    }
}

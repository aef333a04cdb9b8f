//! `facette simulate` from the command line: what it makes, what others make of it, and what it refuses.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures of comparisons, and skipped ones, are said aloud"
)]

mod common;

use common::{Place, facette, snapshot};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sky() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/sky.txt")
}

/// Half an hour of the VLA in its C configuration, with the sky that `check.py` knows.
fn simulate(out: &Path, more: &[&str]) -> Output {
    let mut command = facette(&["simulate"]);
    command.arg(out).args(more);
    let sky = sky();
    let usual = [
        ("--telescope", "vla-c"),
        ("--ra", "05:00:00"),
        ("--dec", "40:00:00"),
        ("--sky", sky.to_str().unwrap()),
        ("--start", "2024-01-02T03:00:00"),
        ("--duration", "30min"),
        ("--dt", "60s"),
        ("--freq", "1.4GHz"),
        ("--chan-width", "4MHz"),
        ("--nchan", "8"),
    ];
    for (option, value) in usual.iter().filter(|(option, _)| !more.contains(option)) {
        command.args([option, value]);
    }
    command.output().unwrap()
}

#[track_caller]
fn simulated(out: &Path, more: &[&str]) -> String {
    let output = simulate(out, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(more: &[&str], says: &[&str]) {
    let place = Place::new();
    let output = simulate(&place.path("x.ms"), more);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(says.iter().all(|text| message.contains(text)), "{message}");
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn the_same_options_make_the_same_bytes_on_any_number_of_threads() {
    let place = Place::new();
    let noisy = ["--sefd", "400Jy", "--gain-error", "5%", "--flag-fraction", "0.1", "--threads"];
    let of = |name: &str, last: &[&str]| {
        let ms = place.path(name);
        simulated(&ms, &[&noisy, last].concat());
        let files = snapshot(&ms).into_iter();
        files.map(|(path, bytes)| (path.strip_prefix(&ms).unwrap().to_owned(), bytes)).collect::<Vec<_>>()
    };
    let (one, two) = (of("a.ms", &["1"]), of("b.ms", &["2"]));
    assert!(one == two, "threads change bytes");
    assert!(of("c.ms", &["1", "--seed", "2"]) != one, "the seed changes nothing");
}

#[test]
fn facette_finds_the_sources_where_they_are() {
    let place = Place::new();
    let said = simulated(&place.path("x.ms"), &[]);
    assert!(said.contains("27 antennas") && said.contains("10,530 rows") && said.contains("disk"), "{said}");
    let mut command = facette(&["dirty"]);
    command
        .arg(place.path("x.ms"))
        .args(["--npix", "512", "--cell", "5arcsec", "--weight", "natural", "--out"]);
    let output = command.arg(place.path("d")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = std::fs::read_to_string(place.path("d.dirty.summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let peak = summary["image"]["max_jy_per_beam"].as_f64().unwrap();
    // The center has 1 Jy at 1.4 GHz, less above, and sidelobes of the others.
    assert!((0.85..1.15).contains(&peak), "{peak}");
}

#[test]
fn an_existing_measurement_set_is_kept_unless_it_may_go() {
    let place = Place::new();
    let ms = place.path("x.ms");
    simulated(&ms, &[]);
    let before = snapshot(&ms);
    let again = simulate(&ms, &["--seed", "2"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("--overwrite") && snapshot(&ms) == before);
    simulated(&ms, &["--overwrite", "--sefd", "1Jy"]);
    assert!(snapshot(&ms) != before);
    assert_eq!(place.files(), ["x.ms"]);
    std::fs::create_dir(place.path("folder")).unwrap();
    let folder = simulate(&place.path("folder"), &["--overwrite"]);
    assert!(!folder.status.success() && place.path("folder").is_dir());
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_written() {
    refused(&["--telescope", "nowhere"], &["--telescope", "meerkat", "ska-low"]);
    refused(&["--dec", "-80:00:00"], &["--elevation-limit"]);
    refused(&["--nchan", "0"], &["--nchan"]);
    refused(&["--corr", "XX,LL"], &["--corr"]);
    refused(&["--flag-fraction", "2"], &["--flag-fraction"]);
    refused(&["--dt", "2h"], &["--duration"]);
    refused(&["--eop", "/nonexistent"], &["--eop", "/nonexistent"]);
    refused(&["--dt", "8"], &["unit"]);
}

#[test]
fn casacore_reads_it_and_numpy_sums_the_same() {
    let Some(mut python) = testkit::peer_python("simulate against numpy") else { return };
    let place = Place::new();
    simulated(&place.path("x.ms"), &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/check.py");
    let output = python.arg(script).arg(place.path("x.ms")).arg(sky()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let error: f64 = text.split(' ').next().unwrap().parse().unwrap();
    println!("visibilities against numpy: {text}");
    assert!(error < 1e-6, "{error}");
}

/// Runs a program of others, or says that it is not there.
fn peer(program: &str, args: &[&str], dir: &Path) -> Option<String> {
    match Command::new(program).args(args).current_dir(dir).output() {
        Ok(output) => {
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(output.status.success(), "{program}: {text}");
            Some(text)
        }
        Err(_) => {
            eprintln!("SKIPPED simulate against {program}: it is not installed");
            None
        }
    }
}

#[test]
fn taql_and_wsclean_accept_it() {
    let place = Place::new();
    let points = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/points.txt");
    simulated(&place.path("x.ms"), &["--autos", "--sefd", "4Jy", "--sky", points.to_str().unwrap()]);
    if let Some(text) = peer("taql", &["select ANTENNA1 from x.ms where ANTENNA1=ANTENNA2"], place.dir.path())
    {
        assert!(text.contains("810"), "{text}");
    }
    let image =
        ["-size", "512", "512", "-scale", "5asec", "-niter", "5000", "-mgain", "0.8", "-auto-threshold", "3"];
    // The two layers of w that it takes by itself move sources off the center, by 0.08 pixels here.
    let layers = ["-nwlayers", "64", "-weight", "natural", "-padding", "2", "-name", "w", "x.ms"];
    let image = [&image[..], &layers].concat();
    let Some(text) = peer("wsclean", &image, place.dir.path()) else { return };
    assert!(place.path("w-image.fits").is_file(), "{text}");
    let Some(mut python) = testkit::peer_python("sources found by WSClean") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/found.py");
    let output = python.arg(script).arg(place.path("w-image.fits")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    println!("WSClean's errors, pixels and shares of flux: {text}");
    let errors: Vec<f64> = text.split_whitespace().map(|w| w.parse().unwrap()).collect();
    assert!(errors[0] < 0.02 && errors[1] < 0.01, "{text}");
}

/// The Python that has CASA, if there is one.
fn casa(test: &str) -> Option<Command> {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let casa = std::env::var_os("FACETTE_CASA_PYTHON")
        .map_or_else(|| Path::new(&home).join(".cache/facette-peers/casa/bin/python"), PathBuf::from);
    if casa.exists() {
        return Some(Command::new(casa));
    }
    eprintln!("SKIPPED {test}: no Python with casatasks (FACETTE_CASA_PYTHON)");
    None
}

#[test]
fn casa_lists_it() {
    let Some(mut casa) = casa("simulate against listobs") else { return };
    let place = Place::new();
    simulated(&place.path("x.ms"), &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/listobs.py");
    let output = casa
        .current_dir(place.path(""))
        .arg(script)
        .arg(place.path("x.ms"))
        .arg(place.path("list.txt"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for part in ["Antennas: 27", "05:00:00.000000 +40.00.00.00000 J2000", "XX  XY  YX  YY", "10530"] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
}

/// CASA's simulator takes UT1 to be UTC; with an Earth for which that is true, and casacore's chain, uvw are the same.
#[test]
fn uvw_are_those_of_casa_simulator() {
    let Some(mut casa) = casa("uvw against CASA's simulator") else { return };
    let place = Place::new();
    let day = |mjd: u32, x: f64, y: f64| {
        format!("240101 {mjd}.00 I {x:9.6} 0.000012 {y:9.6} 0.000019  I 0.0000000\n")
    };
    let eop = day(60310, 0.136912, 0.202190) + &day(60311, 0.134902, 0.202519);
    let eop = eop + &day(60312, 0.133135, 0.203129) + &day(60313, 0.131592, 0.203991);
    std::fs::write(place.path("eop"), eop).unwrap();
    let (eop, ms) = (place.path("eop"), place.path("x.ms"));
    let more =
        ["--telescope", "vla-b", "--duration", "10min", "--nchan", "1", "--earth-model", "casacore", "--eop"];
    simulated(&ms, &[&more[..], &[eop.to_str().unwrap()]].concat());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/casa_simulator.py");
    let output =
        casa.current_dir(place.path("")).arg(script).arg(&ms).arg(place.path("casa.ms")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    println!("uvw against CASA's simulator, metres on 10 km: {text}");
    let worst_m: f64 = text.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(worst_m < 1e-3, "{worst_m} m on 10 km");
}

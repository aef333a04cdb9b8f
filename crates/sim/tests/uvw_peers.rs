//! Baseline coordinates against SOFA's C twin and against casacore's measures, over arrays, years and directions.

use facette_sim::{EarthModel, EarthTable, KnownArray, Observation, Turning, parse_utc_mjd_s};
use std::fmt::Write;
use std::io::Write as _;
use std::process::Stdio;
use types::RaDec;

/// The largest error that the issue allows, metres on a baseline of 10 km.
const ALLOWED_M: f64 = 1e-3;

fn observation(array: &str, model: EarthModel, utc: &str, phase_center: RaDec) -> Observation {
    Observation {
        layout: KnownArray::find(array).unwrap().layout(),
        turning: Turning::Earth { table: EarthTable::embedded(), model },
        phase_center,
        start_mjd_s: parse_utc_mjd_s(utc).unwrap() - 30.0,
        n_time: 1,
        recorded: None,
        interval_s: 60.0,
        freq_hz: vec![1.4e9],
        autos: false,
    }
}

/// A line a case: model, time, direction, observatory, UT1 and pole, then baselines in ITRF with their uvw.
fn cases() -> String {
    let mut text = String::new();
    for model in [EarthModel::Iau2006, EarthModel::Casacore] {
        for array in ["meerkat", "vla-b", "lofar", "atca"] {
            for utc in
                ["2003-05-05T01:02:03", "2010-06-01T12:00:00", "2019-03-03T07:07:07", "2024-01-01T03:00:00"]
            {
                for (ra_rad, dec_rad) in [(1.0, -0.5), (2.5, 0.3), (4.0, -1.2), (0.1, 1.5)] {
                    let o = observation(array, model, utc, RaDec { ra_rad, dec_rad });
                    let Turning::Earth { table, .. } = &o.turning else { unreachable!() };
                    let mjd = o.time_mjd_s(0) / 86_400.0;
                    let (earth, [x, y, z]) = (table.at(mjd), o.layout.middle_m());
                    let (dut1, px, py) = (earth.ut1_minus_utc_s, earth.pole_x_rad, earth.pole_y_rad);
                    write!(text, "{model:?} {mjd:.12} {ra_rad} {dec_rad} {x} {y} {z} {dut1} {px} {py}")
                        .unwrap();
                    for ((i, j), uvw) in o.pairs().zip(o.uvw_m(0)).step_by(97) {
                        let (a, b) = (o.layout.antennas[i].position_m, o.layout.antennas[j].position_m);
                        for value in (0..3).map(|k| a[k] - b[k]).chain(uvw) {
                            write!(text, " {value}").unwrap();
                        }
                    }
                    text.push('\n');
                }
            }
        }
    }
    text
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures of the comparison")]
fn uvw_agree_with_erfa_and_with_casacore_to_a_millimetre_on_ten_kilometres() {
    let test = "uvw against erfa and casacore";
    let Some(mut python) = testkit::peer_python(test) else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uvw/recompute.py");
    let child =
        python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    // Where the script fails it says why below.
    let sent = child.stdin.take().unwrap().write_all(cases().as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(sent.is_ok() && output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    println!("{text}");
    for peer in ["erfa", "casacore"] {
        let line = text.lines().find_map(|l| l.strip_prefix(&format!("{peer} "))).unwrap();
        let worst_m: f64 = line.split(' ').next().unwrap().parse().unwrap();
        assert!(worst_m < ALLOWED_M, "{peer}: {worst_m} m on 10 km");
    }
}

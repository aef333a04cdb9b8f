//! `facette ms` on the fixture and on real MeasurementSets; numbers compared with what python-casacore reads.

mod common;

use common::{Place, facette, snapshot};
use serde_json::Value as Json;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::Output,
    time::Duration,
};

fn run(args: &[&str]) -> (Output, String, String) {
    let output = facette(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!err.contains("panicked"), "{err}");
    (output, out, err)
}

fn tiny() -> String {
    testkit::fixture("tiny.ms").to_str().unwrap().to_owned()
}

#[test]
fn info_lists_scans_windows_antennas_and_json_says_the_same() {
    let ms = tiny();
    let before = snapshot(Path::new(&ms));
    let (output, out, _) = run(&["ms", "info", &ms]);
    assert!(output.status.success());
    for says in ["scan 0", "7 antennas", "spw 0", "1300.0000–1306.0000 MHz", "antenna 6", "ddid 0"] {
        let wanted = if says == "7 antennas" { "antennas     7: A00" } else { says };
        assert!(out.contains(wanted), "{wanted} is not in {out}");
    }
    assert_eq!(run(&["info", &ms]).1, out, "the short form says the same");
    let json: Json = serde_json::from_str(&run(&["ms", "info", &ms, "--json"]).1).unwrap();
    assert_eq!((json["rows"].as_u64(), json["format"].as_u64()), (Some(84), Some(1)));
    assert_eq!(json["antennas"].as_array().unwrap().len(), 7);
    assert_eq!(json["spectral_windows"][0]["channels"], 4);
    assert_eq!(json["scans"][0]["rows"], 84);
    assert!(out.contains("array ") && out.contains("° W"), "{out}");
    assert!(
        json["array"]["latitude_rad"].is_f64() && json["antennas"][0]["place"]["height_m"].is_f64(),
        "{json}"
    );
    assert_eq!(json["sources"], serde_json::json!([]), "it has no SOURCE");
    assert_eq!(snapshot(Path::new(&ms)), before, "nothing was written");
}

#[test]
fn noise_whose_weight_is_no_number_is_refused() {
    let place = Place::new();
    let ms = place.path("s.ms").to_str().unwrap().to_owned();
    let (output, _, err) = run(&["simulate", &ms, "--duration", "8s", "--sefd", "1e-18Jy"]);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("--sefd") && err.contains("weight") && place.files().is_empty(), "{err}");
}

#[test]
fn info_lists_sources_and_where_the_array_is() {
    let place = Place::new();
    let ms = place.path("s.ms").to_str().unwrap().to_owned();
    let up = ["--ra", "15:30:00", "--dec", "34:00:00"];
    let (output, _, err) =
        run(&[&["simulate", &ms, "--duration", "8s", "--nchan", "2", "--telescope", "vla-d"], &up[..]]
            .concat());
    assert!(output.status.success(), "{err}");
    let (_, out, _) = run(&["ms", "info", &ms]);
    assert!(out.contains("simulated · spw 0 · rest 1284.5000 MHz · system velocity 0.000 km/s"), "{out}");
    let json: Json = serde_json::from_str(&run(&["ms", "info", &ms, "--json"]).1).unwrap();
    let source = &json["sources"][0];
    assert_eq!((&source["name"], &source["rest_freq_hz"][0]), (&"simulated".into(), &1284.5e6.into()));
    // The VLA: 107.6177° West, 34.0784° North, 2.1 km up.
    let degrees = |key: &str| json["array"][key].as_f64().unwrap().to_degrees();
    assert!((degrees("longitude_rad") + 107.618).abs() < 0.01, "{json}");
    assert!((degrees("latitude_rad") - 34.078).abs() < 0.01, "{json}");
    let height_m = json["antennas"][3]["place"]["height_m"].as_f64().unwrap();
    assert!((2050.0..2200.0).contains(&height_m), "{height_m}");
}

/// A name in another encoding than UTF-8 is a name all the same.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_names() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let out = place.dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.ms"));
    let output = facette(&["ms", "copy", &tiny()]).arg(&out).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for command in ["columns", "check", "info"] {
        let output = facette(&["ms", command]).arg(&out).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn columns_and_cells_of_tables_and_subtables() {
    let ms = tiny();
    let (_, out, _) = run(&["ms", "columns", &ms]);
    let uvw = out.lines().find(|l| l.starts_with("UVW ")).unwrap();
    for says in ["Double", "[3]", " m ", "uvw ITRF", "StandardStMan"] {
        assert!(uvw.contains(says), "{says} is not in {uvw}");
    }
    let (_, out, _) = run(&["ms", "show", &format!("{ms}::ANTENNA"), "NAME", "DISH_DIAMETER[1:3]"]);
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[0].starts_with("NAME · String") && lines[1] == "0  \"A00\"", "{out}");
    assert_eq!(lines.len(), 1 + 7 + 1 + 2, "{out}");
    let (_, out, _) = run(&["ms", "show", &ms, "DATA[-1]", "--all"]);
    assert!(
        out.lines().nth(1).unwrap().starts_with("83  [4, 4] [[") && out.matches('i').count() >= 16,
        "{out}"
    );
    let (_, out, _) = run(&["ms", "show", &ms, "TIME[0]"]);
    assert!(out.contains("2020-06-27T18:40:"), "{out}");
    let (_, info, _) = run(&["ms", "info", &format!("{ms}::ANTENNA")]);
    assert!(info.contains("rows         7") && info.contains("DISH_DIAMETER"), "{info}");
}

#[test]
fn wrong_names_and_rows_say_what_there_is() {
    let ms = tiny();
    for (args, code, says) in [
        (&["ms", "show", &ms, "DATTA"][..], 1, "it has UVW, FLAG"),
        (&["ms", "show", &ms, "DATA[84]"], 2, "84 rows"),
        (&["ms", "show", &ms, "TIME[-100]"], 2, "there is no row -100"),
        (&["ms", "show", &ms, "DATA[1"], 2, "closing bracket"),
        (&["ms", "show", &format!("{ms}::ANTENA"), "NAME"], 1, "it has ANTENNA"),
        (&["ms", "check", "nowhere.ms"], 1, "there is no nowhere.ms"),
        (&["ms", "diff", &ms, "nowhere.ms"], 2, "there is no nowhere.ms"),
        (&["ms", "diff", &ms, &ms, "--rtol=-1"], 2, "from 0 on"),
        (&["ms", "diff", &ms, &ms, "--columns", "DATTA"], 2, "DATTA"),
    ] {
        let (output, out, err) = run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {out}{err}");
        assert!(err.contains(says), "`{says}` is not in {err}");
    }
}

#[test]
fn diff_names_column_row_and_size_of_a_difference() {
    let place = Place::new();
    let (original, copy) = (tiny(), place.copy_ms());
    let copied = copy.to_str().unwrap();
    let (output, out, _) = run(&["ms", "diff", &original, copied]);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.starts_with("same: "), "{out}");
    // A name of seven in ANTENNA, as a fixed number of bytes in the file.
    let file = copy.join("ANTENNA/table.f0");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(3).position(|w| w == b"A03").unwrap();
    bytes[at + 2] = b'X';
    fs::write(&file, bytes).unwrap();
    let (output, out, _) = run(&["ms", "diff", &original, copied]);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("row 3, element 0: \"A03\" and \"A0X\""), "{out}");
    let (output, out, _) = run(&["ms", "diff", &original, copied, "--json"]);
    let json: Json = serde_json::from_str(&out).unwrap();
    assert_eq!((output.status.code(), json["same"].as_bool()), (Some(1), Some(false)));
    let (output, ..) = run(&["ms", "diff", &original, copied, "--columns", "DATA,FLAG"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn check_ends_with_1_where_something_is_damaged_and_goes_on_behind_it() {
    let place = Place::new();
    let ms = place.copy_ms();
    let (output, out, _) = run(&["ms", "check", ms.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.contains("position of ANTENNA1 − position of ANTENNA2"), "{out}");
    for name in ["FIELD/table.f0", "FEED/table.f0"] {
        fs::write(ms.join(name), b"").unwrap();
    }
    let (output, out, _) = run(&["ms", "check", ms.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("FIELD column NAME") && out.contains("FEED column"), "{out}");
    let (_, out, _) = run(&["ms", "check", ms.to_str().unwrap(), "--json"]);
    let json: Json = serde_json::from_str(&out).unwrap();
    assert!(json["sound"] == false && json["findings"].as_array().unwrap().len() > 10, "{json}");
}

#[test]
fn export_makes_a_folder_once() {
    let place = Place::new();
    let (ms, out) = (tiny(), place.path("out"));
    let args = ["ms", "export", &ms, "--out", out.to_str().unwrap()];
    let (output, said, err) = run(&args);
    assert!(output.status.success(), "{err}");
    assert!(said.contains("main.parquet") && said.contains("13 files"), "{said}");
    let (output, _, err) = run(&args);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("exists already") && err.contains("--overwrite"), "{err}");
    let (output, said, _) =
        run(&[&args[..], &["--overwrite", "--format", "arrow", "--columns", "UVW"]].concat());
    assert!(output.status.success() && said.contains("main.arrow") && said.contains("1 file,"), "{said}");
    assert_eq!(place.files(), ["out"]);
}

/// Baselines as real writers have them; info as casacore reads it.
#[test]
fn real_measurement_sets_as_casacore_reads_them() {
    let Some(root) = testkit::real_data("real_measurement_sets_as_casacore_reads_them", "ms") else { return };
    let Some(_) = testkit::peer_python("real_measurement_sets_as_casacore_reads_them") else { return };
    for name in ["evla_day2.ms", "oskar_ska_low.ms", "wsrt_ndppp.ms", "vla_casa_simulated.ms"] {
        let ms = root.join(name);
        let ms = ms.to_str().unwrap();
        let (_, out, err) = run(&["ms", "info", ms, "--json"]);
        let got: Json = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}"));
        let script = "import sys, json\nfrom casacore.tables import table\np = sys.argv[1]\n\
            t = table(p, ack=False); a = table(p + '/ANTENNA', ack=False); s = table(p + '/SPECTRAL_WINDOW', ack=False)\n\
            tm, iv = t.getcol('TIME'), t.getcol('INTERVAL')\n\
            print(json.dumps(dict(rows=t.nrows(), start=min(tm - iv / 2), end=max(tm + iv / 2),\
            pos=a.getcol('POSITION').tolist(), freq=s.getcell('CHAN_FREQ', 0).tolist(),\
            scans=sorted(set(t.getcol('SCAN_NUMBER').tolist())))))";
        let output = testkit::peer_python("info").unwrap().args(["-c", script, ms]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let want: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(got["rows"], want["rows"], "{name}");
        assert_eq!((&got["start_mjd_s"], &got["end_mjd_s"]), (&want["start"], &want["end"]), "{name}");
        assert_eq!(got["spectral_windows"][0]["freq_hz"], want["freq"], "{name}");
        let positions: Vec<&Json> =
            got["antennas"].as_array().unwrap().iter().map(|a| &a["position_m"]).collect();
        assert_eq!(positions, want["pos"].as_array().unwrap().iter().collect::<Vec<_>>(), "{name}");
        let scans: Vec<&Json> = got["scans"].as_array().unwrap().iter().map(|s| &s["scan"]).collect();
        assert_eq!(scans, want["scans"].as_array().unwrap().iter().collect::<Vec<_>>(), "{name}");
        let (output, out, _) = run(&["ms", "check", ms]);
        assert_eq!(output.status.code(), Some(0), "{out}");
    }
}

#[test]
fn copies_are_the_same_whole_or_in_part() {
    let (place, ms) = (Place::new(), tiny());
    let path = |name: &str| place.path(name).to_str().unwrap().to_owned();
    let (whole, part) = (path("whole.ms"), path("part.ms"));
    let (output, out, err) = run(&["ms", "copy", &ms, &whole]);
    assert!(output.status.success() && out.contains("84 rows"), "{out}{err}");
    let same = run(&["ms", "diff", &ms, &whole, "--columns", "DATA,UVW,FLAG,TIME,ANTENNA1"]);
    assert!(same.0.status.success(), "{}", same.1);
    let (_, history, _) = run(&["ms", "show", &format!("{whole}::HISTORY"), "MESSAGE[-1]"]);
    assert!(history.contains("copied from") && history.contains("84 rows"), "{history}");

    let (output, _, err) = run(&["ms", "copy", &ms, &part, "--rows", "3:9", "--columns", "UVW,ANTENNA1"]);
    assert!(output.status.success(), "{err}");
    let cells = |table: &str, rows: &str| run(&["ms", "show", table, &format!("UVW[{rows}]"), "--all"]).1;
    let values = |text: String| -> Vec<String> {
        text.lines().skip(1).filter_map(|line| Some(line.split_once(' ')?.1.trim().to_owned())).collect()
    };
    assert_eq!(values(cells(&part, "0:6")), values(cells(&ms, "3:9")));
    assert!(run(&["ms", "columns", &part]).1.lines().all(|line| !line.starts_with("DATA ")));

    for (args, says) in [
        (vec!["ms", "copy", &ms, &whole], "--overwrite"),
        (vec!["ms", "copy", &ms, &part, "--overwrite", "--field", "77"], "no row"),
        (vec!["ms", "copy", &ms, &part, "--overwrite", "--rows", "80:90"], "84"),
        (vec!["ms", "copy", &ms, &part, "--overwrite", "--columns", "NOWHERE"], "NOWHERE"),
    ] {
        let (output, _, err) = run(&args);
        assert!(!output.status.success() && err.contains(says), "{says} is not in {err}");
    }
    assert_eq!(values(cells(&part, "0:6")), values(cells(&ms, "3:9")), "what was there stays");
}

/// A sorted view of a table becomes a table of its own, with the same cells.
#[test]
fn a_copy_of_a_view_stands_alone() {
    let Some(atca) = testkit::real_data("copy of a view", "ms/atca_tiled_data/atca.ms") else { return };
    let place = Place::new();
    let (view, copy) = (format!("{}::SORTED_TABLE", atca.display()), place.path("sorted.ms"));
    let copy = copy.to_str().unwrap();
    let (output, out, err) = run(&["ms", "copy", &view, copy, "--rows", "0:200"]);
    assert!(output.status.success() && out.contains("200 rows"), "{out}{err}");
    for column in ["UVW[0:200]", "DATA[199]", "TIME[17]"] {
        let all = |table: &str| run(&["ms", "show", table, column, "--all"]).1;
        // The first line names the storage manager, which is another.
        let (there, here) = (all(&view), all(copy));
        assert!(there.lines().count() > 1 && there.lines().skip(1).eq(here.lines().skip(1)), "{column}");
    }
}

/// Whoever copies a part over what it is part of would lose the rest.
#[test]
fn a_copy_does_not_take_the_place_of_its_source() {
    let Some(atca) = testkit::real_data("copy over the source", "ms/atca_tiled_data/atca.ms") else { return };
    let place = Place::new();
    let ms = place.path("at.ms");
    testkit::copy_tree(&atca, &ms);
    let (before, ms) = (snapshot(&ms), ms.to_str().unwrap().to_owned());
    let inside = |name: &str| format!("{ms}{name}");
    for (from, to) in [
        (inside("::SORTED_TABLE"), ms.clone()),
        (inside("::ANTENNA"), inside("/ANTENNA/new.ms")),
        (ms.clone(), ms.clone()),
        (ms.clone(), inside("/SORTED_TABLE")),
        (inside("::FEED"), ms.clone()),
    ] {
        let (output, _, err) = run(&["ms", "copy", &from, &to, "--overwrite"]);
        let refused = err.contains("holds or lies in") && err.contains("another OUT");
        assert!(!output.status.success() && refused, "{from} {to}: {err}");
    }
    assert!(snapshot(Path::new(&ms)) == before, "something was changed");
}

/// Locks the MeasurementSet for writing until a line comes, and a little longer.
const HOLD: &str = "
import sys, time
from casacore.tables import table
t = table(sys.argv[1], readonly=False, lockoptions='user', ack=False)
t.lock(write=True)
print('ready', flush=True)
sys.stdin.readline()
time.sleep(2)
t.unlock()
t.close()
";

/// A casacore program writes: who reads says that it waits and for whom, or does not wait with `--no-lock`.
#[test]
fn who_waits_for_a_lock_says_so_and_nobody_has_to() {
    let Some(mut python) = testkit::peer_python("locks from the command line") else { return };
    let (place, piped) = (Place::new(), std::process::Stdio::piped);
    let ms = place.copy_ms();
    let mut holder =
        python.args(["-c", HOLD]).arg(&ms).stdin(piped()).stdout(piped()).spawn().expect("python starts");
    let mut ready = String::new();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n");
    let run = |command: &[&str], more: &[&str]| {
        let mut command = facette(command);
        let output = command.arg(&ms).args(more).timeout(Duration::from_secs(120)).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{command:?}: {text}");
        text
    };
    let (copy, parquet, image) = (place.path("whole.ms"), place.path("parquet"), place.path("image"));
    let [copy, parquet, image, same] = [&copy, &parquet, &image, &ms].map(|path| path.to_str().unwrap());
    for (command, more) in [
        (&["info"][..], &[][..]),
        (&["ms", "columns"], &[]),
        (&["ms", "show"], &["UVW"]),
        (&["ms", "check"], &[]),
        (&["ms", "diff"], &[same]),
        (&["ms", "export"], &["--out", parquet]),
        (&["ms", "copy"], &[copy]),
        (&["dirty"], &["--npix", "64", "--cell", "20arcsec", "--out", image]),
    ] {
        let said = run(command, &[more, &["--no-lock"]].concat());
        assert!(!said.contains("lock"), "{command:?}: {said}");
    }
    holder.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    let said = run(&["ms", "check"], &[]);
    let waits = format!("held by process {}", holder.id());
    assert!(said.contains("waiting for a read lock on") && said.contains(&waits), "{said}");
    assert!(said.contains("got the lock on"), "{said}");
    assert!(holder.wait().unwrap().success());
}

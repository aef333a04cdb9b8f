//! Looking on: `--live`, `--trace` and `--stall-after`.

mod common;

use common::{Place, facette};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// Runs to a good end; standard output and error.
#[track_caller]
fn done(command: &mut assert_cmd::Command) -> (String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    (out, err)
}

/// Expects failure with `code`, every one of `says` in one message, and the files of before.
#[track_caller]
fn refused(place: &Place, command: &mut assert_cmd::Command, code: i32, says: &[&str]) {
    let before = place.files();
    let output = command.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for text in says {
        assert!(message.contains(text), "`{text}` is not in: {message}");
    }
    assert_eq!(message.matches("error:").count(), 1, "{message}");
    assert_eq!(place.files(), before);
}

/// Names of the calls in a trace.
fn calls(trace: &Value) -> BTreeSet<&str> {
    let events = trace["traceEvents"].as_array().unwrap();
    events.iter().filter(|e| e["ph"] == "X").map(|e| e["name"].as_str().unwrap()).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_table_of_stages_and_tasks_is_shown_where_it_is_asked_for() {
    let place = Place::new();
    let ms = testkit::fixture("tiny.ms");
    // Stages by hand: so little data end in the sample that a plan by costs begins with.
    let stages = |last: &str| {
        format!(
            r#"{{"source": "ReadChunks", "stages": [{{"tasks": ["ReadChunks"]}},
                {{"tasks": ["ToStokes{last}"#
        )
    };
    let weights = stages(r#""], "replicas": 2}, {"tasks": ["SumDensity"]}]}"#);
    let grids = stages(r#"", "Weigh"], "replicas": 2}, {"tasks": ["Grid"], "threads": 2}]}"#);
    let file = place.path("stages.json");
    fs::write(&file, format!(r#"{{"format": 1, "passes": [{weights}, {grids}]}}"#)).unwrap();
    let pipeline = ["--live", "--threads", "2", "--pipeline", file.to_str().unwrap()];
    let (facts, err) = done(&mut place.dirty(&ms, &pipeline));
    for text in ["share", "stage 0", "stage 1, 2 replicas", "% at work", "boundary 1: ", "SumDensity", "Grid"]
    {
        assert!(err.contains(text), "`{text}` is not in: {err}");
    }
    assert!(err.contains("FinishImage") && err.trim_end().ends_with(" in tasks"), "{err}");
    assert!(!err.contains('\x1b') && !err.contains("; now "), "nothing live on a pipe: {err}");
    assert!(facts.contains("done") && !facts.contains("stage 0"), "{facts}");

    let (facts, table) = done(&mut place.dirty(&ms, &["--live", "--quiet", "--overwrite"]));
    assert!(facts.is_empty() && table.contains("Grid") && !table.contains("note"), "{facts}{table}");
    let (_, err) = done(&mut place.dirty(&ms, &["--overwrite"]));
    assert!(!err.contains("stage 0"), "{err}");
}

#[test]
fn a_trace_is_a_product_like_the_others() {
    let place = Place::new();
    let ms = testkit::fixture("tiny.ms");
    fs::create_dir(place.path("traces")).unwrap();
    let path = place.path("traces/t.json");
    let trace = ["--trace", path.to_str().unwrap()];
    let (facts, err) = done(&mut place.dirty(&ms, &trace));
    assert!(facts.contains("traces/t.json") && !err.contains("dropped"), "{facts}{err}");
    let events = json(&path);
    // The survey, the weights, the image, and what follows.
    for task in ["SumDensity", "ToStokes", "Weigh", "Grid", "FinishImage", "WriteFits", "WritePicture"] {
        assert!(calls(&events).contains(task), "no {task} in {:?}", calls(&events));
    }
    assert_eq!(events["otherData"]["dropped_events"], 0);
    let streams = events["traceEvents"].as_array().unwrap().iter().filter(|e| e["name"] == "stream");
    assert_eq!(streams.count(), 3);
    let summary = json(&place.path("out.dirty.summary.json"));
    assert_eq!(summary["outputs"]["trace"].as_str(), path.to_str());
    assert_eq!(
        (&summary["options"]["trace"], &summary["options"]["stall-after"]),
        (&path.to_str().into(), &"60s".into())
    );
    assert_eq!(place.files(), ["out.dirty.fits", "out.dirty.png", "out.dirty.summary.json", "traces"]);
    assert_eq!(fs::read_dir(place.path("traces")).unwrap().count(), 1);

    // Kept unless told otherwise, even where the other products are new.
    let mut psf = facette(&["psf", "--npix", "64", "--cell", "20arcsec", "--out"]);
    psf.arg(place.path("p")).arg(&ms).args(trace);
    refused(&place, &mut psf, 1, &["t.json", "--overwrite", "--trace"]);
    done(psf.arg("--overwrite"));
    assert!(calls(&json(&path)).contains("FitBeam"));
}

#[test]
fn the_image_does_not_depend_on_who_looks_on() {
    let place = Place::new();
    let ms = testkit::fixture("tiny.ms");
    let image = |options: &[&str]| {
        done(&mut place.dirty(&ms, &[options, &["--overwrite"]].concat()));
        fs::read(place.path("out.dirty.fits")).unwrap()
    };
    let trace = place.path("t.json");
    let watched = image(&["--live", "--stall-after", "1ms", "--trace", trace.to_str().unwrap()]);
    assert!(watched == image(&["--stall-after", "0"]), "the images differ");
}

#[test]
fn a_trace_needs_a_place_of_its_own() {
    let place = Place::new();
    let ms = place.copy_ms();
    let with = |trace: &str| {
        let path = if trace.is_empty() { String::new() } else { place.path(trace).display().to_string() };
        place.dirty(&ms, &["--trace", &path])
    };
    refused(&place, &mut with("none/t.json"), 1, &["none", "--trace"]);
    refused(&place, &mut with("out.dirty.fits"), 2, &["--trace", "out.dirty.fits", "another product"]);
    refused(&place, &mut with("./out.dirty.png"), 2, &["--trace", "another product"]);
    refused(&place, &mut with("copy.ms/t.json"), 2, &["--trace", "copy.ms", "only read"]);
    refused(&place, &mut with(""), 2, &["--trace", "value"]);
    refused(&place, &mut with("new/"), 2, &["--trace", "name of a file"]);
    refused(&place, &mut with("copy.ms"), 1, &["copy.ms", "directory", "--trace"]);
    let mut demo = facette(&["demo", "--out"]);
    demo.arg(place.path("d")).arg("--trace").arg(place.path("d/demo.psf.fits"));
    refused(&place, &mut demo, 2, &["--trace", "demo.psf.fits", "another product"]);
}

#[test]
fn a_patience_needs_a_unit() {
    let place = Place::new();
    let ms = testkit::fixture("tiny.ms");
    for bad in ["60", "soon", "-1s", "1e300h", "nans", "2parsec", ""] {
        refused(&place, &mut place.dirty(&ms, &["--stall-after", bad]), 2, &["--stall-after", "60s"]);
    }
    let mut demo = facette(&["demo", "--stall-after", "60", "--out"]);
    refused(&place, demo.arg(place.path("d")), 2, &["--stall-after", "60s"]);
    for good in ["0", "0s", "2min", "500ms"] {
        done(&mut place.dirty(&ms, &["--stall-after", good, "--overwrite"]));
    }
}

#[test]
fn a_stall_is_warned_of_once_a_pass_with_task_and_boundary() {
    let place = Place::new();
    let (demo, trace) = (place.path("demo"), place.path("demo/t.json"));
    let mut command = facette(&["demo", "--live", "--stall-after", "5ms", "--threads", "2", "--out"]);
    let (facts, err) = done(command.arg(demo).arg("--trace").arg(&trace));
    let stalls: Vec<_> = err.lines().filter(|line| line.contains("nothing has moved for ")).collect();
    // Dirty image, PSF, and the responses of 13 sources.
    assert!((1..=15).contains(&stalls.len()), "{err}");
    let is_full = |line: &&&str| {
        line.contains(" is at work on frame ") && line.contains(" waits for a frame at boundary ")
    };
    // Which boundary it is depends on the plan that the costs have made.
    let full = stalls.iter().find(is_full).unwrap_or_else(|| panic!("no task and boundary in: {err}"));
    assert!(full.contains("; boundary ") && full.contains(" → "), "{full}");
    // Streams are added up where they ran in the same stages.
    let streams = err.lines().filter_map(|line| line.split_once(" of ReadChunks: "));
    let chunks = streams.map(|(_, text)| text.split(' ').next().unwrap().parse::<u64>().unwrap());
    assert_eq!(chunks.sum::<u64>(), 15 * 6, "{err}");
    assert!(facts.contains("demo/t.json"), "{facts}");
    let trace = json(&trace);
    let known = calls(&trace);
    assert!(known.contains("Respond") && known.contains("FitSources"), "{known:?}");
    let stalled = trace["traceEvents"].as_array().unwrap().iter().filter(|e| e["name"] == "stalled");
    assert!(stalled.count() >= stalls.len());
}

//! `facette plan`, and the pipelines that `facette dirty` takes from it.

mod common;

use common::{Place, facette};
use serde_json::Value;
use std::{fs, path::Path};

const IMAGE: [&str; 4] = ["--npix", "96", "--cell", "20arcsec"];

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Plans the small MeasurementSet; gives what was printed and the file for programs.
fn plan(place: &Place, options: &[&str]) -> (String, Value) {
    let mut command = facette(&["plan"]);
    command.arg(testkit::fixture("tiny.ms")).args(IMAGE).args(options).arg("--out").arg(place.path("p"));
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{err}");
    (out, json(&place.path("p.plan.json")))
}

#[test]
fn a_plan_says_what_it_found_and_its_pipeline_makes_the_same_image() {
    let place = Place::new();
    let (out, found) = plan(&place, &["--cores", "3", "--weight", "uniform", "--telescope", "meerkat"]);
    for label in ["measured", "pipeline", "predicted", "bottleneck", "target", "telescope", "assumed"] {
        assert!(out.lines().any(|line| line.starts_with(label)), "no `{label}` in: {out}");
    }
    // Weights are a pass of their own.
    assert_eq!(found["prediction"]["pipelines"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!((&found["rows_total"], &found["format"]), (&84.into(), &1.into()));
    // Four minutes, and one row for each of 21 baselines and a time.
    assert!((found["observed_s"].as_f64().unwrap() - 240.0).abs() < 1.0, "{found}");
    let part = |name: &str| found["prediction"][name].as_f64().unwrap();
    let sum = part("survey_s") + part("streams_s") + part("once_s");
    assert!((part("wall_s") - sum).abs() < 1e-9 && part("streams_s") > 0.0 && part("once_s") > 0.0);
    assert!((part("real_time_ratio") - sum / 240.0).abs() < 1e-6);
    for kind in ["json", "ratio", "gantt", "pipeline", "profile"] {
        let path = found["outputs"][kind].as_str().unwrap();
        assert!(fs::metadata(path).unwrap().len() > 100, "{kind}");
    }
    let left: Vec<_> = fs::read_dir(place.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "nothing else is left: {left:?}");

    let dirty = |out: &str, pipeline: &str| {
        let mut command = facette(&["dirty"]);
        command.arg(testkit::fixture("tiny.ms")).args(IMAGE).args(["--weight", "uniform", "--threads", "3"]);
        let output = command.args(["--pipeline", pipeline, "--out"]).arg(place.path(out)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let pixels = facette::fits::read_image(&place.path(&format!("{out}.dirty.fits"))).unwrap().pixels;
        (pixels, json(&place.path(&format!("{out}.dirty.summary.json"))))
    };
    let file = place.path("p.pipeline.json");
    let (planned, summary) = dirty("planned", file.to_str().unwrap());
    let (sequential, _) = dirty("sequential", "sequential");
    assert_eq!(planned, sequential);
    let stages = |summary: &Value| summary["pipelines"][1]["stages"].as_str().unwrap().to_owned();
    assert_eq!(stages(&summary), found["prediction"]["pipelines"][1].as_str().unwrap());
    let (automatic, summary) = dirty("auto", "auto");
    assert_eq!(automatic, sequential);
    assert!(stages(&summary).contains("Grid"), "{summary}");
}

#[test]
fn kinds_of_cores_and_targets() {
    let place = Place::new();
    let (out, found) = plan(&place, &["--machine", "big:2,little:2@0.25", "--target-ratio", "1e-9"]);
    assert!(
        out.contains("no number of cores up to 1024 reaches it") && out.contains("2 big, 2 little"),
        "{out}"
    );
    assert_eq!(found["target"]["cores"], Value::Null);
    assert_eq!(found["prediction"]["cores"][1]["speed"], 0.25);
    let pipeline = json(&place.path("p.pipeline.json"));
    let stages = pipeline["passes"][0]["stages"].as_array().unwrap();
    assert!(!stages.is_empty() && stages[0]["tasks"][0] == "ReadChunks", "{pipeline}");
}

#[test]
fn mistakes_are_named_and_leave_nothing() {
    let place = Place::new();
    let refused = |options: &[&str], says: &[&str]| {
        let mut command = facette(&["plan"]);
        command.arg(testkit::fixture("tiny.ms")).args(IMAGE).args(options).arg("--out").arg(place.path("p"));
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{err}");
        says.iter().for_each(|text| assert!(err.contains(text), "`{text}` is not in: {err}"));
        assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 0, "{options:?}");
    };
    refused(&["--cores", "0"], &["--cores: 0 is not 1 to 4096", "try: --cores 16"]);
    refused(&["--machine", "big"], &["--machine: `big` is not KIND:NUMBER"]);
    refused(&["--machine", "big:1", "--cores", "2"], &["--machine", "--cores"]);
    refused(&["--target-ratio", "0"], &["--target-ratio: 0 is not a number above 0"]);
    let file = testkit::fixture("tiny.ms").join("t.json");
    refused(&["--trace", file.to_str().unwrap()], &["--trace", "tiny.ms", "only read"]);
    let product = place.path("p.pipeline.json");
    refused(&["--trace", product.to_str().unwrap()], &["--trace", "is another product"]);
    refused(&["--telescope", "vla"], &["there is no telescope `vla`", "ska-low, ska-mid"]);
}

#[test]
fn pipelines_that_cannot_be_run_are_refused_before_anything_is_written() {
    let place = Place::new();
    let refused = |text: Option<&str>, says: &[&str]| {
        let file = place.path("other.json");
        text.into_iter().for_each(|text| fs::write(&file, text).unwrap());
        let mut command = facette(&["dirty"]);
        command.arg(testkit::fixture("tiny.ms")).args(IMAGE).args(["--weight", "natural", "--pipeline"]);
        let output = command.arg(&file).arg("--out").arg(place.path("d")).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{err}");
        for text in ["--pipeline: ", "other.json", "try: --pipeline auto"].iter().chain(says) {
            assert!(err.contains(text), "`{text}` is not in: {err}");
        }
        assert!(!place.path("d.dirty.fits").exists());
    };
    refused(None, &["No such file"]);
    refused(Some("{"), &["not a plan of a pipeline"]);
    refused(Some(&" ".repeat(3 << 20)), &["the limit is 1048576"]);
    let of = |stage: &str| format!(r#"{{"format": 1, "passes": [{{"source": "x", "stages": [{stage}]}}]}}"#);
    refused(
        Some(&of(r#"{"tasks": ["ReadChunks", "Flag"]}"#)),
        &["no stages for the stream of ReadChunks", "ToStokes", "it plans ReadChunks → Flag"],
    );
    let all = r#"["ReadChunks", "ToStokes", "Weigh", "Grid"]"#;
    refused(Some(&of(&format!(r#"{{"tasks": {all}, "replicas": 0}}"#))), &["replicas is 0"]);
    refused(Some(&of(&format!(r#"{{"tasks": {all}, "replica": 2}}"#))), &["unknown field `replica`"]);
}

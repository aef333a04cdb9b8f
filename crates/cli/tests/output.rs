//! What the command says, where it says it, and what it refuses.

mod common;

use common::{Place, facette};
use std::process::Output;

fn run(command: &mut assert_cmd::Command) -> (Output, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

/// Expects failure with `code` and every one of `says` in the message.
#[track_caller]
fn refused(command: &mut assert_cmd::Command, code: i32, says: &[&str]) {
    let (output, out, err) = run(command);
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    for text in says {
        assert!(err.contains(text), "`{text}` is not in: {err}");
    }
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn info_names_telescope_rows_fields_columns_and_suggests_an_image() {
    let (output, out, err) = run(facette(&["info"]).arg(testkit::fixture("tiny.ms")));
    assert!(output.status.success() && err.is_empty(), "{err}");
    let line = |label: &str| {
        let found = out.lines().find(|l| l.starts_with(&format!("{label} ")));
        found.unwrap_or_else(|| panic!("no `{label}` in: {out}"))
    };
    assert!(line("telescope").contains("VLA") && line("telescope").contains("observer sim"));
    assert!(line("times").contains("2020-06-27T18:40:00.0 to 2020-06-27T18:44:00.0 UTC (4.0 min)"));
    assert!(line("antennas").contains("7: A00 A01"));
    assert!(line("rows").ends_with(" 84"));
    assert!(line("field 0").contains("F0 · 12:00:00.00 +45:00:00.0 J2000"));
    assert!(
        line("ddid 0").contains("4 channels 1300.0–1306.0 MHz") && line("ddid 0").contains("XX XY YX YY")
    );
    for (column, says) in [("DATA", "Complex"), ("FLAG", "Bool"), ("UVW", "Double"), ("WEIGHT", "Float")] {
        let line = line(&format!("column {column}"));
        assert!(line.contains(says) && line.ends_with("StandardStMan"), "{line}");
    }
    let suggestion = line("image ddid 0");
    // A third of λ/B at 1306 MHz and 2584 m is 6.1 arcsec; 84 rows of field 0.
    for text in ["--cell 6arcsec", "--npix ", "84 rows"] {
        assert!(suggestion.contains(text), "{suggestion}");
    }
}

#[test]
fn a_suggestion_of_info_can_be_pasted() {
    let place = Place::new();
    let (_, out, _) = run(facette(&["info"]).arg(testkit::fixture("tiny.ms")));
    let line = out.lines().find(|l| l.starts_with("image ddid 0")).unwrap();
    let options: Vec<_> = line.split_whitespace().skip_while(|w| !w.starts_with("--")).take(4).collect();
    let (output, _, err) = run(facette(&["dirty"])
        .arg(testkit::fixture("tiny.ms"))
        .args(options)
        .arg("--out")
        .arg(place.path("out")));
    assert!(output.status.success(), "{err}");
}

#[test]
fn quiet_says_nothing_at_all() {
    let place = Place::new();
    let ms = testkit::fixture("tiny.ms");
    let (output, out, err) = run(&mut place.dirty(&ms, &["--quiet"]));
    assert!(output.status.success());
    assert_eq!((out.as_str(), err.as_str()), ("", ""));
    // Nor about guesses; but an error is said.
    let mut guessing = facette(&["psf", "--quiet", "--npix", "64", "--out"]);
    let (output, out, err) = run(guessing.arg(place.path("guess")).arg(&ms));
    assert!(output.status.success());
    assert_eq!((out.as_str(), err.as_str()), ("", ""));
    refused(&mut place.dirty(&ms, &["--quiet"]), 1, &["error:", "exists already", "--overwrite"]);
}

#[test]
fn guesses_are_announced_on_standard_error_and_facts_on_standard_output() {
    let place = Place::new();
    let ms = testkit::fixture("tiny.ms");
    let (output, out, err) = run(facette(&["dirty"]).arg(&ms).arg("--out").arg(place.path("a")));
    assert!(output.status.success(), "{err}");
    for text in ["cell not given", "npix not given", "6 arcsec"] {
        assert!(err.contains(text), "`{text}` is not in: {err}");
    }
    assert!(!out.contains("not given"), "{out}");
    for text in ["VLA", "w-gridding", "error ≤ 1e-4", "real-time ratio", "a.dirty.fits"] {
        assert!(out.contains(text), "`{text}` is not in: {out}");
    }
    let (_, _, err) = run(&mut place.dirty(&ms, &[]));
    assert!(!err.contains("not given"), "{err}");
}

#[test]
fn the_psf_reports_its_beam() {
    let place = Place::new();
    let mut psf = facette(&["psf", "--npix", "128", "--cell", "10arcsec", "--weight", "natural", "--out"]);
    let (output, out, err) = run(psf.arg(place.path("p")).arg(testkit::fixture("tiny.ms")));
    assert!(output.status.success(), "{err}");
    assert!(out.lines().any(|l| l.starts_with("beam ") && l.contains("arcsec, position angle")), "{out}");
    assert_eq!(place.files(), ["p.psf.fits", "p.psf.png", "p.psf.summary.json"]);
}

#[test]
fn a_cell_needs_a_unit_and_a_size_a_pixel() {
    let place = Place::new();
    for command in ["dirty", "psf"] {
        let with = |options: &[&str]| {
            let mut c = facette(&[command]);
            c.arg(testkit::fixture("tiny.ms")).args(options).arg("--out").arg(place.path("out"));
            c
        };
        refused(&mut with(&["--npix", "64", "--cell", "0"]), 2, &["--cell", "arcsec"]);
        refused(&mut with(&["--npix", "64", "--cell", "2"]), 2, &["--cell", "arcsec"]);
        refused(&mut with(&["--npix", "0", "--cell", "2arcsec"]), 2, &["--npix"]);
        refused(&mut with(&["--npix", "64,0", "--cell", "2arcsec"]), 2, &["--npix"]);
        refused(&mut with(&["--npix", "many", "--cell", "2arcsec"]), 2, &["--npix"]);
    }
    assert!(place.files().is_empty());
}

#[test]
fn psf_and_demo_refuse_places_that_cannot_be_written() {
    let place = Place::new();
    std::fs::write(place.path("file"), "mine").unwrap();
    let mut psf = facette(&["psf", "--npix", "64", "--cell", "20arcsec", "--out"]);
    refused(psf.arg(place.path("none/p")).arg(testkit::fixture("tiny.ms")), 1, &["none"]);
    let demo = || facette(&["demo"]);
    let (output, _, err) = run(demo().arg("--out").arg(place.path("file/demo")));
    assert!(matches!(output.status.code(), Some(1 | 2)) && err.contains("file/demo"), "{err}");
    refused(demo().args(["--noise=-1Jy", "--out"]).arg(place.path("d")), 2, &["--noise"]);
    refused(demo().args(["--noise", "0.1", "--out"]).arg(place.path("d")), 2, &["--noise", "Jy"]);
    refused(demo().args(["--threads", "0", "--out"]).arg(place.path("d")), 2, &["--threads"]);
    refused(psf_of(&place).args(["--threads", "0"]), 2, &["--threads"]);
    assert_eq!(place.files(), ["file"]);
    assert_eq!(std::fs::read_to_string(place.path("file")).unwrap(), "mine");
}

fn psf_of(place: &Place) -> assert_cmd::Command {
    let mut psf = facette(&["psf", "--npix", "64", "--cell", "20arcsec", "--out"]);
    psf.arg(place.path("p")).arg(testkit::fixture("tiny.ms"));
    psf
}

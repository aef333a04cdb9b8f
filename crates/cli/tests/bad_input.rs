//! Bad input: each case ends with a non-zero exit code and one clear message that names the thing and the way out; no
//! panic, no partial product, nothing in the MeasurementSet changed.

mod common;

use common::{Place, facette, snapshot};
use std::{fs, path::Path};

/// Runs `facette dirty` and expects failure with `code` and every one of `says` in the message.
#[track_caller]
fn fails(place: &Place, ms: &Path, more: &[&str], code: i32, says: &[&str]) {
    let before = if ms.is_dir() { snapshot(ms) } else { Vec::new() };
    let files_before = place.files();
    let output = place.dirty(ms, more).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for text in says {
        assert!(message.contains(text), "`{text}` is not in: {message}");
    }
    assert!(!message.contains("panicked") && !message.contains("RUST_BACKTRACE"), "{message}");
    assert_eq!(message.matches("error:").count(), 1, "one message, not several: {message}");
    assert_eq!(place.files(), files_before, "a product was left behind");
    if ms.is_dir() {
        assert_eq!(snapshot(ms), before, "the MeasurementSet was changed");
    }
}

#[test]
fn a_path_that_is_not_there() {
    let place = Place::new();
    fails(&place, &place.path("none.ms"), &[], 1, &["none.ms"]);
}

#[test]
fn a_folder_that_is_not_a_table_and_a_table_that_is_not_an_ms() {
    let place = Place::new();
    fs::create_dir(place.path("plain")).unwrap();
    fails(&place, &place.path("plain"), &[], 1, &["plain", "table.dat"]);
    fails(&place, &testkit::fixture("tiny.ms").join("ANTENNA"), &[], 1, &["ANTENNA"]);
}

#[test]
fn a_truncated_table_file() {
    for (file, keep) in
        [("table.dat", 1000), ("table.f0", 5000), ("table.f0i", 20_000), ("SPECTRAL_WINDOW/table.dat", 10)]
    {
        let place = Place::new();
        let ms = place.copy_ms();
        let bytes = fs::read(ms.join(file)).unwrap();
        assert!(bytes.len() > keep, "{file} has only {} bytes", bytes.len());
        fs::write(ms.join(file), &bytes[..keep]).unwrap();
        let name = Path::new(file).file_name().unwrap().to_str().unwrap();
        fails(&place, &ms, &[], 1, &[name]);
    }
}

#[test]
fn a_missing_column_lists_those_that_are_there() {
    let place = Place::new();
    fails(&place, &place.copy_ms(), &["--column", "MODEL_DATA"], 1, &["MODEL_DATA", "DATA", "--column"]);
}

#[test]
fn a_selection_that_leaves_nothing() {
    let place = Place::new();
    let ms = place.copy_ms();
    fails(&place, &ms, &["--field", "Cyg A"], 1, &["Cyg A", "F0"]);
    fails(&place, &ms, &["--field", "3"], 1, &["field", "3"]);
    fails(&place, &ms, &["--ddid", "7"], 1, &["7"]);
    fails(&place, &ms, &["--chan-start", "2", "--chan-end", "2"], 1, &["chan"]);
    fails(&place, &ms, &["--chan-end", "900"], 1, &["900"]);
}

#[test]
fn all_data_flagged() {
    let place = Place::new();
    let ms = place.copy_ms();
    fs::copy(testkit::fixture("tiny.all_flagged.table.f0"), ms.join("table.f0")).unwrap();
    for weight in ["natural", "uniform", "briggs"] {
        fails(&place, &ms, &["--weight", weight], 1, &["flagged"]);
    }
}

#[test]
fn options_that_cannot_be() {
    let place = Place::new();
    let ms = place.copy_ms();
    let mut zero = facette(&["dirty"]);
    zero.arg(&ms).args(["--npix", "64", "--cell", "0arcsec", "--out"]).arg(place.path("out"));
    let output = zero.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--cell"));
    fails(&place, &ms, &["--epsilon", "1e-30"], 2, &["--epsilon", "1e-30", "double"]);
    fails(&place, &ms, &["--robust", "-400"], 2, &["--robust", "-400"]);
    fails(&place, &ms, &["--threads", "0"], 2, &["--threads"]);
    fails(&place, &ms, &["--chunk-rows", "0"], 2, &["--chunk-rows"]);
    fails(&place, &ms, &["--stokes", "Z"], 2, &["stokes"]);
}

#[test]
fn a_size_that_cannot_fit() {
    let place = Place::new();
    let ms = place.copy_ms();
    let mut huge = facette(&["dirty"]);
    huge.arg(&ms).args(["--npix", "400000", "--cell", "0.1arcsec", "--out"]).arg(place.path("out"));
    let output = huge.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for text in ["needs", "TiB", "--npix", "--memory"] {
        assert!(message.contains(text), "`{text}` is not in: {message}");
    }
    // The program alone needs more than this, so a smaller image is no way out.
    fails(&place, &ms, &["--memory", "1MiB"], 1, &["--memory allows", "try: --memory"]);
    assert_eq!(place.files(), ["copy.ms"]);
}

#[test]
fn an_output_that_cannot_be_written() {
    let place = Place::new();
    let ms = place.copy_ms();
    fs::write(place.path("file"), "").unwrap();
    for out in ["nowhere/out", "file/out"] {
        let mut command = facette(&["dirty"]);
        command.arg(&ms).args(["--npix", "64", "--cell", "20arcsec", "--out"]).arg(place.path(out));
        let output = command.output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(out.split('/').next().unwrap()), "{message}");
    }
    assert_eq!(place.files(), ["copy.ms", "file"]);
}

#[test]
fn an_existing_output_is_kept_unless_told_otherwise() {
    let place = Place::new();
    let ms = place.copy_ms();
    fs::write(place.path("out.dirty.fits"), "mine").unwrap();
    fails(&place, &ms, &[], 1, &["out.dirty.fits", "--overwrite"]);
    assert_eq!(fs::read_to_string(place.path("out.dirty.fits")).unwrap(), "mine");
    assert!(place.dirty(&ms, &["--overwrite"]).output().unwrap().status.success());
    assert!(fs::read(place.path("out.dirty.fits")).unwrap().starts_with(b"SIMPLE"));
    // The picture and the summary are outputs like the image.
    fs::remove_file(place.path("out.dirty.fits")).unwrap();
    fs::remove_file(place.path("out.dirty.png")).unwrap();
    fails(&place, &ms, &[], 1, &["out.dirty.summary.json", "--overwrite"]);
}

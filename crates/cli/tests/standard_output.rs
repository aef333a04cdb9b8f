//! Standard output that cannot be written is an error; a reader who has enough is not, and is not made to wait.
#![cfg(target_os = "linux")]

mod common;

use common::Place;
use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

fn facette(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facette"));
    command.args(args);
    command
}

#[test]
fn a_full_disk_is_said_by_every_command() {
    let place = Place::new();
    let path = |name: &str| place.path(name).to_str().unwrap().to_owned();
    let (ms, copy, parquet, image) =
        (place.copy_ms().to_str().unwrap().to_owned(), path("whole.ms"), path("parquet"), path("image"));
    for (code, args) in [
        (1, &["info", &ms][..]),
        (1, &["ms", "info", &ms, "--json"]),
        (1, &["ms", "info", &format!("{ms}::ANTENNA")]),
        (1, &["ms", "columns", &ms]),
        (1, &["ms", "show", &ms, "UVW"]),
        (1, &["ms", "check", &ms]),
        (1, &["ms", "check", &ms, "--json"]),
        (2, &["ms", "diff", &ms, &ms]),
        (1, &["ms", "export", &ms, "--out", &parquet]),
        (1, &["ms", "copy", &ms, &copy]),
        (1, &["dirty", &ms, "--npix", "64", "--cell", "20arcsec", "--out", &image]),
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = facette(args).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains("error: standard output cannot be written"), "{args:?}: {said}");
    }
    assert!(place.path("image.dirty.fits").exists(), "{:?}", place.files());
}

#[test]
fn a_reader_who_has_enough_is_not_made_to_wait() {
    let ms = testkit::fixture("tiny.ms");
    // More than a pipe holds, and then a column that would be an error if anybody looked for it.
    let columns = [&["DATA[:]"; 10][..], &["NOWHERE"]].concat();
    let mut child = facette(&["ms", "show", ms.to_str().unwrap(), "--all"])
        .args(columns)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("DATA · Complex"), "{first}");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

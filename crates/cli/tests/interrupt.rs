//! Ctrl-C in the middle: exit code 130, no product, the MeasurementSet unchanged.
#![cfg(unix)]

mod common;

use common::{Place, snapshot};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A run with large transforms in double precision, which takes seconds after its plan was printed.
fn slow_run(place: &Place) -> Child {
    Command::new(env!("CARGO_BIN_EXE_facette"))
        .arg("dirty")
        .arg(place.copy_ms())
        .args(["--npix", "3000", "--cell", "100mas", "--epsilon", "1e-12", "--precision", "double", "--out"])
        .arg(place.path("out"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads what the run prints until a line that begins with `label`: gridding comes next.
fn wait_for(child: &mut Child, label: &str) {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.starts_with(label)), "no line `{label}`");
}

fn interrupt(child: &Child) {
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let place = Place::new();
    let mut child = slow_run(&place);
    wait_for(&mut child, "plan");
    let before = snapshot(&place.path("copy.ms"));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("interrupted"), "{message}");
    assert_eq!(place.files(), ["copy.ms"]);
    assert_eq!(snapshot(&place.path("copy.ms")), before);
}

#[test]
fn a_second_interrupt_stops_at_once_and_leaves_nothing_either() {
    let place = Place::new();
    let mut child = slow_run(&place);
    wait_for(&mut child, "plan");
    interrupt(&child);
    // Two signals in a row may arrive as one.
    std::thread::sleep(std::time::Duration::from_millis(50));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.files(), ["copy.ms"]);
}

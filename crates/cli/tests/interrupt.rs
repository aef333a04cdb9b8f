//! Ctrl-C in the middle: exit code 130, no product, the MeasurementSet unchanged.
#![cfg(unix)]

mod common;

use common::{Place, snapshot};
use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A run that takes long enough to be interrupted: every chunk is one row, read one at a time, several times over.
fn slow_run(place: &Place) -> std::process::Child {
    let ms = place.copy_ms();
    Command::new(env!("CARGO_BIN_EXE_facette"))
        .arg("dirty")
        .arg(&ms)
        .args(["--npix", "3000", "--cell", "100mas", "--epsilon", "1e-12", "--precision", "double", "--out"])
        .arg(place.path("out"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let place = Place::new();
    let child = slow_run(&place);
    let before = snapshot(&place.path("copy.ms"));
    std::thread::sleep(Duration::from_millis(400));
    let sent = Instant::now();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("interrupted"), "{message}");
    assert!(sent.elapsed() < Duration::from_secs(60));
    assert_eq!(place.files(), ["copy.ms"]);
    assert_eq!(snapshot(&place.path("copy.ms")), before);
}

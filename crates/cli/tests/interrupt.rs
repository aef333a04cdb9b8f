//! Ctrl-C in the middle: exit code 130, no product, the MeasurementSet unchanged.
#![cfg(unix)]

mod common;

use common::{Place, snapshot};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Far more than the chunk in hand takes, also on a busy machine.
const SOON: Duration = Duration::from_secs(20);

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

/// Waits for the end of a run that was interrupted.
#[track_caller]
fn ends_soon(child: Child) -> (Output, String) {
    let since = Instant::now();
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(since.elapsed() < SOON, "it took {:?}: {message}", since.elapsed());
    assert_eq!(output.status.code(), Some(130), "{message}");
    (output, message)
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let place = Place::new();
    let mut child = slow_run(&place);
    wait_for(&mut child, "plan");
    let before = snapshot(&place.path("copy.ms"));
    interrupt(&child);
    let (_, message) = ends_soon(child);
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
    ends_soon(child);
    assert_eq!(place.files(), ["copy.ms"]);
}

/// A demonstration, which passes over its data a dozen times, with a trace in another folder.
fn demo(place: &Place) -> Child {
    std::fs::create_dir(place.path("traces")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_facette"))
        .args(["demo", "--live", "--out"])
        .arg(place.path("demo"))
        .arg("--trace")
        .arg(place.path("traces/t.json"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Interrupts a demonstration `after` its plan, so many times.
fn interrupted_demo(after: Duration, times: usize) -> String {
    let place = Place::new();
    let mut child = demo(&place);
    wait_for(&mut child, "plan");
    std::thread::sleep(after);
    for _ in 0..times {
        interrupt(&child);
        std::thread::sleep(Duration::from_millis(50));
    }
    let (output, message) = ends_soon(child);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("done"));
    for folder in ["demo", "traces"] {
        let left: Vec<_> = std::fs::read_dir(place.path(folder)).unwrap().collect();
        assert!(left.is_empty(), "{left:?} in {folder}");
    }
    message
}

#[test]
fn a_chain_of_many_passes_is_interrupted_in_order() {
    for after_ms in [0, 300, 1500] {
        let message = interrupted_demo(Duration::from_millis(after_ms), 1);
        assert!(message.contains("finishing the chunk in hand"), "{message}");
        assert!(message.contains("error: interrupted: nothing was written"), "{message}");
        assert!(!message.contains("in tasks"), "a table of a run that has not ended: {message}");
    }
}

#[test]
fn a_chain_of_many_passes_is_stopped_at_once_by_the_second_interrupt() {
    interrupted_demo(Duration::from_millis(300), 2);
}

/// Holds the MeasurementSet's lock for writing until a line comes.
const HOLD: &str = "
import sys
from casacore.tables import table
t = table(sys.argv[1], readonly=False, lockoptions='user', ack=False)
t.lock(write=True)
print('ready', flush=True)
sys.stdin.readline()
t.unlock()
";

/// Who waits for another program's lock stops at once, not when the lock comes.
#[test]
fn commands_that_wait_for_a_lock_are_interrupted() {
    let Some(mut python) = testkit::peer_python("interrupt while a lock is held") else { return };
    let place = Place::new();
    let ms = place.copy_ms();
    let mut holder =
        python.args(["-c", HOLD]).arg(&ms).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&mut holder, "ready");
    let (before, files) = (snapshot(&ms), place.files());
    let (out, ms) = (place.path("out"), ms.to_str().unwrap());
    let out = out.to_str().unwrap();
    for args in [
        &["ms", "check", ms][..],
        &["ms", "diff", ms, ms],
        &["ms", "show", ms, "UVW"],
        &["ms", "export", ms, "--out", out],
        &["ms", "copy", ms, out],
        &["info", ms],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_facette"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("waiting for a read lock"), "{args:?}: {said}");
        interrupt(&child);
        let (_, message) = ends_soon(child);
        assert!(message.contains("interrupted: nothing was written"), "{args:?}: {message}");
        assert_eq!(place.files(), files, "{args:?}");
    }
    assert_eq!(snapshot(&place.path("copy.ms")), before);
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
}

/// A MeasurementSet that takes a while to read: 16,000 rows of 64 channels.
fn simulated(place: &Place) -> String {
    let ms = place.path("large.ms").to_str().unwrap().to_owned();
    let args = ["simulate", &ms, "--duration", "64s", "--nchan", "64", "--sefd", "400Jy", "--quiet"];
    let made = Command::new(env!("CARGO_BIN_EXE_facette")).args(args).status().unwrap();
    assert!(made.success());
    ms
}

#[test]
fn cells_are_no_longer_shown_after_an_interrupt() {
    let place = Place::new();
    let ms = simulated(&place);
    let mut child = Command::new(env!("CARGO_BIN_EXE_facette"))
        .args(["ms", "show", &ms, "DATA[:]"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // From here on it waits until somebody reads what fills the pipe.
    wait_for(&mut child, "DATA");
    interrupt(&child);
    let (output, message) = ends_soon(child);
    assert!(message.contains("interrupted"), "{message}");
    let n_line = String::from_utf8_lossy(&output.stdout).lines().count();
    assert!(n_line < 10_000, "{n_line} lines");
}

#[test]
fn an_interrupted_export_leaves_no_part() {
    let place = Place::new();
    let ms = simulated(&place);
    let out = place.path("out");
    for n_signal in [1] {
        let child = Command::new(env!("CARGO_BIN_EXE_facette"))
            .args(["ms", "export", &ms, "--out"])
            .arg(&out)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let part = place.path(&format!("out.part-{}", child.id()));
        let since = Instant::now();
        while !part.join("main.parquet").exists() {
            assert!(since.elapsed() < SOON, "{:?}", place.files());
            std::thread::sleep(Duration::from_millis(1));
        }
        for _ in 0..n_signal {
            interrupt(&child);
            std::thread::sleep(Duration::from_millis(20));
        }
        ends_soon(child);
        assert_eq!(place.files(), ["large.ms"], "after {n_signal} signals");
    }
}

//! A writer killed at each call that changes the disk, and at random instants, leaves the old or the new table.

mod writer;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use facette_tables::{Editor, Table};

/// Changes, and how the table is called after them.
const CHANGES: [(&str, &str); 5] = [
    ("append", "appended"),
    ("add", "added"),
    ("overwrite", "overwritten"),
    ("cells", "cells"),
    ("remove", "removed"),
];

/// What a writer is to do, in the environment of its process.
const ORDER: &str = "FACETTE_KILL_TEST";

/// The writer is this very program, with nothing but this test.
#[test]
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn the_writer() {
    if let Ok(order) = std::env::var(ORDER) {
        let (n_call, time) = writer::work(&order).unwrap();
        println!("calls={n_call};seconds={};", time.as_secs_f64());
    }
}

fn start(what: &str, table: &Path, number: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_writer", "--nocapture"]);
    command.env(ORDER, format!("{what} {number} {}", table.display())).stderr(Stdio::null());
    command
}

/// The number of calls and how long the commit took; `None` where it died.
fn run(what: &str, table: &Path, number: usize) -> Option<(usize, Duration)> {
    let output = start(what, table, number).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said =
        |name: &str| text.split(name).nth(1).and_then(|rest| rest.split(';').next()?.parse::<f64>().ok());
    let n_call = said("calls=").filter(|_| output.status.success())?;
    Some((n_call as usize, Duration::from_secs_f64(said("seconds=")?)))
}

fn copy_anew(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    testkit::copy_tree(from, to);
}

/// A casacore that looks at tables.
struct Casacore {
    child: Child,
    input: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Casacore {
    /// `None`, said aloud, where there is none.
    fn start(test: &str, n_row: u64) -> Option<Casacore> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written/killed.py");
        let mut command = testkit::peer_python(test)?;
        command.arg(script).arg(n_row.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, lines) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Casacore { child, input, lines: BufReader::new(lines) })
    }

    fn state(&mut self, table: &Path) -> String {
        writeln!(self.input, "{}", table.display()).unwrap();
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "casacore fails at {}", table.display());
        line.trim_end().to_owned()
    }
}

impl Drop for Casacore {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this crate finds: the same names.
fn state(path: &Path, n_row: u64) -> &'static str {
    let table = Table::open(path).unwrap();
    let (mut antenna, mut uvw) = (Vec::<i32>::new(), Vec::<f64>::new());
    table.column("ANTENNA1").unwrap().read_flat(0..table.n_row(), &mut antenna).unwrap();
    table.column("UVW").unwrap().read_flat(0..table.n_row(), &mut uvw).unwrap();
    for name in table.column_names() {
        // A part at a time, for the memory's sake.
        for start in (0..table.n_row()).step_by(5000) {
            table.column(name).unwrap().read(start..table.n_row().min(start + 5000)).unwrap();
        }
    }
    let is_new = |row: usize, v: f64| v == row as f64 + 2000.0;
    let any_new = (0..antenna.len()).any(|row| is_new(row, antenna[row].into()) || is_new(row, uvw[3 * row]));
    match () {
        () if table.n_row() != n_row => "appended",
        () if table.has_column("MODEL") => "added",
        () if !table.has_column("DATA") => "removed",
        () if antenna[0] == 1000 => "overwritten",
        () if any_new => "cells",
        () => "old",
    }
}

#[test]
fn each_call_is_a_good_one_to_die_at() {
    each_call("each_call_is_a_good_one_to_die_at", |_| {});
}

#[test]
fn each_call_is_a_good_one_to_die_at_where_the_row_count_is_stale() {
    each_call("each_call_is_a_good_one_to_die_at_where_the_row_count_is_stale", |table| {
        let path = table.join("table.dat");
        let mut bytes = std::fs::read(&path).unwrap();
        let row_count = (ROWS as u32).to_be_bytes();
        // After the magic number, the length and the object's name and version; then before the storage managers.
        assert_eq!(bytes[21..25], row_count);
        let mark = [(-2_i32).to_be_bytes(), row_count].concat();
        let second = bytes.windows(8).position(|window| window == mark).unwrap() + 4;
        for at in [21, second] {
            bytes[at..at + 4].copy_from_slice(&(ROWS as u32 - 30).to_be_bytes());
        }
        std::fs::write(&path, bytes).unwrap();
    });
}

const ROWS: u64 = 150;

fn each_call(test: &str, prepare: impl Fn(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    run("make", &whole, ROWS as usize).expect("the writer runs");
    prepare(&whole);
    let mut casacore = Casacore::start(test, ROWS);
    for (change, new) in CHANGES {
        let mut tables: Vec<PathBuf> = Vec::new();
        let mut n_call = usize::MAX;
        let mut k = 0;
        while k <= n_call {
            let table = dir.path().join(format!("{change}{k}"));
            copy_anew(&whole, &table);
            match run(change, &table, if k == n_call { usize::MAX } else { k }) {
                Some((n, _)) => n_call = n,
                None => tables.push(table),
            }
            k += 1;
        }
        assert!(n_call > 5 && tables.len() == n_call, "{change}: {n_call} calls");
        let ours: Vec<&str> = tables.iter().map(|table| state(table, ROWS)).collect();
        assert!(ours.contains(&"old") && ours.contains(&new), "{change}: {ours:?}");
        assert!(ours.iter().all(|s| [&"old", &new].contains(&s)), "{ours:?}");
        for (table, ours) in tables.iter().zip(ours) {
            if let Some(casacore) = &mut casacore {
                assert_eq!(casacore.state(table), ours, "{}", table.display());
            }
            // After it the next writer finds its way, and leaves nothing of the killed one behind.
            let mut editor = Editor::open(table).unwrap();
            editor.add_rows(1);
            editor.commit().unwrap();
            let names = std::fs::read_dir(table).unwrap().map(|e| e.unwrap().file_name());
            let left: Vec<_> = names.filter(|n| n.to_string_lossy().starts_with('.')).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

/// What became of the killed.
#[derive(Debug, Default)]
struct Counts {
    killed: usize,
    inside_the_write: usize,
    opened_by_casacore: usize,
    old: usize,
    new: usize,
}

#[test]
#[expect(clippy::print_stderr, reason = "the counts are wanted")]
fn random_instants_are_good_ones_to_die_at() {
    let slow = std::env::var_os("FACETTE_SLOW").is_some();
    // Rows take 4 KiB of DATA: 200 MB.
    let (n_row, n_kill) = if slow { (50_000, 500) } else { (500, 10) };
    let dir = tempfile::tempdir().unwrap();
    let (whole, table) = (dir.path().join("whole"), dir.path().join("table"));
    run("make", &whole, n_row).expect("the writer runs");
    let mut casacore = Casacore::start("random_instants_are_good_ones_to_die_at", n_row as u64);
    let mut times = CHANGES.map(|(change, _)| {
        copy_anew(&whole, &table);
        run(change, &table, usize::MAX).expect("the writer runs").1
    });
    let (mut counts, mut random, mut is_old) = (Counts::default(), 12345_u64, false);
    for i in 0..n_kill {
        // What is as it was needs no new copy: the next writer goes on with what the killed one left.
        if !is_old {
            copy_anew(&whole, &table);
        }
        let k = i % CHANGES.len();
        let (change, new) = CHANGES[k];
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let part = (random >> 40) as f64 / (1_u64 << 24) as f64;
        let inside = kill_after(change, &table, times[k].mul_f64(part));
        // A computer that is faster now than it was then.
        times[k] = times[k].mul_f64(if inside { 1.02 } else { 0.9 });
        let ours = state(&table, n_row as u64);
        if let Some(casacore) = &mut casacore {
            assert_eq!(casacore.state(&table), ours, "{change} {i}");
            counts.opened_by_casacore += 1;
        }
        assert!(ours == "old" || ours == new, "{change} {i}: {ours}");
        is_old = ours == "old";
        counts.killed += 1;
        counts.inside_the_write += usize::from(inside);
        counts.old += usize::from(is_old);
        counts.new += usize::from(!is_old);
        if counts.killed.is_multiple_of(50) {
            eprintln!("{counts:?}");
        }
    }
    eprintln!("{counts:?}");
    assert!(counts.inside_the_write >= n_kill / 2, "{counts:?}");
}

/// Kills a writer so long after its commit began; whether it was still at it.
fn kill_after(change: &str, table: &Path, time: Duration) -> bool {
    let mut child = start(change, table, usize::MAX).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.is_ok_and(|line| line == "begin")), "the writer fails");
    let end = Instant::now() + time;
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    let inside = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    // Whoever said that it was done was.
    inside && !lines.any(|line| line.is_ok_and(|line| line.contains("calls=")))
}

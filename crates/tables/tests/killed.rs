//! A writer killed at each call that changes the disk, and at random instants, leaves the old or the new table.

mod writer;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use facette_tables::{Editor, Table};

const CHANGES: [(&str, &str); 4] =
    [("append", "appended"), ("add", "added"), ("overwrite", "overwritten"), ("remove", "removed")];

/// What a writer is to do, in the environment of its process.
const ORDER: &str = "FACETTE_KILL_TEST";

/// The writer is this very program, with nothing but this test.
#[test]
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn the_writer() {
    if let Ok(order) = std::env::var(ORDER) {
        println!("calls={};", writer::work(&order).unwrap());
    }
}

fn start(what: &str, table: &Path, number: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_writer", "--nocapture"]);
    command.env(ORDER, format!("{what} {number} {}", table.display())).stderr(Stdio::null());
    command
}

/// The number of calls; `None` where it died.
fn run(what: &str, table: &Path, number: usize) -> Option<usize> {
    let output = start(what, table, number).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let n = text.split("calls=").nth(1).and_then(|rest| rest.split(';').next()?.parse().ok());
    n.filter(|_| output.status.success())
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// What casacore finds in each table; empty where there is no casacore.
fn states(test: &str, n_row: u64, tables: &[PathBuf]) -> Vec<String> {
    let Some(mut python) = testkit::peer_python(test) else { return Vec::new() };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written/killed.py");
    let output = python.arg(script).arg(n_row.to_string()).args(tables).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// What this crate finds: the same names.
fn state(path: &Path, n_row: u64) -> &'static str {
    let table = Table::open(path).unwrap();
    let first = |column: &str| {
        let mut values = Vec::<i32>::new();
        table.column(column).unwrap().read_flat(0..table.n_row(), &mut values).unwrap();
        values[0]
    };
    for name in table.column_names() {
        table.column(name).unwrap().read(0..table.n_row()).unwrap();
    }
    match first("ANTENNA1") {
        1000 => "overwritten",
        _ if table.n_row() != n_row => "appended",
        _ if table.has_column("MODEL") => "added",
        _ if !table.has_column("DATA") => "removed",
        _ => "old",
    }
}

#[test]
fn each_call_is_a_good_one_to_die_at() {
    const ROWS: u64 = 150;
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    run("make", &whole, ROWS as usize).expect("the writer runs");
    for (change, new) in CHANGES {
        let mut tables = Vec::new();
        let mut n_call = usize::MAX;
        let mut k = 0;
        while k <= n_call {
            let table = dir.path().join(format!("{change}{k}"));
            copy_dir(&whole, &table);
            match run(change, &table, if k == n_call { usize::MAX } else { k }) {
                Some(n) => n_call = n,
                None => tables.push(table),
            }
            k += 1;
        }
        assert!(n_call > 5 && tables.len() == n_call, "{change}: {n_call} calls");
        let ours: Vec<&str> = tables.iter().map(|table| state(table, ROWS)).collect();
        let theirs = states("each_call_is_a_good_one_to_die_at", ROWS, &tables);
        assert!(theirs.is_empty() || theirs == ours, "{change}: {theirs:?} {ours:?}");
        assert!(ours.contains(&"old") && ours.contains(&new), "{change}: {ours:?}");
        assert!(ours.iter().all(|s| [&"old", &new].contains(&s)), "{ours:?}");
        // After it the next writer finds its way.
        for table in &tables {
            let mut editor = Editor::open(table).unwrap();
            editor.add_rows(1);
            editor.commit().unwrap();
        }
    }
}

#[test]
fn random_instants_are_good_ones_to_die_at() {
    let slow = std::env::var_os("FACETTE_SLOW").is_some();
    // Rows take 512 bytes of DATA: 200 MB, and 100 MB in a change.
    let (n_row, n_kill) = if slow { (400_000, 500) } else { (4000, 8) };
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    run("make", &whole, n_row).expect("the writer runs");
    let (mut n_done, mut random) = (0, 12345_u64);
    for i in 0..n_kill {
        let table = dir.path().join("table");
        copy_dir(&whole, &table);
        let (change, new) = CHANGES[i % CHANGES.len()];
        let begin = Instant::now();
        run(change, &table, usize::MAX).expect("the writer runs");
        let whole_time = begin.elapsed();
        std::fs::remove_dir_all(&table).unwrap();
        copy_dir(&whole, &table);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let part = (random >> 40) as f64 / (1_u64 << 24) as f64;
        let mut child = start(change, &table, usize::MAX).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(whole_time.as_secs_f64() * part));
        // Counted where it was still at work.
        n_done += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let ours = state(&table, n_row as u64);
        let theirs =
            states("random_instants_are_good_ones_to_die_at", n_row as u64, std::slice::from_ref(&table));
        assert!(theirs.is_empty() || theirs == [ours], "{change} {i}: {theirs:?} {ours}");
        assert!(ours == "old" || ours == new, "{change} {i}: {ours}");
        std::fs::remove_dir_all(&table).unwrap();
    }
    assert!(n_done >= n_kill / 4, "only {n_done} of {n_kill} were killed at work");
}

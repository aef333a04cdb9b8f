//! A report or a snapshot as a table of text.

use std::fmt::Write;

use super::{BoundaryNow, BoundaryStats, Clock, Doing, Snapshot, StreamReport, TaskStats, Worker};

const HEAD: [&str; 9] = ["task", "calls", "timed", "total", "share", "mean", "min", "max", "frames/s"];
/// Narrow, for a terminal.
const LIVE_HEAD: [&str; 6] = ["task", "calls", "total", "share", "mean", "max"];

/// Rows in columns, with lines of text between them.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// What is said below each row.
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Table { rows: vec![head.iter().map(|&name| name.to_owned()).collect()], notes: vec![String::new()] }
    }

    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
        self.notes.push(String::new());
    }

    /// A line below the newest row.
    pub(crate) fn line(&mut self, text: &str) {
        // Invariant: there is a head.
        let note = self.notes.last_mut().expect("it has a head");
        note.push_str(text);
        note.push('\n');
    }

    pub(crate) fn text(&self) -> String {
        let n_columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..n_columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for (row, note) in self.rows.iter().zip(&self.notes) {
            let _ = write!(text, "{:1$}", row[0], widths[0]);
            for (cell, &width) in row.iter().zip(&widths).skip(1) {
                let _ = write!(text, "  {cell:>width$}");
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
            text.push_str(note);
        }
        text
    }
}

impl StreamReport {
    /// The report as a table: stage by stage the tasks, with their timers below them, and what was waited at the
    /// boundaries. `share` is the part of all time in tasks; where `timed` is less than `calls`, times are those of a
    /// sample, and `total` and `share` are reckoned from it.
    pub fn table(&self) -> String {
        let all_s = busy_s(&self.tasks);
        let mut table = Table::new(&HEAD);
        for (stage, tasks) in by_stage(&self.tasks, self.boundaries.len()) {
            table.line(&title(stage, replicas(&tasks)));
            for task in tasks {
                table.row(task_row(task, all_s));
                for timer in &task.timers {
                    table.row(clock_row(format!("  . {}", timer.name), None, &timer.clock));
                }
            }
            if let Some(boundary) = self.boundaries.get(stage) {
                table.line(&between(stage, boundary));
            }
        }
        table.text() + &rate(self.frames, self.wall_s)
    }
}

impl Snapshot {
    /// The snapshot as a table for a terminal of 80 columns: stage by stage the share of the time that it was at work,
    /// its tasks, what its replicas do now, and how full the boundary behind it is. The `share` of a task is the part
    /// of all time in tasks.
    pub fn table(&self) -> String {
        let all_s = busy_s(&self.tasks);
        let mut table = Table::new(&LIVE_HEAD);
        for (stage, tasks) in by_stage(&self.tasks, self.boundaries.len()) {
            table.line(&self.title(stage, &tasks));
            for task in tasks {
                let [name, calls, _, total, share, mean, _, max, _] = task_row(task, all_s);
                table.row([name, calls, total, share, mean, max]);
            }
            if let Some(BoundaryNow { capacity, frames, occupancy }) = self.boundaries.get(stage) {
                let mean = occupancy.mean.map_or_else(String::new, |mean| format!(", {mean:.1} on average"));
                table.line(&format!("  boundary {stage}: {frames} of {capacity} frames{mean}"));
            }
        }
        table.text() + &rate(self.frames, self.elapsed_s)
    }

    fn title(&self, stage: usize, tasks: &[&TaskStats]) -> String {
        let here: Vec<_> = self.workers.iter().filter(|worker| worker.stage == stage).collect();
        let at_work = at_work(busy_s(tasks.iter().copied()), here.len(), self.elapsed_s);
        let now = if self.is_final { String::new() } else { now(&here) };
        format!("{}, {at_work}{now}", title(stage, here.len()))
    }
}

/// What replicas do now: `; now 3 work, 1 waits for frames`.
fn now(workers: &[&Worker]) -> String {
    type Is = fn(&Doing) -> bool;
    let kinds: [(&str, &str, Is); 4] = [
        ("works", "work", |doing| matches!(doing, Doing::Working { .. })),
        ("waits for frames", "wait for frames", |doing| *doing == Doing::WaitingForFrame),
        ("waits for room", "wait for room", |doing| {
            matches!(doing, Doing::WaitingForRoom | Doing::WaitingForExit)
        }),
        ("has ended", "have ended", |doing| matches!(doing, Doing::WaitingForReplicas | Doing::Ended)),
    ];
    let count = |is: Is| workers.iter().filter(|worker| is(&worker.doing)).count();
    let say = |(one, many, is): (&str, &str, Is)| match count(is) {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let said: Vec<_> = kinds.into_iter().filter_map(say).collect();
    if said.is_empty() { String::new() } else { format!("; now {}", said.join(", ")) }
}

/// The part of the time of some replicas that was work.
pub(crate) fn at_work(busy_s: f64, replicas: usize, wall_s: f64) -> String {
    let all_s = wall_s * replicas as f64;
    // A call that has begun is reckoned as a whole one.
    format!("{} at work", percent(busy_s.min(all_s), all_s))
}

/// The tasks of each stage.
fn by_stage(tasks: &[TaskStats], n_boundaries: usize) -> impl Iterator<Item = (usize, Vec<&TaskStats>)> {
    let n_stages = tasks.iter().map(|task| task.stage + 1).max().unwrap_or(0).max(n_boundaries + 1);
    (0..n_stages).map(|stage| (stage, tasks.iter().filter(|task| task.stage == stage).collect()))
}

fn busy_s<'a>(tasks: impl IntoIterator<Item = &'a TaskStats>) -> f64 {
    tasks.into_iter().filter_map(|task| task.busy_s).sum()
}

fn replicas(tasks: &[&TaskStats]) -> usize {
    tasks.first().map_or(1, |task| task.replicas)
}

pub(crate) fn title(stage: usize, replicas: usize) -> String {
    match replicas {
        0 | 1 => format!("stage {stage}"),
        n => format!("stage {stage}, {n} replicas"),
    }
}

/// What happened at the boundary behind a stage.
pub(crate) fn between(stage: usize, boundary: &BoundaryStats) -> String {
    let BoundaryStats { capacity, occupancy, waited_room_s, waited_frame_s, .. } = boundary;
    let full = occupancy.mean.map_or_else(
        || format!("room for {capacity}"),
        |mean| format!("{mean:.1} of {capacity} frames on average, {} at most", occupancy.max),
    );
    let (room, frame) = (seconds(*waited_room_s), seconds(*waited_frame_s));
    format!("  boundary {stage}: {full}; in front waited {room} for room, behind {frame} for frames")
}

fn rate(frames: u64, wall_s: f64) -> String {
    let rate = if wall_s > 0.0 { frames as f64 / wall_s } else { 0.0 };
    format!("{frames} frames in {}: {} frames/s\n", seconds(wall_s), short(rate))
}

fn task_row(task: &TaskStats, all_s: f64) -> [String; HEAD.len()] {
    let mut row = clock_row(format!("  {}", task.name), Some(task.calls), &task.clock);
    if let Some(busy_s) = task.busy_s {
        row[3] = seconds(busy_s);
        row[4] = percent(busy_s, all_s);
    }
    row[8] = task.throughput_per_s.map(short).unwrap_or_default();
    row
}

fn clock_row(name: String, calls: Option<u64>, clock: &Clock) -> [String; HEAD.len()] {
    let calls = calls.map(|calls| calls.to_string()).unwrap_or_default();
    let known = |value: f64| if clock.calls > 0 { seconds(value) } else { String::new() };
    let mean = clock.mean_s().map(seconds).unwrap_or_default();
    let (total, min, max) = (known(clock.total_s), known(clock.min_s), known(clock.max_s));
    [name, calls, clock.calls.to_string(), total, String::new(), mean, min, max, String::new()]
}

pub(crate) fn percent(part: f64, all: f64) -> String {
    format!("{:.1} %", if all > 0.0 { 100.0 * part / all } else { 0.0 })
}

/// Seconds with a unit that suits.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        v if v >= 1.0 || v == 0.0 => format!("{v:.3} s"),
        v if v >= 1e-3 => format!("{:.3} ms", 1e3 * v),
        v if v >= 1e-6 => format!("{:.3} µs", 1e6 * v),
        v => format!("{:.0} ns", 1e9 * v),
    }
}

/// Four digits, or what lies in front of the point.
fn short(value: f64) -> String {
    if value >= 1000.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

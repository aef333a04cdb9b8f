//! A report as a table of text.

use std::fmt::Write;

use super::{BoundaryStats, Clock, StreamReport, TaskStats};

const HEAD: [&str; 9] = ["task", "calls", "timed", "total", "share", "mean", "min", "max", "frames/s"];

impl StreamReport {
    /// The report as a table: stage by stage the tasks, with their timers below them, and what was waited at the
    /// boundaries. `share` is the part of all time in tasks; where `timed` is less than `calls`, times are those of a
    /// sample, and `total` and `share` are reckoned from it.
    pub fn table(&self) -> String {
        let busy_s: f64 = self.tasks.iter().filter_map(|task| task.busy_s).sum();
        let mut rows = vec![HEAD.map(str::to_owned)];
        let n_stages = self.tasks.iter().map(|task| task.stage + 1).max().unwrap_or(0);
        let mut notes = vec![String::new()];
        for stage in 0..n_stages.max(self.boundaries.len() + 1) {
            let tasks: Vec<_> = self.tasks.iter().filter(|task| task.stage == stage).collect();
            notes.last_mut().expect("it has a first").push_str(&title(stage, &tasks));
            for task in tasks {
                rows.push(task_row(task, busy_s));
                notes.push(String::new());
                for timer in &task.timers {
                    rows.push(clock_row(format!("  . {}", timer.name), None, &timer.clock));
                    notes.push(String::new());
                }
            }
            if let Some(boundary) = self.boundaries.get(stage) {
                notes.last_mut().expect("it has a first").push_str(&between(boundary));
            }
        }
        let mut text = lay_out(&rows, &notes);
        let rate = if self.wall_s > 0.0 { self.frames as f64 / self.wall_s } else { 0.0 };
        let _ =
            writeln!(text, "{} frames in {}: {} frames/s", self.frames, seconds(self.wall_s), short(rate));
        text
    }
}

/// Rows in columns; below each row its note, if any.
fn lay_out(rows: &[[String; HEAD.len()]], notes: &[String]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for (row, note) in rows.iter().zip(notes) {
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

fn title(stage: usize, tasks: &[&TaskStats]) -> String {
    match tasks.first().map_or(1, |task| task.replicas) {
        1 => format!("stage {stage}\n"),
        n => format!("stage {stage}, {n} replicas\n"),
    }
}

fn between(boundary: &BoundaryStats) -> String {
    let BoundaryStats { capacity, occupancy, waited_room_s, waited_frame_s, .. } = boundary;
    let full = occupancy.mean.map_or_else(
        || format!("room for {capacity}"),
        |mean| format!("{mean:.1} of {capacity} frames on average, {} at most", occupancy.max),
    );
    let (room, frame) = (seconds(*waited_room_s), seconds(*waited_frame_s));
    format!("  boundary: {full}; in front waited {room} for room, behind {frame} for frames\n")
}

fn task_row(task: &TaskStats, all_s: f64) -> [String; HEAD.len()] {
    let mut row = clock_row(format!("  {}", task.name), Some(task.calls), &task.clock);
    if let Some(busy_s) = task.busy_s {
        row[3] = seconds(busy_s);
        row[4] = format!("{:.1} %", if all_s > 0.0 { 100.0 * busy_s / all_s } else { 0.0 });
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

/// Seconds with a unit that suits.
fn seconds(value: f64) -> String {
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

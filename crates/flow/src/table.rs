//! The report of a chain as a table of text.

use crate::{
    PassReport, RunReport, TaskReport,
    graph::{Table, at_work, between, is_numbered, percent, seconds, title},
};

const HEAD: [&str; 5] = ["task", "calls", "total", "share", "mean"];

/// Streams that were executed alike, added up.
struct Group {
    /// The first of them.
    pass: usize,
    n_passes: usize,
    report: PassReport,
    tasks: Vec<TaskReport>,
}

impl RunReport {
    /// The report as a table for a terminal: stream by stream and stage by stage the part of the time that was work,
    /// the tasks, and what was waited at the boundaries; then the tasks outside the streams. Streams that were executed
    /// alike, and tasks outside of one name, are added up. `share` is the part of all time in tasks.
    pub fn table(&self) -> String {
        let all_s: f64 = self.tasks.iter().map(|task| task.busy_s).sum();
        let mut table = Table::new(&HEAD);
        for group in self.groups() {
            group.write(&mut table, all_s);
        }
        let once = self.once();
        if !once.is_empty() {
            table.line("outside the streams");
        }
        once.iter().for_each(|task| table.row(row(task, all_s)));
        format!("{}{} in all, {} in tasks\n", table.text(), seconds(self.wall_s), seconds(all_s))
    }

    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (i, (report, plan)) in self.passes.iter().zip(&self.plan.passes).enumerate() {
            let tasks = self.tasks.iter().filter(|task| task.pass == Some(i));
            match groups.iter_mut().find(|group| self.plan.passes[group.pass] == *plan) {
                Some(group) => {
                    group.n_passes += 1;
                    group.report.add(report);
                    group.tasks.iter_mut().zip(tasks).for_each(|(all, task)| all.add(task));
                }
                None => groups.push(Group {
                    pass: i,
                    n_passes: 1,
                    report: report.clone(),
                    tasks: tasks.cloned().collect(),
                }),
            }
        }
        groups
    }

    fn once(&self) -> Vec<TaskReport> {
        let mut once: Vec<TaskReport> = Vec::new();
        for task in self.tasks.iter().filter(|task| task.pass.is_none()) {
            let is_alike =
                |known: &&mut TaskReport| known.name == task.name || is_numbered(&task.name, &known.name);
            match once.iter_mut().find(is_alike) {
                Some(known) => known.add(task),
                None => once.push(task.clone()),
            }
        }
        once
    }
}

impl Group {
    fn write(&self, table: &mut Table, all_s: f64) {
        let PassReport { source, chunks, wall_s, boundaries, .. } = &self.report;
        let what = match self.n_passes {
            1 => format!("stream of {source}"),
            n => format!("{n} streams of {source}"),
        };
        table.line(&format!("{what}: {chunks} chunks in {}", seconds(*wall_s)));
        for stage in 0..=boundaries.len() {
            let tasks: Vec<_> = self.tasks.iter().filter(|task| task.stage == stage).collect();
            let busy_s = tasks.iter().map(|task| task.busy_s).sum();
            let replicas = tasks.first().map_or(1, |task| task.replicas);
            table.line(&format!("{}, {}", title(stage, replicas), at_work(busy_s, replicas, *wall_s)));
            tasks.into_iter().for_each(|task| table.row(row(task, all_s)));
            if let Some(boundary) = boundaries.get(stage) {
                table.line(&between(stage, boundary));
            }
        }
    }
}

fn row(task: &TaskReport, all_s: f64) -> [String; HEAD.len()] {
    let mean = if task.calls > 0 { seconds(task.busy_s / task.calls as f64) } else { String::new() };
    let (total, share) = (seconds(task.busy_s), percent(task.busy_s, all_s));
    [format!("  {}", task.name), task.calls.to_string(), total, share, mean]
}

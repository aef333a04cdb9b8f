//! What the user sees: facts on standard output, notes, progress and tables on standard error.

use crate::output::{self, Failure};
use facette::{
    Screen,
    flow::{RunReport, graph::Snapshot},
    types::format_count,
};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    io::{IsTerminal, Write, stderr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

const LABEL_WIDTH: usize = 12;
/// Time between two lines of progress in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(2);
/// Time between two tables on a terminal.
const BETWEEN_TABLES: Duration = Duration::from_secs(1);

/// A terminal, or a log file in its place.
pub(crate) struct Terminal {
    quiet: bool,
    live: bool,
    /// What is redrawn in place, where there is a terminal.
    drawing: Option<MultiProgress>,
    pass: Mutex<Option<Pass>>,
    /// The table below the bar.
    table: Mutex<Option<ProgressBar>>,
    pass_started: Mutex<Instant>,
    /// Of the chains that have ended, to be shown at the end.
    reports: Mutex<Vec<RunReport>>,
    /// Why a line could not be printed: the first failure, after which a run goes on for the sake of its products.
    unwritten: Mutex<Option<Failure>>,
}

/// The pass in progress.
struct Pass {
    name: String,
    started: Instant,
    bar: Option<ProgressBar>,
    /// When a line was last printed where there is no terminal.
    printed: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Terminal {
    pub(crate) fn new(quiet: bool, live: bool) -> Self {
        let is_drawn = !quiet && stderr().is_terminal();
        Terminal {
            quiet,
            live,
            drawing: is_drawn
                .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10))),
            pass: Mutex::new(None),
            table: Mutex::new(None),
            pass_started: Mutex::new(Instant::now()),
            reports: Mutex::new(Vec::new()),
            unwritten: Mutex::new(None),
        }
    }

    /// Prints lines of label and text.
    pub(crate) fn lines(&self, lines: &[(String, String)]) {
        if !self.quiet {
            lines.iter().for_each(|(label, text)| self.print(label, text));
        }
    }

    /// An aligned line on standard output.
    fn print(&self, label: &str, text: &str) {
        if let Err(failure) = output::line(&aligned(label, text)) {
            lock(&self.unwritten).get_or_insert(failure);
        }
    }

    /// Why not all was printed, if somebody wanted it.
    pub(crate) fn unwritten(&self) -> Option<Failure> {
        lock(&self.unwritten).take().filter(|failure| !matches!(failure, Failure::Closed))
    }

    /// Prints the tables of all chains, where they were asked for.
    pub(crate) fn tables(&self) {
        self.clear();
        for report in lock(&self.reports).drain(..) {
            drop(write!(stderr(), "\n{}", report.table()));
        }
    }

    /// Prints an error, which even `--quiet` does not silence.
    pub(crate) fn error(&self, message: &str) {
        self.clear();
        drop(writeln!(stderr(), "error: {message}"));
    }

    /// Says that the first interrupt was understood.
    pub(crate) fn interrupted(&self) {
        if !self.quiet {
            self.say("interrupted: finishing the chunk in hand; once more stops at once");
        }
    }

    /// A line on standard error, above what is redrawn in place.
    fn say(&self, line: &str) {
        self.beside(|| drop(writeln!(stderr(), "{line}")));
    }

    /// Takes away what is redrawn in place while something else is printed.
    fn beside(&self, print: impl FnOnce()) {
        match &self.drawing {
            Some(drawing) => drawing.suspend(print),
            None => print(),
        }
    }

    fn clear_bar(&self) {
        if let Some(bar) = lock(&self.pass).take().and_then(|pass| pass.bar) {
            bar.finish_and_clear();
        }
    }

    fn clear(&self) {
        self.clear_bar();
        if let Some(table) = lock(&self.table).take() {
            table.finish_and_clear();
        }
    }
}

/// A line with a label before it.
pub(crate) fn aligned(label: &str, text: &str) -> String {
    // A label that is too long for its column keeps its distance.
    let space = " ".repeat(LABEL_WIDTH.saturating_sub(label.chars().count()).max(1));
    format!("{label}{space} {text}")
}

impl Pass {
    fn new(name: &str, total: u64, started: Instant, drawing: Option<&MultiProgress>) -> Self {
        let bar = drawing.map(|drawing| drawing.insert(0, bar(name, total)));
        Pass { name: name.to_owned(), started, bar, printed: started }
    }

    fn update(&mut self, done: u64, total: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None => self.print_line(done, total),
        }
    }

    /// A plain line now and then.
    fn print_line(&mut self, done: u64, total: u64) {
        if self.printed.elapsed() < BETWEEN_LINES {
            return;
        }
        self.printed = Instant::now();
        let rate = done as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
        let left_s = (total - done) as f64 / rate;
        let text = format!(
            "{:3} % · {} of {} visibilities · {:.1} M vis/s · {left_s:.0} s left",
            done * 100 / total.max(1),
            format_count(done),
            format_count(total),
            rate / 1e6
        );
        drop(writeln!(stderr(), "{:LABEL_WIDTH$} {text}", self.name));
    }
}

fn bar(name: &str, total: u64) -> ProgressBar {
    // Hidden until it is part of the drawing.
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
    let template = "{prefix:12} {wide_bar:.cyan/dim} {percent:3} % · {human_pos} of {human_len} vis · {rate} · {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            let _ = write!(text, "{:.1} M vis/s", state.per_sec() / 1e6);
        };
        bar.set_style(style.with_key("rate", rate).progress_chars("━╸─"));
    }
    bar.with_prefix(name.to_owned())
}

/// A place for lines of text that are redrawn.
fn text_below() -> ProgressBar {
    let text = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        text.set_style(style);
    }
    text
}

impl Screen for Terminal {
    fn fact(&self, label: &str, text: &str) {
        if !self.quiet {
            self.beside(|| self.print(label, text));
        }
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("{:LABEL_WIDTH$} {text}", "note"));
        }
    }

    fn pass_started(&self) {
        *lock(&self.pass_started) = Instant::now();
    }

    fn progress(&self, pass: &str, done: u64, total: u64) {
        if !self.quiet {
            let mut current = lock(&self.pass);
            if current.as_ref().is_none_or(|p| p.name != pass) {
                let started = *lock(&self.pass_started);
                *current = Some(Pass::new(pass, total, started, self.drawing.as_ref()));
            }
            if let Some(p) = current.as_mut() {
                p.update(done, total);
            }
        }
    }

    fn pass_done(&self) {
        self.clear_bar();
    }

    fn snapshot_every(&self) -> Option<Duration> {
        (self.live && self.drawing.is_some()).then_some(BETWEEN_TABLES)
    }

    fn snapshot(&self, snapshot: &Snapshot) {
        // It stays until the next one, also that of another pass, or the end of the chain.
        if let Some(drawing) = &self.drawing {
            let mut table = lock(&self.table);
            let table = table.get_or_insert_with(|| drawing.add(text_below()));
            table.set_message(snapshot.table());
        }
    }

    fn report(&self, report: &RunReport) {
        self.clear();
        if self.live {
            lock(&self.reports).push(report.clone());
        }
    }
}

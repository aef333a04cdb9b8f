//! What the user sees: facts on standard output, notes and progress on standard error.

use facette::{Screen, types::format_count};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal, Write, stderr, stdout},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

const LABEL_WIDTH: usize = 12;
/// Time between two lines of progress in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// A terminal, or a log file in its place.
pub(crate) struct Terminal {
    quiet: bool,
    pass: Mutex<Option<Pass>>,
    pass_started: Mutex<Instant>,
}

/// The pass in progress.
struct Pass {
    name: String,
    started: Instant,
    bar: Option<ProgressBar>,
    /// When a line was last printed where there is no terminal.
    printed: Instant,
}

impl Terminal {
    pub(crate) fn new(quiet: bool) -> Self {
        Terminal { quiet, pass: Mutex::new(None), pass_started: Mutex::new(Instant::now()) }
    }

    /// Prints lines of label and text.
    pub(crate) fn lines(&self, lines: &[(String, String)]) {
        if !self.quiet {
            lines.iter().for_each(|(label, text)| print(label, text));
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
            drop(writeln!(stderr(), "interrupted: finishing the chunk in hand; once more stops at once"));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pass>> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clear(&self) {
        if let Some(bar) = self.lock().take().and_then(|pass| pass.bar) {
            bar.finish_and_clear();
        }
    }
}

/// One aligned line; a closed pipe (`facette info … | head`) is not an error.
fn print(label: &str, text: &str) {
    // A label that is too long for its column keeps its distance.
    let space = " ".repeat(LABEL_WIDTH.saturating_sub(label.chars().count()).max(1));
    drop(writeln!(stdout(), "{label}{space} {text}"));
}

impl Pass {
    fn new(name: &str, total: u64, started: Instant) -> Self {
        let bar = stderr().is_terminal().then(|| bar(name, total));
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
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    let template = "{prefix:12} {bar:30.cyan/dim} {percent:3} % · {human_pos} of {human_len} vis · {per_sec} · {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.with_prefix(name.to_owned())
}

impl Screen for Terminal {
    fn fact(&self, label: &str, text: &str) {
        if !self.quiet {
            print(label, text);
        }
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            drop(writeln!(stderr(), "{:LABEL_WIDTH$} {text}", "note"));
        }
    }

    fn pass_started(&self) {
        *self.pass_started.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn progress(&self, pass: &str, done: u64, total: u64) {
        if !self.quiet {
            let mut current = self.lock();
            if current.as_ref().is_none_or(|p| p.name != pass) {
                let started = *self.pass_started.lock().unwrap_or_else(PoisonError::into_inner);
                *current = Some(Pass::new(pass, total, started));
            }
            if let Some(p) = current.as_mut() {
                p.update(done, total);
            }
        }
    }

    fn pass_done(&self) {
        self.clear();
    }
}

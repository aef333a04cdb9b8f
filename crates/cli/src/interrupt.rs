//! Ctrl-C and SIGTERM: the first finishes the chunk in hand, the second stops at once. And panics, which are bugs.

use crate::terminal::Terminal;
use facette::Session;
use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Connects the signals with the session.
pub(crate) fn on_signal(session: &Session, terminal: &Arc<Terminal>) {
    let (session, terminal, seen) = (session.clone(), terminal.clone(), AtomicBool::new(false));
    let connected = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            session.scratch.discard();
            std::process::exit(130);
        }
        terminal.interrupted();
        session.cancel.cancel();
    });
    // Without the handler the system's default holds: the first signal stops at once.
    drop(connected);
}

/// Panics of tasks come back as errors that name the task; only the rest is said here, in one line.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        if std::thread::current().name() == Some("main") {
            drop(writeln!(std::io::stderr(), "error: a bug of facette, please report it: {info}"));
        }
    }));
}

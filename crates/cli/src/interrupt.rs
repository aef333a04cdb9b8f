//! Ctrl-C and SIGTERM: the first finishes the chunk in hand, the second stops at once.

use crate::terminal::Terminal;
use facette::flow::CancelToken;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Connects the signals with `cancel`.
pub(crate) fn on_signal(cancel: &CancelToken, terminal: &Arc<Terminal>) {
    let (cancel, terminal, seen) = (cancel.clone(), terminal.clone(), AtomicBool::new(false));
    let connected = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            // Products appear by renaming finished files: stopping here leaves none half-written.
            std::process::exit(130);
        }
        terminal.interrupted();
        cancel.cancel();
    });
    // Without the handler the system's default holds: the first signal stops at once.
    drop(connected);
}

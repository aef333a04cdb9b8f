//! A Python process beside the test.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The column's values that all scripts and tests agree on; every generation puts all rows anew.
pub(crate) const COMMON: &str = r#"
import sys, time, random
import numpy as np
from casacore.tables import table, maketabdesc, makescacoldesc, makearrcoldesc
path = sys.argv[1]

def make(n):
    desc = maketabdesc([
        makescacoldesc('A', 0), makescacoldesc('S', ''), makearrcoldesc('V', 0.0, ndim=1),
        makescacoldesc('I', 0, datamanagertype='IncrementalStMan', datamanagergroup='ism'),
        makearrcoldesc('T', 0.0, shape=[2, 3], options=4, datamanagertype='TiledColumnStMan', datamanagergroup='tsm'),
        makearrcoldesc('U', 0.0, ndim=2, datamanagertype='TiledShapeStMan', datamanagergroup='shape')])
    t = table(path, desc, nrow=n, ack=False)
    put(t, 1)
    t.close()

def put(t, g):
    rows = np.arange(t.nrows())
    t.putcol('A', g * 100000 + rows)
    t.putcol('S', ['row %d of a generation %d' % (r, g) for r in rows])
    for r in rows:
        t.putcell('V', r, np.full(1 + (r + g) % 5, g * 100000.0 + r))
    t.putcol('I', np.full(len(rows), g))
    t.putcol('T', np.broadcast_to((g * 100000.0 + rows)[:, None, None], (len(rows), 2, 3)))
    t.putcol('U', np.broadcast_to((g * 100000.0 + rows)[:, None, None], (len(rows), 4, 2)))
"#;

/// A running script; killed when dropped.
pub(crate) struct Script {
    child: Child,
    lines: BufReader<ChildStdout>,
    input: Option<ChildStdin>,
}

impl Script {
    /// Starts [`COMMON`] and `script` for a table; `None`, said aloud, where there is no casacore.
    pub(crate) fn start(test: &str, table: &Path, script: &str) -> Option<Script> {
        let python = std::env::var("FACETTE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let has = Command::new(&python).args(["-c", "import casacore.tables"]).stderr(Stdio::null()).status();
        if !has.is_ok_and(|status| status.success()) {
            say(&format!("SKIPPED {test}: {python} (FACETTE_PYTHON) has no python-casacore"));
            return None;
        }
        let mut command = Command::new(python);
        command.args(["-c", &format!("{COMMON}\n{script}")]).arg(table);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let input = child.stdin.take();
        Some(Script { child, lines, input })
    }

    /// Runs a script to its end.
    pub(crate) fn run(test: &str, table: &Path, script: &str) -> Option<()> {
        Script::start(test, table, script).map(|script| drop(script.finish()))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that the script prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Lets a script that waits for a line go on.
    pub(crate) fn go(&mut self) {
        self.input.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Waits for the end, which has to be a good one; the last line.
    pub(crate) fn finish(mut self) -> String {
        self.input = None;
        let mut last = String::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            last = line;
        }
        assert!(self.child.wait().unwrap().success(), "the script failed");
        last
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says what a test did not do, or measured.
#[expect(clippy::print_stderr, reason = "said aloud")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

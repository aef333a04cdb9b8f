//! Looking on while chains run: stalls, and a trace of every call.

use crate::{Error, Screen, staging::Staging};
use flow::{Observer, graph::Trace};
use std::{
    fs::File,
    io::{self, BufWriter},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use types::format_count;

/// Memory that the events of a trace may take; what is older is dropped.
const TRACE_BYTES: u64 = 64 << 20;
/// Memory of one event.
const EVENT_BYTES: u64 = 64;
/// Lanes of a trace besides the replicas: stages of one replica, and boundaries.
const OTHER_LANES: u64 = 8;
/// Stages that have as many replicas as there are threads, at most.
const WIDE_STAGES: u64 = 2;

/// What is to be noticed of the chains of one run.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// When nothing has moved for so long, it is said.
    pub stall_after: Option<Duration>,
    trace: Option<(PathBuf, Arc<Trace>)>,
}

impl Watch {
    /// `trace` is the file that a trace goes to.
    pub(crate) fn new(stall_after: Option<Duration>, trace: Option<PathBuf>, threads: usize) -> Self {
        let lanes = OTHER_LANES + WIDE_STAGES * threads as u64;
        let capacity = (TRACE_BYTES / EVENT_BYTES / lanes) as usize;
        let trace = trace.map(|path| (path, Arc::new(Trace::new(capacity))));
        Watch { stall_after: stall_after.filter(|after| !after.is_zero()), trace }
    }

    /// Most bytes that a trace takes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        if self.trace.is_some() { TRACE_BYTES } else { 0 }
    }

    /// The trace's file with the option that names it.
    pub(crate) fn product(&self) -> Option<(&'static str, PathBuf)> {
        self.trace.as_ref().map(|(path, _)| ("trace", path.clone()))
    }

    /// The observer `first` and those that this run needs besides.
    pub(crate) fn observer(&self, first: Arc<dyn Observer>) -> Arc<dyn Observer> {
        match &self.trace {
            Some((_, trace)) => Arc::new(vec![first, trace.clone() as Arc<dyn Observer>]),
            None => first,
        }
    }

    /// Writes the trace among the products, and says if it is not whole.
    pub(crate) fn write(&self, staging: &Staging, screen: &dyn Screen) -> Result<(), Error> {
        let Some((path, trace)) = &self.trace else { return Ok(()) };
        write(trace, &staging.path(path)).map_err(|source| Error::Folder {
            path: path.clone(),
            option: "trace",
            source,
        })?;
        let n_dropped = trace.n_dropped();
        if n_dropped > 0 {
            let n_dropped = format_count(n_dropped);
            screen.note(&format!("the trace has the newest events; {n_dropped} older ones were dropped"));
        }
        Ok(())
    }
}

fn write(trace: &Trace, path: &Path) -> io::Result<()> {
    trace.write_to(BufWriter::new(File::create(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scratch, Silent};
    use flow::{Chain, Run, closures};
    use std::sync::Mutex;

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Screen for Notes {
        fn fact(&self, _: &str, _: &str) {}
        fn note(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
        fn pass_started(&self) {}
        fn progress(&self, _: &str, _: u64, _: u64) {}
        fn pass_done(&self) {}
    }

    /// Runs a stream of `n` chunks and writes its trace; gives what was noted and the file.
    fn trace_of(n: u32, threads: usize) -> (Vec<String>, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.json");
        let watch = Watch::new(None, Some(path.clone()), threads);
        let staging =
            Staging::new(watch.product().into_iter().collect(), false, &Scratch::default()).unwrap();
        let mut chain = Chain::new();
        chain.per_chunk(closures::iterate("Count", 0..n), |c, i| {
            c.sink(i, closures::map("Check", |_: u32| Ok(())));
        });
        let observer = Some(watch.observer(Arc::new(vec![])));
        chain.run(&Run { observer, ..Run::sequential() }).unwrap();
        let notes = Notes::default();
        watch.write(&staging, &notes).unwrap();
        staging.commit(false).unwrap();
        (notes.0.into_inner().unwrap(), std::fs::read_to_string(path).unwrap())
    }

    #[test]
    fn a_trace_is_bounded_and_says_what_it_lacks() {
        let (notes, text) = trace_of(100, 4);
        assert!(notes.is_empty() && text.contains("\"dropped_events\":0"), "{notes:?}");
        // So many threads that little is left to each.
        let (notes, text) = trace_of(2000, 1024);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let n_dropped = json["otherData"]["dropped_events"].as_u64().unwrap();
        assert_eq!(n_dropped, 4000 - (TRACE_BYTES / EVENT_BYTES) / (8 + 2 * 1024));
        assert!(notes[0].contains(&format_count(n_dropped)), "{notes:?}");
        assert!(text.contains("Check"));
    }

    #[test]
    fn nothing_is_kept_or_written_unless_asked() {
        let watch = Watch::new(Some(Duration::ZERO), None, 4);
        assert!(watch.product().is_none() && watch.memory_bytes() == 0 && watch.stall_after.is_none());
        let staging = Staging::new(Vec::new(), false, &Scratch::default()).unwrap();
        watch.write(&staging, &Silent).unwrap();
    }
}

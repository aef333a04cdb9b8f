//! A trace of every call, for the viewers of the trace event format: Perfetto, or `chrome://tracing`.
//!
//! A stage is a process there and a replica one of its threads; arrows follow a frame from stage to stage.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use serde::Serialize;

use super::{Snapshot, Stall};
use crate::{Call, Crowd, Observer};

/// Replicas are spread over so many locks, so that they do not meet.
const SHARDS: usize = 64;

/// Records what it is told as an [`Observer`]: give it to [`super::Settings::observer`], and say which frames are to be
/// timed ([`super::Sampling`]).
///
/// Of each replica and of each boundary the newest events are kept, the older ones are counted and dropped. The times
/// of several runs follow each other on one axis, which begins when the trace is made.
///
/// ```
/// use facette_flow::{closures::{iterate, map}, graph::{Graph, Pipeline, Sampling, Settings, Stage, Trace}};
/// use std::sync::Arc;
///
/// let mut graph = Graph::new();
/// let number = graph.source(iterate("Count", 0..100_u64));
/// graph.task(number, map("Check", |n: u64| if n < 100 { Ok(()) } else { Err("large".into()) }));
/// let trace = Arc::new(Trace::new(10_000));
/// let settings = Settings { observer: Some(trace.clone()), sampling: Sampling::Every, ..Settings::default() };
/// Pipeline::new(graph, &[Stage::new(1), Stage::new(1)])?.run(&settings)?;
/// assert_eq!(trace.n_dropped(), 0);
/// let mut file = Vec::new(); // or a `BufWriter` of a file, to be opened in Perfetto
/// trace.write_to(&mut file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trace {
    origin: Instant,
    capacity: usize,
    shards: Vec<Mutex<Vec<Lane>>>,
    crowds: Mutex<BTreeMap<usize, Newest<(u64, u64)>>>,
    /// What the whole run was told, with its kind: stalls, and where the streams of a chain begin.
    marks: Mutex<Newest<(u64, &'static str, String)>>,
}

/// The newest of some events.
struct Newest<T> {
    events: VecDeque<T>,
    n_dropped: u64,
}

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Newest { events: VecDeque::new(), n_dropped: 0 }
    }
}

impl<T> Newest<T> {
    fn push(&mut self, event: T, capacity: usize) {
        if self.events.len() >= capacity {
            self.events.pop_front();
            self.n_dropped += 1;
        }
        self.events.push_back(event);
    }
}

/// The calls of one replica.
struct Lane {
    stage: usize,
    replica: usize,
    names: Vec<Box<str>>,
    calls: Newest<Entry>,
}

/// One call, or a part of one that the task timed itself; times in nanoseconds since the origin.
#[derive(Clone, Copy)]
struct Entry {
    name: u32,
    is_part: bool,
    rate: u64,
    frame: Option<u64>,
    began: u64,
    ended: u64,
}

impl Lane {
    fn new(stage: usize, replica: usize) -> Self {
        Lane { stage, replica, names: Vec::new(), calls: Newest::default() }
    }

    fn name(&mut self, name: &str) -> u32 {
        let known = self.names.iter().position(|known| **known == *name);
        let i = known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        // Invariant: a stage has far fewer tasks and timers.
        i as u32
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trace {
    /// A trace that keeps `capacity` events of each replica and of each boundary, at least 1; an event takes 48 bytes.
    pub fn new(capacity: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        let (crowds, marks) = (Mutex::default(), Mutex::default());
        Trace { origin: Instant::now(), capacity: capacity.max(1), shards, crowds, marks }
    }

    /// Events that were dropped because newer ones came.
    pub fn n_dropped(&self) -> u64 {
        let lanes: u64 = self
            .shards
            .iter()
            .map(|shard| lock(shard).iter().map(|lane| lane.calls.n_dropped).sum::<u64>())
            .sum();
        lanes
            + lock(&self.crowds).values().map(|crowd| crowd.n_dropped).sum::<u64>()
            + lock(&self.marks).n_dropped
    }

    /// The trace as text; [`Trace::write_to`] needs less memory.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        // Invariant: a vector takes everything, and names are text.
        self.write_to(&mut bytes).expect("a vector takes everything");
        String::from_utf8(bytes).expect("JSON is text")
    }

    /// Writes the trace, one event a line; what is recorded meanwhile may be missing. `output` should be buffered.
    ///
    /// # Errors
    /// Those of `output`.
    pub fn write_to(&self, mut output: impl Write) -> io::Result<()> {
        let mut file = Writer { output: &mut output, is_first: true };
        let mut calls = BTreeMap::new();
        for (i, (stage, replica)) in self.replicas().into_iter().enumerate() {
            // Thread numbers are not used twice, which some viewers need.
            let place = Place { pid: stage + 1, tid: i + 1 };
            file.head(place, stage, replica)?;
            self.write_lane((stage, replica), place, &mut file, &mut calls)?;
        }
        write_arrows(&calls, &mut file)?;
        for (boundary, crowd) in &*lock(&self.crowds) {
            let name = format!("frames at boundary {boundary}");
            for &(at, frames) in &crowd.events {
                let place = Place { pid: boundary + 1, tid: 0 };
                let args = Args { frames: Some(frames), ..Args::default() };
                file.event(&Event { args: Some(args), ..Event::new(&name, "C", place, at) })?;
            }
        }
        for &(at, kind, ref text) in &lock(&self.marks).events {
            let place = Place { pid: 1, tid: 0 };
            let args = Args { text: Some(text), ..Args::default() };
            file.event(&Event { s: Some("g"), args: Some(args), ..Event::new(kind, "i", place, at) })?;
        }
        file.end(self.n_dropped())?;
        output.flush()
    }

    /// Every stage and replica that was seen, in order.
    fn replicas(&self) -> Vec<(usize, usize)> {
        let of_shard = |shard: &Mutex<Vec<Lane>>| {
            lock(shard).iter().map(|lane| (lane.stage, lane.replica)).collect::<Vec<_>>()
        };
        let mut replicas: Vec<_> = self.shards.iter().flat_map(of_shard).collect();
        replicas.sort_unstable();
        replicas
    }

    fn shard(&self, stage: usize, replica: usize) -> MutexGuard<'_, Vec<Lane>> {
        lock(&self.shards[(stage.wrapping_mul(17) + replica) % SHARDS])
    }

    fn write_lane(
        &self,
        (stage, replica): (usize, usize),
        place: Place,
        file: &mut Writer<'_, impl Write>,
        calls: &mut Calls,
    ) -> io::Result<()> {
        let shard = self.shard(stage, replica);
        let lane = shard.iter().find(|lane| (lane.stage, lane.replica) == (stage, replica));
        let Some(Lane { names, calls: newest, .. }) = lane else { return Ok(()) };
        for entry in &newest.events {
            if let Some(frame) = entry.frame.filter(|_| !entry.is_part) {
                calls.entry((entry.rate, frame)).or_default().push((entry.began, stage, place));
            }
            let args = Args { frame: entry.frame, ..Args::default() };
            let call = Event::new(&names[entry.name as usize], "X", place, entry.began);
            let dur = Some(microseconds(entry.ended.saturating_sub(entry.began)));
            let cat = Some(if entry.is_part { "timer" } else { "task" });
            file.event(&Event { cat, dur, args: Some(args), ..call })?;
        }
        Ok(())
    }

    fn since(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX)
    }

    fn mark(&self, kind: &'static str, text: String) {
        lock(&self.marks).push((self.since(Instant::now()), kind, text), self.capacity);
    }

    fn record(&self, name: &str, call: &Call<'_>, is_part: bool) {
        let Call { stage, replica, rate, frame, .. } = *call;
        let (began, ended) = (self.since(call.began), self.since(call.ended));
        let mut shard = self.shard(stage, replica);
        let known = shard.iter().position(|lane| (lane.stage, lane.replica) == (stage, replica));
        let i = known.unwrap_or_else(|| {
            shard.push(Lane::new(stage, replica));
            shard.len() - 1
        });
        let lane = &mut shard[i];
        let name = lane.name(name);
        lane.calls.push(Entry { name, is_part, rate, frame, began, ended }, self.capacity);
    }
}

impl Observer for Trace {
    fn called(&self, call: &Call<'_>) {
        self.record(call.task, call, false);
    }

    fn timed(&self, timer: &str, part: &Call<'_>) {
        self.record(timer, part, true);
    }

    fn crowded(&self, crowd: &Crowd) {
        let mut crowds = lock(&self.crowds);
        let newest = crowds.entry(crowd.boundary).or_default();
        newest.push((self.since(crowd.at), crowd.frames), self.capacity);
    }

    fn snapshot(&self, _: &Snapshot) {}

    fn stalled(&self, stall: &Stall) {
        self.mark("stalled", stall.to_string());
    }

    fn pass_started(&self, pass: usize, source: &str, _: Option<u64>) {
        self.mark("stream", format!("stream {pass} of {source}"));
    }
}

/// Begin, stage and place of the calls that worked on each frame of each rate.
type Calls = BTreeMap<(u64, u64), Vec<(u64, usize, Place)>>;

/// Arrows along the frames: from the last call in one stage to the first in the next.
fn write_arrows(calls: &Calls, file: &mut Writer<'_, impl Write>) -> io::Result<()> {
    let mut id = 0;
    for calls in calls.values() {
        let mut calls = calls.clone();
        calls.sort_unstable_by_key(|&(began, ..)| began);
        let mut is_open = false;
        for pair in calls.windows(2) {
            let [(from_at, from, from_place), (to_at, to, to_place)] = [pair[0], pair[1]];
            if to > from {
                if !is_open {
                    id += 1;
                    file.event(&Event::arrow("s", from_place, from_at, id))?;
                } else if from_place.pid != to_place.pid {
                    file.event(&Event::arrow("t", from_place, from_at, id))?;
                }
                file.event(&Event::arrow("t", to_place, to_at, id))?;
                is_open = true;
            } else if to < from {
                // The same number in another run.
                is_open = false;
            }
        }
    }
    Ok(())
}

/// Process and thread.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    pid: usize,
    tid: usize,
}

/// One event in the file; times in microseconds.
#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    ph: &'static str,
    pid: usize,
    tid: usize,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args<'a>>,
}

#[derive(Default, Serialize)]
struct Args<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl<'a> Event<'a> {
    fn new(name: &'a str, ph: &'static str, Place { pid, tid }: Place, at: u64) -> Self {
        let ts = microseconds(at);
        Event { name, cat: None, ph, pid, tid, ts, dur: None, id: None, bp: None, s: None, args: None }
    }

    fn arrow(ph: &'static str, place: Place, at: u64, id: u64) -> Self {
        Event { cat: Some("frame"), id: Some(id), bp: Some("e"), ..Event::new("frame", ph, place, at) }
    }
}

fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e3
}

struct Writer<'a, W> {
    output: &'a mut W,
    is_first: bool,
}

impl<W: Write> Writer<'_, W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let before = if self.is_first { "{\"traceEvents\":[\n" } else { ",\n" };
        self.is_first = false;
        self.output.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut *self.output, event)?;
        Ok(())
    }

    /// Names a process and a thread.
    fn head(&mut self, place: Place, stage: usize, replica: usize) -> io::Result<()> {
        let (process, thread) = (format!("stage {stage}"), format!("stage {stage} replica {replica}"));
        let heads = [("process_name", Some(&process), None), ("process_sort_index", None, Some(stage))];
        let more = [("thread_name", Some(&thread), None), ("thread_sort_index", None, Some(replica))];
        for (name, text, sort_index) in heads.into_iter().chain(more) {
            let args = Args { name: text.map(String::as_str), sort_index, ..Args::default() };
            self.event(&Event { args: Some(args), ..Event::new(name, "M", place, 0) })?;
        }
        Ok(())
    }

    fn end(&mut self, n_dropped: u64) -> io::Result<()> {
        if self.is_first {
            self.output.write_all(b"{\"traceEvents\":[")?;
        }
        let rest =
            format!("\n],\"displayTimeUnit\":\"ns\",\"otherData\":{{\"dropped_events\":{n_dropped}}}}}\n");
        self.output.write_all(rest.as_bytes())
    }
}

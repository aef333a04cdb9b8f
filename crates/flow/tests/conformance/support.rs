//! A watchdog, histories at the end of graphs, files that appear when they are complete.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use facette_flow::{
    Accumulator, BoxError, Task,
    graph::{Graph, Out, Pipeline, Sequence, Settings, Stage, StreamReport, Waiting},
    modules::{Increment, Keep, WriteBytes},
};

pub(crate) const WAITINGS: [Waiting; 3] = [Waiting::Spin, Waiting::SpinThenPark, Waiting::Park];

/// What frames are in most of StreamPU's tests.
pub(crate) type Bytes = Vec<u8>;

/// Fails the test if `work` takes longer than any honest run.
pub(crate) fn watched<T: Send + 'static>(what: String, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _ = done.send(work());
    });
    match result.recv_timeout(Duration::from_secs(120)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs: {what}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{what}: {:?}", thread.join().err()),
    }
}

/// A task that feeds an accumulator, one per copy of a sequence; the test finishes it when the run ended well.
pub(crate) struct Feed<A> {
    make: fn() -> A,
    mine: Arc<Mutex<A>>,
    all: Fed<A>,
}

/// The accumulators of all copies, in the order of copies.
pub(crate) type Fed<A> = Arc<Mutex<Vec<Arc<Mutex<A>>>>>;

impl<A: Accumulator> Task for Feed<A> {
    type In = A::In;
    type Out = ();

    fn run(&mut self, frame: A::In) -> Result<(), BoxError> {
        self.mine.lock().unwrap().add(frame)
    }

    fn replica(&self) -> Option<Self> {
        let mine = Arc::new(Mutex::new((self.make)()));
        self.all.lock().unwrap().push(mine.clone());
        Some(Feed { make: self.make, mine, all: self.all.clone() })
    }
}

/// Feeds one accumulator; in a replicated stage, others like those of `make`.
pub(crate) fn feed<A: Accumulator>(first: A, make: fn() -> A) -> (Feed<A>, Fed<A>) {
    let mine = Arc::new(Mutex::new(first));
    let all = Arc::new(Mutex::new(vec![mine.clone()]));
    (Feed { make, mine, all: all.clone() }, all)
}

/// Keeps all frames of every copy.
pub(crate) fn history<T: Send + 'static>() -> (Feed<Keep<T>>, Fed<Keep<T>>) {
    feed(Keep::all(), Keep::all)
}

/// The results of all copies.
pub(crate) fn finish<A: Accumulator>(fed: &Fed<A>) -> Vec<A::Out> {
    fed.lock().unwrap().iter().map(|one| one.lock().unwrap().finish().unwrap()).collect()
}

/// Runs so many frames through each copy of a sequence.
pub(crate) fn run_copies(graph: Graph, copies: usize, frames: u64) -> StreamReport {
    let settings = Settings { frames: Some(frames), ..Settings::default() };
    Sequence::new(graph, copies).unwrap().run(&settings).unwrap()
}

/// Runs so many frames through a pipeline.
pub(crate) fn run_stages(graph: Graph, stages: &[Stage], frames: u64) -> StreamReport {
    let settings = Settings { frames: Some(frames), ..Settings::default() };
    Pipeline::new(graph, stages).unwrap().run(&settings).unwrap()
}

/// `n` incrementers, from in to out.
pub(crate) fn increments(graph: &mut Graph, mut frame: Out<Bytes>, n: usize) -> Out<Bytes> {
    for _ in 0..n {
        frame = graph.task(frame, Increment::by(1));
    }
    frame
}

/// A path below the build folder that no other test uses.
pub(crate) fn scratch(name: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{n}", std::process::id()))
}

/// A file beside the one to be, removed unless it was committed.
pub(crate) struct Partial {
    file: File,
    path: PathBuf,
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A sink whose file appears under its name when the stream has ended well.
pub(crate) fn file_sink<B: AsRef<[u8]> + Send + 'static>(path: &Path) -> WriteBytes<B, Partial> {
    let partial = path.with_extension("partial");
    let output = Partial { file: File::create(&partial).unwrap(), path: partial };
    let path = path.to_owned();
    WriteBytes::new("write", output, move |output| fs::rename(&output.path, &path))
}

/// Bytes that look like nothing in particular.
pub(crate) fn some_bytes(n: usize) -> Bytes {
    let mut random = facette_flow::modules::SplitMix::new(n as u64);
    (0..n).map(|_| random.next_u64() as u8).collect()
}

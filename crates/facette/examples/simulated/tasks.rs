//! What the tasks of a chain do: arithmetic on registers, sweeps over memory, sleep.

use rayon::prelude::*;
use schedule::Kind;
use simulate::Needs;
use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A task, as it is run and as it is described to the simulator.
pub(crate) trait Work: Send + Sync {
    /// Name for messages.
    fn name(&self) -> String;
    /// What works on frames: called with the number of each, by one thread. Replicas have one each.
    fn seat(&self) -> Seat;
    /// What more cores than one do for it; the efficiencies of a parallel one are measured, those given are not read.
    fn kind(&self) -> Kind {
        Kind::Replicable
    }
    /// After how many frames its times repeat.
    fn cycle(&self) -> u64 {
        1
    }
    /// Bytes that it moves from and to memory for a frame.
    fn traffic_bytes(&self) -> f64 {
        0.0
    }
    /// What it needs while it runs.
    fn needs(&self) -> Needs {
        Needs::Cores
    }
}

/// Works on the frame of a number.
pub(crate) type Seat = Box<dyn FnMut(u64) + Send>;

/// Arithmetic on registers, of some lengths in turn.
pub(crate) struct Toil {
    rounds: Vec<u64>,
}

impl Toil {
    pub(crate) fn new(ms: &[f64]) -> Arc<Self> {
        Arc::new(Self { rounds: ms.iter().map(|&ms| rounds(ms)).collect() })
    }
}

impl Work for Toil {
    fn name(&self) -> String {
        "toil".into()
    }

    fn seat(&self) -> Seat {
        let rounds = self.rounds.clone();
        Box::new(move |frame| toil(frame, rounds[(frame % rounds.len() as u64) as usize]))
    }

    fn cycle(&self) -> u64 {
        self.rounds.len() as u64
    }
}

/// The same, divided among the threads of a team.
pub(crate) struct Divided {
    rounds: u64,
}

/// Parts that threads take as they are free.
const PARTS: u64 = 64;

impl Divided {
    pub(crate) fn new(ms: f64) -> Arc<Self> {
        Arc::new(Self { rounds: rounds(ms) })
    }
}

impl Work for Divided {
    fn name(&self) -> String {
        "divided".into()
    }

    fn seat(&self) -> Seat {
        let rounds = self.rounds / PARTS;
        Box::new(move |frame| (0..PARTS).into_par_iter().for_each(|part| toil(frame + part, rounds)))
    }

    fn kind(&self) -> Kind {
        Kind::Parallel(Vec::new())
    }
}

/// Reads and writes a buffer that no core's own cache holds.
pub(crate) struct Sweep {
    mib: usize,
}

impl Sweep {
    pub(crate) fn new(mib: usize) -> Arc<Self> {
        Arc::new(Self { mib })
    }
}

impl Work for Sweep {
    fn name(&self) -> String {
        "sweep".into()
    }

    fn seat(&self) -> Seat {
        let mut values = vec![1.0_f64; (self.mib << 20) / size_of::<f64>()];
        Box::new(move |frame| {
            let shift = frame as f64;
            values.iter_mut().for_each(|x| *x = *x * 0.5 + shift);
            black_box(&mut values);
        })
    }

    fn traffic_bytes(&self) -> f64 {
        // Each line is read and written.
        2.0 * (self.mib << 20) as f64
    }
}

/// Sleeps, for some lengths in turn.
pub(crate) struct Sleep {
    ms: Vec<f64>,
}

impl Sleep {
    pub(crate) fn new(ms: &[f64]) -> Arc<Self> {
        Arc::new(Self { ms: ms.to_vec() })
    }
}

impl Work for Sleep {
    fn name(&self) -> String {
        "sleep".into()
    }

    fn seat(&self) -> Seat {
        let ms = self.ms.clone();
        Box::new(move |frame| sleep(Duration::from_secs_f64(1e-3 * ms[(frame % ms.len() as u64) as usize])))
    }

    fn cycle(&self) -> u64 {
        self.ms.len() as u64
    }

    fn needs(&self) -> Needs {
        Needs::Time
    }
}

/// A chain of dependent operations that a core cannot shorten; never inlined, so that it costs the same everywhere.
#[inline(never)]
pub(crate) fn toil(seed: u64, rounds: u64) {
    let mut x = black_box(seed | 1);
    for k in 0..rounds {
        x ^= x << 13;
        x ^= x >> 7;
        x = (x ^ (x << 17)).wrapping_add(k);
    }
    black_box(x);
}

/// Rounds that cost so many milliseconds when nothing disturbs them; how long they really take is calibrated.
pub(crate) fn rounds(ms: f64) -> u64 {
    const ROUNDS: u64 = 300_000;
    static PER_MS: OnceLock<f64> = OnceLock::new();
    let per_ms = PER_MS.get_or_init(|| {
        let time = |_| {
            let started = Instant::now();
            toil(1, ROUNDS);
            started.elapsed().as_secs_f64()
        };
        ROUNDS as f64 * 1e-3 / (0..100).map(time).fold(f64::INFINITY, f64::min)
    });
    (ms * per_ms) as u64
}

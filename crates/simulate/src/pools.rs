//! Who works how fast: cores shared among threads, and memory bandwidth shared among tasks.
//!
//! A job is work that would take `work_s` alone. All jobs of one *class* (node, core type, with or without memory
//! traffic) go on at the same rate at any time, so a class needs no more than one number: how much work a job that was
//! there from the start would have done, its *progress*. A job that comes at progress `p` is done at progress
//! `p + work_s`, whatever the rate does meanwhile; so a change of rate moves one event for each class, not one for each
//! job (the virtual time of processor sharing, Kleinrock 1967).
//!
//! | rate of a class | |
//! | --- | --- |
//! | share of cores | `worth(n)/n` for `n` threads on as many cores, `worth(c)/n` for more threads than the `c` cores |
//! | × share of memory | `bandwidth / demand` where that is below 1, for classes with traffic |
//!
//! Threads are those of jobs, and those that spin, by their weight. Demand is the sum over jobs of bytes per second at
//! the rate that their cores allow.

use crate::clock::{Clock, Event};
use crate::cluster::{Cluster, Cores};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

/// All nodes.
#[derive(Debug)]
pub(crate) struct Pools {
    nodes: Vec<Memory>,
    crowds: Vec<Crowd>,
    /// Two for each crowd, without and with traffic; behind them one for all that need only time.
    classes: Vec<Class>,
    /// By worker.
    jobs: Vec<Option<Running>>,
    n_started: u64,
}

/// Work for a worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    /// Position of its core type among all of all nodes; see [`Pools::crowd`]. `None` if it needs only time.
    pub(crate) crowd: Option<usize>,
    pub(crate) threads: u32,
    /// Time alone.
    pub(crate) work_s: f64,
    pub(crate) traffic_bytes: f64,
}

#[derive(Debug)]
struct Memory {
    crowds: Range<usize>,
    bytes_per_s: f64,
}

/// The threads on the cores of one type of one node.
#[derive(Debug)]
struct Crowd {
    node: usize,
    cores: Cores,
    working: u64,
    spinning: u64,
    /// Bytes/s of its jobs, were each alone.
    demand: f64,
    with_traffic: u64,
    /// Core seconds so far, up to `since_s`.
    busy_s: f64,
    spun_s: f64,
    since_s: f64,
}

#[derive(Debug)]
struct Class {
    rate: f64,
    /// Progress at `since_s`.
    progress_s: f64,
    since_s: f64,
    ends: BinaryHeap<End>,
    version: u64,
    announced_s: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Running {
    crowd: Option<usize>,
    threads: u32,
    demand: f64,
}

impl Pools {
    pub(crate) fn new(cluster: &Cluster, n_workers: usize) -> Self {
        let (mut nodes, mut crowds) = (Vec::new(), Vec::new());
        for (i, node) in cluster.nodes.iter().enumerate() {
            let first = crowds.len();
            crowds.extend(node.cores.iter().map(|cores| Crowd::new(i, cores.clone())));
            let bytes_per_s = node.memory_bytes_per_s.unwrap_or(f64::INFINITY);
            nodes.push(Memory { crowds: first..crowds.len(), bytes_per_s });
        }
        let classes = (0..2 * crowds.len() + 1).map(|_| Class::new()).collect();
        Self { nodes, crowds, classes, jobs: vec![None; n_workers], n_started: 0 }
    }

    /// The position of a core type of a node among all.
    pub(crate) fn crowd(&self, node: usize, core_type: usize) -> usize {
        self.nodes[node].crowds.start + core_type
    }

    /// Begins the work of a worker, which has none.
    pub(crate) fn start(&mut self, clock: &mut Clock, worker: usize, job: Job) {
        let (class, mut work_s, mut demand) = (self.class(&job), job.work_s, 0.0);
        if let Some(crowd) = job.crowd {
            let bytes_per_s = self.nodes[self.crowds[crowd].node].bytes_per_s;
            if job.traffic_bytes > 0.0 {
                // Nothing is faster than the memory.
                work_s = work_s.max(job.traffic_bytes / bytes_per_s);
                demand = if work_s > 0.0 { job.traffic_bytes / work_s } else { 0.0 };
            }
            let at = &mut self.crowds[crowd];
            at.count(clock.now_s);
            at.working += u64::from(job.threads);
            at.demand += demand;
            at.with_traffic += u64::from(demand > 0.0);
        }
        self.jobs[worker] = Some(Running { crowd: job.crowd, threads: job.threads, demand });
        self.n_started += 1;
        self.classes[class].add(clock.now_s, work_s, self.n_started, worker);
        self.settle(clock, class, job.crowd);
    }

    /// Ends the first job of a class: its worker. `None` if the class has changed since the event was announced.
    pub(crate) fn end(&mut self, clock: &mut Clock, class: usize, version: u64) -> Option<usize> {
        let at = &mut self.classes[class];
        if at.version != version {
            return None;
        }
        let worker = at.ends.pop()?.worker;
        at.announced_s = None;
        let job = self.jobs[worker].take()?;
        if let Some(crowd) = job.crowd {
            let at = &mut self.crowds[crowd];
            at.count(clock.now_s);
            at.working -= u64::from(job.threads);
            at.with_traffic -= u64::from(job.demand > 0.0);
            // What rounding left of the others' demand goes with the last of them.
            at.demand = if at.with_traffic == 0 { 0.0 } else { at.demand - job.demand };
        }
        self.settle(clock, class, job.crowd);
        Some(worker)
    }

    /// One thread more, or less, spins on the cores of a crowd.
    pub(crate) fn spin(&mut self, clock: &mut Clock, crowd: usize, begins: bool) {
        let at = &mut self.crowds[crowd];
        at.count(clock.now_s);
        at.spinning = if begins { at.spinning + 1 } else { at.spinning - 1 };
        self.settle(clock, 2 * crowd, Some(crowd));
    }

    /// Core seconds worked and spun on the cores of a crowd.
    pub(crate) fn used_s(&mut self, now_s: f64, crowd: usize) -> (f64, f64) {
        let at = &mut self.crowds[crowd];
        at.count(now_s);
        (at.busy_s, at.spun_s)
    }

    fn class(&self, job: &Job) -> usize {
        let time_only = 2 * self.crowds.len();
        job.crowd.map_or(time_only, |crowd| 2 * crowd + usize::from(job.traffic_bytes > 0.0))
    }

    /// Sets the rates on a node anew, after something on one of its crowds has changed.
    fn settle(&mut self, clock: &mut Clock, class: usize, crowd: Option<usize>) {
        let Some(crowd) = crowd else { return self.classes[class].announce(clock, class) };
        let Memory { crowds, bytes_per_s } = &self.nodes[self.crowds[crowd].node];
        let demand: f64 = self.crowds[crowds.clone()].iter().map(|c| c.demand * c.share()).sum();
        let memory = if demand > *bytes_per_s { bytes_per_s / demand } else { 1.0 };
        for crowd in crowds.clone() {
            let share = self.crowds[crowd].share();
            for (class, rate) in [(2 * crowd, share), (2 * crowd + 1, share * memory)] {
                self.classes[class].set_rate(clock.now_s, rate);
                self.classes[class].announce(clock, class);
            }
        }
    }
}

impl Crowd {
    fn new(node: usize, cores: Cores) -> Self {
        let (busy_s, spun_s, since_s, demand) = (0.0, 0.0, 0.0, 0.0);
        Self { node, cores, working: 0, spinning: 0, demand, with_traffic: 0, busy_s, spun_s, since_s }
    }

    /// Threads that want a core.
    fn threads(&self) -> f64 {
        self.working as f64 + self.cores.spin_weight * self.spinning as f64
    }

    /// How fast each of them goes on.
    fn share(&self) -> f64 {
        let threads = self.threads();
        if threads == 0.0 { 1.0 } else { self.cores.worth(threads.min(self.cores.count.into())) / threads }
    }

    /// Adds up what was used until now.
    fn count(&mut self, now_s: f64) {
        let threads = self.threads();
        if threads > 0.0 {
            let used_s = (now_s - self.since_s) * (f64::from(self.cores.count) / threads).min(1.0);
            self.busy_s += used_s * self.working as f64;
            self.spun_s += used_s * self.cores.spin_weight * self.spinning as f64;
        }
        self.since_s = now_s;
    }
}

impl Class {
    fn new() -> Self {
        let ends = BinaryHeap::new();
        Self { rate: 1.0, progress_s: 0.0, since_s: 0.0, ends, version: 0, announced_s: None }
    }

    fn add(&mut self, now_s: f64, work_s: f64, order: u64, worker: usize) {
        // Counted from here, so that a long run loses no digits.
        if self.ends.is_empty() {
            (self.progress_s, self.since_s) = (0.0, now_s);
        }
        self.ends.push(End { at_s: self.progress_at(now_s) + work_s, order, worker });
    }

    fn progress_at(&self, now_s: f64) -> f64 {
        self.progress_s + (now_s - self.since_s) * self.rate
    }

    fn set_rate(&mut self, now_s: f64, rate: f64) {
        if rate != self.rate {
            (self.progress_s, self.since_s, self.rate) = (self.progress_at(now_s), now_s, rate);
        }
    }

    /// Announces the end of the first job, unless that was done.
    fn announce(&mut self, clock: &mut Clock, class: usize) {
        let end_s = self.ends.peek().map(|end| self.since_s + (end.at_s - self.progress_s) / self.rate);
        if end_s != self.announced_s {
            self.version += 1;
            self.announced_s = end_s;
            let version = self.version;
            end_s.into_iter().for_each(|at_s| clock.announce(at_s, Event::Done { class, version }));
        }
    }
}

/// The end of a job, in progress of its class.
#[derive(Debug, Clone, Copy)]
struct End {
    at_s: f64,
    order: u64,
    worker: usize,
}

impl Ord for End {
    /// The largest is the earliest: a binary heap gives the largest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at_s.total_cmp(&self.at_s).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for End {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for End {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for End {}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of some jobs, all begun at the start, ends on one node.
    fn ends(cluster: &Cluster, jobs: &[Job]) -> Vec<f64> {
        let (mut clock, mut pools) = (Clock::default(), Pools::new(cluster, jobs.len()));
        jobs.iter().enumerate().for_each(|(worker, &job)| pools.start(&mut clock, worker, job));
        let mut ends = vec![0.0; jobs.len()];
        while let Some(Event::Done { class, version }) = clock.next() {
            if let Some(worker) = pools.end(&mut clock, class, version) {
                ends[worker] = clock.now_s;
            }
        }
        ends
    }

    fn job(threads: u32, work_s: f64, traffic_bytes: f64) -> Job {
        Job { crowd: Some(0), threads, work_s, traffic_bytes }
    }

    #[test]
    fn cores_are_shared_equally_among_threads() {
        let cluster = Cluster::uniform(2);
        assert_eq!(ends(&cluster, &[job(1, 1.0, 0.0); 6]), [3.0; 6]);
        // Three at 2/3 until the short one is done at 1.5, then two at full speed.
        let mixed = [job(1, 1.0, 0.0), job(1, 2.0, 0.0), job(1, 2.0, 0.0)];
        assert_eq!(ends(&cluster, &mixed), [1.5, 2.5, 2.5]);
        // A team of three threads beside one on its own: half a core for each.
        assert_eq!(ends(&cluster, &[job(3, 1.0, 0.0), job(1, 1.0, 0.0)]), [2.0, 2.0]);
        let asleep = Job { crowd: None, ..job(1, 1.0, 0.0) };
        assert_eq!(ends(&Cluster::uniform(1), &[asleep, asleep, job(1, 1.0, 0.0)]), [1.0; 3]);
    }

    #[test]
    fn busy_cores_that_slow_each_other_are_worth_less() {
        let mut cluster = Cluster::uniform(2);
        cluster.nodes[0].cores[0].worth = vec![(2, 1.6)];
        assert_eq!(ends(&cluster, &[job(1, 1.0, 0.0); 1]), [1.0]);
        assert_eq!(ends(&cluster, &[job(1, 1.0, 0.0); 2]), [1.25; 2]);
        assert_eq!(ends(&cluster, &[job(1, 1.0, 0.0); 4]), [2.5; 4]);
    }

    #[test]
    fn memory_is_shared_by_demand() {
        let mut cluster = Cluster::uniform(8);
        cluster.nodes[0].memory_bytes_per_s = Some(100.0);
        // Each would take all there is.
        assert_eq!(ends(&cluster, &[job(1, 1.0, 100.0); 4]), [4.0; 4]);
        // What does not touch memory is not slowed; below the limit nobody is.
        let mixed = [job(1, 1.0, 100.0), job(1, 1.0, 100.0), job(1, 1.0, 0.0)];
        assert_eq!(ends(&cluster, &mixed), [2.0, 2.0, 1.0]);
        assert_eq!(ends(&cluster, &[job(1, 1.0, 25.0); 4]), [1.0; 4]);
        assert_eq!(ends(&cluster, &[job(1, 0.0, 50.0)]), [0.5], "bytes take time by themselves");
    }
}

//! What the tasks of a chain cost: measured on a sample of its frames, kept as a file, told to the schedulers.
//!
//! The time of a task that is parallel inside on p threads is taken as `serial + shared / p` (Amdahl's law), fitted to
//! the counts at which it was measured; for a count that was measured the measured time holds.

use schedule::{CoreType, Problem, Task};
use serde::{Deserialize, Serialize};

use crate::{
    computer::Computer,
    plan::{Kind, Link},
    recorder::Timing,
};

/// Version of the layout of [`Profile::to_json`].
const FORMAT: u32 = 1;
/// A normal distribution has its standard deviation so many times its median absolute deviation.
const MAD_TO_SIGMA: f64 = 1.4826;
/// Sizes differ enough for a fit if the largest is so many times the smallest.
const SIZES_DIFFER: f64 = 1.2;
/// Most cores that are planned for.
pub(crate) const MOST_CORES: usize = 1 << 15;
/// Calls that a fit over sizes looks at: it compares all pairs.
const MOST_FITTED: usize = 200;
/// Largest team whose efficiency is told for every count; larger ones double.
const EVERY_COUNT_TO: usize = 64;

/// What is wrong with a profile.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The text is no profile.
    #[error("not a profile: {what}")]
    File {
        /// What is wrong with it.
        what: String,
    },
    /// A task without a cost, or with one that is no time.
    #[error(
        "task {task} costs {seconds} s on {threads} threads; a cost is a finite number, 0 or more: measure it again"
    )]
    Cost {
        /// Name of the task.
        task: String,
        /// Threads it was measured on.
        threads: usize,
        /// The cost.
        seconds: f64,
    },
    /// A task that was never measured.
    #[error("task {task} was not measured; profile more frames")]
    Unmeasured {
        /// Name of the task.
        task: String,
    },
    /// Costs whose numbers of threads do not rise.
    #[error("the costs of task {task} must stand in the order of their numbers of threads, each number once")]
    Order {
        /// Name of the task.
        task: String,
    },
    /// More cores than can be planned for.
    #[error("{cores} cores are more than {MOST_CORES}")]
    Cores {
        /// How many were asked for.
        cores: usize,
    },
    /// A profile of another chain.
    #[error("the profile is of another chain: it has no stream of the tasks {}; it has {}", tasks.join(", "), streams.join("; "))]
    OtherChain {
        /// Names of the tasks of the stream.
        tasks: Vec<String>,
        /// The streams that it has, their tasks joined by arrows.
        streams: Vec<String>,
    },
    /// The schedulers refuse it.
    #[error(transparent)]
    Schedule(#[from] schedule::Error),
}

/// Costs of all streams of a chain on one computer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// Version of the layout: 1.
    pub format: u32,
    /// Where it was measured; a run leaves that to whoever saves it.
    #[serde(default)]
    pub computer: Computer,
    /// Every stream that was measured; streams of the same tasks once.
    pub streams: Vec<StreamProfile>,
}

/// Costs of one stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamProfile {
    /// Frames that were measured.
    pub frames: u64,
    /// Median size of a frame ([`crate::Source::size`]).
    pub size: f64,
    /// Every task, the source first.
    pub tasks: Vec<TaskProfile>,
}

/// Costs of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskProfile {
    /// Its name.
    pub name: String,
    /// What more threads do for it.
    pub kind: TaskKind,
    /// By number of threads, rising; one entry for a task that is not parallel inside.
    pub costs: Vec<Cost>,
}

/// What more threads do for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Nothing: one frame after the other.
    Sequential,
    /// Replicas work on other frames.
    Replicable,
    /// They share the work on one frame.
    Parallel,
}

/// Time that a frame takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// Threads that worked on it.
    pub threads: usize,
    /// Calls that were measured, warm-up excluded.
    pub calls: u64,
    /// Median in seconds.
    pub median_s: f64,
    /// Spread in seconds: median absolute deviation, scaled to be the standard deviation of a normal distribution.
    pub spread_s: f64,
    /// How the time follows the size of a frame, where sizes differed enough to tell.
    pub by_size: Option<BySize>,
}

/// `fixed_s + per_unit_s × size`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BySize {
    /// Seconds of a frame of size 0.
    pub fixed_s: f64,
    /// Seconds for each unit of size.
    pub per_unit_s: f64,
}

impl Profile {
    /// A profile of these streams, to be saved with the computer that they were measured on.
    pub fn of(computer: Computer, streams: Vec<StreamProfile>) -> Self {
        Profile { computer, ..Profile::new(streams) }
    }

    pub(crate) fn new(streams: impl IntoIterator<Item = StreamProfile>) -> Self {
        let mut profile = Profile { format: FORMAT, computer: Computer::default(), streams: Vec::new() };
        for stream in streams {
            if profile.streams.iter().all(|known| !known.is_like(&stream)) {
                profile.streams.push(stream);
            }
        }
        profile
    }

    /// The profile as JSON: the fields of this type by their names.
    pub fn to_json(&self) -> String {
        // Invariant: names and numbers can always be written.
        let mut text = serde_json::to_string_pretty(self).expect("plain data");
        text.push('\n');
        text
    }

    /// Reads what [`Profile::to_json`] wrote.
    ///
    /// # Errors
    /// [`ProfileError::File`], and [`ProfileError::Cost`] or [`ProfileError::Unmeasured`] which name the task.
    pub fn from_json(text: &str) -> Result<Self, ProfileError> {
        let wrong = |what: String| ProfileError::File { what };
        let profile: Profile = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if profile.format != FORMAT {
            return Err(wrong(format!("its format is {}, this program reads {FORMAT}", profile.format)));
        }
        profile.streams.iter().try_for_each(StreamProfile::check)?;
        Ok(profile)
    }

    /// The stream of these tasks, the source first.
    ///
    /// # Errors
    /// [`ProfileError::OtherChain`].
    pub fn stream(&self, tasks: &[&str]) -> Result<&StreamProfile, ProfileError> {
        let found = self.streams.iter().find(|stream| stream.names().eq(tasks.iter().copied()));
        let arrows = |stream: &StreamProfile| stream.names().collect::<Vec<_>>().join(" → ");
        found.ok_or_else(|| ProfileError::OtherChain {
            tasks: tasks.iter().map(|&name| name.to_owned()).collect(),
            streams: self.streams.iter().map(arrows).collect(),
        })
    }
}

impl StreamProfile {
    /// Puts together what was timed; sizes are those of the frames from 0.
    pub(crate) fn new(links: &[Link], timings: &[Timing], sizes: &[u64]) -> Self {
        // Sizes are known of the first frames alone, by far more than a sample should have.
        let size = |frame: u64| sizes.get(frame as usize).map(|&size| size as f64);
        let task = |link: &Link| {
            let mut threads: Vec<usize> =
                timings.iter().filter(|t| t.task == link.name).map(|t| t.threads).collect();
            threads.sort_unstable();
            threads.dedup();
            // What is not parallel inside takes the same time beside any number of idle threads.
            let groups =
                if link.is_parallel { threads.iter().map(|&n| Some(n)).collect() } else { vec![None] };
            let cost = |group: Option<usize>| {
                let of = |t: &&Timing| t.task == link.name && group.is_none_or(|n| t.threads == n);
                let call = |t: &Timing| (size(t.frame).unwrap_or(f64::NAN), t.seconds);
                let calls: Vec<_> = timings.iter().filter(of).map(call).collect();
                Cost::new(group.unwrap_or(1), &calls)
            };
            let costs = groups.into_iter().filter_map(cost).collect();
            TaskProfile { name: link.name.clone(), kind: TaskKind::of(link), costs }
        };
        let mut frames: Vec<u64> = timings.iter().map(|timing| timing.frame).collect();
        frames.sort_unstable();
        frames.dedup();
        let mut measured: Vec<f64> = frames.iter().filter_map(|&frame| size(frame)).collect();
        let size = median(&mut measured).unwrap_or(1.0);
        StreamProfile { frames: frames.len() as u64, size, tasks: links.iter().map(task).collect() }
    }

    /// Names of its tasks, the source first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().map(|task| task.name.as_str())
    }

    /// Whether it is of these tasks, and they are of the same kinds.
    pub(crate) fn is_of(&self, links: &[Link]) -> bool {
        let own = self.tasks.iter().map(|task| (task.name.as_str(), task.kind));
        own.eq(links.iter().map(|link| (link.name.as_str(), TaskKind::of(link))))
    }

    /// Whether all tasks were measured.
    pub(crate) fn check(&self) -> Result<(), ProfileError> {
        self.tasks.iter().try_for_each(TaskProfile::check)
    }

    fn is_like(&self, other: &StreamProfile) -> bool {
        self.names().eq(other.names())
    }

    /// The question to the schedulers: these tasks on so many cores of one kind; costs in seconds.
    ///
    /// # Errors
    /// [`ProfileError::Unmeasured`] and [`ProfileError::Cost`] name the task; [`ProfileError::Schedule`].
    pub fn problem(&self, cores: usize) -> Result<Problem, ProfileError> {
        self.problem_on(&[("core", cores, 1.0)])
    }

    /// The same for several kinds of cores: name, count, and speed relative to the machine of the profile.
    ///
    /// # Errors
    /// As for [`StreamProfile::problem`].
    pub fn problem_on(&self, core_types: &[(&str, usize, f64)]) -> Result<Problem, ProfileError> {
        let most = core_types.iter().map(|&(_, count, _)| count).max().unwrap_or(0);
        if most > MOST_CORES {
            return Err(ProfileError::Cores { cores: most });
        }
        let tasks = self.tasks.iter().map(|task| {
            task.check()?;
            let alone_s = task.seconds(1);
            let costs: Vec<f64> = core_types.iter().map(|&(_, _, speed)| alone_s / speed).collect();
            Ok(Task::new(task.name.clone(), costs, task.scaling(most)))
        });
        let tasks = tasks.collect::<Result<Vec<_>, ProfileError>>()?;
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let core_types = core_types.iter().map(|&(name, n, _)| CoreType::new(name, count(n)));
        Ok(Problem::new(tasks, core_types.collect())?)
    }
}

impl TaskKind {
    fn of(link: &Link) -> Self {
        match link.kind {
            _ if link.is_parallel => TaskKind::Parallel,
            Kind::Replicable => TaskKind::Replicable,
            _ => TaskKind::Sequential,
        }
    }
}

impl TaskProfile {
    fn check(&self) -> Result<(), ProfileError> {
        let task = || self.name.clone();
        if self.costs.is_empty() {
            return Err(ProfileError::Unmeasured { task: task() });
        }
        if self.costs.windows(2).any(|pair| pair[0].threads >= pair[1].threads) {
            return Err(ProfileError::Order { task: task() });
        }
        let is_time = |cost: &&Cost| cost.median_s.is_finite() && cost.median_s >= 0.0 && cost.threads > 0;
        match self.costs.iter().find(|cost| !is_time(cost)) {
            Some(&Cost { threads, median_s, .. }) => {
                Err(ProfileError::Cost { task: task(), threads, seconds: median_s })
            }
            None => Ok(()),
        }
    }

    /// Seconds for a frame on so many threads; 0 for a task that was not measured.
    pub fn seconds(&self, threads: usize) -> f64 {
        if self.kind != TaskKind::Parallel {
            return self.costs.first().map_or(0.0, |cost| cost.median_s);
        }
        let measured = self.costs.iter().find(|cost| cost.threads == threads);
        measured.map_or_else(|| self.amdahl(threads), |cost| cost.median_s)
    }

    /// `serial + shared / threads` through the two measured counts on both sides, or the two nearest.
    fn amdahl(&self, threads: usize) -> f64 {
        let threads = threads.max(1);
        if self.costs.is_empty() {
            return 0.0;
        }
        let above =
            self.costs.partition_point(|cost| cost.threads < threads).min(self.costs.len() - 1).max(1);
        let (Some(few), Some(many)) = (self.costs.get(above - 1), self.costs.get(above)) else {
            // Measured on one count alone: as if all of it were shared.
            return self.costs.first().map_or(0.0, |c| c.median_s * c.threads as f64 / threads as f64);
        };
        let inverse = |cost: &Cost| 1.0 / cost.threads as f64;
        let shared = (few.median_s - many.median_s) / (inverse(few) - inverse(many));
        let shared = shared.clamp(0.0, many.median_s * many.threads as f64);
        (many.median_s - shared * inverse(many)).max(0.0) + shared / threads as f64
    }

    fn scaling(&self, most: usize) -> schedule::Kind {
        match self.kind {
            TaskKind::Sequential => schedule::Kind::Sequential,
            TaskKind::Replicable => schedule::Kind::Replicable,
            TaskKind::Parallel => {
                let alone_s = self.seconds(1);
                let efficiency = |threads: usize| {
                    let seconds = self.seconds(threads);
                    let ideal_s = alone_s / threads as f64;
                    (threads as u32, if seconds > 0.0 && ideal_s > 0.0 { ideal_s / seconds } else { 1.0 })
                };
                let doubled = std::iter::successors(Some(2 * EVERY_COUNT_TO), |n| n.checked_mul(2));
                let counts = (2..=EVERY_COUNT_TO).chain(doubled).take_while(|&n| n <= most);
                schedule::Kind::Parallel(counts.map(efficiency).collect())
            }
        }
    }
}

impl Cost {
    /// Of calls: size of the frame, and seconds. `None` without calls.
    fn new(threads: usize, calls: &[(f64, f64)]) -> Option<Self> {
        let mut seconds: Vec<f64> = calls.iter().map(|call| call.1).collect();
        let median_s = median(&mut seconds)?;
        let mut deviations: Vec<f64> = seconds.iter().map(|s| (s - median_s).abs()).collect();
        let spread_s = median(&mut deviations)? * MAD_TO_SIGMA;
        Some(Cost { threads, calls: calls.len() as u64, median_s, spread_s, by_size: BySize::fit(calls) })
    }
}

impl BySize {
    /// The median of the slopes of all pairs of calls whose sizes differ (Theil 1950, Sen 1968): a few slow calls do
    /// not move it.
    fn fit(calls: &[(f64, f64)]) -> Option<Self> {
        let known: Vec<_> =
            calls.iter().filter(|call| call.0.is_finite()).take(MOST_FITTED).copied().collect();
        let calls = &known[..];
        let sizes = || calls.iter().map(|call| call.0);
        let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
        if calls.len() < 3 || most < SIZES_DIFFER * least {
            return None;
        }
        let pairs = calls.iter().enumerate().flat_map(|(i, a)| calls[..i].iter().map(move |b| (a, b)));
        let slopes = pairs.filter(|(a, b)| a.0 != b.0).map(|(a, b)| (a.1 - b.1) / (a.0 - b.0));
        let per_unit_s = median(&mut slopes.collect::<Vec<_>>())?.max(0.0);
        let fixed_s = median(&mut calls.iter().map(|call| call.1 - per_unit_s * call.0).collect::<Vec<_>>())?;
        Some(BySize { fixed_s: fixed_s.max(0.0), per_unit_s })
    }
}

/// The median; `None` of nothing. Sorts.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    (n > 0).then(|| (values[(n - 1) / 2] + values[n / 2]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(task: &str, threads: usize, frame: u64, seconds: f64) -> Timing {
        Timing { task: task.to_owned(), threads, frame, seconds }
    }

    fn links() -> Vec<Link> {
        let link = |(i, name, kind, is_parallel): (usize, &str, Kind, bool)| Link {
            name: name.to_owned(),
            units: i..i + 1,
            kind,
            is_parallel,
        };
        let links = [
            (0, "Read", Kind::Sequential, false),
            (1, "Weigh", Kind::Replicable, false),
            (2, "Grid", Kind::Alone, true),
        ];
        links.into_iter().map(link).collect()
    }

    /// `Grid` is 1 s serial and 4 s shared; one call of each task is ten times too slow.
    fn profile() -> StreamProfile {
        let mut timings = Vec::new();
        for (frame, threads) in [(0, 4), (1, 4), (2, 4), (3, 2), (4, 2), (5, 2)] {
            let slow = if frame % 3 == 1 { 10.0 } else { 1.0 };
            timings.push(timing("Read", threads, frame, 0.5 * slow));
            timings.push(timing("Weigh", threads, frame, 0.25 * slow));
            timings.push(timing("Grid", threads, frame, slow * (1.0 + 4.0 / threads as f64)));
        }
        StreamProfile::new(&links(), &timings, &[10; 6])
    }

    #[test]
    fn medians_do_not_see_a_slow_call_and_teams_follow_amdahl() {
        let profile = profile();
        assert_eq!((profile.frames, profile.size), (6, 10.0));
        let [read, weigh, grid] = &profile.tasks[..] else { panic!("three tasks") };
        assert_eq!(
            (read.kind, weigh.kind, grid.kind),
            (TaskKind::Sequential, TaskKind::Replicable, TaskKind::Parallel)
        );
        assert_eq!((read.costs[0].median_s, read.costs[0].calls, read.costs.len()), (0.5, 6, 1));
        assert_eq!(
            grid.costs.iter().map(|c| (c.threads, c.median_s)).collect::<Vec<_>>(),
            [(2, 3.0), (4, 2.0)]
        );
        for threads in [1, 3, 8, 100] {
            assert!((grid.seconds(threads) - (1.0 + 4.0 / threads as f64)).abs() < 1e-12, "{threads}");
        }
        let one = StreamProfile::new(&links(), &[timing("Grid", 4, 0, 2.0)], &[]);
        assert_eq!(one.tasks[2].seconds(1), 8.0, "measured once: all of it shared");
        let none = StreamProfile::new(&links(), &[timing("Read", 4, 0, 2.0)], &[]);
        assert_eq!((none.tasks[2].seconds(1), none.check().is_err()), (0.0, true));
    }

    #[test]
    fn schedulers_get_what_was_measured() {
        let problem = profile().problem(4).unwrap();
        assert_eq!(problem.tasks()[2].costs, [5.0]);
        let plan = schedule::algorithm("exact").unwrap().solve(&problem).unwrap();
        // Reading and weighing on one core beside a team of three: 1 + 4/3.
        assert!((plan.period.to_f64() - (1.0 + 4.0 / 3.0)).abs() < 1e-9, "{plan:?}");
        let two = profile().problem_on(&[("big", 2, 1.0), ("little", 2, 0.5)]).unwrap();
        assert_eq!(two.tasks()[0].costs, [0.5, 1.0]);
    }

    #[test]
    fn time_follows_size() {
        let calls: Vec<_> =
            (1..=5).map(|i| (f64::from(i), 3.0 + 2.0 * f64::from(i))).chain([(3.0, 100.0)]).collect();
        let fit = Cost::new(1, &calls).unwrap().by_size.unwrap();
        assert!((fit.per_unit_s - 2.0).abs() < 1e-9 && (fit.fixed_s - 3.0).abs() < 1e-9, "{fit:?}");
        assert_eq!(Cost::new(1, &[(5.0, 1.0), (5.5, 1.1), (5.2, 1.0)]).unwrap().by_size, None);
    }

    #[test]
    fn files_are_read_back_and_mistakes_name_the_task() {
        let profile = Profile::new([profile(), profile()]);
        assert_eq!(profile.streams.len(), 1);
        let read = Profile::from_json(&profile.to_json()).unwrap();
        assert_eq!(read, profile);
        assert!(read.stream(&["Read", "Weigh", "Grid"]).is_ok());
        let other = read.stream(&["Read", "Grid"]).unwrap_err().to_string();
        assert!(other.contains("Read, Grid") && other.contains("Read → Weigh → Grid"), "{other}");
        let says = |change: &dyn Fn(&mut Profile), part: &str| {
            let mut wrong = profile.clone();
            change(&mut wrong);
            let error = Profile::from_json(&wrong.to_json()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        says(&|p| p.format = 7, "its format is 7");
        says(&|p| p.streams[0].tasks[2].costs.reverse(), "task Grid must stand in the order");
        says(&|p| p.streams[0].tasks[1].costs.clear(), "task Weigh was not measured");
        says(&|p| p.streams[0].tasks[0].costs[0].median_s = -1.0, "task Read costs -1 s");
        assert!(Profile::from_json("[]").unwrap_err().to_string().contains("not a profile"));
    }
}

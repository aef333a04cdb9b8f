//! Plans by costs: samples, plans as files, and streams that are cut anew while they run.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use facette_flow::{
    BoxError, Chain, Execution, Leg, Observer, Output, PassPlan, Plan, Profile, Run, RunReport, Sample,
    Source, Task, TaskKind,
    closures::{fold, iterate_again},
};

/// Sleeps for what the millisecond counter says, and adds its name to the frame.
#[derive(Clone)]
struct Nap {
    name: &'static str,
    ms: Arc<AtomicUsize>,
    is_replicable: bool,
}

impl Nap {
    fn new(name: &'static str, ms: usize, is_replicable: bool) -> Self {
        Nap { name, ms: Arc::new(AtomicUsize::new(ms)), is_replicable }
    }
}

impl Task for Nap {
    type In = u64;
    type Out = u64;

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn run(&mut self, n: u64) -> Result<u64, BoxError> {
        sleep(Duration::from_millis(self.ms.load(Ordering::Relaxed) as u64));
        Ok(n + 1)
    }

    fn replica(&self) -> Option<Self> {
        self.is_replicable.then(|| self.clone())
    }
}

/// Counts; chunks are as large as their number.
struct Count(u64, u64);

impl Source for Count {
    type Out = u64;

    fn next(&mut self) -> Result<Option<u64>, BoxError> {
        self.0 += 1;
        Ok((self.0 <= self.1).then_some(self.0))
    }

    fn size(&self, chunk: &u64) -> u64 {
        *chunk
    }
}

/// `Count → Light → Heavy → digest`, where all but `Heavy` cost next to nothing.
fn chain(n: u64, heavy_ms: usize) -> (Chain, Output<u64>) {
    let mut chain = Chain::new();
    let sum = chain.per_chunk(Count(0, n), |c, n| {
        let n = c.then(n, Nap::new("Light", 0, true));
        let n = c.then(n, Nap::new("Heavy", heavy_ms, true));
        c.accumulate(
            n,
            fold("Digest", 7_u64, |sum, n: u64| {
                *sum = sum.wrapping_mul(31).wrapping_add(n);
                Ok(())
            }),
        )
    });
    let sum = chain.output(sum);
    (chain, sum)
}

fn result(run: &Run, n: u64, heavy_ms: usize) -> (u64, RunReport) {
    let (chain, sum) = chain(n, heavy_ms);
    let report = chain.run(run).unwrap();
    (sum.take().unwrap(), report)
}

#[test]
fn costs_of_the_first_frames_decide_the_stages_of_the_rest() {
    let (want, _) = result(&Run::sequential(), 60, 0);
    let (sum, report) = result(&Run::auto(4), 60, 3);
    assert_eq!(sum, want, "no frame is lost or run twice");
    let plan = &report.plan.passes[0];
    let heavy = plan.stages.iter().find(|stage| stage.tasks.contains(&"Heavy".to_owned())).unwrap();
    assert!(heavy.replicas >= 2, "the heavy task gets the cores: {plan}");
    assert!(report.tasks.iter().all(|task| task.calls == 60), "{:?}", report.tasks);
    let stream = &report.profile.streams[0];
    assert_eq!(stream.names().collect::<Vec<_>>(), ["Count", "Light", "Heavy", "Digest"]);
    assert_eq!((stream.frames, stream.tasks[2].kind), (4, TaskKind::Replicable));
    assert!(stream.tasks[2].seconds(1) >= 0.003, "{stream:?}");
    let forecast = report.passes[0].forecast.as_ref().unwrap();
    // Five frames were the sample.
    assert_eq!(forecast.frames, 55);
    assert!(forecast.predicted_s > 0.0005 && forecast.achieved_s >= 0.0007, "{forecast:?}");
}

#[test]
fn streams_shorter_than_the_sample_end_well() {
    for n in [0, 1, 2, 4, 5, 6] {
        let (want, _) = result(&Run::sequential(), n, 0);
        let (sum, report) = result(&Run::auto(3), n, 0);
        assert_eq!((sum, report.passes[0].chunks), (want, n), "{n}");
    }
}

#[test]
fn a_saved_plan_is_run_again() {
    let (want, report) = result(&Run::auto(3), 40, 2);
    let plan = Plan::from_json(&report.plan.to_json()).unwrap();
    let run = |plan: Plan| Run { execution: Execution::Planned(Arc::new(plan)), ..Run::pipeline(3) };
    let (sum, again) = result(&run(plan), 40, 0);
    assert_eq!((sum, &again.plan), (want, &report.plan));
    assert!(again.passes[0].forecast.is_none() && again.profile.streams.is_empty());

    let wrong = |json: &str, part: &str| {
        let plan = Plan::from_json(json).unwrap();
        let error = chain(5, 0).0.run(&run(plan)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let stages =
        |text: &str| format!(r#"{{"format": 1, "passes": [{{"source": "Count", "stages": [{text}]}}]}}"#);
    wrong(&stages(r#"{"tasks": ["Count", "Other"]}"#), "Count, Light, Heavy, Digest; it plans Count → Other");
    wrong(
        &stages(r#"{"tasks": ["Count", "Light", "Heavy", "Digest"], "replicas": 2}"#),
        "Count makes no replicas",
    );
    wrong(&stages(r#"{"tasks": ["Count", "Light", "Heavy", "Digest"], "depth": 0}"#), "depth is 0");
    wrong(&stages(r#"{"tasks": ["Count", "Light", "Heavy", "Digest"], "threads": 0}"#), "threads is 0");
}

#[test]
fn a_sample_ends_its_stream_and_says_what_frames_cost() {
    let leg = |threads, warm_up, frames| Leg { threads, warm_up, frames };
    let sample = Sample { legs: vec![leg(2, 1, 4), leg(1, 0, 4)] };
    let run = Run { execution: Execution::Sample(sample), ..Run::pipeline(2) };
    let (sum, report) = result(&run, 1000, 1);
    let (want, _) = result(&Run::sequential(), 9, 0);
    assert_eq!((sum, report.passes[0].chunks), (want, 9));
    let stream = &report.profile.streams[0];
    // The frames 2 to 9 counted, each as large as its number.
    assert_eq!((stream.frames, stream.size), (8, 5.5));
    assert!(stream.tasks[2].costs[0].by_size.is_some(), "{stream:?}");
    assert_eq!(Profile::from_json(&report.profile.to_json()).unwrap(), report.profile);
    let nothing = Sample { legs: vec![leg(1, 1, 0)] };
    let error =
        chain(5, 0).0.run(&Run { execution: Execution::Sample(nothing), ..Run::pipeline(2) }).unwrap_err();
    assert_eq!(error.to_string(), "frames of the sample is 0; it must be at least 1");
}

/// Keeps the plans that it is told.
#[derive(Default)]
struct Plans(Mutex<Vec<String>>);

impl Observer for Plans {
    fn planned(&self, pass: usize, plan: &PassPlan) {
        self.0.lock().unwrap().push(format!("{pass}: {plan}"));
    }
}

/// In the first turn `First` is slow, from the second on it is `Second`.
#[test]
fn costs_that_move_between_turns_cut_the_stream_anew() {
    let (first, second) = (Nap::new("First", 4, true), Nap::new("Second", 0, true));
    let costs = (first.ms.clone(), second.ms.clone());
    let mut chain = Chain::new();
    let start = chain.constant(0_u64);
    let total = chain.repeat(4, start, |chain, total| {
        let sum = chain.per_chunk(iterate_again("Count", 0..40_u64), |c, n| {
            let n = c.then(n, first);
            // Keeps the two from sharing a stage.
            let n = c.then(n, Nap::new("Between", 0, false));
            let n = c.then(n, second);
            c.accumulate(
                n,
                fold("Sum", 0_u64, |sum, n: u64| {
                    *sum += n;
                    Ok(())
                }),
            )
        });
        let next = chain.then(
            (total, sum),
            facette_flow::closures::map("Turn", move |(total, sum): (u64, u64)| {
                costs.0.store(0, Ordering::Relaxed);
                costs.1.store(4, Ordering::Relaxed);
                Ok((total + sum, false))
            }),
        );
        chain.unzip(next)
    });
    let total = chain.output(total);
    let plans = Arc::new(Plans::default());
    let report = chain.run(&Run { observer: Some(plans.clone()), ..Run::auto(4) }).unwrap();
    assert_eq!(total.take(), Some(4 * (40 * 39 / 2 + 40 * 3)));
    let stage_of = |task: &str| {
        let stages = &report.plan.passes[0].stages;
        stages.iter().find(|stage| stage.tasks.contains(&task.to_owned())).unwrap().replicas
    };
    assert!(stage_of("Second") > 1 && stage_of("Second") >= stage_of("First"), "{}", report.plan.passes[0]);
    let told = plans.0.lock().unwrap().clone();
    assert_eq!(report.passes[0].n_replanned, 1, "{told:?}");
    assert_eq!((report.passes[0].chunks, report.passes.len()), (160, 1));
    assert!(told.iter().any(|plan| plan.contains("First ×") && !plan.contains("Second ×4")), "{told:?}");
}

#[test]
fn streams_of_the_same_tasks_are_sampled_once() {
    let mut chain = Chain::new();
    for _ in 0..3 {
        chain.per_chunk(Count(0, 30), |c, n| {
            let n = c.then(n, Nap::new("Heavy", 1, true));
            c.sink(n, facette_flow::closures::map("Drop", |_: u64| Ok(())));
        });
    }
    let report = chain.run(&Run::auto(3)).unwrap();
    let frames: Vec<_> = report.passes.iter().map(|pass| pass.forecast.as_ref().unwrap().frames).collect();
    assert_eq!((frames, report.profile.streams.len()), (vec![25, 30, 30], 1));
}

/// Names do not say whether a task can be replicated: the second `Heavy` keeps a state.
#[test]
fn tasks_of_one_name_are_not_taken_for_each_other() {
    let mut chain = Chain::new();
    for is_replicable in [true, false] {
        chain.per_chunk(Count(0, 30), |c, n| {
            let n = c.then(n, Nap::new("Heavy", 1, is_replicable));
            c.sink(n, facette_flow::closures::map("Drop", |_: u64| Ok(())));
        });
    }
    let report = chain.run(&Run::auto(4)).unwrap();
    let replicas = |pass: usize| {
        let stages = &report.plan.passes[pass].stages;
        stages.iter().find(|stage| stage.tasks.contains(&"Heavy".to_owned())).unwrap().replicas
    };
    assert!(replicas(0) > 1 && replicas(1) == 1, "{:?}", report.plan);
    assert_eq!(report.passes[1].forecast.as_ref().unwrap().frames, 25, "it was sampled for itself");
}

/// Counts in parallel, or would.
struct Parallel(u64);

impl facette_flow::Accumulator for Parallel {
    type In = u64;
    type Out = u64;

    fn add(&mut self, n: u64) -> Result<(), BoxError> {
        self.0 += n;
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, BoxError> {
        Ok(std::mem::take(&mut self.0))
    }

    fn max_threads(&self) -> usize {
        usize::MAX
    }
}

#[test]
fn streams_of_a_single_chunk_are_run_turn_after_turn() {
    let mut chain = Chain::new();
    let start = chain.constant(0_u64);
    let total = chain.repeat(3, start, |chain, total| {
        let sum = chain.per_chunk(iterate_again("Count", 7..8_u64), |c, n| c.accumulate(n, Parallel(0)));
        let next = chain.then(
            (total, sum),
            facette_flow::closures::map("Turn", |(total, sum): (u64, u64)| Ok((total + sum, false))),
        );
        chain.unzip(next)
    });
    let total = chain.output(total);
    let report = chain.run(&Run::auto(2)).unwrap();
    assert_eq!((total.take(), report.passes[0].chunks), (Some(21), 3));
}

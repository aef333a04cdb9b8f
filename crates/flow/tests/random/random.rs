//! Random graphs equal the model.

use std::{
    env,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::{Mutex, Once, mpsc},
    thread,
    time::Duration,
};

use crate::{
    case::Case,
    check::check,
    tape::{Tape, shrink},
};

/// One test at a time: threads are counted.
pub(crate) static ALONE: Mutex<()> = Mutex::new(());

/// A panic that was asked for says nothing.
pub(crate) fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"sprung") {
                tell(info);
            }
        }));
    });
}

/// A number from the environment.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// What is wrong with a case, if anything.
fn complaint(choices: &[u32]) -> Option<String> {
    let (done, result) = mpsc::channel();
    let choices = choices.to_vec();
    let work = move || {
        let run = || Case::of(&choices).map_or(Ok(()), |case| check(&case));
        let result = catch_unwind(AssertUnwindSafe(run));
        let _ = done.send(result.unwrap_or_else(|_| Err("panicked".to_owned())));
    };
    thread::spawn(work);
    match result.recv_timeout(Duration::from_secs(number("FLOW_PATIENCE", 30))) {
        Ok(result) => result.err(),
        Err(_) => Some("hangs".to_owned()),
    }
}

fn seeds() -> std::ops::Range<u64> {
    let first = number("FLOW_SEED", 0);
    first..first + number("FLOW_CASES", if env::var("FLOW_SEED").is_ok() { 1 } else { 300 })
}

#[test]
fn any_graph_equals_the_model() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    hush();
    for seed in seeds() {
        let choices = Tape::from_seed(seed, 400);
        let Some(first) = complaint(&choices) else { continue };
        // What depends on timing is looked for several times.
        let choices = Case::of(&choices).map_or(choices, |case| case.drawn);
        let small = shrink(choices, |choices| (0..5).any(|_| complaint(choices).is_some()));
        let last = (0..50).find_map(|_| complaint(&small));
        panic!("FLOW_SEED={seed}: {first}\nas small as possible: {last:?}\n{:?}", Case::of(&small));
    }
}

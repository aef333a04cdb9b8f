//! What the second core is worth: how many times as fast two threads are as one, on work that has nothing to wait for.
//!
//! A virtual machine may have two cores of which one is somebody else's for minutes. What needs both of them cannot be
//! judged then.

use super::measure::{self, Runs};
use super::programs::Programs;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Less than this is no second core.
pub(super) const ENOUGH: f64 = 1.6;

/// Runs of each; the median of them is taken.
const RUNS: usize = 3;

/// The same work on one thread and on two.
pub(super) struct SecondCore {
    one: Runs,
    two: Runs,
}

impl SecondCore {
    /// Measures it now.
    ///
    /// # Errors
    /// When a program fails.
    pub(super) fn measure(programs: &Programs) -> Result<Self> {
        let (mut runs, _) =
            measure::in_turn(["work-1-thread", "work-2-threads"].into_iter(), programs, RUNS)?;
        ensure!(runs.len() == 2, "work on one and on two threads");
        let (two, one) = (runs.remove(1), runs.remove(0));
        Ok(SecondCore { one, two })
    }

    /// How many times as fast two threads are.
    pub(super) fn worth(&self) -> f64 {
        self.one.median() / self.two.median()
    }

    /// A line for the eye.
    pub(super) fn text(&self, when: &str) -> String {
        let too_little = if self.worth() < ENOUGH { format!(", less than {ENOUGH}") } else { String::new() };
        format!("second core worth {:.2} {when}{too_little}", self.worth())
    }

    /// All runs, for the file.
    pub(super) fn as_json(&self) -> Value {
        json!({ "worth": self.worth(), "one_thread": self.one.as_json(), "two_threads": self.two.as_json() })
    }
}

#[cfg(test)]
impl SecondCore {
    /// One that is worth so much.
    pub(super) fn of(worth: f64) -> Self {
        let runs = |name: &str, seconds| Runs { name: name.to_owned(), seconds: vec![seconds] };
        SecondCore { one: runs("work-1-thread", worth), two: runs("work-2-threads", 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_worth_what_two_threads_save() {
        assert_eq!(SecondCore::of(1.97).text("before"), "second core worth 1.97 before");
        assert_eq!(SecondCore::of(1.1).text("after"), "second core worth 1.10 after, less than 1.6");
        assert_eq!(SecondCore::of(1.5).as_json()["one_thread"]["runs_s"], json!([1.5]));
    }
}

//! How long a task takes: distributions, drawn by task and frame, so that no order of events changes what is drawn.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, LogNormal};
use serde::{Deserialize, Serialize};

/// The time that a task takes for a frame, on one core of the type it runs on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Service {
    /// Always the same.
    Constant {
        /// The time.
        time_s: f64,
    },
    /// Frame `n` takes the time at `n` modulo the length: slow and fast frames in turn.
    Cycle {
        /// One after the other.
        times_s: Vec<f64>,
    },
    /// Each frame takes one of the measured times, all equally likely.
    Samples {
        /// As measured, in any order.
        times_s: Vec<f64>,
    },
    /// Log-normal: many frames a little slower, few much slower.
    LogNormal {
        /// Mean.
        mean_s: f64,
        /// Standard deviation over mean.
        cv: f64,
    },
    /// Gamma; with `cv` 1 the exponential distribution, of which queueing theory knows all.
    Gamma {
        /// Mean.
        mean_s: f64,
        /// Standard deviation over mean.
        cv: f64,
    },
}

/// What a time is drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    pub(crate) seed: u64,
    /// Position of the task in the chain, so that cutting it otherwise changes no time.
    pub(crate) task: u64,
    pub(crate) frame: u64,
}

impl Service {
    /// Always `time_s`.
    #[must_use]
    pub fn constant(time_s: f64) -> Self {
        Self::Constant { time_s }
    }

    /// The mean.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        match self {
            Self::Constant { time_s } => *time_s,
            Self::Cycle { times_s } | Self::Samples { times_s } => {
                times_s.iter().sum::<f64>() / times_s.len() as f64
            }
            Self::LogNormal { mean_s, .. } | Self::Gamma { mean_s, .. } => *mean_s,
        }
    }

    /// The same distribution, all times multiplied.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let all = |times_s: &[f64]| times_s.iter().map(|t| t * factor).collect();
        match self {
            Self::Constant { time_s } => Self::Constant { time_s: time_s * factor },
            Self::Cycle { times_s } => Self::Cycle { times_s: all(times_s) },
            Self::Samples { times_s } => Self::Samples { times_s: all(times_s) },
            Self::LogNormal { mean_s, cv } => Self::LogNormal { mean_s: mean_s * factor, cv: *cv },
            Self::Gamma { mean_s, cv } => Self::Gamma { mean_s: mean_s * factor, cv: *cv },
        }
    }

    /// The figures that are to be finite and not negative.
    pub(crate) fn figures(&self) -> Vec<f64> {
        match self {
            Self::Constant { time_s } => vec![*time_s],
            Self::Cycle { times_s } | Self::Samples { times_s } => times_s.clone(),
            Self::LogNormal { mean_s, cv } | Self::Gamma { mean_s, cv } => vec![*mean_s, *cv],
        }
    }

    /// The time for a frame.
    pub(crate) fn draw_s(&self, draw: Draw) -> f64 {
        match self {
            Self::Constant { time_s } => *time_s,
            Self::Cycle { times_s } => times_s[(draw.frame % times_s.len() as u64) as usize],
            Self::Samples { times_s } => times_s[draw.rng().random_range(0..times_s.len())],
            Self::LogNormal { mean_s, cv } | Self::Gamma { mean_s, cv } if *mean_s == 0.0 || *cv == 0.0 => {
                *mean_s
            }
            Self::LogNormal { mean_s, cv } => {
                let times = LogNormal::from_mean_cv(*mean_s, *cv);
                times.map_or(*mean_s, |times| times.sample(&mut draw.rng()))
            }
            Self::Gamma { mean_s, cv } => {
                let times = Gamma::new(1.0 / (cv * cv), mean_s * cv * cv);
                times.map_or(*mean_s, |times| times.sample(&mut draw.rng()))
            }
        }
    }
}

impl Draw {
    fn rng(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(mix(mix(mix(self.seed) ^ self.task) ^ self.frame))
    }
}

/// The last step of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of `x`.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(service: &Service, n: u64) -> Vec<f64> {
        (0..n).map(|frame| service.draw_s(Draw { seed: 1, task: 2, frame })).collect()
    }

    fn mean_and_cv(times: &[f64]) -> (f64, f64) {
        let n = times.len() as f64;
        let mean = times.iter().sum::<f64>() / n;
        (mean, (times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n).sqrt() / mean)
    }

    #[test]
    fn distributions_have_the_mean_and_the_spread_that_they_say() {
        for cv in [0.1, 0.5, 1.0] {
            for service in [Service::LogNormal { mean_s: 3.0, cv }, Service::Gamma { mean_s: 3.0, cv }] {
                let (mean, spread) = mean_and_cv(&draws(&service, 40_000));
                assert!((mean - 3.0).abs() < 0.05, "{service:?}: {mean}");
                assert!((spread / cv - 1.0).abs() < 0.05, "{service:?}: {spread}");
            }
        }
        let (mean, _) = mean_and_cv(&draws(&Service::Samples { times_s: vec![1.0, 2.0, 6.0] }, 40_000));
        assert!((mean - 3.0).abs() < 0.05, "{mean}");
    }

    #[test]
    fn a_draw_depends_on_seed_task_and_frame_only() {
        let service = Service::Gamma { mean_s: 1.0, cv: 1.0 };
        let draw = |seed, task, frame| service.draw_s(Draw { seed, task, frame });
        assert_eq!(draw(1, 2, 3), draw(1, 2, 3));
        let all = [draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4), draw(1, 3, 2)];
        assert!((0..5).all(|i| (0..i).all(|j| all[i] != all[j])), "{all:?}");
        let cycle = Service::Cycle { times_s: vec![1.0, 5.0] };
        assert_eq!(draws(&cycle, 3), [1.0, 5.0, 1.0]);
        assert_eq!((cycle.scaled(2.0).mean_s(), Service::constant(2.0).mean_s()), (6.0, 2.0));
    }
}

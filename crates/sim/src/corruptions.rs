//! What an instrument does to visibilities: gains, noise, flags.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::TAU;
use types::Complex64;

/// Waves that a drifting gain is the sum of.
const N_WAVE: usize = 3;
/// Stream of the generator for gains; rows count from 0, flags from half way up, the demo's sky has the last.
const GAIN_STREAM: u64 = u64::MAX - 1;
/// First stream for flags.
const FLAG_STREAM: u64 = 1 << 63;

/// Errors of the instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corruptions {
    /// Rms of the noise in the real and in the imaginary part of each visibility and correlation, Jy; finite.
    pub noise_jy: f64,
    /// Rms of the antennas' gain errors: relative in amplitude, radians in phase.
    pub gain_rms: f64,
    /// Time over which gains change, seconds; `None`: they stay.
    pub gain_period_s: Option<f64>,
    /// Share of samples (row and channel, all correlations) that are flagged, 0 to 1.
    pub flag_fraction: f64,
}

impl Corruptions {
    /// A perfect instrument.
    pub fn none() -> Corruptions {
        Corruptions { noise_jy: 0.0, gain_rms: 0.0, gain_period_s: None, flag_fraction: 0.0 }
    }

    /// The noise of a baseline between two antennas of system equivalent flux density `sefd_jy`: σ = SEFD/√(2 Δν Δt), of
    /// the real and of the imaginary part of one correlation (Thompson, Moran & Swenson 2017, eq. 6.50 with efficiency 1).
    pub fn noise_of_sefd_jy(sefd_jy: f64, chan_width_hz: f64, interval_s: f64) -> f64 {
        sefd_jy / (2.0 * chan_width_hz.abs() * interval_s).sqrt()
    }
}

/// The gains of all antennas and receptors over time.
///
/// g = (1 + a) exp(iφ), with a and φ of rms `gain_rms`: drawn once from the normal distribution, or sums of three waves
/// with random phases and periods of 2/3 to 2 times `gain_period_s`.
pub(crate) struct Gains {
    rms: f64,
    /// `[antenna][receptor][amplitude, phase]`.
    parts: Vec<[[Part; 2]; 2]>,
}

/// A random number, or one that changes with time: [turns a second, turns at zero] of each wave.
enum Part {
    Constant(f64),
    Waves([[f64; 2]; N_WAVE]),
}

impl Gains {
    pub(crate) fn new(corruptions: &Corruptions, n_antenna: usize, seed: u64) -> Option<Gains> {
        if corruptions.gain_rms == 0.0 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(GAIN_STREAM);
        let mut part = || match corruptions.gain_period_s {
            None => Part::Constant(StandardNormal.sample(&mut rng)),
            Some(period_s) => {
                Part::Waves(std::array::from_fn(|_| [rng.random_range(0.5..1.5) / period_s, rng.random()]))
            }
        };
        let mut receptor = || [part(), part()];
        let parts = (0..n_antenna).map(|_| [receptor(), receptor()]).collect();
        Some(Gains { rms: corruptions.gain_rms, parts })
    }

    /// Gains at a time after the start, `[antenna][receptor]`.
    pub(crate) fn at(&self, elapsed_s: f64) -> Vec<[Complex64; 2]> {
        let gain = |[amplitude, phase]: &[Part; 2]| {
            Complex64::from_polar(1.0 + self.rms * amplitude.at(elapsed_s), self.rms * phase.at(elapsed_s))
        };
        self.parts.iter().map(|receptors| [gain(&receptors[0]), gain(&receptors[1])]).collect()
    }
}

impl Part {
    fn at(&self, elapsed_s: f64) -> f64 {
        match self {
            Part::Constant(x) => *x,
            Part::Waves(waves) => {
                let sum: f64 = waves.iter().map(|w| (TAU * (w[0] * elapsed_s + w[1])).cos()).sum();
                sum * (2.0 / N_WAVE as f64).sqrt()
            }
        }
    }
}

/// The noise of a row, sample by sample: a stream of its own in the generator's sequence.
pub(crate) fn noise(noise_jy: f64, seed: u64, row: usize) -> impl FnMut() -> Complex64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(row as u64);
    move || {
        if noise_jy == 0.0 {
            return Complex64::ZERO;
        }
        let mut part = || noise_jy * Distribution::<f64>::sample(&StandardNormal, &mut rng);
        Complex64::new(part(), part())
    }
}

/// The flags of the channels of a row.
pub(crate) fn flags(fraction: f64, seed: u64, row: usize, flag_f: &mut [bool]) {
    if fraction > 0.0 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(FLAG_STREAM | row as u64);
        flag_f.fill_with(|| rng.random::<f64>() < fraction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_have_the_strength_asked_for_and_drift_or_stay() {
        for gain_period_s in [None, Some(600.0)] {
            let corruptions = Corruptions { gain_rms: 0.1, gain_period_s, ..Corruptions::none() };
            let gains = Gains::new(&corruptions, 500, 3).unwrap();
            let (now, soon, later) = (gains.at(0.0), gains.at(1.0), gains.at(300.0));
            let all = || now.iter().flatten();
            let rms = |f: fn(&Complex64) -> f64| (all().map(|g| f(g).powi(2)).sum::<f64>() / 1000.0).sqrt();
            assert!((rms(|g| g.norm() - 1.0) - 0.1).abs() < 0.01 && (rms(|g| g.arg()) - 0.1).abs() < 0.01);
            let change = |then: &[[Complex64; 2]]| {
                let pairs = then.iter().flatten().zip(all());
                pairs.map(|(a, b)| (a - b).norm()).fold(0.0, f64::max)
            };
            assert_eq!(change(&later) > 0.1, gain_period_s.is_some());
            assert!(change(&soon) < 0.02);
        }
        assert!(Gains::new(&Corruptions::none(), 5, 1).is_none());
    }

    #[test]
    fn the_share_of_flags_is_the_one_asked_for() {
        let mut flags_f = vec![false; 10_000];
        flags(0.2, 1, 5, &mut flags_f);
        let n = flags_f.iter().filter(|f| **f).count();
        assert!((1850..2150).contains(&n), "{n}");
        let mut other = vec![false; 10_000];
        flags(0.2, 1, 6, &mut other);
        assert_ne!(flags_f, other);
        flags(1.0, 1, 5, &mut other);
        assert!(other.iter().all(|f| *f));
    }

    #[test]
    fn noise_follows_the_radiometer_equation() {
        // 400 Jy, 1 MHz, 8 s: 400/4000.
        assert!((Corruptions::noise_of_sefd_jy(400.0, -1e6, 8.0) - 0.1).abs() < 1e-12);
    }
}

//! Where antennas stand.

use std::f64::consts::{PI, TAU};

/// One antenna.
#[derive(Clone, Debug, PartialEq)]
pub struct Antenna {
    /// Name, also that of its station.
    pub name: String,
    /// Position in the axes of the layout ([`crate::Turning`]), metres.
    pub position_m: [f64; 3],
    /// Diameter of the dish or station, metres.
    pub diameter_m: f64,
    /// Mount as MeasurementSets name it: `ALT-AZ`, `EQUATORIAL`, `X-Y`.
    pub mount: String,
}

/// Antennas of an array.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Name of the array.
    pub name: String,
    /// Antennas; at least two make a baseline.
    pub antennas: Vec<Antenna>,
}

/// Antennas of the core of [`Layout::meerkat_like`].
const N_CORE: usize = 40;
/// Radius of the core, metres.
const CORE_M: f64 = 500.0;
/// Arms outside the core, and antennas on each.
const N_ARM: usize = 6;
const N_ON_ARM: usize = 4;
/// First and last radius on an arm, metres.
const ARM_M: (f64, f64) = (760.0, 3900.0);
/// How far an arm winds from its first antenna to its last, radians.
const WINDING: f64 = 0.6 * PI;

impl Layout {
    /// 64 dishes of 13.5 m, East, North and up of their middle, spread like MeerKAT's, though none stands where one of those does: 40
    /// in a core of 1 km, denser to the middle, 24 on six winding arms out to 3.9 km; baselines from 70 m to 7.8 km.
    pub fn meerkat_like() -> Layout {
        let places = (0..N_CORE).map(core).chain((0..N_ARM * N_ON_ARM).map(arm));
        let antennas = places.enumerate().map(|(i, [east, north])| {
            // The plain is not quite flat; baselines must not all lie in one plane.
            let up = 6.0 * (1.3 * i as f64).sin() - 1e-3 * east + 5e-4 * north;
            Antenna {
                name: format!("A{i:02}"),
                position_m: [east, north, up],
                diameter_m: 13.5,
                mount: "ALT-AZ".into(),
            }
        });
        Layout { name: "MeerKAT-like".into(), antennas: antennas.collect() }
    }

    /// The middle of the antennas, metres.
    pub fn middle_m(&self) -> [f64; 3] {
        let n = self.antennas.len().max(1) as f64;
        std::array::from_fn(|k| self.antennas.iter().map(|a| a.position_m[k]).sum::<f64>() / n)
    }

    /// The longest baseline, metres.
    pub fn longest_m(&self) -> f64 {
        let length = |(i, j): (usize, usize)| {
            let (a, b) = (self.antennas[i].position_m, self.antennas[j].position_m);
            (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
        };
        self.baselines().map(length).fold(0.0, f64::max)
    }

    /// Pairs of different antennas (i, j) with i < j: (0, 1), (0, 2), … (1, 2), …
    pub fn baselines(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let n = self.antennas.len();
        (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)))
    }

    /// The same with each antenna's own pair first: (0, 0), (0, 1), … (1, 1), (1, 2), …
    pub fn baselines_with_autos(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let n = self.antennas.len();
        (0..n).flat_map(move |i| (i..n).map(move |j| (i, j)))
    }

    /// Number of pairs of different antennas.
    pub fn n_baseline(&self) -> usize {
        let n = self.antennas.len();
        n * n.saturating_sub(1) / 2
    }
}

fn at(radius: f64, angle: f64) -> [f64; 2] {
    [radius * angle.sin(), radius * angle.cos()]
}

/// A sunflower's seeds: the golden angle from one to the next, so that no two baselines repeat.
fn core(i: usize) -> [f64; 2] {
    let golden = PI * (3.0 - 5_f64.sqrt());
    at(CORE_M * ((i as f64 + 0.5) / N_CORE as f64).powf(0.7), i as f64 * golden)
}

/// Radii in geometric progression, a little different from arm to arm, the last one full.
fn arm(i: usize) -> [f64; 2] {
    let (i_arm, step) = (i % N_ARM, (i / N_ARM) as f64 / (N_ON_ARM - 1) as f64);
    let radius = ARM_M.0 * (ARM_M.1 / ARM_M.0).powf(step);
    let stretch = 1.0 + 0.05 * (1.0 - step) * (i_arm as f64 - 2.5);
    at(radius * stretch, TAU * i_arm as f64 / N_ARM as f64 + WINDING * step + 0.3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baselines_span_what_the_name_promises() {
        let layout = Layout::meerkat_like();
        assert_eq!((layout.antennas.len(), layout.n_baseline()), (64, 2016));
        let length = |(i, j): (usize, usize)| {
            let (a, b) = (layout.antennas[i].position_m, layout.antennas[j].position_m);
            (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
        };
        let lengths: Vec<f64> = layout.baselines().map(length).collect();
        let (shortest, longest) = lengths.iter().fold((f64::MAX, 0.0_f64), |(s, l), &b| (s.min(b), l.max(b)));
        assert!(
            (60.0..80.0).contains(&shortest) && (7700.0..7900.0).contains(&longest),
            "{shortest} {longest}"
        );
        let short = lengths.iter().filter(|&&b| b < 1000.0).count() as f64 / lengths.len() as f64;
        assert!((0.35..0.6).contains(&short), "{short}");
    }

    #[test]
    fn rows_follow_casacore_and_the_layout_never_changes() {
        let layout = Layout::meerkat_like();
        let pairs: Vec<_> = layout.baselines().collect();
        assert_eq!((pairs[0], pairs[1], pairs[63], pairs[2015]), ((0, 1), (0, 2), (1, 2), (62, 63)));
        assert_eq!(layout, Layout::meerkat_like());
    }
}

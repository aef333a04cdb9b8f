//! Where antennas stand.

use std::f64::consts::{PI, TAU};

/// One antenna.
#[derive(Clone, Debug, PartialEq)]
pub struct Antenna {
    /// Name.
    pub name: String,
    /// East, North and up from the middle of the array, metres.
    pub enu_m: [f64; 3],
    /// Diameter of the dish, metres.
    pub diameter_m: f64,
}

/// Antennas and the latitude of the site.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Name of the array.
    pub name: String,
    /// Antennas; at least two make a baseline.
    pub antennas: Vec<Antenna>,
    /// Geodetic latitude, radians, positive to the North.
    pub latitude_rad: f64,
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
    /// 64 dishes of 13.5 m at latitude −30.7°, spread like MeerKAT's, though none stands where one of those does: 40
    /// in a core of 1 km, denser to the middle, 24 on six winding arms out to 3.9 km; baselines from 70 m to 7.8 km.
    pub fn meerkat_like() -> Layout {
        let places = (0..N_CORE).map(core).chain((0..N_ARM * N_ON_ARM).map(arm));
        let antennas = places.enumerate().map(|(i, [east, north])| {
            // The plain is not quite flat; baselines must not all lie in one plane.
            let up = 6.0 * (1.3 * i as f64).sin() - 1e-3 * east + 5e-4 * north;
            Antenna { name: format!("A{i:02}"), enu_m: [east, north, up], diameter_m: 13.5 }
        });
        Layout {
            name: "MeerKAT-like".into(),
            antennas: antennas.collect(),
            latitude_rad: (-30.7_f64).to_radians(),
        }
    }

    /// Pairs of different antennas (i, j) with i < j: (0, 1), (0, 2), … (1, 2), …
    pub fn baselines(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let n = self.antennas.len();
        (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)))
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
            let (a, b) = (layout.antennas[i].enu_m, layout.antennas[j].enu_m);
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

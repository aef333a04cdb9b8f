//! A track on the sky: when, where, in which channels, and the baseline coordinates that follow.

use crate::Layout;
use std::f64::consts::TAU;
use types::RaDec;

/// Rotation of the Earth, radians of hour angle per second of time (2π per sidereal day of 86164.0905 s).
const ROTATION_RAD_S: f64 = TAU / 86_164.090_5;

/// An array that follows a direction; all baselines at each time, auto-correlations left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The array.
    pub layout: Layout,
    /// The direction followed.
    pub phase_center: RaDec,
    /// Start, seconds of modified Julian date, UTC. A label: where the sky stands says `hour_angle_start_rad`.
    pub start_mjd_s: f64,
    /// Hour angle of the phase center at the start, radians, positive to the West.
    pub hour_angle_start_rad: f64,
    /// Number of times.
    pub n_time: usize,
    /// From one time to the next, seconds; samples stand in the middle of their interval.
    pub interval_s: f64,
    /// Channel frequencies, Hz.
    pub freq_hz: Vec<f64>,
}

impl Observation {
    /// Baseline coordinates of the time `i_time`, metres, in the order of [`Layout::baselines`].
    ///
    /// Antenna positions are turned to axes u to the East, v to the North and w to the phase center (Thompson, Moran
    /// & Swenson 2017, eq. 4.1), and subtracted: first antenna minus second, as in a MeasurementSet.
    pub fn uvw_m(&self, i_time: usize) -> Vec<[f64; 3]> {
        let axes =
            Axes::new(self.layout.latitude_rad, self.phase_center.dec_rad, self.hour_angle_rad(i_time));
        let antennas: Vec<[f64; 3]> = self.layout.antennas.iter().map(|a| axes.uvw(a.enu_m)).collect();
        let minus = |(i, j): (usize, usize)| std::array::from_fn(|k| antennas[i][k] - antennas[j][k]);
        self.layout.baselines().map(minus).collect()
    }

    /// Hour angle of the phase center in the middle of interval `i_time`, radians.
    pub fn hour_angle_rad(&self, i_time: usize) -> f64 {
        self.hour_angle_start_rad + (i_time as f64 + 0.5) * self.interval_s * ROTATION_RAD_S
    }

    /// The middle of interval `i_time`, seconds of modified Julian date, UTC.
    pub fn time_mjd_s(&self, i_time: usize) -> f64 {
        self.start_mjd_s + (i_time as f64 + 0.5) * self.interval_s
    }

    /// Number of rows: times × baselines.
    pub fn n_row(&self) -> usize {
        self.n_time * self.layout.n_baseline()
    }

    /// Length of the observation, seconds.
    pub fn observed_s(&self) -> f64 {
        self.n_time as f64 * self.interval_s
    }

    /// Baseline coordinates of the rows `rows`, metres; rows are counted over times, then baselines.
    pub(crate) fn rows_uvw_m(&self, rows: std::ops::Range<usize>) -> Vec<[f64; 3]> {
        let n_baseline = self.layout.n_baseline();
        let mut uvw_m = Vec::with_capacity(rows.len());
        for i_time in rows.start / n_baseline.max(1)..rows.end.div_ceil(n_baseline.max(1)) {
            let first = i_time * n_baseline;
            let here = rows.start.max(first) - first..rows.end.min(first + n_baseline) - first;
            uvw_m.extend_from_slice(&self.uvw_m(i_time)[here]);
        }
        uvw_m
    }
}

/// Axes u, v, w in East, North, up.
struct Axes([[f64; 3]; 3]);

impl Axes {
    fn new(latitude_rad: f64, dec_rad: f64, hour_angle_rad: f64) -> Self {
        let ((sl, cl), (sd, cd), (sh, ch)) =
            (latitude_rad.sin_cos(), dec_rad.sin_cos(), hour_angle_rad.sin_cos());
        // Axes in the equatorial system: X to the meridian on the equator, Y to the East, Z to the pole.
        let equatorial = [[sh, ch, 0.0], [-sd * ch, sd * sh, cd], [cd * ch, -cd * sh, sd]];
        Axes(equatorial.map(|[x, y, z]| [y, z * cl - x * sl, x * cl + z * sl]))
    }

    fn uvw(&self, enu: [f64; 3]) -> [f64; 3] {
        self.0.map(|axis| axis[0] * enu[0] + axis[1] * enu[1] + axis[2] * enu[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simulation;

    /// The direction of hour angle and declination in East, North, up: spherical trigonometry, no rotation matrices.
    pub(crate) fn direction_enu(latitude_rad: f64, dec_rad: f64, hour_angle_rad: f64) -> [f64; 3] {
        let ((sl, cl), (sd, cd), (sh, ch)) =
            (latitude_rad.sin_cos(), dec_rad.sin_cos(), hour_angle_rad.sin_cos());
        [-cd * sh, sd * cl - cd * ch * sl, sd * sl + cd * ch * cl]
    }

    fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn uvw_have_the_length_of_baselines_and_w_their_part_along_the_sight() {
        let observation = Simulation::demo(1, 0.0).observation;
        for i_time in [0, 11, observation.n_time - 1] {
            let dec = observation.phase_center.dec_rad;
            let sight =
                direction_enu(observation.layout.latitude_rad, dec, observation.hour_angle_rad(i_time));
            for ((i, j), uvw) in observation.layout.baselines().zip(observation.uvw_m(i_time)) {
                let (a, b) = (observation.layout.antennas[i].enu_m, observation.layout.antennas[j].enu_m);
                let baseline = std::array::from_fn(|k| a[k] - b[k]);
                assert!((dot(uvw, uvw).sqrt() - dot(baseline, baseline).sqrt()).abs() < 1e-8);
                assert!((uvw[2] - dot(baseline, sight)).abs() < 1e-8, "{i} {j}");
            }
        }
    }

    #[test]
    fn u_grows_to_the_east_and_v_to_the_north() {
        // A source in the zenith of the equator: u is East, v North, w up.
        let axes = Axes::new(0.0, 0.0, 0.0);
        assert_eq!(axes.uvw([3.0, 5.0, 7.0]), [3.0, 5.0, 7.0]);
        // East of the sight is where right ascension grows, hour angle falls; North is where declination grows.
        let (lat, dec, hour) = (-0.5, 0.3, 0.9);
        let (axes, d) = (Axes::new(lat, dec, hour), 1e-6);
        let step = |to: [f64; 3]| {
            let from = direction_enu(lat, dec, hour);
            axes.uvw(std::array::from_fn(|k| (to[k] - from[k]) / d))
        };
        let close = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-5);
        assert!(close(step(direction_enu(lat, dec, hour - d)), [dec.cos(), 0.0, 0.0]));
        assert!(close(step(direction_enu(lat, dec + d, hour)), [0.0, 1.0, 0.0]));
    }

    #[test]
    fn rows_are_times_then_baselines() {
        let observation = Simulation::demo(1, 0.0).observation;
        let all = observation.rows_uvw_m(0..observation.n_row());
        assert_eq!(all.len(), observation.n_row());
        assert_eq!(all[2016..4032], observation.uvw_m(1));
        assert_eq!(observation.rows_uvw_m(2000..4100), all[2000..4100]);
        assert_eq!(observation.observed_s(), 3600.0);
        assert!(
            (observation.time_mjd_s(1) - observation.time_mjd_s(0) - observation.interval_s).abs() < 1e-6
        );
    }
}

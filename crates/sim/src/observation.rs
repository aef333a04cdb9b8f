//! A track on the sky: when, where, in which channels, and the baseline coordinates that follow.

use crate::sight::Sight;
use crate::time::DAY_S;
use crate::{EarthModel, EarthTable, Layout, Site};
use std::{f64::consts::TAU, ops::Range, sync::Arc};
use types::RaDec;

/// Rotation of the Earth, radians of hour angle per second of time (2π per sidereal day of 86164.0905 s).
const ROTATION_RAD_S: f64 = TAU / 86_164.090_5;

/// How the array turns below the sky, and in which axes its antennas stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Turning {
    /// Positions are East, North and up of the site, and the sky turns evenly about the pole.
    Even {
        /// Geodetic latitude, radians, positive to the North.
        latitude_rad: f64,
        /// Hour angle of the phase center at the start, radians, positive to the West.
        hour_angle_start_rad: f64,
    },
    /// Positions are ITRF, and the sky stands as it does: precession, nutation, aberration, UT1, polar motion.
    Earth {
        /// UT1 and the pole.
        table: EarthTable,
        /// The chain of turns.
        model: EarthModel,
    },
}

/// An array that follows a direction; all baselines at each time.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The array.
    pub layout: Layout,
    /// How it turns.
    pub turning: Turning,
    /// The direction followed, J2000.
    pub phase_center: RaDec,
    /// Start, seconds of modified Julian date, UTC. With [`Turning::Even`] it is a label.
    pub start_mjd_s: f64,
    /// Number of intervals.
    pub n_time: usize,
    /// Those that are recorded, in ascending order; `None`: all.
    pub recorded: Option<Arc<[usize]>>,
    /// From one time to the next, seconds; samples stand in the middle of their interval.
    pub interval_s: f64,
    /// Channel frequencies, Hz.
    pub freq_hz: Vec<f64>,
    /// Whether each antenna's own pair is recorded too.
    pub autos: bool,
}

/// A row of an observation: interval and antennas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowId {
    /// Interval, counted from the start whether recorded or not.
    pub i_time: usize,
    /// First antenna.
    pub antenna1: usize,
    /// Second antenna, not before the first.
    pub antenna2: usize,
}

impl Observation {
    /// Baseline coordinates of the interval `i_time`, metres, in the order of [`Self::pairs`].
    ///
    /// Antenna positions are turned to axes u to the East, v to the North and w to the phase center (Thompson, Moran
    /// & Swenson 2017, eq. 4.1), and subtracted: first antenna minus second, as in a MeasurementSet.
    pub fn uvw_m(&self, i_time: usize) -> Vec<[f64; 3]> {
        self.uvw_of(i_time, 0..self.n_pair())
    }

    /// The same of some of the pairs.
    fn uvw_of(&self, i_time: usize, pairs: Range<usize>) -> Vec<[f64; 3]> {
        let axes = self.axes(i_time);
        // Baselines keep more digits where positions are counted from the first antenna.
        let from = match self.turning {
            Turning::Even { .. } => [0.0; 3],
            Turning::Earth { .. } => self.layout.antennas.first().map_or([0.0; 3], |a| a.position_m),
        };
        let at = |position: [f64; 3]| axes.uvw(std::array::from_fn(|k| position[k] - from[k]));
        let antennas: Vec<[f64; 3]> = self.layout.antennas.iter().map(|a| at(a.position_m)).collect();
        let minus = |(i, j): (usize, usize)| std::array::from_fn(|k| antennas[i][k] - antennas[j][k]);
        self.pairs_of(pairs).map(minus).collect()
    }

    fn axes(&self, i_time: usize) -> Axes {
        match &self.turning {
            Turning::Even { latitude_rad, hour_angle_start_rad } => {
                let hour_angle_rad = hour_angle_start_rad + self.elapsed_s(i_time) * ROTATION_RAD_S;
                Axes::new(*latitude_rad, self.phase_center.dec_rad, hour_angle_rad)
            }
            Turning::Earth { table, model } => {
                Axes(self.sight(table, *model, i_time).axes(self.phase_center))
            }
        }
    }

    fn sight(&self, table: &EarthTable, model: EarthModel, i_time: usize) -> Sight {
        let utc_mjd = self.time_mjd_s(i_time) / DAY_S;
        Sight { utc_mjd, earth: table.at(utc_mjd), from_m: self.layout.middle_m(), model }
    }

    /// Height of the phase center above the horizon of the array's middle, radians; refraction is left out.
    pub fn elevation_rad(&self, i_time: usize) -> f64 {
        let up = match &self.turning {
            Turning::Even { .. } => [0.0, 0.0, 1.0],
            Turning::Earth { .. } => Site::of(self.layout.middle_m()).map_or([0.0, 0.0, 1.0], |s| s.enu()[2]),
        };
        let [_, _, w] = self.axes(i_time).0;
        (0..3).map(|k| up[k] * w[k]).sum::<f64>().clamp(-1.0, 1.0).asin()
    }

    /// The same observation without the intervals in whose middle the phase center is lower than `limit_rad`.
    pub fn above(self, limit_rad: f64) -> Observation {
        let high = (0..self.n_time).filter(|&i| self.elevation_rad(i) >= limit_rad).collect();
        Observation { recorded: Some(high), ..self }
    }

    /// From the start to the middle of interval `i_time`, seconds.
    fn elapsed_s(&self, i_time: usize) -> f64 {
        (i_time as f64 + 0.5) * self.interval_s
    }

    /// The middle of interval `i_time`, seconds of modified Julian date, UTC.
    pub fn time_mjd_s(&self, i_time: usize) -> f64 {
        self.start_mjd_s + self.elapsed_s(i_time)
    }

    /// Antennas of the rows of an interval: (0, 1), (0, 2), …, with (0, 0) first where there are auto-correlations.
    pub fn pairs(&self) -> Box<dyn Iterator<Item = (usize, usize)>> {
        if self.autos {
            Box::new(self.layout.baselines_with_autos())
        } else {
            Box::new(self.layout.baselines())
        }
    }

    /// Pairs before those whose first antenna is `i`.
    fn n_pair_before(&self, i: usize) -> usize {
        let n = self.layout.antennas.len();
        // The first antenna has n partners with itself among them, the next one fewer, and so on.
        let with_autos = i * (2 * n + 1 - i) / 2;
        if self.autos { with_autos } else { with_autos - i }
    }

    /// The pairs number `pairs` of [`Self::pairs`]; those before are not walked through.
    fn pairs_of(&self, pairs: Range<usize>) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (n, first_partner) = (self.layout.antennas.len(), usize::from(!self.autos));
        // The last antenna before whose pairs there are no more than the first asked for.
        let (mut low, mut high) = (0, n);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.n_pair_before(middle) <= pairs.start { low = middle } else { high = middle }
        }
        let mut pair = (low, low + first_partner + (pairs.start - self.n_pair_before(low)));
        pairs.map(move |_| {
            while pair.1 >= n && pair.0 < n {
                pair = (pair.0 + 1, pair.0 + 1 + first_partner);
            }
            let here = pair;
            pair.1 += 1;
            here
        })
    }

    /// Rows of an interval.
    pub fn n_pair(&self) -> usize {
        self.layout.n_baseline() + if self.autos { self.layout.antennas.len() } else { 0 }
    }

    /// Intervals recorded.
    pub fn n_recorded(&self) -> usize {
        self.recorded.as_ref().map_or(self.n_time, |r| r.len())
    }

    /// The interval recorded as number `i`.
    pub fn recorded_time(&self, i: usize) -> usize {
        self.recorded.as_ref().map_or(i, |r| r[i])
    }

    /// Number of rows: recorded times × pairs of antennas.
    pub fn n_row(&self) -> usize {
        self.n_recorded() * self.n_pair()
    }

    /// Length of what is recorded, seconds.
    pub fn observed_s(&self) -> f64 {
        self.n_recorded() as f64 * self.interval_s
    }

    /// Interval and antennas of the rows `rows`, counted over times, then pairs.
    pub fn ids(&self, rows: Range<usize>) -> Vec<RowId> {
        let mut ids = Vec::with_capacity(rows.len());
        for (i, here) in self.integrations(rows) {
            let i_time = self.recorded_time(i);
            ids.extend(self.pairs_of(here).map(|(antenna1, antenna2)| RowId { i_time, antenna1, antenna2 }));
        }
        ids
    }

    /// Interval, antennas and baseline coordinates (metres) of the rows `rows`, counted over times, then pairs.
    pub fn rows(&self, rows: Range<usize>) -> (Vec<RowId>, Vec<[f64; 3]>) {
        let mut uvw_m = Vec::with_capacity(rows.len());
        for (i, here) in self.integrations(rows.clone()) {
            uvw_m.extend(self.uvw_of(self.recorded_time(i), here));
        }
        (self.ids(rows), uvw_m)
    }

    /// Numbers of the recorded intervals that `rows` are of, each with the pairs of it that are among them.
    fn integrations(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let n_pair = self.n_pair().max(1);
        (rows.start / n_pair..rows.end.div_ceil(n_pair)).map(move |i| {
            let first = i * n_pair;
            (i, rows.start.max(first) - first..rows.end.min(first + n_pair) - first)
        })
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

    const LATITUDE_RAD: f64 = -30.7 * std::f64::consts::PI / 180.0;

    fn hour_angle_rad(observation: &Observation, i_time: usize) -> f64 {
        let Turning::Even { latitude_rad, hour_angle_start_rad } = observation.turning else {
            panic!("not even")
        };
        assert!((latitude_rad - LATITUDE_RAD).abs() < 1e-15);
        hour_angle_start_rad + (i_time as f64 + 0.5) * observation.interval_s * ROTATION_RAD_S
    }

    fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn uvw_have_the_length_of_baselines_and_w_their_part_along_the_sight() {
        let observation = Simulation::demo(1, 0.0).observation;
        for i_time in [0, 11, observation.n_time - 1] {
            let dec = observation.phase_center.dec_rad;
            let sight = direction_enu(LATITUDE_RAD, dec, hour_angle_rad(&observation, i_time));
            for ((i, j), uvw) in observation.layout.baselines().zip(observation.uvw_m(i_time)) {
                let (a, b) =
                    (observation.layout.antennas[i].position_m, observation.layout.antennas[j].position_m);
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
        let (_, all) = observation.rows(0..observation.n_row());
        assert_eq!(all.len(), observation.n_row());
        assert_eq!(all[2016..4032], observation.uvw_m(1));
        assert_eq!(observation.rows(2000..4100).1, all[2000..4100]);
        assert_eq!(observation.observed_s(), 3600.0);
        assert!(
            (observation.time_mjd_s(1) - observation.time_mjd_s(0) - observation.interval_s).abs() < 1e-6
        );
    }

    fn vla() -> Observation {
        Observation {
            layout: crate::KnownArray::find("vla-d").unwrap().layout(),
            turning: Turning::Earth { table: EarthTable::embedded(), model: EarthModel::Iau2006 },
            phase_center: RaDec { ra_rad: 1.0, dec_rad: 0.6 },
            start_mjd_s: 60_310.0 * DAY_S,
            n_time: 24,
            recorded: None,
            interval_s: 3600.0,
            freq_hz: vec![1.4e9],
            autos: true,
        }
    }

    #[test]
    fn low_times_are_left_out() {
        let all = vla();
        let high = all.clone().above(0.5);
        assert!((4..20).contains(&high.n_recorded()), "{}", high.n_recorded());
        let times: Vec<usize> = (0..high.n_recorded()).map(|i| high.recorded_time(i)).collect();
        for i in 0..all.n_time {
            assert_eq!(all.elevation_rad(i) >= 0.5, times.contains(&i), "{i}");
        }
        // At its highest it stands at the latitude's distance from the zenith, 34.08°.
        let top = (0..24).map(|i| all.elevation_rad(i)).fold(0.0, f64::max);
        assert!((top - 1.5).abs() < 0.1, "{top}");
        let (ids, _) = high.rows(0..high.n_row());
        assert!(ids.iter().all(|id| times.contains(&id.i_time)));
    }

    #[test]
    fn any_range_of_rows_is_a_part_of_all_of_them() {
        for (n_antenna, autos) in [(1, true), (2, false), (2, true), (5, false), (5, true)] {
            let mut observation = Observation { autos, n_time: 3, ..vla() };
            observation.layout.antennas.truncate(n_antenna);
            let pairs: Vec<_> = observation.pairs().collect();
            let all: Vec<RowId> = (0..3)
                .flat_map(|i_time| {
                    pairs.iter().map(move |&(antenna1, antenna2)| RowId { i_time, antenna1, antenna2 })
                })
                .collect();
            let uvw_m: Vec<_> = (0..3).flat_map(|i| observation.uvw_m(i)).collect();
            assert_eq!(observation.n_row(), all.len());
            for start in 0..=all.len() {
                for end in start..=all.len() {
                    let want = (all[start..end].to_vec(), uvw_m[start..end].to_vec());
                    assert_eq!(observation.rows(start..end), want, "{n_antenna} {autos} {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn autos_come_first_and_have_no_length() {
        let observation = vla();
        assert_eq!((observation.n_pair(), observation.n_row()), (27 * 28 / 2, 24 * 27 * 28 / 2));
        let (ids, uvw_m) = observation.rows(378..378 + 30);
        assert_eq!(ids[0], RowId { i_time: 1, antenna1: 0, antenna2: 0 });
        assert_eq!((ids[27].antenna1, ids[27].antenna2), (1, 1));
        assert!(uvw_m[0] == [0.0; 3] && uvw_m[1] != [0.0; 3]);
        let lengths = observation.uvw_m(3).into_iter().zip(observation.pairs());
        for (uvw, (i, j)) in lengths {
            let (a, b) =
                (observation.layout.antennas[i].position_m, observation.layout.antennas[j].position_m);
            let baseline: [f64; 3] = std::array::from_fn(|k| a[k] - b[k]);
            assert!((dot(uvw, uvw).sqrt() - dot(baseline, baseline).sqrt()).abs() < 1e-8);
        }
    }
}

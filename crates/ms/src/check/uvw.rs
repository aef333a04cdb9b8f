//! Which way UVW are: position of ANTENNA1 minus that of ANTENNA2, or the other way round.
//!
//! Both are written: the sign of a baseline is a matter of taste as long as visibilities go with it. Baselines in ITRF
//! are turned to the phase center by the Greenwich hour angle G and declination δ (Thompson, Moran & Swenson, eq. 4.1):
//!
//! ```text
//! u =        sin G · X +        cos G · Y
//! v = −sin δ cos G · X + sin δ sin G · Y + cos δ · Z
//! w =  cos δ cos G · X − cos δ sin G · Y + sin δ · Z
//! ```
//! G comes from the time by Greenwich mean sidereal time, taking UTC for UT1 and the direction as it is: that is wrong
//! by up to half a degree for directions of J2000, which a sign does not mind. Where that fits nothing (positions that
//! are not ITRF, a phase center that moved), the determinant of the best rotation decides ([`Rotation`]).

use super::rotation::Rotation;
use crate::{Ms, scan::blocks};
use std::ops::Range;
use tables::{Error, Finding, OpenOptions, Severity, Table};

/// Which way UVW are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Position of ANTENNA1 minus position of ANTENNA2.
    FirstMinusSecond,
    /// Position of ANTENNA2 minus position of ANTENNA1.
    SecondMinusFirst,
    /// Some rows this way, some that.
    Mixed,
    /// They do not follow from positions, times and phase centers.
    Neither,
    /// No row could be looked at.
    Unknown,
}

impl Direction {
    /// Whether it is one of the two.
    pub fn is_told(self) -> bool {
        matches!(self, Direction::FirstMinusSecond | Direction::SecondMinusFirst)
    }
}

/// What a fit of UVW to the positions of the antennas gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UvwDirection {
    /// The verdict.
    pub direction: Direction,
    /// Whether times and phase centers agree with it; else only the rotation of each integration was fitted.
    pub by_phase_centers: bool,
    /// Rows that are as position 1 − position 2, within 18°.
    pub n_first_minus_second: u64,
    /// Rows that are as position 2 − position 1.
    pub n_second_minus_first: u64,
    /// Rows that are neither.
    pub n_neither: u64,
    /// The factor f that makes UVW = f · (position 1 − position 2) in the sense of least squares: 1 or −1 where UVW are
    /// metres.
    pub factor: f64,
    /// What is left of UVW after that, rms relative to UVW.
    pub relative_rms: f64,
}

/// Rows that are looked at, in pieces all over the table.
const N_PIECE: u64 = 64;
const PIECE_ROWS: u64 = 512;
/// Cosine of the angle within which two baselines are parallel.
const PARALLEL: f64 = 0.95;

pub(super) fn check(main: &Table, options: &OpenOptions, found: &mut Vec<Finding>) -> Option<UvwDirection> {
    let ms = Ms::open_with(main.path(), options).ok()?;
    let mut fit = Fit::default();
    for rows in pieces(main.n_row()) {
        fit.rows(&ms, rows).ok()?;
    }
    let uvw = fit.result();
    let note = |severity, problem: &str| Finding::new(severity, main.path(), problem).of_column("UVW");
    match uvw.direction {
        _ if uvw.direction.is_told() && !uvw.by_phase_centers => found
            .push(note(Severity::Note, "is POSITION of ANTENNA turned, but not as TIME and PHASE_DIR say")),
        Direction::Mixed => found.push(note(
            Severity::Warning,
            "some rows are position 1 − position 2, others position 2 − position 1",
        )),
        Direction::Neither => found.push(note(
            Severity::Warning,
            "does not follow from POSITION of ANTENNA, TIME and PHASE_DIR of FIELD",
        )),
        Direction::Unknown => {
            found.push(note(Severity::Note, "the direction of baselines could not be told"));
        }
        Direction::FirstMinusSecond | Direction::SecondMinusFirst => {
            if (uvw.factor.abs() - 1.0).abs() > 0.05 {
                let problem =
                    format!("is {:.4} times the positions of the antennas: is it metres?", uvw.factor.abs());
                found.push(note(Severity::Warning, &problem));
            }
        }
    }
    Some(uvw)
}

/// Up to [`N_PIECE`] pieces of up to [`PIECE_ROWS`] rows, evenly over the table.
fn pieces(n_row: u64) -> Vec<Range<u64>> {
    if n_row <= N_PIECE * PIECE_ROWS {
        return blocks(n_row, PIECE_ROWS as usize).collect();
    }
    let start = |i: u64| i * (n_row - PIECE_ROWS) / (N_PIECE - 1);
    (0..N_PIECE).map(|i| start(i)..start(i) + PIECE_ROWS).collect()
}

#[derive(Default)]
struct Fit {
    n: [u64; 3],
    /// Σ uvw·b, Σ b², Σ uvw².
    sums: [f64; 3],
    /// Of the integration in hand: time, field, sums.
    rotation: Option<(u64, i32, Rotation)>,
    /// Rows of rotations, of reflections, of neither.
    turned: [u64; 3],
}

impl Fit {
    fn rows(&mut self, ms: &Ms, rows: Range<u64>) -> Result<(), Error> {
        let main = ms.main();
        let ids = |name: &str| -> Result<Vec<i32>, Error> {
            let mut out = Vec::new();
            main.column(name)?.read_flat(rows.clone(), &mut out)?;
            Ok(out)
        };
        let (first, second, field) = (ids("ANTENNA1")?, ids("ANTENNA2")?, ids("FIELD_ID")?);
        let (mut time_s, mut uvw_m) = (Vec::<f64>::new(), Vec::<f64>::new());
        main.column("TIME")?.read_flat(rows.clone(), &mut time_s)?;
        main.column("UVW")?.read_flat(rows, &mut uvw_m)?;
        let position = |i: i32| ms.antennas().get(usize::try_from(i).ok()?)?.position_m;
        for (i, uvw_m) in uvw_m.as_chunks::<3>().0.iter().enumerate() {
            let (Some(a), Some(b)) = (position(first[i]), position(second[i])) else { continue };
            let itrf_m = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
            self.integrate((time_s[i].to_bits(), field[i]), uvw_m, &itrf_m);
            let field = usize::try_from(field[i]).ok().and_then(|f| ms.description().fields.get(f));
            // A direction in a frame of the horizon would need another rotation.
            let Some(d) = field.filter(|f| f.frame.is_some()).and_then(|f| f.phase_center) else { continue };
            self.add(uvw_m, &turned(itrf_m, greenwich_rad(time_s[i]) - d.ra_rad, d.dec_rad));
        }
        Ok(())
    }

    fn add(&mut self, uvw_m: &[f64; 3], expected_m: &[f64; 3]) {
        let dot = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let (along, b2, uvw2) = (dot(uvw_m, expected_m), dot(expected_m, expected_m), dot(uvw_m, uvw_m));
        if !(b2 > 0.0 && uvw2 > 0.0 && along.is_finite()) {
            return;
        }
        let cosine = along / (b2 * uvw2).sqrt();
        let kind = if cosine > PARALLEL {
            0
        } else if cosine < -PARALLEL {
            1
        } else {
            2
        };
        self.n[kind] += 1;
        self.sums = [self.sums[0] + along, self.sums[1] + b2, self.sums[2] + uvw2];
    }

    /// Adds a row to the rotation of its integration.
    fn integrate(&mut self, (time, field): (u64, i32), uvw_m: &[f64; 3], b_m: &[f64; 3]) {
        if b_m == &[0.0; 3] || !uvw_m.iter().all(|v| v.is_finite()) {
            return;
        }
        if self.rotation.as_ref().is_none_or(|r| (r.0, r.1) != (time, field)) {
            self.end_integration();
            self.rotation = Some((time, field, Rotation::default()));
        }
        if let Some((_, _, rotation)) = &mut self.rotation {
            rotation.add(uvw_m, b_m);
        }
    }

    fn end_integration(&mut self) {
        if let Some((_, _, rotation)) = self.rotation.take() {
            let (n_row, sign) = rotation.sign();
            self.turned[match sign {
                1 => 0,
                -1 => 1,
                _ => 2,
            }] += n_row;
        }
    }

    fn result(&mut self) -> UvwDirection {
        self.end_integration();
        let [plus, minus, neither] = self.n;
        let fitted = verdict(self.n);
        let by_rotation = verdict(self.turned);
        let by_phase_centers = fitted.is_told() || fitted == Direction::Mixed || !by_rotation.is_told();
        let direction = if by_phase_centers { fitted } else { by_rotation };
        let [along, b2, uvw2] = self.sums;
        let factor = if b2 > 0.0 { along / b2 } else { 0.0 };
        let left2 = if uvw2 > 0.0 { (1.0 - along * along / (b2 * uvw2)).max(0.0) } else { 0.0 };
        UvwDirection {
            direction,
            by_phase_centers,
            n_first_minus_second: plus,
            n_second_minus_first: minus,
            n_neither: neither,
            factor,
            relative_rms: left2.sqrt(),
        }
    }
}

/// What 9 of 10 rows are.
fn verdict([plus, minus, neither]: [u64; 3]) -> Direction {
    let n = plus + minus + neither;
    let most = |k: u64| k * 10 >= n * 9;
    match () {
        () if n == 0 => Direction::Unknown,
        () if most(plus) => Direction::FirstMinusSecond,
        () if most(minus) => Direction::SecondMinusFirst,
        () if most(plus + minus) => Direction::Mixed,
        () => Direction::Neither,
    }
}

/// Greenwich mean sidereal time, radians (Meeus, Astronomical Algorithms, eq. 12.4, linear terms).
fn greenwich_rad(mjd_s: f64) -> f64 {
    let days = mjd_s / 86_400.0 - 51_544.5;
    (280.460_618_37 + 360.985_647_366_29 * days).rem_euclid(360.0).to_radians()
}

/// A baseline in ITRF as u, v, w towards hour angle and declination.
fn turned([x, y, z]: [f64; 3], hour_angle_rad: f64, dec_rad: f64) -> [f64; 3] {
    let ((sin_h, cos_h), (sin_d, cos_d)) = (hour_angle_rad.sin_cos(), dec_rad.sin_cos());
    [
        sin_h * x + cos_h * y,
        -sin_d * cos_h * x + sin_d * sin_h * y + cos_d * z,
        cos_d * cos_h * x - cos_d * sin_h * y + sin_d * z,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source above an antenna at longitude 0 on the equator: w is up, u East, v North.
    #[test]
    fn baselines_turn_to_the_source() {
        assert_eq!(turned([1.0, 2.0, 3.0], 0.0, 0.0), [2.0, 3.0, 1.0]);
    }

    #[test]
    fn rows_decide_the_direction_and_the_factor() {
        let mut fit = Fit::default();
        assert_eq!(fit.result().direction, Direction::Unknown);
        (0..9).for_each(|_| fit.add(&[-2.0, 0.0, 0.0], &[1.0, 0.0, 0.0]));
        fit.add(&[0.0, 1e-3, 0.0], &[1e-3, 0.0, 0.0]);
        let found = fit.result();
        assert_eq!(found.direction, Direction::SecondMinusFirst);
        assert!((found.factor + 2.0).abs() < 1e-3 && found.relative_rms < 1e-2, "{found:?}");
        (0..9).for_each(|_| fit.add(&[2.0, 0.0, 0.0], &[1.0, 0.0, 0.0]));
        assert_eq!(fit.result().direction, Direction::Mixed);
    }

    #[test]
    fn pieces_are_inside_the_table_and_reach_its_end() {
        let all = pieces(1_000_000);
        assert_eq!((all.len(), all[0].start, all[63].end), (64, 0, 1_000_000));
        assert_eq!(pieces(700), [0..512, 512..700]);
        assert!(pieces(0).is_empty());
    }
}

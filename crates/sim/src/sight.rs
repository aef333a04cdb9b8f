//! Where the axes u, v and w of a direction point at a time, in the axes of the Earth.
//!
//! A MeasurementSet's uvw are a baseline in the axes of the phase center: u to the East, v to the North, w to the
//! center, at the equinox J2000. What leads from there to the ITRF, in which antennas stand, is a chain of turns:
//!
//! ```text
//! J2000 → deflection by the Sun, aberration by the Earth's orbit → precession and nutation → sidereal time →
//! polar motion → aberration by the Earth's rotation → ITRF
//! ```
//!
//! Aberration changes angles between directions, a baseline it may only turn: the smallest turn that takes the phase
//! center to where it is seen. So w is the length of the baseline along the sight, as the delay has it, and u and v are
//! what CASA and casacore make of them. (The derivatives of the delay by direction would be longer or shorter by up to
//! 1e-4, the differential aberration, which imagers do not know of.)
//!
//! [`EarthModel::Iau2006`] is SOFA's chain; [`EarthModel::Casacore`] reproduces what casacore's measures (3.8, as CASA's
//! simulator uses them) compute, which differs in three ways, found by comparing with SOFA stage by stage:
//!
//! 1. precession and nutation of IAU 1976/1980 instead of 2006/2000A: up to 0.06 arcsec, 3 mm on 10 km;
//! 2. the pole's offset is applied at the true equinox, before the turn by sidereal time rather than after it: up to
//!    twice the offset, 0.5 arcsec or 25 mm on 10 km;
//! 3. the Earth's rotation aberrates as if the observatory moved to its zenith rather than to the East: up to 0.45
//!    arcsec, 22 mm on 10 km.
//!
//! Together up to 50 mm on 10 km. Both models make uvw that are right in length and consistent with the visibilities
//! of a simulation; what differs is which way the array as a whole is turned, by less than an arcsecond.

use crate::earth::Orientation;
use crate::time::{MJD_0, tt_mjd};
use sofars::{
    astro::{ab, ldsun},
    eph::epv00,
    erst::{gst06a, gst94},
    pnp::{bp06, pnm06a, pnm80, pom00, sp00},
    vm::{pdp, pm, pxp, rv2m, rx, rxp, rxr, ry, rz, s2c, sxp, tr},
};
use types::{RaDec, SPEED_OF_LIGHT_M_S};

type Matrix = [[f64; 3]; 3];
const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// Rotation of the Earth, radians a second of UT1.
const ROTATION_RAD_S: f64 = 7.292_115e-5;
/// An astronomical unit a day, metres a second over the speed of light.
const AU_D_C: f64 = 149_597_870_700.0 / 86_400.0 / SPEED_OF_LIGHT_M_S;

/// Which chain of turns leads from the sky to the Earth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarthModel {
    /// IAU 2006/2000A precession and nutation, polar motion and aberration as SOFA has them.
    #[default]
    Iau2006,
    /// The same numbers as casacore's measures and CASA's simulator, their deviations included.
    Casacore,
}

/// When and from where one looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// Days of modified Julian date, UTC.
    pub utc_mjd: f64,
    /// UT1 and pole at that time.
    pub earth: Orientation,
    /// Position of the observatory in ITRF, metres.
    pub from_m: [f64; 3],
    /// Model of the Earth.
    pub model: EarthModel,
}

impl Sight {
    /// Axes of u, v and w of a direction (J2000) in ITRF.
    pub(crate) fn axes(&self, phase_center: RaDec) -> Matrix {
        let sky = sky_axes(phase_center);
        let to_earth = self.turn_to_earth(sky[2]);
        sky.map(|axis| times(&to_earth, axis))
    }

    /// The turn from J2000 to ITRF for the direction `center`.
    fn turn_to_earth(&self, center: [f64; 3]) -> Matrix {
        let tt = tt_mjd(self.utc_mjd);
        let (seen, sun_au) = orbital_place(center, tt);
        let turned = product(&self.celestial_to_terrestrial(tt), &between(center, seen));
        let before = times(&turned, center);
        let after = ab(&before, &self.diurnal_velocity(), sun_au, 1.0);
        product(&between(before, after), &turned)
    }

    fn celestial_to_terrestrial(&self, tt: f64) -> Matrix {
        let ut1 = self.utc_mjd + self.earth.ut1_minus_utc_s / 86_400.0;
        let (x, y) = (self.earth.pole_x_rad, self.earth.pole_y_rad);
        match self.model {
            EarthModel::Iau2006 => {
                // J2000 is the mean equator and equinox; pnm06a starts from ICRS.
                let (bias, _, _) = bp06(MJD_0, tt);
                let of_date = product(&pnm06a(MJD_0, tt), &transposed(&bias));
                let polar = pom00(x, y, sp00(MJD_0, tt));
                product(&polar, &spun(gst06a(MJD_0, ut1, MJD_0, tt), &of_date))
            }
            EarthModel::Casacore => {
                let mut of_date = pnm80(MJD_0, tt);
                rx(-y, &mut of_date);
                ry(-x, &mut of_date);
                spun(gst94(MJD_0, ut1), &of_date)
            }
        }
    }

    /// Velocity that aberrates with the Earth's rotation, in ITRF, over the speed of light.
    fn diurnal_velocity(&self) -> [f64; 3] {
        let [x, y, z] = self.from_m.map(|m| m * ROTATION_RAD_S / SPEED_OF_LIGHT_M_S);
        match self.model {
            EarthModel::Iau2006 => [-y, x, 0.0],
            EarthModel::Casacore => [x, y, z],
        }
    }
}

/// Where a direction is seen from the Earth's middle, and the distance to the Sun in astronomical units.
fn orbital_place(direction: [f64; 3], tt: f64) -> ([f64; 3], f64) {
    // Outside 1900 to 2100 the ephemeris is less accurate, and says so.
    let Some((heliocentric, barycentric)) = epv00(MJD_0, tt) else { return (direction, 1.0) };
    let sun_au = pm(heliocentric[0]);
    let from_sun = sxp(1.0 / sun_au, &heliocentric[0]);
    let velocity = sxp(AU_D_C, &barycentric[1]);
    let bent = ldsun(direction, from_sun, sun_au);
    (ab(&bent, &velocity, sun_au, (1.0 - pdp(&velocity, &velocity)).sqrt()), sun_au)
}

/// Unit vectors to the East, the North and the direction itself, at the direction.
fn sky_axes(direction: RaDec) -> Matrix {
    let ((sa, ca), (sd, cd)) = (direction.ra_rad.sin_cos(), direction.dec_rad.sin_cos());
    [[-sa, ca, 0.0], [-sd * ca, -sd * sa, cd], s2c(direction.ra_rad, direction.dec_rad)]
}

/// The smallest turn that takes one unit vector to another that is near.
fn between(from: [f64; 3], to: [f64; 3]) -> Matrix {
    let across = pxp(&from, &to);
    let sin = pm(across);
    if sin == 0.0 {
        return IDENTITY;
    }
    // rv2m makes the matrix that turns the axes; vectors turn the other way.
    let mut turn = IDENTITY;
    rv2m(&sxp(-sin.atan2(pdp(&from, &to)) / sin, &across), &mut turn);
    turn
}

/// Rotated about the pole by the sidereal time.
fn spun(sidereal_rad: f64, matrix: &Matrix) -> Matrix {
    let mut turned = *matrix;
    rz(sidereal_rad, &mut turned);
    turned
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let mut ab = IDENTITY;
    rxr(a, b, &mut ab);
    ab
}

fn transposed(a: &Matrix) -> Matrix {
    let mut t = IDENTITY;
    tr(a, &mut t);
    t
}

fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    let mut turned = [0.0; 3];
    rxp(matrix, &vector, &mut turned);
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EarthTable;

    const MEERKAT_M: [f64; 3] = [5109243.2462, 2006797.8657, -3239112.7373];
    const CENTER: RaDec = RaDec { ra_rad: 1.0, dec_rad: -0.5 };

    fn sight(utc_mjd: f64, model: EarthModel) -> Sight {
        Sight { utc_mjd, earth: EarthTable::embedded().at(utc_mjd), from_m: MEERKAT_M, model }
    }

    #[test]
    fn axes_are_a_right_handed_frame_and_w_points_up_in_transit() {
        for model in [EarthModel::Iau2006, EarthModel::Casacore] {
            let [u, v, w] = sight(60_310.125, model).axes(CENTER);
            let cross = pxp(&u, &v);
            assert!((0..3).all(|k| (cross[k] - w[k]).abs() < 1e-14));
            assert!(pdp(&u, &v).abs() < 1e-14 && (pdp(&u, &u) - 1.0).abs() < 1e-14);
        }
        // Over a sidereal day w comes back to where it was, but for the motion of the sky.
        let (now, then) =
            (sight(60_310.0, EarthModel::Iau2006), sight(60_310.997_269_57, EarthModel::Iau2006));
        let (a, b) = (now.axes(CENTER)[2], then.axes(CENTER)[2]);
        assert!((0..3).all(|k| (a[k] - b[k]).abs() < 2e-5), "{a:?} {b:?}");
    }

    #[test]
    fn the_models_differ_by_less_than_an_arcsecond() {
        for utc_mjd in [51_600.3, 55_349.5, 60_310.125] {
            let (a, b) = (
                sight(utc_mjd, EarthModel::Iau2006).axes(CENTER),
                sight(utc_mjd, EarthModel::Casacore).axes(CENTER),
            );
            let worst = (0..9).map(|i| (a[i / 3][i % 3] - b[i / 3][i % 3]).abs()).fold(0.0, f64::max);
            assert!((1e-7..6e-6).contains(&worst), "{utc_mjd}: {worst}");
        }
    }

    #[test]
    fn a_turn_takes_one_direction_to_another() {
        let (from, to) = (s2c(1.0, 0.3), s2c(1.0001, 0.2999));
        let turned = times(&between(from, to), from);
        assert!((0..3).all(|k| (turned[k] - to[k]).abs() < 1e-15));
        assert_eq!(between(from, from), IDENTITY);
    }
}

//! Directions on the sky and their direction cosines about a phase centre (orthographic projection, SIN).
//!
//! l grows to the East, m to the North, n = √(1 − l² − m²) towards the phase centre:
//! l = cos δ sin(α − α₀), m = sin δ cos δ₀ − cos δ sin δ₀ cos(α − α₀) (Thompson, Moran & Swenson 2017, eq. 3.1 ff).

/// Right ascension and declination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RaDec {
    /// Right ascension, radians.
    pub ra_rad: f64,
    /// Declination, radians.
    pub dec_rad: f64,
}

/// Direction cosines about a phase centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lmn {
    /// Towards the East.
    pub l: f64,
    /// Towards the North.
    pub m: f64,
    /// n − 1, computed without cancellation.
    pub n_minus_1: f64,
}

impl Lmn {
    /// From l and m; `None` outside the unit circle.
    pub fn new(l: f64, m: f64) -> Option<Self> {
        let r2 = l * l + m * m;
        (r2 <= 1.0).then(|| Lmn { l, m, n_minus_1: -r2 / ((1.0 - r2).sqrt() + 1.0) })
    }
}

impl RaDec {
    /// Direction cosines of this direction about `phase_center`; `None` on the far hemisphere.
    pub fn to_lmn(self, phase_center: RaDec) -> Option<Lmn> {
        let (sd, cd) = self.dec_rad.sin_cos();
        let (sd0, cd0) = phase_center.dec_rad.sin_cos();
        let (sa, ca) = (self.ra_rad - phase_center.ra_rad).sin_cos();
        let n = sd * sd0 + cd * cd0 * ca;
        if n < 0.0 { None } else { Lmn::new(cd * sa, sd * cd0 - cd * sd0 * ca) }
    }

    /// The direction with direction cosines (l, m) about `phase_center`; `None` outside the unit circle.
    pub fn from_lm(phase_center: RaDec, l: f64, m: f64) -> Option<Self> {
        let n = Lmn::new(l, m)?.n_minus_1 + 1.0;
        let (sd0, cd0) = phase_center.dec_rad.sin_cos();
        let toward_pole = n * cd0 - m * sd0;
        let ra_rad = phase_center.ra_rad + l.atan2(toward_pole);
        // atan2 rather than asin: keeps its digits next to the pole.
        let dec_rad = (m * cd0 + n * sd0).atan2(l.hypot(toward_pole));
        Some(RaDec { ra_rad: ra_rad.rem_euclid(std::f64::consts::TAU), dec_rad })
    }

    /// Angle to another direction, radians, accurate for small angles.
    pub fn separation_rad(self, other: RaDec) -> f64 {
        let half = |x: f64| (x / 2.0).sin().powi(2);
        let h = half(self.dec_rad - other.dec_rad)
            + self.dec_rad.cos() * other.dec_rad.cos() * half(self.ra_rad - other.ra_rad);
        2.0 * h.sqrt().min(1.0).asin()
    }

    /// Sexagesimal text such as `05:42:36.14 +49:51:07.2`.
    pub fn sexagesimal(self) -> String {
        format!("{} {}", self.ra_text(), self.dec_text())
    }

    /// Right ascension as `hh:mm:ss.ss`.
    pub fn ra_text(self) -> String {
        let centi = (self.ra_rad.rem_euclid(std::f64::consts::TAU).to_degrees() / 15.0 * 360_000.0).round();
        let centi = centi as u64 % (24 * 360_000);
        format!("{:02}:{:02}:{:02}.{:02}", centi / 360_000, centi / 6000 % 60, centi / 100 % 60, centi % 100)
    }

    /// Declination as `±dd:mm:ss.s`.
    pub fn dec_text(self) -> String {
        let deci = (self.dec_rad.to_degrees().abs() * 36_000.0).round() as u64;
        let sign = if self.dec_rad < 0.0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}:{:02}.{}", deci / 36_000, deci / 600 % 60, deci / 10 % 60, deci % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lm_and_radec_are_inverse_near_and_far_from_the_pole() {
        for dec_deg in [-89.9_f64, -30.0, 0.0, 40.73, 90.0] {
            let center = RaDec { ra_rad: 6.2, dec_rad: dec_deg.to_radians() };
            for (l, m) in [(0.0, 0.0), (0.3, -0.2), (-0.9, 0.1), (1e-6, 1e-6)] {
                let dir = RaDec::from_lm(center, l, m).unwrap();
                let back = dir.to_lmn(center).unwrap();
                assert!(
                    (back.l - l).abs() < 1e-12 && (back.m - m).abs() < 1e-12,
                    "{dec_deg} {l} {m}: {back:?}"
                );
            }
        }
        assert!(Lmn::new(0.8, 0.7).is_none());
    }

    #[test]
    fn east_is_positive_l_and_small_angles_keep_their_digits() {
        let center = RaDec { ra_rad: 1.0, dec_rad: 0.5 };
        let east = RaDec { ra_rad: 1.0 + 1e-3, dec_rad: 0.5 };
        assert!(east.to_lmn(center).unwrap().l > 0.0);
        let tiny = Lmn::new(1e-9, 0.0).unwrap();
        assert_eq!(tiny.n_minus_1, -5e-19);
    }

    #[test]
    fn sexagesimal_rounds_without_sixty_seconds() {
        let dir = RaDec {
            ra_rad: (15.0_f64 * (1.0 + 59.9999 / 3600.0)).to_radians(),
            dec_rad: -0.5_f64.to_radians(),
        };
        assert_eq!(dir.sexagesimal(), "01:01:00.00 -00:30:00.0");
    }
}

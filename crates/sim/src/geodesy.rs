//! Positions on the Earth: geodetic coordinates, ITRF, and the plane of a site.

use sofars::coords::{gc2gd, gd2gc};

/// SOFA's number of the ellipsoid WGS84, whose axes are those of the ITRF.
const WGS84: i32 = 1;

/// A place on the Earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// Longitude, radians, positive to the East.
    pub longitude_rad: f64,
    /// Geodetic latitude, radians, positive to the North.
    pub latitude_rad: f64,
    /// Height above the ellipsoid, metres.
    pub height_m: f64,
}

impl Site {
    /// The place of a position in ITRF, metres; `None` next to the middle of the Earth.
    pub fn of(itrf_m: [f64; 3]) -> Option<Self> {
        let radius = itrf_m.iter().map(|x| x * x).sum::<f64>().sqrt();
        if !(radius.is_finite() && radius > 1e6) {
            return None;
        }
        let (longitude_rad, latitude_rad, height_m) = gc2gd(WGS84, itrf_m).ok()?;
        Some(Site { longitude_rad, latitude_rad, height_m })
    }

    /// Position in ITRF, metres.
    pub fn itrf_m(&self) -> [f64; 3] {
        // Fails for an ellipsoid that is not known only.
        gd2gc(WGS84, self.longitude_rad, self.latitude_rad, self.height_m).unwrap_or_default()
    }

    /// The unit vectors to the East, the North and up, in ITRF.
    pub fn enu(&self) -> [[f64; 3]; 3] {
        let ((sl, cl), (sp, cp)) = (self.longitude_rad.sin_cos(), self.latitude_rad.sin_cos());
        [[-sl, cl, 0.0], [-sp * cl, -sp * sl, cp], [cp * cl, cp * sl, sp]]
    }

    /// Position in ITRF, metres, of a point East, North and up of this place, metres.
    pub fn offset_m(&self, enu_m: [f64; 3]) -> [f64; 3] {
        let (from, axes) = (self.itrf_m(), self.enu());
        std::array::from_fn(|k| from[k] + (0..3).map(|i| axes[i][k] * enu_m[i]).sum::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_positions_are_inverse() {
        let itrf_m = [5109243.2462, 2006797.8657, -3239112.7373];
        let site = Site::of(itrf_m).unwrap();
        // MeerKAT: 21.44° East, 30.71° South, about a kilometre up.
        assert!((site.longitude_rad.to_degrees() - 21.444).abs() < 1e-3, "{site:?}");
        assert!((site.latitude_rad.to_degrees() + 30.713).abs() < 1e-3, "{site:?}");
        assert!((1000.0..1100.0).contains(&site.height_m), "{site:?}");
        let back = site.itrf_m();
        assert!((0..3).all(|k| (back[k] - itrf_m[k]).abs() < 1e-6), "{back:?}");
        assert!(Site::of([1.0, 2.0, 3.0]).is_none() && Site::of([f64::NAN; 3]).is_none());
    }

    #[test]
    fn an_offset_up_changes_the_height_alone() {
        let site = Site { longitude_rad: 2.0, latitude_rad: -0.5, height_m: 100.0 };
        let up = Site::of(site.offset_m([0.0, 0.0, 50.0])).unwrap();
        assert!((up.height_m - 150.0).abs() < 1e-6 && (up.latitude_rad - site.latitude_rad).abs() < 1e-12);
        let north = Site::of(site.offset_m([0.0, 30.0, 0.0])).unwrap();
        assert!((north.latitude_rad - site.latitude_rad) * 6.36e6 > 29.0);
        let east = Site::of(site.offset_m([30.0, 0.0, 0.0])).unwrap();
        assert!(east.longitude_rad > site.longitude_rad);
    }
}

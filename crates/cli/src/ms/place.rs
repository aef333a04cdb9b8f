//! Where on the Earth antennas stand, as people say it.

use facette::{ms::Antenna, sim::Site};
use serde_json::{Value as Json, json};

/// The middle of all antennas that have a position on the Earth.
pub(crate) fn middle(antennas: &[Antenna]) -> Option<Site> {
    let positions: Vec<[f64; 3]> =
        antennas.iter().filter_map(|a| a.position_m).filter(|p| Site::of(*p).is_some()).collect();
    let n = positions.len() as f64;
    Site::of(std::array::from_fn(|k| positions.iter().map(|p| p[k]).sum::<f64>() / n))
}

/// `21.443889° E 30.712222° S 1086.6 m`: geodetic, height above the ellipsoid WGS84.
pub(crate) fn text(site: &Site) -> String {
    let (longitude, latitude) = (site.longitude_rad.to_degrees(), site.latitude_rad.to_degrees());
    let east = if longitude < 0.0 { 'W' } else { 'E' };
    let north = if latitude < 0.0 { 'S' } else { 'N' };
    format!("{:.6}° {east} {:.6}° {north} {:.1} m", longitude.abs(), latitude.abs(), site.height_m)
}

pub(crate) fn as_json(site: &Site) -> Json {
    json!({
        "longitude_rad": site.longitude_rad,
        "latitude_rad": site.latitude_rad,
        "height_m": site.height_m,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_their_hemispheres() {
        let site = |lon: f64, lat: f64| Site {
            longitude_rad: lon.to_radians(),
            latitude_rad: lat.to_radians(),
            height_m: 12.34,
        };
        assert_eq!(text(&site(21.5, -30.25)), "21.500000° E 30.250000° S 12.3 m");
        assert_eq!(text(&site(-107.0, 34.0)), "107.000000° W 34.000000° N 12.3 m");
        assert!(middle(&[]).is_none());
    }
}

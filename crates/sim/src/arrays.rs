//! Arrays that exist, or are being built.
//!
//! Where antennas stand is public knowledge; each file of `data/` names the one that its positions were taken from.

use crate::Layout;

/// An array whose positions are built in.
#[derive(Clone, Copy, Debug)]
pub struct KnownArray {
    /// The name on the command line.
    pub name: &'static str,
    /// The name in MeasurementSets, as CASA and casacore know the observatory.
    pub telescope: &'static str,
    /// In words.
    pub about: &'static str,
    /// Positions ([`Layout::parse`]).
    text: &'static str,
}

macro_rules! arrays {
    ($($name:literal, $telescope:literal, $about:literal;)*) => {
        /// All of them.
        pub const ARRAYS: &[KnownArray] = &[$(KnownArray {
            name: $name,
            telescope: $telescope,
            about: $about,
            text: include_str!(concat!("../data/", $name, ".txt")),
        }),*];
    };
}

arrays! {
    "meerkat", "MeerKAT", "64 dishes, baselines to 7.7 km";
    "ska-mid", "SKA-Mid", "197 dishes, to 157 km";
    "ska-low", "SKA-Low", "512 stations (AA4), to 74 km";
    "lofar", "LOFAR", "57 Dutch stations, to 83 km";
    "vla-a", "VLA", "27 dishes, to 36 km";
    "vla-b", "VLA", "27 dishes, to 11 km";
    "vla-c", "VLA", "27 dishes, to 3.4 km";
    "vla-d", "VLA", "27 dishes, to 1 km";
    "atca-6a", "ATCA", "6 dishes, to 6 km";
    "atca-1.5a", "ATCA", "6 dishes, to 4.5 km";
    "atca-750a", "ATCA", "6 dishes, to 3.7 km";
    "atca-h168", "ATCA", "6 dishes, hybrid, to 4.5 km";
}

/// Other names of the same.
const ALIASES: &[(&str, &str)] =
    &[("vla", "vla-a"), ("atca", "atca-6a"), ("skamid", "ska-mid"), ("skalow", "ska-low")];

impl KnownArray {
    /// The array of a name, whatever its case.
    pub fn find(name: &str) -> Option<&'static KnownArray> {
        let lower = name.to_lowercase().replace('_', "-");
        let name = ALIASES.iter().find(|alias| alias.0 == lower).map_or(lower.as_str(), |alias| alias.1);
        ARRAYS.iter().find(|array| array.name == name)
    }

    /// Its antennas, in ITRF; the layout is called as the telescope is.
    ///
    /// # Panics
    /// Never: a test reads all of them.
    pub fn layout(&self) -> Layout {
        Layout::parse(self.telescope, self.text)
            .unwrap_or_else(|error| unreachable!("built-in array {}: {error}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Site;

    #[test]
    fn every_array_reads_and_is_as_large_as_it_says() {
        for array in ARRAYS {
            let layout = array.layout();
            let n = array.about.split(' ').next().unwrap();
            assert_eq!(layout.antennas.len().to_string(), n, "{}", array.name);
            let longest_km: f64 =
                array.about.rsplit("to ").next().unwrap().trim_end_matches(" km").parse().unwrap();
            let km = layout.longest_m() / 1e3;
            assert!((km / longest_km - 1.0).abs() < 0.05, "{}: {km} km", array.name);
        }
    }

    #[test]
    fn arrays_stand_where_they_do() {
        // Longitude and latitude of the observatories, degrees; a degree is allowed.
        for (name, longitude, latitude) in [
            ("meerkat", 21.4, -30.7),
            ("ska-mid", 21.4, -30.7),
            ("ska-low", 116.7, -26.8),
            ("lofar", 6.8, 52.9),
            ("vla", -107.6, 34.1),
            ("vla-d", -107.6, 34.1),
            ("atca", 149.6, -30.3),
            ("ATCA-H168", 149.6, -30.3),
        ] {
            let layout = KnownArray::find(name).unwrap().layout();
            for antenna in &layout.antennas {
                let site = Site::of(antenna.position_m).unwrap();
                let (lon, lat) = (site.longitude_rad.to_degrees(), site.latitude_rad.to_degrees());
                assert!((lon - longitude).abs() < 1.5 && (lat - latitude).abs() < 1.5, "{name}: {lon} {lat}");
                assert!((-100.0..2500.0).contains(&site.height_m), "{name}: {}", site.height_m);
            }
        }
        assert!(KnownArray::find("nowhere").is_none());
    }
}

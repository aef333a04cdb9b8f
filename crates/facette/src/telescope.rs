//! What telescopes deliver to an imager: data streams and images that a measured cost is extrapolated to.
//!
//! Each [`Telescope`] is a set-up for imaging the continuum, with every number either from one of its `sources` or named
//! in its `assumptions`. Two streams are given: what the correlator writes, and what is commonly left of it after
//! averaging, which is what continuum imaging mostly reads.
//!
//! A *visibility* is one baseline, channel and time with all its correlations, as everywhere in summaries of runs; it
//! has [`n_corr`](Telescope::n_corr) samples.

mod known;

pub use known::ALL;

use types::SPEED_OF_LIGHT_M_S;

/// Bytes of a sample in memory: a complex number of two 4-byte floats, a 4-byte weight, a 1-byte flag.
///
/// The SKA's parametric model counts 12, with the flag as a bit.
pub const BYTES_PER_SAMPLE: usize = 8 + 4 + 1;

/// Zenith angle up to which [`Telescope::w_max_wavelengths`] holds, degrees.
pub const ZENITH_ANGLE_DEG: f64 = 30.0;

/// Pixels across a beam of λ / b.
const PIXELS_PER_BEAM: f64 = 3.0;

/// What is commonly averaged between correlator and imager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Averaging {
    /// Neighboring channels that become one.
    pub n_chan: usize,
    /// Neighboring times that become one.
    pub n_time: usize,
}

/// A telescope, set up to image the continuum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Telescope {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Name, band and set-up, for people.
    pub title: &'static str,
    /// Dishes or stations that are correlated.
    pub n_antenna: usize,
    /// Channels that the correlator writes.
    pub n_chan: usize,
    /// Correlations of two feeds with two feeds.
    pub n_corr: usize,
    /// Time between two visibilities of a baseline and channel as the correlator writes them, seconds.
    pub integration_s: f64,
    /// Averaging that is common before the continuum is imaged.
    pub averaging: Averaging,
    /// First and last frequency, Hz.
    pub freq_range_hz: (f64, f64),
    /// Longest baseline, meters.
    pub max_baseline_m: f64,
    /// Diameter of a dish or station, which sets the field of view, meters.
    pub dish_m: f64,
    /// Observation that is imaged, seconds.
    pub observed_s: f64,
    /// What is not a fact about the telescope but a choice, or a fact without a source.
    pub assumptions: &'static [&'static str],
    /// Where the numbers come from.
    pub sources: &'static [&'static str],
}

/// The telescope of that name; `None` where it is not in [`ALL`].
pub fn find(name: &str) -> Option<&'static Telescope> {
    ALL.iter().find(|t| t.name == name)
}

impl Telescope {
    /// Pairs of different antennas.
    pub fn n_baseline(&self) -> usize {
        self.n_antenna * (self.n_antenna - 1) / 2
    }

    /// Visibilities (baselines × channels × times) that the correlator writes in a second.
    pub fn visibilities_per_s(&self) -> f64 {
        self.n_baseline() as f64 * self.n_chan as f64 / self.integration_s
    }

    /// Visibilities per second of observation that are left after the usual averaging.
    pub fn averaged_visibilities_per_s(&self) -> f64 {
        self.visibilities_per_s() / (self.averaging.n_chan * self.averaging.n_time) as f64
    }

    /// Bytes of the correlator's visibilities, weights and flags in a second, each correlation
    /// [`BYTES_PER_SAMPLE`] long.
    pub fn bytes_per_s(&self) -> f64 {
        self.visibilities_per_s() * (self.n_corr * BYTES_PER_SAMPLE) as f64
    }

    /// Bytes per second of observation that are left after the usual averaging.
    pub fn averaged_bytes_per_s(&self) -> f64 {
        self.averaged_visibilities_per_s() * (self.n_corr * BYTES_PER_SAMPLE) as f64
    }

    /// Center of the band, Hz.
    pub fn center_freq_hz(&self) -> f64 {
        (self.freq_range_hz.0 + self.freq_range_hz.1) / 2.0
    }

    /// Diameter of the field of view at the center of the band, 1.2 λ / D, radians.
    pub fn field_of_view_rad(&self) -> f64 {
        1.2 * self.wavelength_m() / self.dish_m
    }

    /// Resolution of the longest baseline at the center of the band, λ / b, radians.
    pub fn resolution_rad(&self) -> f64 {
        self.wavelength_m() / self.max_baseline_m
    }

    /// Side of a pixel: a third of the resolution, radians.
    pub fn cell_rad(&self) -> f64 {
        self.resolution_rad() / PIXELS_PER_BEAM
    }

    /// Pixels along a side of an image of the field of view, rounded up to an even product of 2, 3 and 5.
    pub fn npix(&self) -> usize {
        let least = (self.field_of_view_rad() / self.cell_rad()).ceil() as usize;
        (least.max(2)..).find(|&n| n.is_multiple_of(2) && is_smooth(n)).unwrap_or(least)
    }

    /// Largest |w| in wavelengths while observing within [`ZENITH_ANGLE_DEG`] of the zenith.
    ///
    /// A baseline b along the ground has |w| ≤ b sin z at zenith angle z; λ is the shortest of the band. The curvature of
    /// the Earth, which adds little over these baselines, is left out.
    pub fn w_max_wavelengths(&self) -> f64 {
        let shortest_m = SPEED_OF_LIGHT_M_S / self.freq_range_hz.1;
        self.max_baseline_m * ZENITH_ANGLE_DEG.to_radians().sin() / shortest_m
    }

    fn wavelength_m(&self) -> f64 {
        SPEED_OF_LIGHT_M_S / self.center_freq_hz()
    }
}

/// Whether `n`, at least 1, is a product of 2, 3 and 5.
fn is_smooth(n: usize) -> bool {
    let mut rest = n;
    for factor in [2, 3, 5] {
        while rest.is_multiple_of(factor) {
            rest /= factor;
        }
    }
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(name: &str) -> &'static Telescope {
        find(name).unwrap()
    }

    #[test]
    fn names_are_unique_and_numbers_whole() {
        for (i, t) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|other| other.name != t.name), "{}", t.name);
            assert_eq!(find(t.name), Some(t));
            assert!(t.n_antenna > 1 && t.n_chan % t.averaging.n_chan == 0 && t.n_corr == 4, "{}", t.name);
            assert!(t.freq_range_hz.0 < t.freq_range_hz.1 && t.observed_s == 3600.0, "{}", t.name);
            assert!(!t.assumptions.is_empty() && !t.sources.is_empty(), "{}", t.name);
        }
        assert_eq!(find("arecibo"), None);
    }

    #[test]
    fn streams_are_those_of_the_documents() {
        assert_eq!(get("meerkat").n_baseline(), 2016);
        assert_eq!(get("ska-low").n_baseline(), 130_816);
        // The SKA counts 12 bytes a sample: about 0.4 TB/s into each science data processor.
        let ska = ["ska-low", "ska-mid"].map(|name| get(name).bytes_per_s() * 12.0 / BYTES_PER_SAMPLE as f64);
        for bytes_per_s in ska {
            assert!((0.3e12..0.6e12).contains(&bytes_per_s), "{bytes_per_s:e}");
        }
        // Both together: the some 5 Tbit/s of its overviews, and more than 1 PB an hour (Wortmann et al. 2024).
        let bits_per_s = 8.0 * ska.iter().sum::<f64>();
        assert!((3e12..10e12).contains(&bits_per_s), "{bits_per_s:e}");
        assert!(ska.iter().all(|b| b * 3600.0 > 1e15));
        // A LOFAR pointing of 8 h with 16 channels per subband: some 10 TB in the archive (LoTSS-DR2: 8.8 TB on average).
        let archived = get("lofar").visibilities_per_s() / 4.0 * 4.0 * 8.0 * 8.0 * 3600.0;
        assert!((5e12..20e12).contains(&archived), "{archived:e}");
        let meerkat = get("meerkat").visibilities_per_s();
        assert!((meerkat - 2016.0 * 4096.0 / 8.0).abs() < 1e-6);
    }

    #[test]
    fn averaging_leaves_what_is_imaged() {
        assert_eq!(get("lofar").averaged_visibilities_per_s(), 1891.0 * 488.0 / 8.0);
        for t in ALL {
            assert!(t.averaged_visibilities_per_s() <= t.visibilities_per_s());
            let shares = [
                t.averaged_bytes_per_s() / t.bytes_per_s(),
                t.averaged_visibilities_per_s() / t.visibilities_per_s(),
            ];
            assert!((shares[0] - shares[1]).abs() < 1e-12);
        }
    }

    #[test]
    fn fields_and_resolutions_are_plausible() {
        let arcsec = |rad: f64| rad.to_degrees() * 3600.0;
        let near = |got: f64, want: f64| (got / want - 1.0).abs() < 0.15;
        let m = get("meerkat");
        assert!(near(m.field_of_view_rad().to_degrees(), 1.2), "{}", m.field_of_view_rad().to_degrees());
        assert!(near(arcsec(m.resolution_rad()), 6.3), "{}", arcsec(m.resolution_rad()));
        assert!(near(arcsec(get("ska-mid").resolution_rad()), 0.30));
        // The SKA states 327 arcmin and 11 arcsec at 110 MHz, for 65 km.
        let low = get("ska-low");
        assert!(near(low.field_of_view_rad().to_degrees() * 60.0, 327.0 * 110.0 / 200.0));
        assert!(near(arcsec(low.resolution_rad()), 4.2), "{}", arcsec(low.resolution_rad()));
        assert!(near(arcsec(get("lofar").resolution_rad()), 3.6));
    }

    #[test]
    fn images_hold_the_field_at_three_pixels_a_beam() {
        for t in ALL {
            let least = 3.6 * t.max_baseline_m / t.dish_m;
            let npix = t.npix();
            assert!(npix as f64 >= least && (npix as f64) < 1.1 * least + 2.0, "{}: {npix}", t.name);
            assert!(npix.is_multiple_of(2) && is_smooth(npix));
            assert!(npix as f64 * t.cell_rad() >= t.field_of_view_rad());
        }
        assert_eq!(ALL.iter().map(Telescope::npix).collect::<Vec<_>>(), [7200, 40_000, 2160, 14_400]);
        assert!(
            [1, 2, 45, 1024, 40_000].into_iter().all(is_smooth)
                && ![7, 14, 11, 40_003].into_iter().any(is_smooth)
        );
    }

    #[test]
    fn w_is_at_most_half_of_the_longest_baseline() {
        // Simulated observations of an hour around transit: 10,770 wavelengths for MeerKAT up to 1337 MHz.
        let m = get("meerkat");
        assert!(m.w_max_wavelengths() * 1337.0 / 1712.0 > 10_770.0);
        assert!((m.w_max_wavelengths() - 7700.0 / 2.0 / 0.175_11).abs() < 20.0, "{}", m.w_max_wavelengths());
    }
}

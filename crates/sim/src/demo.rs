//! The observation and the sky that show the main job to someone without data.

use crate::{Corruptions, Layout, Observation, Simulation, Turning};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use types::{ARCSEC_RAD, Correlation, Gaussian, ImageGeometry, RaDec, SkySource};

/// Point sources and extended ones.
const N_POINT: usize = 10;
const N_EXTENDED: usize = 3;
/// Sources lie within this share of the half field.
const REACH: f64 = 0.8;
/// The first source lies beyond this share in x, the second in y.
const FAR: f64 = 0.72;
/// No two sources are closer.
const APART_RAD: f64 = 75.0 * ARCSEC_RAD;
/// Faintest and brightest flux.
const FLUX_JY: (f64, f64) = (0.02, 1.0);
/// Full widths at half maximum of extended sources.
const FWHM_RAD: (f64, f64) = (15.0 * ARCSEC_RAD, 40.0 * ARCSEC_RAD);

/// The image recommended for [`Simulation::demo`]: 1024 × 1024 cells of 2.5 arcseconds.
pub fn demo_geometry() -> ImageGeometry {
    ImageGeometry { nx: 1024, ny: 1024, cell_rad: 2.5 * ARCSEC_RAD }
}

impl Simulation {
    /// One hour of 64 antennas on a low track, hour angle 3 h to 4 h at declination −10°: 24 times, 16 channels of 2
    /// MHz about 1.28 GHz, 774,144 visibilities of two correlations; ten point sources and three Gaussians of 20 mJy
    /// to 1 Jy, off pixel centers, out to 80 % of the half field of [`demo_geometry`].
    ///
    /// The sight stands 31° to 43° high, so w is almost as long as the baselines: 5892 m at most. At 80 % of the half
    /// field along one axis (1024″) n − 1 = −1.23e-5, along both −2.46e-5: a phase 2π w (n − 1) ν/c of 1.95 and 3.90
    /// rad on the longest w, which an imager without w-correction leaves in. Most of it is a shift, as the array is
    /// nearly flat: by (n − 1) tan z, three to four arcseconds at an axis' end and five to eight in the corner.
    pub fn demo(seed: u64, noise_jy: f64) -> Simulation {
        let hours = |h: f64| h * PI / 12.0;
        let observation = Observation {
            layout: Layout::meerkat_like(),
            turning: Turning::Even {
                latitude_rad: (-30.7_f64).to_radians(),
                hour_angle_start_rad: hours(3.0),
            },
            phase_center: RaDec { ra_rad: hours(5.5), dec_rad: (-10.0_f64).to_radians() },
            start_mjd_s: 61_000.0 * 86_400.0,
            n_time: 24,
            recorded: None,
            interval_s: 150.0,
            freq_hz: (0..16).map(|i_chan| 1.28e9 + (f64::from(i_chan) - 7.5) * 2e6).collect(),
            autos: false,
        };
        let correlations = vec![Correlation::XX, Correlation::YY];
        let corruptions = Corruptions { noise_jy, ..Corruptions::none() };
        Simulation { observation, correlations, sources: sky(seed), spectra: Vec::new(), corruptions, seed }
    }
}

fn sky(seed: u64) -> Vec<SkySource> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // The noise takes the streams from 0 on, one a row.
    rng.set_stream(u64::MAX);
    let mut sources: Vec<SkySource> = Vec::new();
    while sources.len() < N_POINT + N_EXTENDED {
        let (l, m) = place(&mut rng, sources.len());
        let free = sources.iter().all(|s| (s.l - l).hypot(s.m - m) >= APART_RAD);
        if free {
            let flux_jy = FLUX_JY.0 * (FLUX_JY.1 / FLUX_JY.0).powf(rng.random());
            let gaussian = (sources.len() >= N_POINT).then(|| shape(&mut rng));
            sources.push(SkySource { l, m, flux_jy, gaussian });
        }
    }
    sources
}

/// A place off the pixel centers within reach; that of the first two far out in x and in y.
fn place(rng: &mut ChaCha8Rng, i_source: usize) -> (f64, f64) {
    let geometry = demo_geometry();
    let mut along = |is_far: bool| {
        let half = (geometry.nx / 2) as f64;
        let from = if is_far { FAR * half } else { 0.0 };
        let whole = rng.random_range(from..REACH * half - 1.0).ceil();
        let offset = whole + rng.random_range(-0.8..-0.2);
        if rng.random() { offset } else { -offset }
    };
    let (x, y) = (along(i_source == 0), along(i_source == 1));
    (x * geometry.cell_rad, y * geometry.cell_rad)
}

fn shape(rng: &mut ChaCha8Rng) -> Gaussian {
    let fwhm_major_rad = rng.random_range(FWHM_RAD.0..FWHM_RAD.1);
    let fwhm_minor_rad = rng.random_range(FWHM_RAD.0..=fwhm_major_rad);
    Gaussian { fwhm_major_rad, fwhm_minor_rad, pa_rad: rng.random_range(0.0..PI) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;
    use types::{Lmn, SPEED_OF_LIGHT_M_S};

    #[test]
    fn skies_keep_what_they_promise_for_any_seed() {
        let geometry = demo_geometry();
        let half = 512.0 * geometry.cell_rad;
        for seed in 0..200 {
            let sources = Simulation::demo(seed, 0.0).sources;
            assert_eq!(sources.iter().filter(|s| s.gaussian.is_none()).count(), N_POINT);
            assert_eq!(sources.len(), N_POINT + N_EXTENDED);
            assert!(sources[0].l.abs() > 0.7 * half && sources[1].m.abs() > 0.7 * half, "seed {seed}");
            for (i, s) in sources.iter().enumerate() {
                assert!(s.l.abs() <= REACH * half && s.m.abs() <= REACH * half, "seed {seed}: {s:?}");
                assert!((FLUX_JY.0..=FLUX_JY.1).contains(&s.flux_jy));
                let (x, y) = geometry.xy(s.l, s.m);
                assert!(
                    (x - x.round()).abs() > 0.19 && (y - y.round()).abs() > 0.19,
                    "seed {seed}: on a center"
                );
                assert!(sources[..i].iter().all(|o| (o.l - s.l).hypot(o.m - s.m) >= 60.0 * ARCSEC_RAD));
                if let Some(g) = s.gaussian {
                    assert!(g.fwhm_minor_rad >= FWHM_RAD.0 && g.fwhm_major_rad <= FWHM_RAD.1);
                    assert!(g.fwhm_minor_rad <= g.fwhm_major_rad);
                }
            }
        }
        assert_ne!(Simulation::demo(1, 0.0).sources, Simulation::demo(2, 0.0).sources);
        assert_eq!(Simulation::demo(5, 0.1), Simulation::demo(5, 0.1));
    }

    #[test]
    fn w_is_long_and_the_beam_well_sampled() {
        let observation = Simulation::demo(1, 0.0).observation;
        let rows = (0..observation.n_time).flat_map(|t| observation.uvw_m(t));
        let (uv_m, w_m) =
            rows.fold((0.0_f64, 0.0_f64), |(a, w), r| (a.max(r[0].hypot(r[1])), w.max(r[2].abs())));
        let wavelength = SPEED_OF_LIGHT_M_S / 1.28e9;
        let far = REACH * 512.0 * demo_geometry().cell_rad;
        let phase = |l, m| TAU * w_m / wavelength * -Lmn::new(l, m).unwrap().n_minus_1;
        let phases = (phase(far, 0.0), phase(far, far));
        // The figures of the documentation of `demo`.
        assert!((w_m - 5892.0).abs() < 0.5, "{w_m}");
        assert!((phases.0 - 1.95).abs() < 0.005 && (phases.1 - 3.90).abs() < 0.005, "{phases:?}");
        let cells = wavelength / uv_m / demo_geometry().cell_rad;
        assert!(cells > 2.4, "a fringe of the longest baseline spans {cells} cells");
        let n_vis = observation.n_row() * observation.freq_hz.len();
        assert_eq!(n_vis, 774_144);
    }
}

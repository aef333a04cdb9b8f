//! What an array records of a sky: visibilities and noise, as chunks of rows.

use crate::Observation;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::sync::Arc;
use types::{
    Complex32, Complex64, Correlation, ImageHeader, Setup, SkyFrame, SkySource, SpectralFrame, Stokes,
    VisChunk,
};

/// Correlations of a simulation: those of unpolarized sources on linear feeds.
const CORRELATIONS: [Correlation; 2] = [Correlation::XX, Correlation::YY];

/// An observation of a sky.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// Array, track and channels.
    pub observation: Observation,
    /// The sky; unpolarized, the same at all frequencies.
    pub sources: Vec<SkySource>,
    /// Rms of the noise in the real and in the imaginary part of each visibility and correlation, Jy; finite.
    pub noise_jy: f64,
    /// Seed of the noise.
    pub seed: u64,
}

impl Simulation {
    /// Frequencies and correlations: XX and YY.
    pub fn setup(&self) -> Arc<Setup> {
        Arc::new(Setup {
            freq_hz: self.observation.freq_hz.clone().into(),
            correlations: CORRELATIONS.to_vec(),
        })
    }

    /// The rows `i_chunk × chunk_rows` and following, `chunk_rows` of them or what is left; `None` after the last.
    ///
    /// Visibilities are the direct sum in double precision, rounded; nothing is flagged, all weights are one. A
    /// row's numbers depend on the row alone, neither on `chunk_rows` nor on the number of threads.
    ///
    /// # Panics
    /// When `chunk_rows` is 0.
    pub fn chunk(&self, i_chunk: usize, chunk_rows: usize) -> Option<VisChunk> {
        assert!(chunk_rows > 0, "chunks without rows");
        let first = i_chunk.checked_mul(chunk_rows)?;
        let rows = first..first.saturating_add(chunk_rows).min(self.observation.n_row());
        if rows.is_empty() {
            return None;
        }
        let uvw_m = self.observation.rows_uvw_m(rows);
        let (setup, n_chan) = (self.setup(), self.observation.freq_hz.len());
        let n_sample = uvw_m.len() * n_chan * CORRELATIONS.len();
        let vis_rfc = self.visibilities(first, &uvw_m);
        let (flag_rfc, weight_rfc) = (vec![false; n_sample], vec![1.0; n_sample]);
        Some(VisChunk { i_chunk, setup, uvw_m, vis_rfc, flag_rfc, weight_rfc })
    }

    /// The same observation of nothing at all: no source, no noise.
    pub fn without_sky(&self) -> Simulation {
        Simulation { sources: Vec::new(), noise_jy: 0.0, ..self.clone() }
    }

    /// What an image of all of it says of its origin, in Jy/beam; beam and history are left to the imager.
    pub fn header(&self, stokes: Stokes) -> ImageHeader {
        let Observation { layout, phase_center, start_mjd_s, freq_hz, .. } = &self.observation;
        let n_chan = freq_hz.len().max(1) as f64;
        let (low, high) = freq_hz.iter().fold((f64::MAX, 0.0_f64), |(l, h), &f| (l.min(f), h.max(f)));
        let width_hz = if freq_hz.len() > 1 { (high - low) / (n_chan - 1.0) } else { 0.0 };
        ImageHeader {
            object: "Simulated field".into(),
            telescope: layout.name.clone(),
            observer: String::new(),
            phase_center: *phase_center,
            frame: SkyFrame::J2000,
            freq_hz: freq_hz.iter().sum::<f64>() / n_chan,
            bandwidth_hz: width_hz * n_chan,
            rest_freq_hz: None,
            spectral_frame: SpectralFrame::Topo,
            start_mjd_s: *start_mjd_s,
            end_mjd_s: start_mjd_s + self.observation.observed_s(),
            stokes,
            unit: "Jy/beam".into(),
            beam: None,
            history: Vec::new(),
        }
    }

    /// Visibilities `[row][frequency][correlation]` of rows from `first` on.
    fn visibilities(&self, first: usize, uvw_m: &[[f64; 3]]) -> Vec<Complex32> {
        let (n_chan, n_corr) = (self.observation.freq_hz.len(), CORRELATIONS.len());
        let mut vis_rfc = vec![Complex32::ZERO; uvw_m.len() * n_chan * n_corr];
        let sky = if self.sources.is_empty() {
            vec![Complex64::ZERO; uvw_m.len() * n_chan]
        } else {
            kernels::direct::predict_sources(&self.sources, uvw_m, &self.observation.freq_hz)
        };
        let rows =
            vis_rfc.par_chunks_exact_mut((n_chan * n_corr).max(1)).zip(sky.par_chunks_exact(n_chan.max(1)));
        rows.enumerate().for_each(|(i_row, (vis_fc, sky_f))| {
            let mut noise = self.noise(first + i_row);
            for (vis_c, sky) in vis_fc.chunks_exact_mut(n_corr).zip(sky_f) {
                vis_c.fill_with(|| {
                    let vis = sky + noise();
                    Complex32::new(vis.re as f32, vis.im as f32)
                });
            }
        });
        vis_rfc
    }

    /// The noise of a row, sample by sample: a stream of its own in the generator's sequence.
    fn noise(&self, row: usize) -> impl FnMut() -> Complex64 + use<> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(row as u64);
        let noise_jy = self.noise_jy;
        move || {
            if noise_jy == 0.0 {
                return Complex64::ZERO;
            }
            let mut part = || noise_jy * Distribution::<f64>::sample(&StandardNormal, &mut rng);
            Complex64::new(part(), part())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;
    use testkit::rms_rel_err;
    use types::{RaDec, SPEED_OF_LIGHT_M_S};

    /// A short observation: two times, three channels.
    fn short(sources: Vec<SkySource>, noise_jy: f64) -> Simulation {
        let mut simulation = Simulation { sources, ..Simulation::demo(3, noise_jy) };
        simulation.observation.n_time = 2;
        simulation.observation.freq_hz.truncate(3);
        simulation
    }

    fn point(l: f64, m: f64) -> Vec<SkySource> {
        vec![SkySource { l, m, flux_jy: 0.75, gaussian: None }]
    }

    #[test]
    fn a_point_source_has_the_phase_of_its_extra_path() {
        // The path from antenna positions and directions alone: neither uvw nor l, m, n enter.
        let center = Simulation::demo(3, 0.0).observation.phase_center;
        let dir = RaDec { ra_rad: center.ra_rad + 3e-3, dec_rad: center.dec_rad - 2e-3 };
        let lmn = dir.to_lmn(center).unwrap();
        assert!(lmn.l > 0.0, "larger right ascension is East");
        let simulation = short(point(lmn.l, lmn.m), 0.0);
        let observation = &simulation.observation;
        let mut want = Vec::new();
        for i_time in 0..2 {
            let hour = observation.hour_angle_rad(i_time);
            let lat = observation.layout.latitude_rad;
            let source = enu(lat, dir.dec_rad, hour - (dir.ra_rad - center.ra_rad));
            let sight = enu(lat, center.dec_rad, hour);
            for (i, j) in observation.layout.baselines() {
                let (a, b) = (observation.layout.antennas[i].enu_m, observation.layout.antennas[j].enu_m);
                let path_m: f64 = (0..3).map(|k| (a[k] - b[k]) * (source[k] - sight[k])).sum();
                for f in &observation.freq_hz {
                    want.extend([Complex64::from_polar(0.75, TAU * path_m * f / SPEED_OF_LIGHT_M_S); 2]);
                }
            }
        }
        let got = simulation.chunk(0, usize::MAX).unwrap().vis_rfc;
        let err = rms_rel_err(&got, &want);
        assert!(err < 1e-6, "{err}");
        // The wrong hand: a source to the West instead.
        let mirrored = short(point(-lmn.l, lmn.m), 0.0).chunk(0, usize::MAX).unwrap().vis_rfc;
        assert!(rms_rel_err(&mirrored, &want) > 0.5);
    }

    fn enu(lat: f64, dec: f64, hour: f64) -> [f64; 3] {
        let ((sl, cl), (sd, cd), (sh, ch)) = (lat.sin_cos(), dec.sin_cos(), hour.sin_cos());
        [-cd * sh, sd * cl - cd * ch * sl, sd * sl + cd * ch * cl]
    }

    #[test]
    fn noise_is_white_and_of_the_strength_asked_for() {
        let simulation = short(Vec::new(), 0.5);
        let noise = simulation.chunk(0, usize::MAX).unwrap().vis_rfc;
        let n = noise.len() as f64;
        let mean: Complex64 =
            noise.iter().map(|v| Complex64::new(v.re.into(), v.im.into())).sum::<Complex64>() / n;
        let power = |f: fn(&Complex32) -> f32| noise.iter().map(|v| f64::from(f(v)).powi(2)).sum::<f64>() / n;
        let (re2, im2) = (power(|v| v.re), power(|v| v.im));
        // Four standard errors: of the mean, of a variance, of a covariance.
        let four = 4.0 / n.sqrt();
        assert!(mean.re.abs() < 0.5 * four && mean.im.abs() < 0.5 * four, "{mean}");
        assert!(
            (re2 / 0.25 - 1.0).abs() < four * 2_f64.sqrt() && (im2 / 0.25 - 1.0).abs() < four * 2_f64.sqrt()
        );
        let covariance = |lag: usize| {
            let pairs = noise.iter().zip(&noise[lag..]);
            pairs.map(|(a, b)| f64::from(a.re * b.re)).sum::<f64>() / n
        };
        let cross = noise.iter().map(|v| f64::from(v.re * v.im)).sum::<f64>() / n;
        // Neighboring correlations, channels, rows.
        for value in [cross, covariance(1), covariance(2), covariance(6)] {
            assert!(value.abs() < 0.25 * four, "{value}");
        }
        let far = noise.iter().filter(|v| v.re.abs() > 1.5).count() as f64 / n;
        assert!((far - 0.0027).abs() < 4.0 * (0.0027 / n).sqrt(), "beyond three σ: {far}");
    }

    #[test]
    fn rows_do_not_depend_on_chunks_threads_or_calls() {
        let demo = Simulation::demo(7, 0.1);
        let simulation = Simulation { sources: demo.sources[..3].to_vec(), ..short(Vec::new(), 0.1) };
        let whole = simulation.chunk(0, usize::MAX).unwrap();
        assert_eq!(whole.n_row(), 4032);
        assert!(simulation.chunk(1, usize::MAX).is_none() && simulation.chunk(0, 4032).is_some());
        for (chunk_rows, n_thread) in [(1000, 1), (4032, 3), (2016, 2)] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_thread).build().unwrap();
            let chunks: Vec<VisChunk> =
                pool.install(|| (0..).map_while(|i| simulation.chunk(i, chunk_rows)).collect());
            assert_eq!(chunks.len(), 4032_usize.div_ceil(chunk_rows));
            assert!(chunks.iter().enumerate().all(|(i, c)| c.i_chunk == i));
            let joined: Vec<_> = chunks.iter().flat_map(|c| c.vis_rfc.clone()).collect();
            let uvw: Vec<_> = chunks.iter().flat_map(|c| c.uvw_m.clone()).collect();
            assert!(joined == whole.vis_rfc && uvw == whole.uvw_m, "{chunk_rows} rows, {n_thread} threads");
        }
        let other = Simulation { seed: 8, ..simulation }.chunk(0, usize::MAX).unwrap();
        assert!(other.vis_rfc != whole.vis_rfc && other.uvw_m == whole.uvw_m);
    }

    #[test]
    fn nothing_is_flagged_and_an_empty_sky_is_zero() {
        let chunk = short(point(1e-3, 0.0), 1.0).without_sky().chunk(0, 10).unwrap();
        assert_eq!((chunk.n_row(), chunk.n_sample()), (10, 60));
        assert!(chunk.vis_rfc.iter().all(|v| *v == Complex32::ZERO) && chunk.vis_rfc.len() == 60);
        assert!(chunk.flag_rfc.iter().all(|f| !f) && chunk.weight_rfc.iter().all(|&w| w == 1.0));
    }

    #[test]
    fn the_header_covers_the_band_and_the_time() {
        let header = Simulation::demo(1, 0.0).header(Stokes::I);
        assert!(
            (header.freq_hz - 1.28e9).abs() < 1.0 && (header.bandwidth_hz - 32e6).abs() < 1.0,
            "{header:?}"
        );
        assert_eq!(header.end_mjd_s - header.start_mjd_s, 3600.0);
    }
}

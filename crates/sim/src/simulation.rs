//! What an array records of a sky: visibilities, noise and flags, as rows or as chunks for an imager.

use crate::corruptions::{Gains, flags, noise};
use crate::{Corruptions, Observation, RowId, Spectrum};
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};
use types::{
    Complex32, Complex64, Correlation, ImageHeader, Setup, SkyFrame, SkySource, SpectralFrame, Stokes,
    VisChunk,
};

/// An observation of a sky.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// Array, track and channels.
    pub observation: Observation,
    /// Correlations recorded, none of them a Stokes parameter. Feeds follow the sky: no parallactic angle.
    pub correlations: Vec<Correlation>,
    /// The sky.
    pub sources: Vec<SkySource>,
    /// Spectra and polarization, one a source; empty: all sources are unpolarized and the same at all frequencies.
    pub spectra: Vec<Spectrum>,
    /// What the instrument does to it.
    pub corruptions: Corruptions,
    /// Seed of gains, noise and flags.
    pub seed: u64,
}

/// Rows as a MeasurementSet has them.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Interval and antennas.
    pub ids: Vec<RowId>,
    /// Baseline coordinates, metres.
    pub uvw_m: Vec<[f64; 3]>,
    /// Visibilities `[row][frequency][correlation]`, Jy.
    pub vis_rfc: Vec<Complex32>,
    /// Flags `[row][frequency]`, of all correlations.
    pub flag_rf: Vec<bool>,
}

impl Simulation {
    /// Frequencies and correlations.
    pub fn setup(&self) -> Arc<Setup> {
        Arc::new(Setup {
            freq_hz: self.observation.freq_hz.clone().into(),
            correlations: self.correlations.clone(),
        })
    }

    /// The rows `rows`, as many of them as there are.
    ///
    /// Visibilities are the direct sum in double precision, with gains and noise, rounded. A row's numbers depend on
    /// the row alone, neither on what else is asked for nor on the number of threads.
    pub fn rows(&self, rows: Range<usize>) -> Rows {
        let end = rows.end.min(self.observation.n_row());
        let first = rows.start.min(end);
        let (ids, uvw_m) = self.observation.rows(first..end);
        let vis_rfc = self.visibilities(first, &ids, &uvw_m);
        let flag_rf = self.flags(first..end);
        Rows { ids, uvw_m, vis_rfc, flag_rf }
    }

    /// Flags `[row][frequency]` of the rows `rows`, of all correlations.
    pub fn flags(&self, rows: Range<usize>) -> Vec<bool> {
        let n_chan = self.observation.freq_hz.len();
        let mut flag_rf = vec![false; rows.len() * n_chan];
        for (flag_f, row) in flag_rf.chunks_exact_mut(n_chan.max(1)).zip(rows) {
            flags(self.corruptions.flag_fraction, self.seed, row, flag_f);
        }
        flag_rf
    }

    /// The rows `i_chunk × chunk_rows` and following, `chunk_rows` of them or what is left, for an imager; `None` after
    /// the last.
    ///
    /// They are those of [`Self::rows`] but for auto-correlations, which are left out; all weights are one.
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
        let (setup, n_corr) = (self.setup(), self.correlations.len());
        let Rows { uvw_m, vis_rfc, flag_rf, .. } = self.rows(rows).without_autos(setup.freq_hz.len(), n_corr);
        let flag_rfc: Vec<bool> =
            flag_rf.iter().flat_map(|&flag| std::iter::repeat_n(flag, n_corr)).collect();
        let weight_rfc = vec![1.0; flag_rfc.len()];
        Some(VisChunk { i_chunk, setup, uvw_m, vis_rfc, flag_rfc, weight_rfc })
    }

    /// The same observation of nothing at all: no source, no noise, no flags.
    pub fn without_sky(&self) -> Simulation {
        let (sources, spectra) = (Vec::new(), Vec::new());
        Simulation { sources, spectra, corruptions: Corruptions::none(), ..self.clone() }
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
    fn visibilities(&self, first: usize, ids: &[RowId], uvw_m: &[[f64; 3]]) -> Vec<Complex32> {
        let (n_chan, n_corr) = (self.observation.freq_hz.len(), self.correlations.len());
        let mut vis_rfc = vec![Complex32::ZERO; uvw_m.len() * n_chan * n_corr];
        let (sky, n_stokes) = self.predict(uvw_m);
        let shares: Vec<[Complex64; 4]> = self.correlations.iter().map(|c| c.of_stokes()).collect();
        let gains = self.gains(ids);
        let rows = vis_rfc.par_chunks_exact_mut((n_chan * n_corr).max(1));
        let rows = rows.zip(sky.par_chunks_exact((n_chan * n_stokes).max(1))).zip(ids);
        rows.enumerate().for_each(|(i_row, ((vis_fc, sky_sf), id))| {
            let mut noise = noise(self.corruptions.noise_jy, self.seed, first + i_row);
            let gain_c = self.gain_of_correlations(&gains, id);
            for (i_chan, vis_c) in vis_fc.chunks_exact_mut(n_corr).enumerate() {
                for (i_corr, vis) in vis_c.iter_mut().enumerate() {
                    let stokes = (0..n_stokes).map(|s| shares[i_corr][s] * sky_sf[s * n_chan + i_chan]);
                    let true_vis =
                        stokes.sum::<Complex64>() * gain_c.get(i_corr).copied().unwrap_or(Complex64::ONE);
                    let seen = true_vis + noise();
                    *vis = Complex32::new(seen.re as f32, seen.im as f32);
                }
                if id.antenna1 == id.antenna2 {
                    self.make_hermitian(vis_c);
                }
            }
        });
        vis_rfc
    }

    /// Stokes visibilities `[row][stokes][frequency]` and the number of Stokes parameters.
    fn predict(&self, uvw_m: &[[f64; 3]]) -> (Vec<Complex64>, usize) {
        let freq_hz = &self.observation.freq_hz;
        if self.sources.is_empty() {
            return (vec![Complex64::ZERO; uvw_m.len() * freq_hz.len()], 1);
        }
        if self.spectra.is_empty() {
            return (kernels::direct::predict_sources(&self.sources, uvw_m, freq_hz), 1);
        }
        let n_stokes = if self.spectra.iter().any(Spectrum::is_polarized) { 4 } else { 1 };
        let flux_of = |spectrum: &Spectrum| -> Vec<f64> {
            let at: Vec<[f64; 4]> = freq_hz.iter().map(|&f| spectrum.at(f)).collect();
            (0..n_stokes).flat_map(|s| at.iter().map(move |stokes| stokes[s])).collect()
        };
        let flux_jy: Vec<f64> = self.spectra.iter().flat_map(flux_of).collect();
        (kernels::direct::predict_stokes(&self.sources, &flux_jy, n_stokes, uvw_m, freq_hz), n_stokes)
    }

    /// Gains of all intervals from the first row's on, `[interval][antenna][receptor]`, with the first interval.
    fn gains(&self, ids: &[RowId]) -> Option<(usize, Vec<Vec<[Complex64; 2]>>)> {
        let gains = Gains::new(&self.corruptions, self.observation.layout.antennas.len(), self.seed)?;
        let (first, last) = (ids.first()?.i_time, ids.last()?.i_time);
        let at = |i: usize| gains.at(self.observation.time_mjd_s(i) - self.observation.start_mjd_s);
        Some((first, (first..=last).map(at).collect()))
    }

    /// What each correlation of a row is multiplied with; empty for perfect gains.
    fn gain_of_correlations(
        &self,
        gains: &Option<(usize, Vec<Vec<[Complex64; 2]>>)>,
        id: &RowId,
    ) -> Vec<Complex64> {
        let Some((first, gains)) = gains else { return Vec::new() };
        let here = &gains[id.i_time - first];
        let gain = |c: &Correlation| match c.receptors() {
            Some((p, q)) => here[id.antenna1][p] * here[id.antenna2][q].conj(),
            None => Complex64::ONE,
        };
        self.correlations.iter().map(gain).collect()
    }

    /// Makes the correlations of an antenna with itself those of one signal: parallel hands real, with the noise of
    /// both parts, cross hands conjugate.
    fn make_hermitian(&self, vis_c: &mut [Complex32]) {
        for i in 0..vis_c.len() {
            let (p, q) = self.correlations[i].receptors().unwrap_or_default();
            if p == q {
                // The mean is real already: its imaginary part is noise.
                vis_c[i] = Complex32::new(vis_c[i].re + vis_c[i].im, 0.0);
            } else if p > q {
                let other = self.correlations.iter().position(|c| c.receptors() == Some((q, p)));
                vis_c[i] = other.map_or(vis_c[i], |j| vis_c[j].conj());
            }
        }
    }
}

impl Rows {
    fn without_autos(self, n_chan: usize, n_corr: usize) -> Rows {
        if self.ids.iter().all(|id| id.antenna1 != id.antenna2) {
            return self;
        }
        let mut kept = Rows { ids: Vec::new(), uvw_m: Vec::new(), vis_rfc: Vec::new(), flag_rf: Vec::new() };
        for (i, id) in self.ids.iter().enumerate().filter(|(_, id)| id.antenna1 != id.antenna2) {
            kept.ids.push(*id);
            kept.uvw_m.push(self.uvw_m[i]);
            kept.vis_rfc.extend_from_slice(&self.vis_rfc[i * n_chan * n_corr..(i + 1) * n_chan * n_corr]);
            kept.flag_rf.extend_from_slice(&self.flag_rf[i * n_chan..(i + 1) * n_chan]);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Turning;
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
            let Turning::Even { latitude_rad: lat, hour_angle_start_rad } = observation.turning else {
                panic!()
            };
            let hour = hour_angle_start_rad + (i_time as f64 + 0.5) * 150.0 * TAU / 86_164.090_5;
            let source = enu(lat, dir.dec_rad, hour - (dir.ra_rad - center.ra_rad));
            let sight = enu(lat, center.dec_rad, hour);
            for (i, j) in observation.layout.baselines() {
                let (a, b) =
                    (observation.layout.antennas[i].position_m, observation.layout.antennas[j].position_m);
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

    fn polarized(autos: bool) -> Simulation {
        let mut simulation = short(point(1e-3, -5e-4), 0.0);
        simulation.observation.autos = autos;
        simulation.spectra = vec![Spectrum {
            stokes_jy: [2.0, 0.3, -0.2, 0.1],
            ref_freq_hz: 1.28e9,
            terms: vec![-0.7],
            logarithmic: true,
        }];
        simulation.correlations = vec![Correlation::XX, Correlation::XY, Correlation::YX, Correlation::YY];
        simulation
    }

    #[test]
    fn correlations_are_those_of_the_stokes_parameters() {
        let simulation = polarized(false);
        let rows = simulation.rows(5..9);
        let sky = kernels::direct::predict_sources(
            &[SkySource { flux_jy: 1.0, ..simulation.sources[0] }],
            &rows.uvw_m,
            &simulation.observation.freq_hz,
        );
        for (vis_c, (i, unit)) in rows.vis_rfc.chunks(4).zip(sky.iter().enumerate()) {
            let s = simulation.spectra[0].at(simulation.observation.freq_hz[i % 3]);
            let want = [(s[0] + s[1], 0.0), (s[2], s[3]), (s[2], -s[3]), (s[0] - s[1], 0.0)];
            for (v, (re, im)) in vis_c.iter().zip(want) {
                let want = unit * Complex64::new(re, im);
                assert!((Complex64::new(v.re.into(), v.im.into()) - want).norm() < 1e-6, "{v} {want}");
            }
        }
    }

    #[test]
    fn an_antenna_with_itself_is_real_and_hermitian() {
        let mut simulation = polarized(true);
        let clean = simulation.rows(0..1);
        assert!((clean.vis_rfc[0].re - 2.3).abs() < 0.05 && clean.vis_rfc[0].im == 0.0);
        simulation.corruptions = Corruptions { noise_jy: 0.5, gain_rms: 0.2, ..Corruptions::none() };
        let rows = simulation.rows(0..simulation.observation.n_row());
        let autos = rows.ids.iter().enumerate().filter(|(_, id)| id.antenna1 == id.antenna2);
        let mut sum = 0.0;
        for (i, _) in autos {
            for c in rows.vis_rfc[i * 12..i * 12 + 12].chunks(4) {
                assert!(c[0].im == 0.0 && c[3].im == 0.0 && c[2] == c[1].conj());
                sum += 1.0;
            }
        }
        assert_eq!(sum, 2.0 * 64.0 * 3.0);
        // An imager gets none of them, and the same others.
        let chunk = simulation.chunk(0, usize::MAX).unwrap();
        assert_eq!((chunk.n_row(), rows.ids.len()), (4032, 4032 + 128));
        assert!(chunk.uvw_m.iter().all(|u| *u != [0.0; 3]));
        assert_eq!(chunk.vis_rfc[..12], rows.vis_rfc[12..24]);
    }

    #[test]
    fn gains_are_those_of_both_antennas() {
        let mut simulation = polarized(false);
        let perfect = simulation.rows(0..70);
        simulation.corruptions.gain_rms = 0.1;
        let rows = simulation.rows(0..70);
        let ratio = |i: usize, c: usize| {
            let (a, b) = (rows.vis_rfc[i * 12 + c], perfect.vis_rfc[i * 12 + c]);
            Complex64::new(a.re.into(), a.im.into()) / Complex64::new(b.re.into(), b.im.into())
        };
        // Rows (0, 1), (0, 2), (1, 2) of XX: the closure phase is free of gains.
        let closure = ratio(0, 0) * ratio(63, 0) * ratio(1, 0).conj();
        assert!(closure.arg().abs() < 1e-5 && (ratio(0, 0) - 1.0).norm() > 1e-3, "{closure}");
        assert!((ratio(0, 0) - ratio(0, 3)).norm() > 1e-3, "receptors have gains of their own");
    }

    #[test]
    fn flags_hold_for_all_correlations_and_leave_the_visibilities() {
        let mut simulation = polarized(false);
        let before = simulation.chunk(0, 200).unwrap();
        simulation.corruptions.flag_fraction = 0.3;
        let after = simulation.chunk(0, 200).unwrap();
        assert!(before.vis_rfc == after.vis_rfc && after.flag_rfc.iter().any(|f| *f));
        assert!(after.flag_rfc.chunks(4).all(|c| c.iter().all(|f| f == &c[0])));
    }
}

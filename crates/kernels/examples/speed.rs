//! Times gridding and degridding: `speed [n_row n_chan npix eps threads [f32|f64]]`, or
//! `speed uvw.bin n_chan npix eps threads [f32|f64]` with rows of three little-endian doubles, metres.
//!
//! Prints nanoseconds per visibility: image = gridding + transforms, degrid = transforms + degridding; the uvw of the first form are those of 64 antennas
//! on a disc of 4 km radius that the Earth turns.
#![expect(clippy::print_stdout, reason = "an example prints")]

use facette_kernels::{GridPlan, GridderSpec, Real};
use ndarray::Array2;
use num_complex::Complex;
use rand::{RngExt, SeedableRng};
use std::time::Instant;
use types::{ARCSEC_RAD, ImageGeometry, SPEED_OF_LIGHT_M_S, StokesVis};

/// Samples gridded at a time.
const BLOCK: usize = 1 << 20;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: f64| args.get(i).map_or(Ok(default), |a| a.parse::<f64>());
    let uvw_m = match args.first().filter(|a| a.ends_with(".bin")) {
        Some(path) => read_uvw(path)?,
        None => turning_array(number(0, 100_800.0)? as usize),
    };
    let (n_chan, npix) = (number(1, 16.0)? as usize, number(2, 2048.0)? as usize);
    let (epsilon, threads) = (number(3, 1e-4)?, number(4, 1.0)? as usize);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let double = args.get(5).is_some_and(|a| a == "f64");
    if double {
        pool.install(|| measure::<f64>(uvw_m, n_chan, npix, epsilon))
    } else {
        pool.install(|| measure::<f32>(uvw_m, n_chan, npix, epsilon))
    }
}

fn measure<T: Real>(
    uvw_m: Vec<[f64; 3]>,
    n_chan: usize,
    npix: usize,
    epsilon: f64,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let freq_hz: Vec<f64> = (0..n_chan).map(|c| 1.284e9 + 0.836e6 * c as f64).collect();
    let w = |f: f64| uvw_m.iter().map(move |r| r[2].abs() * f / SPEED_OF_LIGHT_M_S);
    let w_max = w(freq_hz[n_chan - 1]).fold(0.0, f64::max);
    let w_min = w(freq_hz[0]).fold(w_max, f64::min);
    let geometry = ImageGeometry { nx: npix, ny: npix, cell_rad: 1.5 * ARCSEC_RAD };
    let spec = GridderSpec {
        geometry,
        epsilon,
        w_abs_lambda: (w_min, w_max),
        w_correction: true,
        memory_bytes: None,
        threads: rayon::current_num_threads(),
        block_samples: BLOCK as u64,
    };
    let n_sample = uvw_m.len() * n_chan;
    let start = Instant::now();
    let plan = GridPlan::<T>::for_samples(&spec, n_sample as u64)?;
    println!("plan {:.2} ms {:?}", start.elapsed().as_secs_f64() * 1e3, plan.recipe());
    let mut blocks: Vec<StokesVis<T>> =
        uvw_m.chunks((BLOCK / n_chan).max(1)).map(|rows| block(rows, &freq_hz)).collect();
    for _ in 0..3 {
        let mut image = Array2::from_elem((npix, npix), T::zero());
        let clock = Clock::new(n_sample);
        let mut planes = plan.new_planes(0);
        blocks.iter().for_each(|vis| plan.grid(vis, &mut planes));
        let grid = clock.ns();
        plan.add_to_image(planes, &mut image);
        plan.finish_image(&mut image);
        report("image", grid, clock.ns());
        let clock = Clock::new(n_sample);
        let planes = plan.planes_of_model(&plan.prepare_model(&image), 0);
        let fft = clock.ns();
        blocks.iter_mut().for_each(|vis| plan.degrid(&planes, vis));
        report("degrid", fft, clock.ns());
        blocks.iter_mut().for_each(|vis| vis.vis_rf.fill(Complex::new(T::one(), T::zero())));
    }
    Ok(())
}

/// Processor time of all threads in seconds, in steps of 10 ms, where the system tells.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat
        .rsplit(") ")
        .next()
        .map(|s| s.split(' ').skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum());
    ticks.unwrap_or(0.0_f64) / 100.0
}

fn block<T: Real>(rows: &[[f64; 3]], freq_hz: &[f64]) -> StokesVis<T> {
    let n = rows.len() * freq_hz.len();
    StokesVis {
        i_chunk: 0,
        freq_hz: freq_hz.into(),
        uvw_m: rows.to_vec(),
        vis_rf: vec![Complex::new(T::one(), T::zero()); n],
        weight_rf: vec![T::one(); n],
    }
}

fn report(what: &str, first: [f64; 2], all: [f64; 2]) {
    let [wall, cpu] = [0, 1].map(|i| format!("{:.1} = {:.1} + {:.1}", all[i], first[i], all[i] - first[i]));
    println!("{what:7} wall {wall} ns/vis, cpu {cpu} ns/vis");
}

struct Clock {
    start: Instant,
    cpu_s: f64,
    n_sample: usize,
}

impl Clock {
    fn new(n_sample: usize) -> Self {
        Clock { start: Instant::now(), cpu_s: cpu_s(), n_sample }
    }

    /// Wall and processor nanoseconds per visibility.
    fn ns(&self) -> [f64; 2] {
        [self.start.elapsed().as_secs_f64(), cpu_s() - self.cpu_s].map(|s| s * 1e9 / self.n_sample as f64)
    }
}

fn read_uvw(path: &str) -> std::io::Result<Vec<[f64; 3]>> {
    let bytes = std::fs::read(path)?;
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    Ok(values.as_chunks::<3>().0.to_vec())
}

fn turning_array(n_row: usize) -> Vec<[f64; 3]> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let antennas: Vec<[f64; 2]> = (0..64)
        .map(|_| {
            let (radius, angle) =
                (4000.0 * rng.random::<f64>().powi(2), rng.random::<f64>() * std::f64::consts::TAU);
            [radius * angle.cos(), radius * angle.sin()]
        })
        .collect();
    let pairs: Vec<(usize, usize)> = (0..64).flat_map(|a| (a + 1..64).map(move |b| (a, b))).collect();
    (0..n_row)
        .map(|row| {
            let (a, b) = pairs[row % pairs.len()];
            let (sin, cos) = (0.2 + (row / pairs.len()) as f64 * 8.0 * 7.27e-5).sin_cos();
            let [x, y] = [antennas[b][0] - antennas[a][0], antennas[b][1] - antennas[a][1]];
            [sin * y + cos * x, 0.5 * cos * y - 0.5 * sin * x, 0.2 * x + 0.1 * y * cos]
        })
        .collect()
}

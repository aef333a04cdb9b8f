//! The tasks one by one, without a runtime: what each makes of a few visibilities or pixels.

use facette_tasks::*;
use flow::testing::{run_accumulator, run_source, run_task};
use kernels::{GridderSpec, direct, weighting::UvDensity};
use ndarray::Array2;
use std::{collections::BTreeMap, f64::consts, sync::Arc};
use types::{
    Beam, Complex64, ImageGeometry, Lmn, SPEED_OF_LIGHT_M_S, SkySource, Stokes, StokesVis, Weighting,
};

const GEOMETRY: ImageGeometry = ImageGeometry { nx: 60, ny: 50, cell_rad: 4e-4 };
const FREQ_HZ: [f64; 2] = [1.0e9, 1.1e9];

/// A simulated observation of three times, two channels and two sources, without noise.
fn simulation() -> Simulation {
    let mut simulation = Simulation::demo(5, 0.0);
    simulation.observation.n_time = 3;
    simulation.observation.freq_hz.truncate(2);
    simulation.sources.truncate(2);
    simulation
}

/// 150 rows of two channels inside the uv range of `GEOMETRY`, of weights 1 to 4, one sample flagged.
fn vis(first_row: usize) -> StokesVis<f64> {
    let wave = |i: usize, k: f64| (i as f64 * k).sin();
    let rows = first_row..first_row + 150;
    let uvw_m = rows.clone().map(|i| [300.0 * wave(i, 1.7), 280.0 * wave(i, 2.3), 90.0 * wave(i, 3.1)]);
    let mut weight_rf: Vec<f64> = rows.clone().flat_map(|i| [1.0 + (i % 4) as f64; 2]).collect();
    weight_rf[7] = 0.0;
    StokesVis {
        i_chunk: first_row / 150,
        freq_hz: FREQ_HZ.into(),
        uvw_m: uvw_m.collect(),
        vis_rf: rows.flat_map(|i| [1.1, 1.9].map(|k| Complex64::new(wave(i, k), wave(i, k + 0.3)))).collect(),
        weight_rf,
    }
}

fn chunks() -> [StokesVis<f64>; 2] {
    [vis(0), vis(150)]
}

fn plan(memory_bytes: Option<u64>) -> Arc<GridPlan<f64>> {
    let w_abs_lambda = (0.0, 90.0 * FREQ_HZ[1] / SPEED_OF_LIGHT_M_S);
    let spec = GridderSpec {
        geometry: GEOMETRY,
        epsilon: 1e-8,
        w_abs_lambda,
        w_correction: true,
        memory_bytes,
        threads: 2,
        block_samples: 1 << 18,
    };
    Arc::new(GridPlan::new(&spec).unwrap())
}

fn imaged(pixels: Array2<f64>) -> Imaged<f64> {
    Imaged { pixels: Arc::new(pixels), sum_weights: 1.0, counts: Counts::default(), beam: None }
}

/// A Gaussian of 5 by 3 pixels (FWHM) around the pixel (x0, y0), its major axis along y.
fn gaussian(x0: f64, y0: f64) -> Array2<f64> {
    let part = |offset: f64, fwhm: f64| 4.0 * consts::LN_2 * (offset / fwhm).powi(2);
    let shape = (GEOMETRY.ny, GEOMETRY.nx);
    Array2::from_shape_fn(shape, |(y, x)| (-part(x as f64 - x0, 3.0) - part(y as f64 - y0, 5.0)).exp())
}

fn source(x: f64, y: f64) -> SkySource {
    SkySource { l: GEOMETRY.l(x), m: GEOMETRY.m(y), flux_jy: 1.0, gaussian: None }
}

#[test]
fn unit_source_is_one_jansky_with_the_weights_that_were() {
    let out = run_task(UnitSource::new(), vis(0)).unwrap();
    assert!(out.vis_rf.iter().all(|&v| v == Complex64::ONE));
    assert_eq!(out.weight_rf, vis(0).weight_rf);
}

#[test]
fn respond_puts_in_the_exact_visibilities_of_one_jansky_at_the_source() {
    let (l, m) = (2e-3, -1e-3);
    let sources = [(0.0, 0.0), (l, m)].map(|(l, m)| SkySource { l, m, flux_jy: 7.0, gaussian: None });
    let sources = Arc::new(sources.to_vec());
    let out = run_task(Respond::new(1), (vis(0), sources.clone())).unwrap();
    let n_minus_1 = Lmn::new(l, m).unwrap().n_minus_1;
    let phase =
        |[u, v, w]: [f64; 3], f: f64| consts::TAU * f / SPEED_OF_LIGHT_M_S * (u * l + v * m + w * n_minus_1);
    let want = out.uvw_m.iter().flat_map(|&uvw| FREQ_HZ.map(|f| Complex64::from_polar(1.0, phase(uvw, f))));
    let error = testkit::max_rel_err(&out.vis_rf, &want.collect::<Vec<_>>());
    assert!(error < 1e-9, "{error:e}");
    assert_eq!(out.weight_rf, vis(0).weight_rf);
    assert!(run_task(Respond::new(2), (vis(0), sources)).is_err());
}

/// The uv cell of every sample: 1 / (n cell) wide, (u, v) with v < 0 at (−u, −v).
fn uv_cells(vis: &StokesVis<f64>) -> Vec<(i64, i64)> {
    let cell = |[u, v, _]: [f64; 3], f: f64| {
        let s = f / SPEED_OF_LIGHT_M_S * if v < 0.0 { -1.0 } else { 1.0 } * GEOMETRY.cell_rad;
        ((u * s * 60.0).round() as i64, (v * s * 50.0).round() as i64)
    };
    vis.uvw_m.iter().flat_map(|&uvw| FREQ_HZ.map(|f| cell(uvw, f))).collect()
}

#[test]
fn sum_density_and_weigh_divide_every_weight_by_the_sum_of_its_uv_cell() {
    let weights = run_accumulator(SumDensity::new(&GEOMETRY, Weighting::Uniform), chunks()).unwrap();
    let weights = Arc::new(weights);
    let mut sums = BTreeMap::new();
    for v in chunks() {
        uv_cells(&v).iter().zip(&v.weight_rf).for_each(|(c, w)| *sums.entry(*c).or_insert(0.0) += w);
    }
    assert!(sums.values().any(|&s| s > 4.0), "no cell has two samples");
    for natural in chunks() {
        let out = run_task(Weigh::new(), (natural.clone(), weights.clone())).unwrap();
        for ((got, w), c) in out.weight_rf.iter().zip(&natural.weight_rf).zip(uv_cells(&natural)) {
            let want = if *w == 0.0 { 0.0 } else { w / sums[&c] };
            assert!((got - want).abs() < 1e-14, "{got} instead of {want} in {c:?}");
        }
        assert_eq!(out.vis_rf, natural.vis_rf);
    }
    // The task is the kernel, nothing more.
    let (mut density, mut one) = (UvDensity::new(&GEOMETRY), vis(0));
    chunks().iter().for_each(|v| density.add(v));
    density.finish(Weighting::Uniform).apply(&mut one);
    assert_eq!(one.weight_rf, run_task(Weigh::new(), (vis(0), weights)).unwrap().weight_rf);
}

#[test]
fn grid_add_planes_and_finish_image_are_the_direct_sum_in_one_pass_and_in_several() {
    let whole = plan(None);
    assert_eq!(whole.n_passes(), 1);
    let in_parts = plan(Some(whole.recipe().memory_bytes - 1));
    assert!(in_parts.n_passes() > 1, "{:?}", in_parts.recipe());
    let sum_weights: f64 = chunks().iter().flat_map(|v| v.weight_rf.clone()).sum();
    let sums = chunks().iter().map(|v| direct::image(v, &GEOMETRY)).reduce(|a, b| a + b).unwrap();
    let want = sums / sum_weights;
    for plan in [whole, in_parts] {
        let mut image = PartialImage::new(&plan);
        for i_pass in 0..plan.n_passes() {
            let gridded = run_accumulator(Grid::new(&plan, i_pass), chunks()).unwrap();
            assert_eq!(gridded.counts, Counts { n_row: 300, n_used: 598, n_flagged: 2 });
            image = run_task(AddPlanes::new(&plan), (image, gridded)).unwrap();
        }
        let made = run_task(FinishImage::new(&plan), image).unwrap();
        let error = testkit::rms_rel_err(made.pixels.as_slice().unwrap(), want.as_slice().unwrap());
        assert!(error < 1e-8, "{} passes: {error:e}", plan.n_passes());
        assert!((made.sum_weights / sum_weights - 1.0).abs() < 1e-14);
        assert_eq!(made.counts.n_used, 598);
    }
}

#[test]
fn nothing_to_image_is_an_error() {
    let plan = plan(None);
    let flagged = StokesVis { weight_rf: vec![0.0; 300], ..vis(0) };
    let gridded = run_accumulator(Grid::new(&plan, 0), [flagged]).unwrap();
    let image = run_task(AddPlanes::new(&plan), (PartialImage::new(&plan), gridded)).unwrap();
    let error = run_task(FinishImage::new(&plan), image).err().unwrap();
    assert!(error.to_string().contains("all 300 samples"), "{error}");
}

#[test]
fn survey_finds_rows_reach_and_time() {
    let simulation = simulation();
    let observation = simulation.observation.clone();
    let uvw_m: Vec<_> = (0..3).flat_map(|i| observation.uvw_m(i)).collect();
    let data = Data::Simulated(Arc::new(simulation));
    let chunks = run_source(data.read_geometry().unwrap()).unwrap();
    let surveyed = run_accumulator(Survey::new(1), chunks).unwrap();
    let extent = Extent {
        n_row: uvw_m.len() as u64,
        max_uv_m: uvw_m.iter().map(|r| r[0].hypot(r[1])).fold(0.0, f64::max),
        min_w_m: uvw_m.iter().map(|r| r[2].abs()).fold(f64::INFINITY, f64::min),
        max_w_m: uvw_m.iter().map(|r| r[2].abs()).fold(0.0, f64::max),
    };
    assert_eq!(surveyed.extents, [extent]);
    assert_eq!(surveyed.observed_s, 3.0 * observation.interval_s);
    assert_eq!(surveyed.start_mjd_s, observation.start_mjd_s);
    assert_eq!(surveyed.end_mjd_s, observation.start_mjd_s + 3.0 * observation.interval_s);
}

#[test]
fn read_chunks_gives_every_row_of_every_part_once_and_numbers_the_chunks() {
    let ms = ms::Ms::open(testkit::fixture("tiny.ms")).unwrap();
    let selected = ms.select(&ms::Selection::default()).unwrap();
    let data = Data::MeasurementSets { selected: vec![selected.clone(), selected], read_rows: 10 };
    let chunks = run_source(data.read().unwrap()).unwrap();
    assert_eq!(chunks.iter().map(|c| (c.i_chunk, c.n_row())).collect::<Vec<_>>(), [(0, 84), (1, 84)]);
    assert!(chunks[0].vis_rfc == chunks[1].vis_rfc && chunks[0].vis_rfc.len() == 84 * 16);
    let i = run_task(ToStokes::<f64>::new(Stokes::I), chunks[0].clone()).unwrap();
    assert_eq!((i.n_row(), i.n_sample()), (84, 336));
}

#[test]
fn find_sources_moves_a_catalogue_to_the_peaks() {
    let dirty = imaged(gaussian(40.3, 20.0) * 3.0);
    let catalog = vec![SkySource { flux_jy: f64::NAN, ..source(41.0, 21.0) }];
    let found = run_task(FindSources::new(catalog, GEOMETRY), dirty).unwrap();
    let (x, y) = GEOMETRY.xy(found[0].l, found[0].m);
    assert!((x - 40.3).abs() < 0.1 && (y - 20.0).abs() < 0.1, "({x}, {y})");
    assert!((found[0].flux_jy - 3.0).abs() < 0.1, "{}", found[0].flux_jy);
}

#[test]
fn fit_sources_takes_fluxes_and_positions_from_the_responses() {
    let found = Arc::new(vec![source(40.0, 20.0), source(20.0, 30.0)]);
    let responses = run_task(Collect::new(), (Vec::new(), imaged(gaussian(40.0, 20.0)))).unwrap();
    let responses = run_task(Collect::new(), (responses, imaged(gaussian(20.0, 30.0)))).unwrap();
    let dirty = imaged(gaussian(40.2, 20.0) * 3.0 + gaussian(20.0, 29.7) * 0.5);
    let fitted = run_task(FitSources::new(GEOMETRY), (dirty, found, responses)).unwrap();
    assert_eq!(fitted.len(), 2);
    for (f, (x, y, flux_jy)) in fitted.iter().zip([(40.2, 20.0, 3.0), (20.0, 29.7, 0.5)]) {
        assert!((f.x - x).abs() < 0.02 && (f.y - y).abs() < 0.02, "({}, {})", f.x, f.y);
        assert!((f.source.flux_jy / flux_jy - 1.0).abs() < 0.01, "{}", f.source.flux_jy);
    }
}

#[test]
fn fit_beam_measures_the_lobe_and_says_why_where_there_is_none() {
    let psf = run_task(FitBeam::new(GEOMETRY), imaged(gaussian(30.0, 25.0))).unwrap();
    let Beam { bmaj_rad, bmin_rad, bpa_rad } = psf.beam.unwrap().unwrap();
    let cell_rad = GEOMETRY.cell_rad;
    assert!((bmaj_rad / cell_rad - 5.0).abs() < 1e-3 && (bmin_rad / cell_rad - 3.0).abs() < 1e-3);
    assert!(bpa_rad.min(consts::PI - bpa_rad) < 1e-3, "{bpa_rad}");
    let flat = run_task(FitBeam::new(GEOMETRY), imaged(Array2::ones((50, 60)))).unwrap();
    assert!(flat.beam.unwrap().unwrap_err().contains("main lobe"));
}

#[test]
fn write_fits_and_write_picture_give_files_of_one_name_with_the_beam_of_the_image() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.psf.fits");
    let beam = Beam { bmaj_rad: 2e-3, bmin_rad: 1e-3, bpa_rad: 0.5 };
    let image = Imaged { beam: Some(Ok(beam)), ..imaged(gaussian(30.0, 25.0)) };
    let write = || WriteFits::new(path.clone(), simulation().header(Stokes::I), GEOMETRY, false);
    run_task(write(), image.clone()).unwrap();
    run_task(write().picture("PSF"), image.clone()).unwrap();
    let back = fits::read_image(&path).unwrap();
    assert_eq!((&back.pixels, back.header.object.as_str()), (&*image.pixels, "Simulated field"));
    let got = back.header.beam.unwrap();
    assert!((got.bmaj_rad - 2e-3).abs() < 1e-15 && (got.bpa_rad - 0.5).abs() < 1e-15);
    assert!(std::fs::read(dir.path().join("a.psf.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(run_task(write(), image.clone()).is_err() && run_task(write().picture("PSF"), image).is_err());
}

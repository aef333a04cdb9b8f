//! Tests of the gridder: one checker, run on every precision, instruction set, field and number of passes.

mod case;
mod check;
mod properties;
mod rounding;
mod threads;

use super::runs::INDEX_BYTES_PER_SAMPLE;
use super::{GridPlan, GridderSpec, PlanError, Recipe};
use crate::{Real, SimdLevel, direct};
use case::{Case, NARROW, WIDE};
use check::{check_gridder, dirty, image_error};
use ndarray::Array2;
use testkit::rms_rel_err;
use types::{Complex64, ImageGeometry};

#[test]
fn single_precision_is_as_accurate_as_asked() {
    for level in SimdLevel::available() {
        for epsilon in [1e-1, 1e-2, 1e-4, 1e-5, 2e-6] {
            for case in [NARROW, WIDE] {
                check_gridder::<f32>(&Case { epsilon, ..case }, level);
            }
        }
    }
}

#[test]
fn double_precision_is_as_accurate_as_asked() {
    for level in SimdLevel::available() {
        for epsilon in [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12] {
            for case in [NARROW, WIDE] {
                check_gridder::<f64>(&Case { epsilon, ..case }, level);
            }
        }
    }
}

#[test]
fn fields_up_to_the_whole_sphere_are_accurate() {
    let level = SimdLevel::detect();
    for (fov_deg, baseline_m) in [(60.0, 15.0), (150.0, 6.0), (180.0, 4.0)] {
        let case = Case { fov_deg, baseline_m, ..WIDE };
        check_gridder::<f64>(&Case { epsilon: 1e-6, ..case.clone() }, level);
        check_gridder::<f32>(&Case { epsilon: 1e-4, ..case }, level);
    }
    // Larger than the sphere: the corners and more are zero.
    let case = Case { cell_rad: Some(0.08), nx: 33, ny: 30, epsilon: 1e-6, baseline_m: 3.0, ..WIDE };
    assert!(case.geometry().max_r2() > 2.0);
    check_gridder::<f64>(&case, level);
}

#[test]
fn odd_rectangular_and_tiny_images_are_accurate() {
    let level = SimdLevel::detect();
    for (nx, ny) in [(1, 1), (1, 2), (2, 1), (3, 3), (7, 64), (33, 20), (20, 33), (31, 31), (17, 1)] {
        check_gridder::<f64>(&Case { nx, ny, epsilon: 1e-7, cell_rad: Some(2e-3), ..WIDE }, level);
        check_gridder::<f32>(&Case { nx, ny, epsilon: 1e-4, cell_rad: Some(2e-3), ..WIDE }, level);
    }
}

#[test]
fn channels_may_come_in_any_order() {
    let level = SimdLevel::detect();
    let mut freq_hz: Vec<f64> = (0..70).map(|c| 1.0e9 + 4e6 * c as f64).collect();
    let case = Case { n_row: 20, epsilon: 1e-6, ..WIDE };
    check_gridder::<f64>(&Case { freq_hz: Some(freq_hz.clone()), ..case.clone() }, level);
    freq_hz.reverse();
    check_gridder::<f64>(&Case { freq_hz: Some(freq_hz.clone()), ..case.clone() }, level);
    freq_hz.swap(3, 40);
    freq_hz.swap(11, 60);
    check_gridder::<f64>(&Case { freq_hz: Some(freq_hz), ..case }, level);
}

#[test]
fn baselines_beyond_the_nyquist_range_are_exact() {
    // Cells of 1 deg and u up to 500 wavelengths: several turns of the grid.
    let case = Case { cell_rad: Some(0.0175), nx: 24, ny: 18, baseline_m: 150.0, epsilon: 1e-8, ..WIDE };
    let turns = case.baseline_m / 0.3 * 0.0175;
    assert!(turns > 5.0);
    check_gridder::<f64>(&case, SimdLevel::detect());
}

#[test]
fn all_w_equal_needs_one_plane_and_zero_w_too() {
    for w_m in [0.0, 130.0] {
        let case = Case { w_m: Some(w_m), freq_hz: Some(vec![1.1e9]), epsilon: 1e-7, ..WIDE };
        let plan = case.plan::<f64>(None).unwrap();
        assert_eq!(plan.recipe().n_planes, 1);
        check_gridder::<f64>(&case, SimdLevel::detect());
    }
}

#[test]
fn slabs_of_planes_give_the_image_of_one_pass() {
    let case = Case { epsilon: 1e-7, ..WIDE };
    let vis = case.vis::<f64>();
    let whole = case.plan::<f64>(None).unwrap();
    let one = dirty(&whole, &vis);
    let r = whole.recipe();
    for planes in [1, 3, r.n_planes as u64 - 1] {
        // One byte less than the whole forces passes.
        let limit = r.memory_bytes - (r.n_planes as u64 - planes) * r.bytes_per_plane;
        let plan = case.plan::<f64>(Some(limit)).unwrap();
        assert!(plan.n_passes() > 1 && plan.recipe().memory_bytes <= limit, "{:?}", plan.recipe());
        assert!(image_error(&dirty(&plan, &vis), &one) < 1e-6);
        check::check_plan(&case, &plan);
    }
}

#[test]
fn a_limit_below_one_plane_is_refused_with_the_sizes() {
    let case = Case { epsilon: 1e-7, ..WIDE };
    match case.plan::<f64>(Some(10_000)).unwrap_err() {
        PlanError::Memory { plane_bytes, image_bytes, needed_bytes, limit_bytes } => {
            assert_eq!((image_bytes, limit_bytes), ((case.nx * case.ny * 8) as u64, 10_000));
            assert!(needed_bytes > plane_bytes + image_bytes);
            let plan = case.plan::<f64>(Some(needed_bytes)).unwrap();
            assert_eq!(plan.recipe().planes_per_pass, 1);
        }
        other => panic!("{other}"),
    }
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let spec = WIDE.spec(None);
    let error = |spec: &GridderSpec| GridPlan::<f32>::new(spec).unwrap_err().to_string();
    for epsilon in [0.0, 1e-7, 0.2, f64::NAN] {
        assert!(error(&GridderSpec { epsilon, ..spec.clone() }).contains("change the accuracy"));
    }
    for w_abs_lambda in [(1.0, 0.0), (-1.0, 1.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)] {
        assert!(error(&GridderSpec { w_abs_lambda, ..spec.clone() }).contains("wavelengths"));
    }
    for (nx, cell_rad) in [(0, 1.0), (4, 0.0), (4, -1.0), (4, f64::NAN)] {
        let geometry = ImageGeometry { nx, ny: 4, cell_rad };
        assert!(error(&GridderSpec { geometry, ..spec.clone() }).contains("sizes and cell"));
    }
    let geometry = ImageGeometry { nx: 1 << 31, ny: 1 << 31, cell_rad: 1e-9 };
    assert!(error(&GridderSpec { geometry, ..spec }).contains("lower the size"));
}

#[test]
fn w_that_no_observation_has_is_refused_with_its_value() {
    let spec = WIDE.spec(None);
    for (max, text) in
        [(1e11, "1.000e11"), (3.3e30, "3.300e30"), (1e300, "1.000e300"), (f64::MAX, "1.798e308")]
    {
        let range = |min| GridderSpec { w_abs_lambda: (min, max), ..spec.clone() };
        for spec in [range(0.0), range(max), GridderSpec { memory_bytes: Some(1 << 30), ..range(0.0) }] {
            let err = GridPlan::<f64>::new(&spec).unwrap_err();
            assert!(matches!(err, PlanError::WTooLarge { max_lambda, .. } if max_lambda == max), "{err}");
            assert!(err.to_string().contains(text) && err.to_string().contains("frequencies"), "{err}");
        }
        // In two dimensions w does not count.
        let flat = GridPlan::<f64>::new(&GridderSpec { w_correction: false, ..range(0.0) }).unwrap();
        assert_eq!(flat.recipe().n_planes, 1);
    }
    // Just below the limit there are millions of planes, in passes where they are more than can be addressed.
    let limit_lambda = match GridPlan::<f64>::new(&GridderSpec { w_abs_lambda: (0.0, 1e20), ..spec.clone() })
    {
        Err(PlanError::WTooLarge { limit_lambda, .. }) => limit_lambda,
        other => panic!("{other:?}"),
    };
    let deep = GridderSpec { w_abs_lambda: (0.0, limit_lambda), ..spec };
    let plan = GridPlan::<f64>::new(&deep).unwrap();
    assert!((1 << 24..1 << 26).contains(&plan.recipe().n_planes), "{:?}", plan.recipe());
    let geometry = ImageGeometry { nx: 1 << 19, ny: 1 << 19, cell_rad: 1e-7 };
    let plan = Recipe::choose::<f64>(&GridderSpec { geometry, ..deep }, 1).unwrap().0;
    assert!(plan.n_passes > 1 && plan.memory_bytes <= isize::MAX as u64, "{plan:?}");
}

#[test]
fn threads_and_blocks_change_the_memory_counted_and_nothing_else() {
    let spec = GridderSpec { threads: 1, block_samples: 0, ..WIDE.spec(None) };
    let recipe = |threads, block_samples| {
        Recipe::choose::<f32>(&GridderSpec { threads, block_samples, ..spec.clone() }, 10_000).unwrap().0
    };
    let one = recipe(1, 0);
    let per_thread = recipe(2, 0).memory_bytes - one.memory_bytes;
    assert!(per_thread > 0);
    assert_eq!(recipe(0, 0), one);
    for (threads, block_samples) in [(2, 0), (1, 1000), (64, 1 << 22)] {
        let other = recipe(threads, block_samples);
        let more = (threads as u64 - 1) * per_thread + 156 * block_samples;
        assert_eq!(other, Recipe { memory_bytes: one.memory_bytes + more, ..one.clone() });
    }
    assert_eq!(INDEX_BYTES_PER_SAMPLE, 112);
    let huge = GridderSpec { block_samples: u64::MAX, threads: usize::MAX, ..spec };
    assert!(matches!(GridPlan::<f32>::new(&huge), Err(PlanError::Memory { .. })));
}

#[test]
fn without_w_correction_wide_fields_fail_and_narrow_ones_do_not() {
    for (case, fails) in [(WIDE, true), (Case { fov_deg: 0.01, ..NARROW }, false)] {
        let spec = GridderSpec { w_correction: false, epsilon: 1e-4, ..case.spec(None) };
        let plan = GridPlan::<f64>::new(&spec).unwrap();
        let vis = case.vis::<f64>();
        let error = image_error(&dirty(&plan, &vis), &direct::image(&vis, &case.geometry()));
        assert_eq!(error > 0.1, fails, "{error}");
        assert!(fails || error < 1e-3, "{error}");
    }
}

#[test]
fn a_single_source_is_accurate_at_every_position() {
    let case = Case { epsilon: 1e-4, ..WIDE };
    let plan = case.plan::<f64>(None).unwrap();
    let geometry = case.geometry();
    for (x, y) in [(0, 0), (case.nx - 1, 0), (0, case.ny - 1), (case.nx / 2, case.ny / 2), (5, 30)] {
        let mut model = Array2::zeros((case.ny, case.nx));
        model[[y, x]] = 2.5;
        let mut vis = case.vis::<f64>();
        vis.vis_rf.fill(Complex64::ZERO);
        plan.degrid(&plan.planes_of_model(&plan.prepare_model(&model), 0), &mut vis);
        let exact = direct::predict_image(&model, &geometry, &vis.uvw_m, &vis.freq_hz);
        let error = rms_rel_err(&vis.vis_rf, &exact);
        assert!(error <= case.epsilon, "({x}, {y}): {error:e}");
        assert!(x != 0 || y != 0 || error > case.epsilon / 10.0, "accuracy is wasted: {error:e}");
    }
}

#[test]
fn no_data_gives_a_zero_image() {
    for case in [Case { n_row: 0, ..WIDE }, Case { freq_hz: Some(vec![]), ..WIDE }] {
        let plan = case.plan::<f32>(None).unwrap();
        let mut vis = case.vis::<f32>();
        assert!(dirty(&plan, &vis).iter().all(|p| *p == 0.0));
        plan.degrid(&plan.new_planes(0), &mut vis);
        assert!(vis.vis_rf.is_empty());
    }
}

#[test]
fn a_source_lands_on_its_pixel() {
    let case = Case { epsilon: 1e-5, ..WIDE };
    let (x, y) = (31, 9);
    let mut model = Array2::zeros((case.ny, case.nx));
    model[[y, x]] = 1.0;
    let mut vis = case.vis::<f64>();
    vis.vis_rf = direct::predict_image(&model, &case.geometry(), &vis.uvw_m, &vis.freq_hz);
    let image = dirty(&case.plan(None).unwrap(), &vis);
    let sum: f64 = vis.weight_rf.iter().sum();
    assert!((image[[y, x]] / sum - 1.0).abs() < 1e-4);
    let peak = image.indexed_iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at);
    assert_eq!(peak, Some((y, x)));
}

#[test]
#[should_panic(expected = "outside the planned range")]
fn data_beyond_the_planned_w_are_a_broken_promise() {
    let plan = WIDE.plan::<f64>(None).unwrap();
    let mut vis = WIDE.vis::<f64>();
    vis.uvw_m[3][2] = 1e5;
    plan.grid(&vis, &mut plan.new_planes(0));
}

/// Precision-independent sanity of the cost model's choice.
#[test]
fn more_samples_mean_a_smaller_taper() {
    fn support<T: Real>(n_samples: u64) -> usize {
        let geometry = ImageGeometry { nx: 4096, ny: 4096, cell_rad: 7e-6 };
        let spec = GridderSpec { geometry, epsilon: 1e-6, ..WIDE.spec(None) };
        Recipe::choose::<T>(&spec, n_samples).unwrap().0.support
    }
    assert!(support::<f64>(1_000) > support::<f64>(1_000_000_000));
}

//! Tests of the gridder: one checker, run on every precision, instruction set, field and number of passes.

mod case;
mod check;
mod properties;
mod rounding;
mod threads;

use super::{GridPlan, GridderSpec, PlanError};
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
        assert!(error(&GridderSpec { epsilon, ..spec.clone() }).contains("--epsilon"));
    }
    for w_abs_lambda in [(1.0, 0.0), (-1.0, 1.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)] {
        assert!(error(&GridderSpec { w_abs_lambda, ..spec.clone() }).contains("wavelengths"));
    }
    for (nx, cell_rad) in [(0, 1.0), (4, 0.0), (4, -1.0), (4, f64::NAN)] {
        let geometry = ImageGeometry { nx, ny: 4, cell_rad };
        assert!(error(&GridderSpec { geometry, ..spec.clone() }).contains("--cell"));
    }
    let geometry = ImageGeometry { nx: 1 << 31, ny: 1 << 31, cell_rad: 1e-9 };
    assert!(error(&GridderSpec { geometry, ..spec }).contains("--npix"));
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
        crate::gridder::Recipe::choose::<T>(&spec, n_samples).unwrap().0.support
    }
    assert!(support::<f64>(1_000) > support::<f64>(1_000_000_000));
}

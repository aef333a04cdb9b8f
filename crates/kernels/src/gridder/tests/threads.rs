//! The same bytes for any number of threads; nearly the same numbers for any instruction set.

use super::case::{Case, WIDE};
use super::check::{dirty, image_error, predict};
use crate::{Real, SimdLevel};
use ndarray::Array2;
use num_complex::Complex;
use rayon::ThreadPoolBuilder;

/// Image and prediction in a pool of so many threads.
fn products<T: Real>(case: &Case, threads: usize) -> (Array2<T>, Vec<Complex<T>>) {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let plan = case.plan::<T>(None).unwrap();
        let mut vis = case.vis::<T>();
        let image = dirty(&plan, &vis);
        predict(&plan, &image, &mut vis);
        (image, vis.vis_rf)
    })
}

#[test]
fn bytes_are_the_same_for_any_number_of_threads() {
    let case = Case { n_row: 1500, nx: 70, ny: 90, ..WIDE };
    let (one_f32, one_f64) = (products::<f32>(&case, 1), products::<f64>(&case, 1));
    for threads in [2, 3, 7] {
        assert!(products::<f32>(&case, threads) == one_f32, "{threads} threads");
        assert!(products::<f64>(&case, threads) == one_f64, "{threads} threads");
    }
}

#[test]
fn instruction_sets_differ_by_rounding_only() {
    let plan = WIDE.plan::<f64>(None).unwrap();
    let vis = WIDE.vis::<f64>();
    let portable = dirty(&plan.clone().with_simd_level(SimdLevel::Portable), &vis);
    for level in SimdLevel::available() {
        let image = dirty(&plan.clone().with_simd_level(level), &vis);
        assert!(image_error(&image, &portable) < 1e-13, "{level:?}");
    }
}

#[test]
fn parts_gridded_apart_and_merged_are_the_whole() {
    let plan = WIDE.plan::<f64>(None).unwrap();
    let vis = WIDE.vis::<f64>();
    let (mut first, mut second) = (vis.clone(), vis.clone());
    let half = vis.n_sample() / 2;
    first.weight_rf[half..].fill(0.0);
    second.weight_rf[..half].fill(0.0);
    let (mut a, mut b) = (plan.new_planes(0), plan.new_planes(0));
    plan.grid(&first, &mut a);
    plan.grid(&second, &mut b);
    a.merge(&b);
    let mut image = Array2::zeros((WIDE.ny, WIDE.nx));
    plan.add_to_image(a, &mut image);
    plan.finish_image(&mut image);
    assert!(image_error(&image, &dirty(&plan, &vis)) < 1e-13);
}

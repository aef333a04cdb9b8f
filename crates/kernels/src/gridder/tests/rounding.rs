//! Rounding errors against the plan's expectation, for every taper.
//!
//! The expectation is an rms over positions; one corner of one image may be off by a factor of two.

use super::case::{Case, WIDE};
use super::check::{dirty, predict};
use crate::gridder::recipe::{Recipe, WAxis};
use crate::gridder::taper::{Entry, entries};
use crate::{GridPlan, GridderSpec, Real};
use ndarray::{Array2, s};
use testkit::rms_rel_err;
use types::{Complex, Complex32, StokesVis};

fn plan<T: Real>(spec: &GridderSpec, entry: &Entry) -> GridPlan<T> {
    let recipe = Recipe::of_entry::<T>(spec, &WAxis::new(spec), entry).unwrap();
    GridPlan::from_recipe(spec, recipe, entry)
}

fn to_single(vis: &StokesVis<f64>) -> StokesVis<f32> {
    StokesVis {
        i_chunk: vis.i_chunk,
        freq_hz: vis.freq_hz.clone(),
        uvw_m: vis.uvw_m.clone(),
        vis_rf: vis.vis_rf.iter().map(|v| Complex32::new(v.re as f32, v.im as f32)).collect(),
        weight_rf: vis.weight_rf.iter().map(|w| *w as f32).collect(),
    }
}

/// Single against double precision with the same taper: the error of the image's corner and of a source there.
#[test]
fn rounding_is_what_the_plan_expects() {
    let case = Case { n_row: 200, ..WIDE };
    let spec = case.spec(None);
    let vis = case.vis::<f64>();
    let (vis32, mut predicted) = (to_single(&vis), vis.clone());
    for entry in entries() {
        let (single, double) = (plan::<f32>(&spec, &entry), plan::<f64>(&spec, &entry));
        let corner = |image: Vec<f64>| {
            Array2::from_shape_vec((case.ny, case.nx), image).unwrap().slice(s![..3, ..3]).to_owned()
        };
        let got = corner(dirty(&single, &vis32).iter().map(|p| f64::from(*p)).collect());
        let want = corner(dirty(&double, &vis).iter().copied().collect());
        let of_image = rms_rel_err(&got.into_raw_vec_and_offset().0, &want.into_raw_vec_and_offset().0);

        let mut model = Array2::zeros((case.ny, case.nx));
        model[[0, 0]] = 1.0;
        let mut predicted32 = vis32.clone();
        predicted.vis_rf.fill(Complex::default());
        predicted32.vis_rf.fill(Complex::default());
        predict(&single, &model.mapv(|p: f64| p as f32), &mut predicted32);
        predict(&double, &model, &mut predicted);
        let of_source = rms_rel_err(&predicted32.vis_rf, &predicted.vis_rf);

        let (expected, worst) = (single.recipe().rounding_error, of_image.max(of_source));
        // Beyond 1e-3 nobody would use single precision: the fit stops there.
        let bounded = worst < 2.0 * expected || expected > 1e-3;
        assert!(bounded, "{entry:?}: {of_image:e}, {of_source:e}, expected {expected:e}");
        let wasteful = worst < expected / 30.0 && expected < 1e-4;
        assert!(!wasteful, "{entry:?}: {worst:e}, expected {expected:e}");
    }
}

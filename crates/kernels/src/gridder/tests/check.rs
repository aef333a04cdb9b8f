//! What every gridder has to pass.

use super::case::Case;
use crate::{GridPlan, Real, SimdLevel, direct};
use ndarray::Array2;
use num_complex::Complex;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testkit::{IntoComplex, rms_rel_err};
use types::StokesVis;

/// Accuracy of both directions against the direct sums, adjointness, linearity, indifference to flagged data.
pub(super) fn check_gridder<T: Real>(case: &Case, level: SimdLevel) {
    let plan = case.plan::<T>(None).unwrap().with_simd_level(level);
    check_plan(case, &plan);
}

/// The same for a plan that was made.
pub(super) fn check_plan<T: Real>(case: &Case, plan: &GridPlan<T>) {
    let checks = Checks { case, plan, vis: case.vis() };
    checks.image_is_accurate();
    checks.prediction_is_accurate();
    checks.directions_are_adjoint();
    checks.image_is_linear();
    checks.flagged_data_are_ignored();
}

/// The un-normalised dirty image, all passes.
pub(super) fn dirty<T: Real>(plan: &GridPlan<T>, vis: &StokesVis<T>) -> Array2<T> {
    let mut image = Array2::from_elem((plan.geometry.ny, plan.geometry.nx), T::zero());
    for i_pass in 0..plan.n_passes() {
        let mut planes = plan.new_planes(i_pass);
        plan.grid(vis, &mut planes);
        plan.add_to_image(planes, &mut image);
    }
    plan.finish_image(&mut image);
    image
}

/// Visibilities of a model, all passes, added to what `vis` holds.
pub(super) fn predict<T: Real>(plan: &GridPlan<T>, model: &Array2<T>, vis: &mut StokesVis<T>) {
    let prepared = plan.prepare_model(model);
    for i_pass in 0..plan.n_passes() {
        plan.degrid(&plan.planes_of_model(&prepared, i_pass), vis);
    }
}

pub(super) fn image_error<A: Real, B: Real>(got: &Array2<A>, want: &Array2<B>) -> f64 {
    rms_rel_err(&doubles(got), &doubles(want))
}

fn doubles<T: Real>(image: &Array2<T>) -> Vec<f64> {
    image.iter().map(|p| p.to_double()).collect()
}

struct Checks<'a, T: Real> {
    case: &'a Case,
    plan: &'a GridPlan<T>,
    vis: StokesVis<T>,
}

impl<T: Real> Checks<'_, T> {
    fn label(&self) -> String {
        format!("{} {:?} {:?}", T::NAME, self.case, self.plan)
    }

    /// What rounding may do, by the plan's own account; below 1e-10 in double precision unless ε is coarser.
    fn rounding(&self) -> f64 {
        let rounding = 4.0 * self.plan.recipe().rounding_error;
        assert!(
            T::MIN_EPSILON > 1e-9 || rounding < 1e-10 || rounding < 1e-3 * self.case.epsilon,
            "{}",
            self.label()
        );
        rounding
    }

    /// Pixel fluxes at random.
    fn model(&self) -> Array2<T> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.case.seed + 2000);
        let pixel = || T::from_double(2.0 * rng.random::<f64>() - 1.0);
        Array2::from_shape_simple_fn((self.case.ny, self.case.nx), pixel)
    }

    fn predicted(&self) -> StokesVis<T> {
        let mut vis = self.vis.clone();
        vis.vis_rf.fill(Complex::default());
        predict(self.plan, &self.model(), &mut vis);
        vis
    }

    fn image_is_accurate(&self) {
        let exact = direct::image(&self.vis, &self.case.geometry());
        let got = dirty(self.plan, &self.vis);
        let power = |(v, w): (&Complex<T>, &T)| v.norm_sqr().to_double() * w.to_double().powi(2);
        let noise: f64 = self.vis.vis_rf.iter().zip(&self.vis.weight_rf).map(power).sum();
        self.check_error(
            "the image",
            &doubles(&got),
            &exact.iter().copied().collect::<Vec<_>>(),
            (noise / 2.0).sqrt(),
        );
    }

    fn prediction_is_accurate(&self) {
        let vis = self.predicted();
        let model = self.model().mapv(Real::to_double);
        let geometry = self.case.geometry();
        let exact = direct::predict_image(&model, &geometry, &vis.uvw_m, &vis.freq_hz);
        let got: Vec<_> =
            vis.vis_rf.iter().map(|v| Complex::new(v.re.to_double(), v.im.to_double())).collect();
        self.check_error("the prediction", &got, &exact, model.iter().map(|p| p * p).sum::<f64>().sqrt());
    }

    /// ε is an rms over positions between cells and over noise-like data. Where too few numbers average over either,
    /// they are compared with what they are on average, `typical`, and may be off by four standard deviations.
    fn check_error<N: IntoComplex>(&self, what: &str, got: &[N], want: &[N], typical: f64) {
        let few = got.len().min(self.vis.n_sample()) < 100;
        let error = rms_rel_err(got, want);
        let norm2: f64 = want.iter().map(|x| x.into_complex().norm_sqr()).sum();
        let relative = (norm2 / got.len().max(1) as f64).sqrt() / typical.max(f64::MIN_POSITIVE);
        let limit = self.case.slack * self.case.epsilon;
        let fine = error <= limit || (few && error * relative <= 4.0 * limit);
        assert!(fine, "error of {what} {error:e}: {}", self.label());
    }

    /// ⟨weight · vis, R model⟩ = ⟨R† (weight · vis), model⟩.
    fn directions_are_adjoint(&self) {
        let predicted = self.predicted();
        let samples = self.vis.vis_rf.iter().zip(&predicted.vis_rf).zip(&self.vis.weight_rf);
        let of_sample = |((a, b), w): ((&Complex<T>, &Complex<T>), &T)| {
            w.to_double() * (a.re.to_double() * b.re.to_double() + a.im.to_double() * b.im.to_double())
        };
        let (image, model) = (doubles(&dirty(self.plan, &self.vis)), doubles(&self.model()));
        let in_vis: Vec<f64> = samples.map(of_sample).collect();
        let in_image: Vec<f64> = image.iter().zip(&model).map(|(a, b)| a * b).collect();
        let sizes = in_vis.iter().chain(&in_image).map(|x| x.abs());
        let (in_vis, in_image): (f64, f64) = (in_vis.iter().sum(), in_image.iter().sum());
        let tolerance = self.rounding() * sizes.sum::<f64>();
        assert!((in_vis - in_image).abs() <= tolerance, "{in_vis} {in_image}: {}", self.label());
    }

    fn image_is_linear(&self) {
        let (mut a, mut b) = (self.vis.clone(), self.vis.clone());
        let two = T::from_double(2.0);
        for (i, (a, b)) in a.vis_rf.iter_mut().zip(&mut b.vis_rf).enumerate() {
            *(if i % 3 == 0 { a } else { b }) *= two;
        }
        let twice = dirty(self.plan, &a) + dirty(self.plan, &b);
        let three = dirty(self.plan, &self.vis).mapv(|p| p * T::from_double(3.0));
        assert!(image_error(&twice, &three) < self.rounding(), "{}", self.label());
    }

    fn flagged_data_are_ignored(&self) {
        let (mut flagged, mut without) = (self.vis.clone(), self.vis.clone());
        let bad = [f64::NAN, f64::INFINITY, 1e30].map(T::from_double);
        let n_chan = self.vis.freq_hz.len().max(1);
        for i in (0..flagged.vis_rf.len()).filter(|i| i % 4 == 1 || i / n_chan == 2) {
            flagged.vis_rf[i] = Complex::new(bad[i % 3], bad[(i + 1) % 3]);
            flagged.weight_rf[i] = T::zero();
            without.weight_rf[i] = T::zero();
            without.vis_rf[i] = Complex::default();
        }
        if flagged.uvw_m.len() > 2 {
            flagged.uvw_m[2] = [f64::NAN, 1e9, 1e9];
        }
        let error = image_error(&dirty(self.plan, &flagged), &dirty(self.plan, &without));
        assert!(error == 0.0, "{error:e}: {}", self.label());
    }
}

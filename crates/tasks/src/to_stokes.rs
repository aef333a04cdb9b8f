//! `ToStokes`: one Stokes parameter from the correlations.

use crate::Real;
use flow::{BoxError, Task};
use std::marker::PhantomData;
use types::{Complex64, Stokes, StokesTerm, StokesVis, VisChunk};

/// Combines correlations to a Stokes parameter (docs/conventions/stokes.md).
///
/// A sample counts only if every correlation it needs is unflagged and finite and has a finite weight that is
/// not negative, and the row's uvw is finite; its weight is the mean of theirs (docs/conventions/weights.md). All others
/// get weight and visibility zero.
///
/// # Inputs
/// [`VisChunk`].
/// # Outputs
/// [`StokesVis`] of the same rows and channels.
/// # State
/// None.
/// # Replicable?
/// Yes.
pub struct ToStokes<T> {
    stokes: Stokes,
    precision: PhantomData<T>,
}

impl<T> ToStokes<T> {
    /// Forms `stokes`.
    pub fn new(stokes: Stokes) -> Self {
        ToStokes { stokes, precision: PhantomData }
    }
}

impl<T: Real> Task for ToStokes<T> {
    type In = VisChunk;
    type Out = StokesVis<T>;

    fn run(&mut self, chunk: VisChunk) -> Result<StokesVis<T>, BoxError> {
        let terms = self.stokes.terms(&chunk.setup.correlations)?;
        let n_corr = chunk.setup.correlations.len();
        let n_chan = chunk.setup.freq_hz.len();
        let n_rf = chunk.n_row() * n_chan;
        let (mut vis_rf, mut weight_rf) = (Vec::with_capacity(n_rf), Vec::with_capacity(n_rf));
        for i_rf in 0..n_rf {
            let placed = chunk.uvw_m[i_rf / n_chan].iter().all(|c| c.is_finite());
            let sample = if placed { combine(&chunk, &terms, i_rf * n_corr) } else { None };
            let (vis, weight) = sample.unwrap_or((Complex64::ZERO, 0.0));
            vis_rf.push(types::Complex::new(T::from_double(vis.re), T::from_double(vis.im)));
            weight_rf.push(T::from_double(weight));
        }
        let freq_hz = chunk.setup.freq_hz.clone();
        Ok(StokesVis { i_chunk: chunk.i_chunk, freq_hz, uvw_m: chunk.uvw_m, vis_rf, weight_rf })
    }

    fn replica(&self) -> Option<Self> {
        Some(ToStokes::new(self.stokes))
    }
}

/// Visibility and weight of the sample whose correlations start at `base`; `None` when it is not to be used.
fn combine(chunk: &VisChunk, terms: &[StokesTerm], base: usize) -> Option<(Complex64, f64)> {
    let (mut vis, mut weight) = (Complex64::ZERO, 0.0);
    for term in terms {
        let i = base + term.i_corr;
        let (value, w) = (chunk.vis_rfc[i], chunk.weight_rfc[i]);
        // A range also refuses a weight that is not a number.
        if chunk.flag_rfc[i] || !value.is_finite() || !(0.0..=f32::MAX).contains(&w) {
            return None;
        }
        vis += term.factor * Complex64::new(value.re.into(), value.im.into());
        weight += f64::from(w);
    }
    Some((vis, weight / terms.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow::testing::run_task;
    use std::sync::Arc;
    use types::{Complex32, Correlation::*, Setup};

    fn chunk() -> VisChunk {
        let setup = Arc::new(Setup { freq_hz: Arc::from([1e9, 1.1e9]), correlations: vec![XX, XY, YX, YY] });
        let vis_rfc = (0..16).map(|i| Complex32::new(i as f32, -(i as f32))).collect();
        let weight_rfc = (0..16).map(|i| 1.0 + (i % 4) as f32).collect();
        let uvw_m = vec![[1.0, 2.0, 3.0]; 2];
        VisChunk { i_chunk: 7, setup, uvw_m, vis_rfc, flag_rfc: vec![false; 16], weight_rfc }
    }

    #[test]
    fn stokes_i_is_the_mean_of_the_parallel_hands_and_so_is_its_weight() {
        let out: StokesVis<f64> = run_task(ToStokes::new(Stokes::I), chunk()).unwrap();
        assert_eq!(out.vis_rf[1], Complex64::new(5.5, -5.5));
        assert_eq!((out.weight_rf[1], out.i_chunk, out.n_sample()), (2.5, 7, 4));
    }

    #[test]
    fn a_flag_a_nan_or_a_bad_weight_on_one_hand_drops_the_sample() {
        let mut c = chunk();
        c.flag_rfc[0] = true;
        c.vis_rfc[7].im = f32::NAN;
        c.weight_rfc[8] = -1.0;
        c.flag_rfc[13] = true; // a cross hand: Stokes I does not need it
        let out: StokesVis<f32> = run_task(ToStokes::new(Stokes::I), c).unwrap();
        assert_eq!(out.weight_rf, [0.0, 0.0, 0.0, 2.5]);
        assert!(out.vis_rf.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn missing_hands_are_named() {
        let mut c = chunk();
        c.setup = Arc::new(Setup { freq_hz: c.setup.freq_hz.clone(), correlations: vec![XX, XY, YX, XX] });
        let err = run_task(ToStokes::<f32>::new(Stokes::Q), c).unwrap_err();
        assert!(err.to_string().contains("Stokes Q"), "{err}");
    }
}

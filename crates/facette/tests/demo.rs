//! The demonstration gives back what went into it, and would not without w-correction.

use facette::{
    Session,
    demo::{DemoRequest, DemoSummary, demo},
};

fn run(request: DemoRequest) -> DemoSummary {
    let dir = tempfile::tempdir().unwrap();
    demo(&DemoRequest { out: dir.path().to_owned(), ..request }, &Session::silent()).unwrap()
}

#[test]
fn five_seeds_with_noise_come_back_within_their_errors() {
    for seed in 1..=5 {
        let summary = run(DemoRequest { seed, ..DemoRequest::default() });
        assert!(summary.sources.len() >= 10);
        for (i, s) in summary.sources.iter().enumerate() {
            assert!(s.is_good(), "seed {seed}, source {i}: {s:?}");
        }
    }
}

#[test]
fn strong_noise_moves_fluxes_and_positions_by_their_standard_errors() {
    let summary = run(DemoRequest { noise_jy: 1.0, seed: 6, ..DemoRequest::default() });
    let pulls: Vec<_> =
        summary.sources.iter().map(|s| (s.flux_out_jy - s.flux_in_jy) / s.flux_err_jy).collect();
    let mean_square = pulls.iter().map(|p| p * p).sum::<f64>() / pulls.len() as f64;
    // 13 squares of unit variance: their mean lies between 0.3 and 2.2 in 99 of 100 cases.
    assert!((0.3..2.2).contains(&mean_square), "{mean_square}: {pulls:?}");
}

#[test]
fn without_noise_fluxes_are_right_to_a_thousandth_and_positions_to_a_hundredth_of_a_pixel() {
    let summary = run(DemoRequest { noise_jy: 0.0, ..DemoRequest::default() });
    for s in &summary.sources {
        assert!((s.flux_out_jy / s.flux_in_jy - 1.0).abs() < 1e-3, "{s:?}");
        assert!(s.position_error_px() < 0.01, "{s:?}");
    }
}

#[test]
fn without_w_correction_the_same_fit_fails() {
    let summary = run(DemoRequest { noise_jy: 0.0, w_correction: false, ..DemoRequest::default() });
    let bad = |s: &&facette::demo::Recovered| {
        (s.flux_out_jy / s.flux_in_jy - 1.0).abs() > 0.01 || s.position_error_px() > 0.1
    };
    let n_bad = summary.sources.iter().filter(bad).count();
    assert!(n_bad >= 3, "only {n_bad} sources suffered");
}

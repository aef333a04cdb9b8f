//! Random fields and arrays.

use super::case::{Case, WIDE};
use super::check::{check_gridder, check_plan};
use crate::SimdLevel;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// An observation at random; a failure prints it.
fn any_case() -> impl Strategy<Value = Case> {
    let image = (1usize..48, 1usize..48, -4.0..-1.0f64);
    let array = (0usize..60, 0.5..2.3f64, 0.0..1.0f64);
    let channels = proptest::collection::vec(0.8e9..1.6e9f64, 0..12);
    (image, array, channels, -10.0..-1.5f64, any::<u32>()).prop_map(|(image, array, freq, epsilon, seed)| {
        let cell_rad = 10f64.powf(image.2);
        // From a few turns of phase over the field, so that samples fall between cells, to hundreds.
        let baseline_m = 0.3 * 10f64.powf(array.1) / (cell_rad * image.0.min(image.1) as f64);
        Case {
            cell_rad: Some(cell_rad),
            nx: image.0,
            ny: image.1,
            baseline_m,
            w_m: (array.2 < 0.2).then_some(baseline_m * array.2),
            n_row: array.0,
            freq_hz: Some(freq),
            epsilon: 10f64.powf(epsilon),
            slack: 1.5,
            seed: seed.into(),
            ..WIDE
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        // The same cases every time; `RngSeed::Random` here looks for new ones.
        rng_seed: RngSeed::Fixed(20_261_121),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_observation_is_gridded_as_accurately_as_asked(case in any_case()) {
        check_gridder::<f64>(&case, SimdLevel::detect());
        check_gridder::<f32>(&Case { epsilon: case.epsilon.max(1e-5), ..case }, SimdLevel::detect());
    }

    #[test]
    fn any_number_of_passes_is_as_accurate(case in any_case(), per_pass in 1u64..6) {
        let whole = case.plan::<f64>(None).unwrap();
        let r = whole.recipe();
        let planes = per_pass.min(r.n_planes as u64);
        let limit = r.memory_bytes - (r.n_planes as u64 - planes) * r.bytes_per_plane;
        check_plan(&case, &case.plan::<f64>(Some(limit)).unwrap());
    }
}

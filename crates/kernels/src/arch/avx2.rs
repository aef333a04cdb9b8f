//! Jobs compiled for AVX2 and FMA.
#![expect(
    unsafe_code,
    reason = "calling a function with target features is unsafe; style guide, decision 20"
)]

use super::{Isa, Job, Real};

#[derive(Clone, Copy)]
struct Avx2Fma;

impl Isa for Avx2Fma {
    #[inline(always)]
    fn mul_add<T: Real>(a: T, b: T, c: T) -> T {
        num_traits::Float::mul_add(a, b, c)
    }
}

/// Whether this processor has both sets (the standard library caches the answer).
#[inline]
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Runs a job with 256-bit registers and fused multiply-add.
///
/// # Panics
/// When the processor lacks them.
#[inline]
pub(super) fn run<J: Job>(job: J) -> J::Output {
    assert!(is_available(), "this processor has no AVX2 and FMA");
    // SAFETY: the processor has the features that `with_features` is compiled for, as asserted above.
    unsafe { with_features(job) }
}

#[target_feature(enable = "avx2,fma")]
fn with_features<J: Job>(job: J) -> J::Output {
    job.run::<Avx2Fma>()
}

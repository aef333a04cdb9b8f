//! Numbers and instruction sets: the two type parameters of every kernel.
//!
//! A kernel is written once, generic over [`Real`] (precision) and `Isa` (how a multiply-add is done), as the `run`
//! of a `Job`. `dispatch` instantiates it for the instruction set found when the plan was made: the compiler then
//! vectorises the same source with the wider registers.
//!
//! Invariant: `unsafe` appears in this folder only.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod real;
mod trig;

pub use real::Real;
pub(crate) use trig::{round_even, sin_cos_turns, small_int};

/// An instruction set that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimdLevel {
    /// What every processor of the target has.
    Portable,
    /// AVX2 and fused multiply-add on x86-64.
    Avx2Fma,
}

impl SimdLevel {
    /// The best level that this processor has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if avx2::is_available() {
            return SimdLevel::Avx2Fma;
        }
        SimdLevel::Portable
    }

    /// All levels that this processor has, the portable one first.
    pub fn available() -> Vec<Self> {
        match Self::detect() {
            SimdLevel::Portable => vec![SimdLevel::Portable],
            best => vec![SimdLevel::Portable, best],
        }
    }
}

/// How an instruction set multiplies and adds.
pub(crate) trait Isa: Copy + Send + Sync + 'static {
    /// a b + c, fused where the instruction set can.
    fn mul_add<T: Real>(a: T, b: T, c: T) -> T;
}

/// Rounds after the product: no fused instruction assumed.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Isa for Portable {
    #[inline(always)]
    fn mul_add<T: Real>(a: T, b: T, c: T) -> T {
        a * b + c
    }
}

/// Work that wants to be compiled for each instruction set. `run` and all it calls are `#[inline(always)]`.
pub(crate) trait Job {
    /// What the work returns.
    type Output;
    /// Does the work.
    fn run<I: Isa>(self) -> Self::Output;
}

/// Runs a job compiled for `level`; a level that this processor lacks falls back to the portable one.
#[inline]
pub(crate) fn dispatch<J: Job>(level: SimdLevel, job: J) -> J::Output {
    #[cfg(target_arch = "x86_64")]
    if level == SimdLevel::Avx2Fma && avx2::is_available() {
        return avx2::run(job);
    }
    let _ = level;
    job.run::<Portable>()
}

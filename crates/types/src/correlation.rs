//! Instrumental correlations and the Stokes parameters they combine to.
//!
//! Codes are casacore's `Stokes::StokesTypes` for correlations and the FITS standard's for Stokes.
//! Linear feeds: I = (XX + YY)/2, Q = (XX − YY)/2, U = (XY + YX)/2, V = (XY − YX)/(2i).
//! Circular feeds: I = (RR + LL)/2, V = (RR − LL)/2, Q = (RL + LR)/2, U = (RL − LR)/(2i).

use num_complex::Complex64;

/// One product of two receptors (or an already formed Stokes parameter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the field's and say all")]
pub enum Correlation {
    I,
    Q,
    U,
    V,
    RR,
    RL,
    LR,
    LL,
    XX,
    XY,
    YX,
    YY,
}

use Correlation::*;

const CODES: [(i32, Correlation, &str); 12] = [
    (1, I, "I"),
    (2, Q, "Q"),
    (3, U, "U"),
    (4, V, "V"),
    (5, RR, "RR"),
    (6, RL, "RL"),
    (7, LR, "LR"),
    (8, LL, "LL"),
    (9, XX, "XX"),
    (10, XY, "XY"),
    (11, YX, "YX"),
    (12, YY, "YY"),
];

impl Correlation {
    /// The correlation of a casacore code (POLARIZATION/CORR_TYPE); `None` for codes outside 1..=12.
    pub fn from_casacore(code: i32) -> Option<Self> {
        CODES.iter().find(|c| c.0 == code).map(|c| c.1)
    }

    /// The correlation of a name such as `XX`, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        CODES.iter().find(|c| c.2.eq_ignore_ascii_case(name)).map(|c| c.1)
    }

    /// The code that POLARIZATION/CORR_TYPE has for it.
    pub fn casacore(self) -> i32 {
        CODES.iter().find(|c| c.1 == self).map_or(0, |c| c.0)
    }

    /// Its share of each Stokes parameter I, Q, U, V: correlation = Σ factor × Stokes.
    ///
    /// XX = I + Q, XY = U + iV, YX = U − iV, YY = I − Q; RR = I + V, RL = Q + iU, LR = Q − iU, LL = I − V: the inverse
    /// of [`Stokes::terms`].
    pub fn of_stokes(self) -> [Complex64; 4] {
        let (zero, one, i) = (Complex64::ZERO, Complex64::ONE, Complex64::I);
        match self {
            I => [one, zero, zero, zero],
            Q => [zero, one, zero, zero],
            U => [zero, zero, one, zero],
            V => [zero, zero, zero, one],
            RR => [one, zero, zero, one],
            RL => [zero, one, i, zero],
            LR => [zero, one, -i, zero],
            LL => [one, zero, zero, -one],
            XX => [one, one, zero, zero],
            XY => [zero, zero, one, i],
            YX => [zero, zero, one, -i],
            YY => [one, -one, zero, zero],
        }
    }

    /// Numbers of the receptors of the first and the second antenna (X or R is 0, Y or L is 1); `None` for a Stokes
    /// parameter.
    pub fn receptors(self) -> Option<(usize, usize)> {
        match self {
            I | Q | U | V => None,
            RR | XX => Some((0, 0)),
            RL | XY => Some((0, 1)),
            LR | YX => Some((1, 0)),
            LL | YY => Some((1, 1)),
        }
    }

    /// The field's name, such as `XX`.
    pub fn name(self) -> &'static str {
        CODES.iter().find(|c| c.1 == self).map_or("?", |c| c.2)
    }
}

/// A Stokes parameter of the sky.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the field's and say all")]
pub enum Stokes {
    I,
    Q,
    U,
    V,
}

/// One correlation's share in a Stokes parameter: Stokes = Σ factor × correlation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StokesTerm {
    /// Index of the correlation on the data's correlation axis.
    pub i_corr: usize,
    /// Complex factor.
    pub factor: Complex64,
}

/// The data's correlations do not give the Stokes parameter asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("Stokes {stokes} cannot be formed from the correlations {found}")]
pub struct StokesError {
    /// What was asked for.
    pub stokes: &'static str,
    /// The data's correlations, space separated.
    pub found: String,
}

impl Stokes {
    /// The parameter's letter.
    pub fn name(self) -> &'static str {
        match self {
            Stokes::I => "I",
            Stokes::Q => "Q",
            Stokes::U => "U",
            Stokes::V => "V",
        }
    }

    /// The value on a FITS STOKES axis: I = 1, Q = 2, U = 3, V = 4.
    pub fn fits_code(self) -> i32 {
        self as i32 + 1
    }

    /// The correlations that make up this parameter, by their index in `correlations`.
    ///
    /// Stokes I accepts a single parallel hand, which then counts alone; the others need both of their hands.
    ///
    /// # Errors
    /// When the needed correlations are not there.
    pub fn terms(self, correlations: &[Correlation]) -> Result<Vec<StokesTerm>, StokesError> {
        let at = |c: Correlation| correlations.iter().position(|&x| x == c);
        let pair = |a, b, fa: Complex64, fb: Complex64| {
            let (i_a, i_b) = (at(a)?, at(b)?);
            Some(vec![StokesTerm { i_corr: i_a, factor: fa }, StokesTerm { i_corr: i_b, factor: fb }])
        };
        let one = |c| at(c).map(|i_corr| vec![StokesTerm { i_corr, factor: Complex64::ONE }]);
        let (half, half_i) = (Complex64::new(0.5, 0.0), Complex64::new(0.0, 0.5));
        let terms = match self {
            Stokes::I => (pair(XX, YY, half, half).or_else(|| pair(RR, LL, half, half)))
                .or_else(|| one(I))
                .or_else(|| [RR, LL, XX, YY].into_iter().find_map(one)),
            Stokes::Q => pair(XX, YY, half, -half).or_else(|| pair(RL, LR, half, half)).or_else(|| one(Q)),
            Stokes::U => {
                pair(XY, YX, half, half).or_else(|| pair(RL, LR, -half_i, half_i)).or_else(|| one(U))
            }
            Stokes::V => {
                pair(XY, YX, -half_i, half_i).or_else(|| pair(RR, LL, half, -half)).or_else(|| one(V))
            }
        };
        terms.ok_or_else(|| StokesError {
            stokes: self.name(),
            found: correlations.iter().map(|c| c.name()).collect::<Vec<_>>().join(" "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stokes_of_both_feeds_inverts_the_coherency_matrix() {
        // XX = I + Q, XY = U + iV, YX = U − iV, YY = I − Q; RR = I + V, RL = Q + iU, LR = Q − iU, LL = I − V.
        let (i, q, u, v) = (3.0, 0.5, -0.25, 0.125);
        let c = Complex64::new;
        let linear = [c(i + q, 0.0), c(u, v), c(u, -v), c(i - q, 0.0)];
        let circular = [c(i + v, 0.0), c(q, u), c(q, -u), c(i - v, 0.0)];
        for (corrs, data) in [([XX, XY, YX, YY], linear), ([RR, RL, LR, LL], circular)] {
            for (stokes, want) in [(Stokes::I, i), (Stokes::Q, q), (Stokes::U, u), (Stokes::V, v)] {
                let got: Complex64 =
                    stokes.terms(&corrs).unwrap().iter().map(|t| t.factor * data[t.i_corr]).sum();
                assert!((got - want).norm() < 1e-15, "{stokes:?} {corrs:?}: {got}");
            }
        }
    }

    #[test]
    fn order_of_correlations_is_honoured_and_absence_is_named() {
        let terms = Stokes::I.terms(&[XX, YY, XY, YX]).unwrap();
        assert_eq!(terms.iter().map(|t| t.i_corr).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(Stokes::I.terms(&[YY]).unwrap()[0].factor, Complex64::ONE);
        let err = Stokes::I.terms(&[XY]).unwrap_err();
        assert_eq!(err.to_string(), "Stokes I cannot be formed from the correlations XY");
    }

    #[test]
    fn correlations_and_stokes_are_inverse() {
        for corrs in [[XX, XY, YX, YY], [RR, RL, LR, LL], [I, Q, U, V]] {
            for (i_stokes, stokes) in [Stokes::I, Stokes::Q, Stokes::U, Stokes::V].into_iter().enumerate() {
                for j_stokes in 0..4 {
                    let terms = stokes.terms(&corrs).unwrap();
                    let sum: Complex64 =
                        terms.iter().map(|t| t.factor * corrs[t.i_corr].of_stokes()[j_stokes]).sum();
                    let want = f64::from(u8::from(i_stokes == j_stokes));
                    assert!((sum - want).norm() < 1e-15, "{corrs:?} {stokes:?} {j_stokes}: {sum}");
                }
            }
            for c in corrs {
                assert_eq!(Correlation::from_name(&c.name().to_lowercase()), Some(c));
                assert_eq!(Correlation::from_casacore(c.casacore()), Some(c));
            }
        }
        assert_eq!((YX.receptors(), RL.receptors(), I.receptors()), (Some((1, 0)), Some((0, 1)), None));
    }
}

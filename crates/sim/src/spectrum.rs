//! How bright a source is at a frequency, in all four Stokes parameters.

/// Flux densities over frequency.
///
/// ```text
/// logarithmic:  S(ν) = S₀ · x^(c₀ + c₁ log₁₀ x + c₂ log₁₀² x + …)         x = ν/ν₀, for all Stokes parameters
/// ordinary:     I(ν) = I₀ + c₀ (x − 1) + c₁ (x − 1)² + …                  for I; Q, U, V are flat
/// ```
///
/// These are the two conventions of WSClean's component lists and of BBS catalogues; there is no Faraday rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// I, Q, U, V at the reference frequency, Jy.
    pub stokes_jy: [f64; 4],
    /// ν₀, Hz; above zero.
    pub ref_freq_hz: f64,
    /// c₀, c₁, …: the spectral index and its curvature, or Jy where `logarithmic` is false.
    pub terms: Vec<f64>,
    /// Which of the two.
    pub logarithmic: bool,
}

impl Spectrum {
    /// I, Q, U, V at a frequency, Jy.
    pub fn at(&self, freq_hz: f64) -> [f64; 4] {
        let x = freq_hz / self.ref_freq_hz;
        if self.logarithmic {
            let factor = x.powf(horner(&self.terms, x.log10()));
            return self.stokes_jy.map(|s| s * factor);
        }
        let [i, q, u, v] = self.stokes_jy;
        [i + (x - 1.0) * horner(&self.terms, x - 1.0), q, u, v]
    }

    /// Whether Q, U or V is not zero.
    pub fn is_polarized(&self) -> bool {
        self.stokes_jy[1..].iter().any(|s| *s != 0.0)
    }
}

fn horner(terms: &[f64], x: f64) -> f64 {
    terms.iter().rev().fold(0.0, |sum, term| sum * x + term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_conventions_have_the_reference_flux_and_their_slope() {
        let mut spectrum = Spectrum {
            stokes_jy: [2.0, 0.2, -0.1, 0.01],
            ref_freq_hz: 1e9,
            terms: vec![-0.7, 0.1],
            logarithmic: true,
        };
        assert_eq!(spectrum.at(1e9), spectrum.stokes_jy);
        let ten = spectrum.at(1e10);
        assert!((ten[0] - 2.0 * 10_f64.powf(-0.6)).abs() < 1e-12 && (ten[1] / ten[0] - 0.1).abs() < 1e-12);
        spectrum.logarithmic = false;
        assert_eq!(spectrum.at(1e9), spectrum.stokes_jy);
        let twice = spectrum.at(2e9);
        assert!((twice[0] - (2.0 - 0.7 + 0.1)).abs() < 1e-12 && twice[2] == -0.1);
        assert!(spectrum.is_polarized());
    }
}

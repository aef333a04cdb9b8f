//! Which way baselines are, told without times and phase centers.
//!
//! Within one integration UVW = ±R · (position 1 − position 2) with one rotation R. The matrix M that fits best,
//! M = (Σ uvw bᵀ)(Σ b bᵀ)⁻¹, is R or −R, and its determinant says which. An array on a line or in a plane does not
//! determine M; then nothing is told.

type Matrix = [[f64; 3]; 3];

/// Sums over the rows of one integration.
#[derive(Clone, Copy, Default)]
pub(super) struct Rotation {
    uvw_b: Matrix,
    b_b: Matrix,
    n_row: u64,
}

/// How far M Mᵀ may be from 1.
const ORTHOGONAL: f64 = 0.05;

impl Rotation {
    pub(super) fn add(&mut self, uvw_m: &[f64; 3], b_m: &[f64; 3]) {
        for i in 0..3 {
            for j in 0..3 {
                self.uvw_b[i][j] += uvw_m[i] * b_m[j];
                self.b_b[i][j] += b_m[i] * b_m[j];
            }
        }
        self.n_row += 1;
    }

    /// Rows, and 1 for a rotation, −1 for a reflection, 0 where that cannot be told.
    pub(super) fn sign(&self) -> (u64, i8) {
        let inverse = inverse(&self.b_b);
        let sign = inverse.map(|inverse| product(&self.uvw_b, &inverse)).and_then(|m| {
            let square = product(&m, &transposed(&m));
            let off = |i: usize, j: usize| (square[i][j] - f64::from(u8::from(i == j))).abs();
            let orthogonal = (0..9).all(|k| off(k / 3, k % 3) < ORTHOGONAL);
            orthogonal.then(|| if determinant(&m) > 0.0 { 1 } else { -1 })
        });
        (self.n_row, sign.unwrap_or(0))
    }
}

fn determinant(m: &Matrix) -> f64 {
    let minor = |i: usize, j: usize| m[1][i] * m[2][j] - m[1][j] * m[2][i];
    m[0][0] * minor(1, 2) - m[0][1] * minor(0, 2) + m[0][2] * minor(0, 1)
}

fn transposed(m: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| m[j][i]))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// `None` where the matrix is singular but for rounding.
fn inverse(m: &Matrix) -> Option<Matrix> {
    let trace = m[0][0] + m[1][1] + m[2][2];
    let d = determinant(m);
    // Baselines of 1e-5 of the array's size out of its plane are the least that is believed.
    if d.is_nan() || d <= trace.powi(3) * 1e-12 {
        return None;
    }
    let cofactor = |i: usize, j: usize| {
        let (r, s, p, q) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[r][p] * m[s][q] - m[r][q] * m[s][p]
    };
    Some(std::array::from_fn(|i| std::array::from_fn(|j| cofactor(j, i) / d)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASELINES: [[f64; 3]; 4] = [[10.0, 1.0, 0.1], [-3.0, 20.0, 1.0], [5.0, 5.0, -2.0], [1.0, 0.0, 3.0]];

    fn sign(turn: impl Fn(&[f64; 3]) -> [f64; 3], baselines: &[[f64; 3]]) -> i8 {
        let mut rotation = Rotation::default();
        baselines.iter().for_each(|b| rotation.add(&turn(b), b));
        rotation.sign().1
    }

    #[test]
    fn rotations_reflections_and_what_cannot_be_told() {
        let (s, c) = 0.4_f64.sin_cos();
        let turn = |b: &[f64; 3]| [c * b[0] - s * b[2], b[1], s * b[0] + c * b[2]];
        assert_eq!(sign(turn, &BASELINES), 1);
        assert_eq!(sign(|b| turn(b).map(|v| -v), &BASELINES), -1);
        assert_eq!(sign(|b| turn(b).map(|v| 1.2 * v), &BASELINES), 0, "no rotation");
        let flat = BASELINES.map(|b| [b[0], b[1], 0.0]);
        assert_eq!(sign(turn, &flat), 0, "a plane");
    }
}

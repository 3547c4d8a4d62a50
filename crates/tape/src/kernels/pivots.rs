//! Gaussian elimination that takes the largest element left as each pivot: it shows the rank, and what has none.

use super::triangles::{Triangle, product, substitute};
use crate::tensor::float::Float;

/// `A[rows[i], columns[j]] = (L·diag(pivots)·U)[i, j]` of a square matrix, `L` and `U` triangles with ones on the diagonal and
/// no element larger than that, so that they are far from singular whatever `A` is. From the first pivot that is 0 all are.
pub(crate) struct Pivoted<F> {
    lower: Vec<F>,
    upper: Vec<F>,
    pivots: Vec<F>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    odd: bool,
}

fn transposed<F: Float>(a: &[F], n: usize) -> Vec<F> {
    (0..n * n).map(|k| a[k % n * n + k / n]).collect()
}

impl<F: Float> Pivoted<F> {
    /// Factorises a matrix; `None` if there is a NaN or an infinity.
    pub(crate) fn of(a: &[F], n: usize) -> Option<Self> {
        if !a.iter().all(|x| num_traits::Float::is_finite(*x)) {
            return None;
        }
        let (mut rest, mut odd) = (a.to_vec(), false);
        let [mut rows, mut columns] = [(); 2].map(|()| (0..n).collect::<Vec<usize>>());
        let mut pivots = vec![F::zero(); n];
        for k in 0..n {
            let size = |at: usize| num_traits::Float::abs(rest[at]);
            let left = (k..n).flat_map(|i| (k..n).map(move |j| i * n + j));
            let best = left.fold(k * n + k, |best, at| if size(at) > size(best) { at } else { best });
            let (i, j) = (best / n, best % n);
            if rest[best] == F::zero() {
                break;
            }
            if i != k {
                (0..n).for_each(|c| rest.swap(i * n + c, k * n + c));
                rows.swap(i, k);
            }
            if j != k {
                (0..n).for_each(|r| rest.swap(r * n + j, r * n + k));
                columns.swap(j, k);
            }
            odd ^= (i != k) != (j != k);
            pivots[k] = rest[k * n + k];
            for i in k + 1..n {
                let factor = rest[i * n + k] / pivots[k];
                rest[i * n + k] = factor;
                for j in k + 1..n {
                    let by = factor * rest[k * n + j];
                    rest[i * n + j] -= by;
                }
            }
            (k + 1..n).for_each(|j| rest[k * n + j] /= pivots[k]);
        }
        // The triangles are read without their diagonal, and without each other.
        Some(Pivoted { lower: rest.clone(), upper: rest, pivots, rows, columns, odd })
    }

    /// The cofactors of the matrix.
    pub(crate) fn cofactors(&self) -> Vec<F> {
        let n = self.pivots.len();
        let mut x = vec![F::zero(); n * n];
        (0..n).for_each(|i| x[i * n + i] = self.others(i, i));
        self.back(x)
    }

    /// Their derivative in direction `d`: with `w = L⁻¹·d·U⁻¹` and `E[i, j]` the product of all pivots but those two, that of
    /// the pivots' own cofactors is `Σ E[i, k]·w[k, k]` over the other `k` at `[i, i]`, and `−E[i, j]·w[j, i]` at `[i, j]`.
    pub(crate) fn slope(&self, d: &[F]) -> Vec<F> {
        let n = self.pivots.len();
        // (d·U⁻¹)ᵀ = U⁻ᵀ·dᵀ
        let mut w: Vec<F> = (0..n * n).map(|k| d[self.rows[k % n] * n + self.columns[k / n]]).collect();
        substitute(&transposed(&self.upper, n), n, Triangle::UnitLower, &mut w, n);
        let mut w = transposed(&w, n);
        substitute(&self.lower, n, Triangle::UnitLower, &mut w, n);
        let mut x = vec![F::zero(); n * n];
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|(i, j)| i != j) {
            let weight = self.others(i, j);
            x[i * n + i] += weight * w[j * n + j];
            x[i * n + j] = -weight * w[j * n + i];
        }
        self.back(x)
    }

    /// The product of all pivots but two, or but one.
    fn others(&self, i: usize, j: usize) -> F {
        product(self.pivots.iter().enumerate().filter(|(k, _)| *k != i && *k != j).map(|(_, pivot)| *pivot))
    }

    /// What cofactors of the pivots are as cofactors of the matrix: `L⁻ᵀ·x·U⁻ᵀ`, in the order of its rows and columns.
    fn back(&self, x: Vec<F>) -> Vec<F> {
        let n = self.pivots.len();
        // (x·U⁻ᵀ)ᵀ = U⁻¹·xᵀ
        let mut x = transposed(&x, n);
        substitute(&self.upper, n, Triangle::UnitUpper, &mut x, n);
        let mut x = transposed(&x, n);
        substitute(&transposed(&self.lower, n), n, Triangle::UnitUpper, &mut x, n);
        let mut y = vec![F::zero(); n * n];
        for k in 0..n * n {
            y[self.rows[k / n] * n + self.columns[k % n]] = if self.odd { -x[k] } else { x[k] };
        }
        y
    }
}

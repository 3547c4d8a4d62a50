//! The derivative of the determinant.

use crate::algebra::{Algebra, Arg, Args};
use crate::case::Case;
use crate::error::Error;
use crate::float::Float;
use crate::kernels::factor::{lu_of, matrices, svd_of};
use crate::op::{Op, Takes, Value};
use crate::ops::{InverseExt, MatMulExt, PermuteExt, SumExt};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;

use super::{element, regular, square};

/// The matrix of cofactors of square matrices: element `[i, j]` is `(−1)^(i + j)` times the determinant of what is left
/// without row `i` and column `j`. For a regular matrix that is `det a · a⁻ᵀ`; it exists for a singular one too, where it
/// comes from a singular value decomposition. Its own rule needs `a⁻¹`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cofactors;

impl Cofactors {
    #[track_caller]
    pub(super) fn of<A: Algebra>(a: &A) -> A {
        A::apply(Cofactors, &[Arg::Real(a)]).real()
    }
}

/// `det(U)·det(V)·U·diag(the product of the other singular values)·Vᵀ`
fn of_singular<F: Float>(a: &Tensor<F>, k: usize, n: usize) -> Vec<F> {
    let parts = svd_of(a);
    let Some(parts) = parts.as_ref() else { return vec![F::nan(); n * n] };
    let (u, s, v) = (&parts[k].u, &parts[k].s, &parts[k].v);
    let sign = F::lu(u, n).determinant() * F::lu(v, n).determinant();
    let others = |j: usize| (0..n).filter(|i| *i != j).fold(sign, |product, i| product * s[i]);
    let weights: Vec<F> = (0..n).map(others).collect();
    let entry = |i: usize, l: usize| (0..n).map(|j| u[i * n + j] * weights[j] * v[l * n + j]).sum();
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

impl Op for Cofactors {
    #[inline]
    fn name(&self) -> String {
        "cofactors".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("cofactors", args[0]).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let n = shape[shape.rank() - 1];
        let mut out = Vec::with_capacity(x.len());
        for (k, (lu, _)) in lu_of(x).iter().zip(matrices(x)).enumerate() {
            let det = lu.determinant();
            // A row of zeros makes a pivot 0 / 0.
            if det == F::zero() || num_traits::Float::is_nan(det) {
                out.extend(of_singular(x, k, n));
                continue;
            }
            let inverse = lu.inverse();
            out.extend((0..n * n).map(|at| det * inverse[at % n * n + at / n]));
        }
        Tensor::from_parts(shape.clone(), out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let inverse = a[0].inverse().t();
        let total = element(&(g.clone() * y).sum_over([-2, -1]));
        total * &inverse - y.matmul(g.t()).matmul(inverse)
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let inverse = a[0].inverse().t();
        let total = element(&(d.clone() * &inverse).sum_over([-2, -1]));
        total * y - inverse.matmul(d.t()).matmul(y)
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([2, y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(Cofactors).exactly(x);
        vec![case(regular(&[3, 3], 0.3)), case(regular(&[2, 2, 2], 0.6)), case(regular(&[1, 1], 0.1))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the definition: determinants of what is left.
    #[test]
    fn of_singular_matrices() {
        let table = [
            [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]],
            [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]],
            [[0.0, 0.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0, 3.0]],
            [[0.0; 3]; 3],
        ];
        for a in table {
            let found = Cofactors::of(&Tensor::from(a));
            for (i, j) in (0..9).map(|k| (k / 3, k % 3)) {
                let at = |r: usize, c: usize| a[(i + r) % 3][(j + c) % 3];
                let expected: f64 = at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1);
                assert!((found[[i, j]] - expected).abs() < 1e-13, "{a:?} [{i}, {j}]: {} {expected}", found[[i, j]]);
            }
        }
    }
}

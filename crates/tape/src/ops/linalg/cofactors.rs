//! The derivative of the determinant.

use crate::error::Error;
use crate::kernels::factor::matrices;
use crate::kernels::pivots::Pivoted;
use crate::ops::CofactorsSlope;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{regular, square};

/// The matrix of cofactors of square matrices: element `[i, j]` is `(−1)^(i + j)` times the determinant of what is left
/// without row `i` and column `j`. For a regular matrix that is `det a · a⁻ᵀ`; it is a polynomial of the
/// elements, and is computed as one, by an elimination that divides by no pivot that might be 0. Its derivative is
/// [`CofactorsSlope`], at any rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cofactors;

impl Cofactors {
    #[track_caller]
    pub(super) fn of<A: Algebra>(a: &A) -> A {
        A::apply(Cofactors, &[Arg::Real(a)]).real()
    }
}

/// What two matrices of up to three rows make together: with a matrix itself its cofactors, and by the product rule their
/// derivative. Nothing is divided by and nothing rounded but products, so that whole numbers stay exact.
pub(super) fn together<F: Float>(x: &[F], y: &[F], n: usize) -> Option<Vec<F>> {
    match n {
        2 => Some(vec![y[3], -y[2], -y[1], y[0]]),
        3 => {
            let at = |a: &[F], i: usize, j: usize| a[i % 3 * 3 + j % 3];
            let minor = |k: usize| {
                let (i, j) = (k / 3, k % 3);
                at(x, i + 1, j + 1) * at(y, i + 2, j + 2) - at(x, i + 1, j + 2) * at(y, i + 2, j + 1)
            };
            Some((0..9).map(minor).collect())
        }
        _ => None,
    }
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
        let of = |x: &[F]| together(x, x, n).or_else(|| Some(Pivoted::of(x, n)?.cofactors()));
        let out = matrices(x).flat_map(|x| of(x).unwrap_or_else(|| vec![F::nan(); n * n])).collect();
        Tensor::from_parts(shape.clone(), out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        CofactorsSlope::of(&a[0], &g)
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        CofactorsSlope::of(&a[0], &d)
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([2, y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(Cofactors).exactly(x);
        vec![
            case(regular(&[3, 3], 0.3)),
            case(regular(&[2, 2, 2], 0.6)),
            case(regular(&[1, 1], 0.1)),
            case(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])),
            case(Tensor::from([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]])),
        ]
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

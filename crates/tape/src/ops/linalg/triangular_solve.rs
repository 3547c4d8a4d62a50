//! Systems of equations that are solved one after the other.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::factor::matrices;
use crate::kernels::triangles::substitute;
use crate::ops::{MatMulExt, PermuteExt, SumToExt, TriangleExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::operand::Operand;
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{
    regular, solve::for_each_pair, solve::matrices_as_vectors, solve::solution, solve::vectors_as_matrices, which,
};

pub use crate::kernels::triangles::Triangle;

/// `t⁻¹·b` for a triangle `t` of square matrices; the other triangle is not read, and gets no gradient.
///
/// Rules: those of [`Solve`](crate::ops::Solve), cut to the triangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct TriangularSolve {
    /// The triangle that is read.
    pub triangle: Triangle,
}

impl TriangularSolve {
    /// `t⁻¹·b`
    #[track_caller]
    pub(super) fn of<A: Algebra>(triangle: Triangle, a: &A, b: &A) -> A {
        A::apply(TriangularSolve { triangle }, &[Arg::Real(a), Arg::Real(b)]).real()
    }

    /// What is read of a matrix: for a unit triangle, what varies.
    #[track_caller]
    fn part<A: Algebra>(&self, a: &A) -> A {
        match self.triangle {
            Triangle::Lower => a.tril(0),
            Triangle::Upper => a.triu(0),
            Triangle::UnitLower => a.tril(-1),
            Triangle::UnitUpper => a.triu(1),
        }
    }
}

impl Op for TriangularSolve {
    #[inline]
    fn name(&self) -> String {
        "triangular_solve".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let part = match self.triangle {
            Triangle::Lower => "lower",
            Triangle::Upper => "upper",
            Triangle::UnitLower => "unit lower",
            Triangle::UnitUpper => "unit upper",
        };
        format!("triangular_solve({}, {}, {part})", args[0], args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        solution("triangular_solve", args[0], args[1])
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        let shape = Tensor::shape(&a[0]);
        let n = shape[shape.rank() - 1];
        for (k, matrix) in matrices(&a[0]).enumerate().filter(|_| !self.triangle.is_unit()) {
            if let Some(i) = (0..n).find(|i| matrix[i * n + i] == F::zero()) {
                let message = format!("{} is singular: element [{i}, {i}] is 0", which(k, shape));
                return Err(Error::Singular { op: "triangular_solve".into(), message });
            }
        }
        Ok(())
    }

    fn forward<F: Float>(&self, args: Args<'_, Tensor<F>>) -> Value<F> {
        let (a, b) = (&args[0], &args[1]);
        let y = solution("triangular_solve", Tensor::shape(a), Tensor::shape(b)).or_raise();
        let (left, right) = (matrices(a).collect::<Vec<_>>(), matrices(b).collect::<Vec<_>>());
        let (n, k) = (y[y.rank() - 2], y[y.rank() - 1]);
        let mut x = Vec::with_capacity(y.len_elements());
        for_each_pair(Tensor::shape(a), Tensor::shape(b), &y, |i, j| {
            let begin = x.len();
            x.extend_from_slice(right[j]);
            substitute(left[i], n, self.triangle, &mut x[begin..], k);
        });
        Tensor::from_parts(y, x).into()
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let h = TriangularSolve::of(self.triangle.transposed(), &a[0].t(), &g);
        match arg {
            0 => self.part(&(-h.matmul(y.t())).sum_to(a[0].shape())),
            _ => h.sum_to(a[1].shape()),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => -TriangularSolve::of(self.triangle, &a[0], &self.part(&d).matmul(y)),
            _ => TriangularSolve::of(self.triangle, &a[0], &d),
        }
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |triangle, a: Tensor<f64>, b: &[usize]| Case::of(TriangularSolve { triangle }).exactly(a).real(b);
        vec![
            case(Triangle::Lower, regular(&[3, 3], 0.2), &[3, 2]),
            case(Triangle::Upper, regular(&[3, 3], 0.4), &[3, 2]),
            case(Triangle::UnitLower, regular(&[3, 3], 0.6), &[3, 1]),
            case(Triangle::UnitUpper, regular(&[2, 2, 2], 0.8), &[2, 3]),
            case(Triangle::Upper, regular(&[2, 2], 0.1), &[3, 2, 1]),
            case(Triangle::Lower, Tensor::zeros([0, 0]), &[0, 2]),
        ]
    }
}

/// The method of [`TriangularSolve`].
pub trait TriangularSolveExt: Algebra {
    /// The `x` with `t · x = b`, where `t` is a triangle of `self`. Shapes are as those of
    /// [`solve`](crate::ops::SolveExt::solve). Cost: `n²·k` operations for each. The other triangle is not read.
    ///
    /// For `x · t = b` take transposes: `self.t().solve_triangular(triangle of the transpose, b.t()).t()`.
    ///
    /// # Panics
    /// If the shapes do not fit, or an element on the diagonal is 0 ([`Error::Singular`]).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let a = Tensor::from([[2.0, 7.0], [1.0, 4.0]]);
    /// let b = Tensor::from([2.0, 9.0]);
    /// assert_eq!(a.solve_triangular(Triangle::Lower, &b).data(), [1.0, 2.0]);
    /// assert_eq!(a.solve_triangular(Triangle::UnitLower, &b).data(), [2.0, 7.0]);
    /// ```
    #[track_caller]
    fn solve_triangular(&self, triangle: Triangle, b: impl Operand<Self>) -> Self {
        let _called = called("solve_triangular");
        let b = b.beside(self);
        let (b, vector) = vectors_as_matrices(&*b);
        matrices_as_vectors(TriangularSolve::of(triangle, self, &b), vector)
    }
}

impl<A: Algebra> TriangularSolveExt for A {}

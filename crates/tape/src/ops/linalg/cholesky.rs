//! The Cholesky factorisation.

use crate::error::Error;
use crate::kernels::factor::cholesky_of;
use crate::ops::{MatMulExt, PermuteExt, Triangle, TriangleExt, TriangularSolve};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{definite, square, symmetric, which};

/// The lower triangle `y` with `y·yᵀ = a`, of symmetric positive definite matrices. What is factorised is `(a + aᵀ)/2`, so
/// that the cotangent is symmetric.
///
/// Rules (Murray, "Differentiation of the Cholesky decomposition", 2016, equations 8 and 10), where `Φ` takes the lower
/// triangle and half the diagonal: `y⁻ᵀ·Φ(yᵀ·g)·y⁻¹`, made symmetric; forwards, `y·Φ(y⁻¹·d·y⁻ᵀ)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cholesky;

/// The lower triangle, with half the diagonal.
#[track_caller]
fn phi<A: Algebra>(x: &A) -> A {
    (x.tril(0) + x.tril(-1)) * 0.5
}

impl Op for Cholesky {
    #[inline]
    fn name(&self) -> String {
        "cholesky".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("cholesky", args[0]).map(|_| args[0].clone())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        let Err((k, i)) = *cholesky_of(&a[0]) else { return Ok(()) };
        let message = format!("{} is not positive definite: pivot {i} is not positive", which(k, Tensor::shape(&a[0])));
        Err(Error::Singular { op: "cholesky".into(), message })
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let factors = match &*cholesky_of(&a[0]) {
            Ok(factors) => factors.clone(),
            Err(_) => vec![F::nan(); a[0].len()],
        };
        Tensor::from_parts(Tensor::shape(&a[0]).clone(), factors).into()
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("missing sum", "no argument is repeated"),
            ("transposed", "the cotangent of a symmetric matrix is symmetric"),
        ]
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, y: &A) -> A {
        let upper = y.t();
        let half = TriangularSolve::of(Triangle::Upper, &upper, &phi(&upper.matmul(g.tril(0))));
        symmetric(&TriangularSolve::of(Triangle::Upper, &upper, &half.t()))
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, y: &A) -> A {
        let half = TriangularSolve::of(Triangle::Lower, y, &symmetric(&d));
        y.matmul(phi(&TriangularSolve::of(Triangle::Lower, y, &half.t())))
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([y.len_elements(), args[0].last().copied().unwrap_or(0)]) / 3
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(Cholesky).exactly(x);
        let skew = Tensor::from([[3.0, 0.7], [-0.2, 2.0]]);
        vec![
            case(definite(&[3, 3], 0.2)),
            case(definite(&[2, 2, 2], 0.7)),
            case(definite(&[1, 1], 0.4)),
            case(skew),
            case(Tensor::zeros([0, 0])),
        ]
    }
}

/// The method of [`Cholesky`].
pub trait CholeskyExt: Algebra {
    /// The lower triangle `l` with `l·lᵀ = self`, of symmetric positive definite matrices `[…, n, n]`. Cost: `⅓·n³`
    /// operations for each; its gradient, four triangular solves.
    ///
    /// What is factorised is the mean of both triangles, as in JAX: PyTorch reads the lower one alone, and gives the same
    /// gradient, which is then not the derivative of what it computes. For symmetric matrices there is no difference.
    ///
    /// # Panics
    /// If the last two lengths differ, or a matrix is not positive definite ([`Error::Singular`]).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 10.0]]).cholesky();
    /// assert_eq!(l, Tensor::from([[2.0, 0.0], [1.0, 3.0]]));
    /// ```
    #[track_caller]
    fn cholesky(&self) -> Self {
        Self::apply(Cholesky, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> CholeskyExt for A {}

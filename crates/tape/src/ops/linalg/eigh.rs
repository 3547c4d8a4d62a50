//! Eigenvalues and eigenvectors of symmetric matrices.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::factor::eigh_of;
use crate::ops::{Gaps, MatMulExt, PermuteExt, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{definite, row, square, symmetric};

/// One result of `a = v·diag(w)·vᵀ` of symmetric matrices: `w` ascending, `v` with orthonormal columns, of which the first
/// element that is at least half as large as the largest is positive. What is decomposed is `(a + aᵀ)/2`.
///
/// Rules (Giles 2008, section 3.1; Seeger and others 2017), with `F[i, j] = 1/(wⱼ − wᵢ)`, 0 for `i = j`: for the values
/// `v·diag(g)·vᵀ`; for the vectors `v·(F ∘ (vᵀ·g))·vᵀ`, made symmetric; forwards, `diag(vᵀ·d·v)` and `v·(F ∘ (vᵀ·d·v))`.
/// Values have derivatives where they repeat, as those of a symmetric function of them; vectors do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum Eigh {
    /// `w`
    Values,
    /// `v`
    Vectors,
}

impl Eigh {
    #[track_caller]
    fn of<A: Algebra>(self, a: &A) -> A {
        A::apply(self, &[Arg::Real(a)]).real()
    }
}

impl Op for Eigh {
    #[inline]
    fn name(&self) -> String {
        match self {
            Eigh::Values => "eigvalsh".into(),
            Eigh::Vectors => "eigh_vectors".into(),
        }
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (mut batch, n) = square("eigh", args[0])?;
        batch.push(n);
        match self {
            Eigh::Values => Ok(batch),
            Eigh::Vectors => Ok(args[0].clone()),
        }
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        match *eigh_of(&a[0]) {
            Some(_) => Ok(()),
            None => {
                let message = "the iteration does not converge; is there a NaN or an infinity?".into();
                Err(Error::Singular { op: "eigh".into(), message })
            }
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Op::shape(self, &[Tensor::shape(&a[0])]).or_raise();
        let parts = eigh_of(&a[0]);
        let parts = parts.iter().flatten();
        let all = match self {
            Eigh::Values => parts.flat_map(|p| p.w.iter().copied()).collect(),
            Eigh::Vectors => parts.flat_map(|p| p.v.iter().copied()).collect(),
        };
        Tensor::from_parts(shape, all).into()
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("missing sum", "no argument is repeated"),
            ("transposed", "the cotangent of a symmetric matrix is symmetric"),
        ]
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        match self {
            Eigh::Values => {
                let v = Eigh::Vectors.of(&a[0]);
                (row(&g) * &v).matmul(v.t())
            }
            Eigh::Vectors => {
                let (gaps, size) = Gaps { squares: false }.of(&Eigh::Values.of(&a[0]));
                symmetric(&y.matmul(gaps * y.t().matmul(g / size)).matmul(y.t()))
            }
        }
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match self {
            Eigh::Values => {
                let v = Eigh::Vectors.of(&a[0]);
                (symmetric(&d).matmul(&v) * &v).sum_over(-2)
            }
            Eigh::Vectors => {
                let (gaps, size) = Gaps { squares: false }.of(&Eigh::Values.of(&a[0]));
                y.matmul(gaps * y.t().matmul(symmetric(&(d / size))).matmul(y))
            }
        }
    }

    #[inline]
    fn at_kinks(&self) -> &'static str {
        match self {
            Eigh::Values => "",
            Eigh::Vectors => "Where two values are equal there is no derivative, but an error that names them.",
        }
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([9, args[0].len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |op: Eigh, x: Tensor<f64>| Case::of(op).exactly(x);
        let both = |x: Tensor<f64>| [case(Eigh::Values, x.clone()), case(Eigh::Vectors, x)];
        let skew = Tensor::from([[3.0, 0.7], [-0.2, -2.0]]);
        let mut cases: Vec<Case> =
            [definite(&[3, 3], 0.2), definite(&[2, 2, 2], 0.7), definite(&[1, 1], 0.4), skew, Tensor::zeros([0, 0])]
                .into_iter()
                .flat_map(both)
                .collect();
        cases.sort_by_key(|case| case.label().contains("Vectors"));
        cases
    }
}

/// The methods of [`Eigh`].
pub trait EighExt: Algebra {
    /// Eigenvalues and eigenvectors of symmetric matrices `[…, n, n]`: `[…, n]`, ascending, and `[…, n, n]`, a vector in each
    /// column. Cost: about `9·n³` operations for each; the decomposition is shared by both and by their gradients as long
    /// as no other is made on the thread.
    ///
    /// What is decomposed is the mean of both triangles, as in JAX; PyTorch reads the lower one alone. Of each vector the
    /// first element that is at least half as large as its largest is positive: PyTorch leaves the signs to LAPACK.
    ///
    /// Where two values are equal, to rounding, the vectors have no derivative: [`Error::NoDerivative`]. The values have
    /// theirs.
    ///
    /// # Panics
    /// If the last two lengths differ, or the iteration does not converge.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (w, v) = Tensor::from([[2.0, 1.0], [1.0, 2.0]]).eigh();
    /// assert!((w[[0]] - 1.0_f64).abs() < 1e-15 && (w[[1]] - 3.0_f64).abs() < 1e-15);
    /// assert!((v[[0, 0]] - 0.5_f64.sqrt()).abs() < 1e-15 && (v[[1, 0]] + 0.5_f64.sqrt()).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn eigh(&self) -> (Self, Self) {
        (Eigh::Values.of(self), Eigh::Vectors.of(self))
    }

    /// The eigenvalues of symmetric matrices alone, ascending: differentiable where they repeat, too.
    ///
    /// # Panics
    /// If the last two lengths differ, or the iteration does not converge.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let gradient = grad(|a: Var| a.eigvalsh().sum(), &Tensor::eye(2)).unwrap();
    /// assert_eq!(gradient, Tensor::eye(2)); // their sum is the trace
    /// ```
    #[track_caller]
    fn eigvalsh(&self) -> Self {
        let _called = called("eigvalsh");
        Eigh::Values.of(self)
    }
}

impl<A: Algebra> EighExt for A {}

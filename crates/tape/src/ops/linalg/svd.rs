//! The singular value decomposition.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::factor::svd_of;
use crate::ops::{AwayFromZero, Gaps, MatMulExt, PermuteExt, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{column, matrix, regular, row};

/// One result of `a = u·diag(s)·vᵀ` of matrices `[…, m, n]`, with `k = min(m, n)`: `s` descending and not negative, `u` and `v`
/// with `k` orthonormal columns. Of each column of `u` the first element that is at least half as large as the largest is
/// positive.
///
/// Rules (Townsend, "Differentiating the singular value decomposition", 2016; Giles 2008, section 3.2, for the values), with
/// `F[i, j] = 1/(sⱼ² − sᵢ²)`, 0 for `i = j`, all taken at values near 1, since vectors do not change with the size of `a`:
///
/// | result | cotangent of `a` |
/// | --- | --- |
/// | `s` | `u·diag(g)·vᵀ` |
/// | `u` | `(u·(F ∘ (uᵀ·g − gᵀ·u))·s + (1 − u·uᵀ)·g·s⁻¹)·vᵀ`, the second term for `m > n` |
/// | `v` | `u·(s·(F ∘ (vᵀ·g − gᵀ·v))·vᵀ + s⁻¹·gᵀ·(1 − v·vᵀ))`, the second term for `n > m` |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum Svd {
    /// `s`
    Values,
    /// `u`
    Left,
    /// `v`
    Right,
}

impl Svd {
    #[track_caller]
    fn of<A: Algebra>(self, a: &A) -> A {
        A::apply(self, &[Arg::Real(a)]).real()
    }
}

/// What is left of `x` without its part in the span of the columns of `q`.
#[track_caller]
fn outside<A: Algebra>(q: &A, x: &A) -> A {
    x.clone() - q.matmul(q.t().matmul(x))
}

/// `s⁻¹`
#[track_caller]
fn reciprocal<A: Algebra>(s: &A) -> A {
    let s = AwayFromZero::expect("svd", "singular value", s);
    s.full(s.shape(), 1.0) / s
}

impl Op for Svd {
    #[inline]
    fn name(&self) -> String {
        match self {
            Svd::Values => "svdvals".into(),
            Svd::Left => "svd_left".into(),
            Svd::Right => "svd_right".into(),
        }
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (mut y, m, n) = matrix("svd", args[0])?;
        match self {
            Svd::Values => {}
            Svd::Left => y.push(m),
            Svd::Right => y.push(n),
        }
        y.push(m.min(n));
        Ok(y)
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        match *svd_of(&a[0]) {
            Some(_) => Ok(()),
            None => {
                let message = "the iteration does not converge; is there a NaN or an infinity?".into();
                Err(Error::Singular { op: "svd".into(), message })
            }
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Op::shape(self, &[Tensor::shape(&a[0])]).or_raise();
        let parts = svd_of(&a[0]);
        let parts = parts.iter().flatten();
        let all = match self {
            Svd::Values => parts.flat_map(|p| p.s.iter().copied()).collect(),
            Svd::Left => parts.flat_map(|p| p.u.iter().copied()).collect(),
            Svd::Right => parts.flat_map(|p| p.v.iter().copied()).collect(),
        };
        Tensor::from_parts(shape, all).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let (_, m, n) = matrix("svd", &a[0].shape()).or_raise();
        let of = |part: Svd| if part == *self { y.clone() } else { part.of(&a[0]) };
        let (u, v) = (of(Svd::Left), of(Svd::Right));
        if *self == Svd::Values {
            return (row(&g) * u).matmul(v.t());
        }
        let s = of(Svd::Values);
        let (gaps, size) = Gaps { squares: true }.of(&s);
        let g = g / &size;
        let turn = y.t().matmul(&g);
        let inner = gaps * (turn.clone() - turn.t());
        match self {
            Svd::Right => {
                let inside = (column(&s) / &size * inner).matmul(v.t());
                match n > m {
                    true => u.matmul(inside + column(&reciprocal(&s)) * size * outside(&v, &g).t()),
                    false => u.matmul(inside),
                }
            }
            _ => {
                let inside = u.matmul(inner * (row(&s) / &size));
                match m > n {
                    true => (inside + outside(&u, &g) * (row(&reciprocal(&s)) * size)).matmul(v.t()),
                    false => inside.matmul(v.t()),
                }
            }
        }
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let (_, m, n) = matrix("svd", &a[0].shape()).or_raise();
        let of = |part: Svd| if part == *self { y.clone() } else { part.of(&a[0]) };
        let (u, v) = (of(Svd::Left), of(Svd::Right));
        if *self == Svd::Values {
            return (u * d.matmul(v)).sum_over(-2);
        }
        let s = of(Svd::Values);
        let (gaps, size) = Gaps { squares: true }.of(&s);
        let d = d / &size;
        let p = u.t().matmul(&d).matmul(&v);
        let (rows, columns) = (row(&s) / &size, column(&s) / &size);
        match self {
            Svd::Right => {
                let inside = v.matmul(gaps * (p.clone() * columns + p.t() * rows));
                match n > m {
                    true => inside + outside(&v, &d.t().matmul(u)) * (row(&reciprocal(&s)) * size),
                    false => inside,
                }
            }
            _ => {
                let inside = u.matmul(gaps * (p.clone() * rows + p.t() * columns));
                match m > n {
                    true => inside + outside(&u, &d.matmul(v)) * (row(&reciprocal(&s)) * size),
                    false => inside,
                }
            }
        }
    }

    #[inline]
    fn at_kinks(&self) -> &'static str {
        "Where singular values are equal, or 0 and not square, vectors have no derivative, but an error that names them."
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        let short = args[0].iter().rev().take(2).min().copied().unwrap_or(0);
        work([20, args[0].len_elements(), short])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        // Singular values that lie well apart, so that differences are accurate.
        let pair = Tensor::from([[[3.0, 0.5], [0.2, 1.0], [-0.4, 0.3]], [[0.1, 2.5], [1.2, -0.3], [0.6, 0.8]]]);
        let inputs = || [regular(&[3, 3], 0.2), regular(&[4, 2], 0.4), regular(&[2, 3], 0.5), pair.clone()];
        let cases = |op: Svd| inputs().into_iter().map(move |x| Case::of(op).exactly(x));
        let empty = Case::of(Svd::Values).exactly(Tensor::<f64>::zeros([0, 3, 2]));
        cases(Svd::Values).chain([empty]).chain(cases(Svd::Left)).chain(cases(Svd::Right)).collect()
    }
}

/// The methods of [`Svd`].
pub trait SvdExt: Algebra {
    /// The factors `u`, `s` and `vᵀ` of `self = u·diag(s)·vᵀ`, of matrices `[…, m, n]`: `[…, m, k]`, `[…, k]` and `[…, k, n]` with
    /// `k = min(m, n)`, `s` descending. Cost: about `20·m·n·k` operations for each; the decomposition is shared by the three
    /// and by their gradients as long as no other is made on the thread.
    ///
    /// PyTorch's `svd(full_matrices=False)`: what full matrices add is arbitrary and has no derivative. Of each column of
    /// `u` the first element that is at least half as large as its largest is positive; PyTorch leaves the signs to LAPACK.
    ///
    /// Where two values are equal to rounding, or one is 0 and the matrix not square, the vectors have no derivative:
    /// [`Error::NoDerivative`]. The values have theirs, but at 0 (a kink), where they get that of one side.
    ///
    /// # Panics
    /// If the rank is below 2, or the iteration does not converge.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let a = Tensor::from([[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]]);
    /// let (u, s, vt) = a.svd();
    /// assert!((s[[0]] - 2.0_f64).abs() < 1e-15 && (s[[1]] - 1.0_f64).abs() < 1e-15);
    /// assert!((u * s).matmul(vt).data().iter().zip(a.data()).all(|(x, y): (&f64, &f64)| (x - y).abs() < 1e-15));
    /// ```
    #[track_caller]
    fn svd(&self) -> (Self, Self, Self) {
        (Svd::Left.of(self), Svd::Values.of(self), Svd::Right.of(self).t())
    }

    /// The singular values alone, descending: differentiable where they repeat, too.
    ///
    /// # Panics
    /// If the rank is below 2, or the iteration does not converge.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let gradient = grad(|a: Var| a.svdvals().sum(), &Tensor::eye(2)).unwrap();
    /// assert_eq!(gradient, Tensor::eye(2)); // of the nuclear norm
    /// ```
    #[track_caller]
    fn svdvals(&self) -> Self {
        let _called = called("svdvals");
        Svd::Values.of(self)
    }
}

impl<A: Algebra> SvdExt for A {}

//! The QR factorisation.

use crate::error::{Error, OrRaise};
use crate::kernels::factor::matrices;
use crate::ops::{AwayFromZero, DiagonalExt, MatMulExt, PermuteExt, SliceExt, Triangle, TriangleExt, TriangularSolve};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{matrix, regular};

/// The factor `y` with orthonormal columns of `a = y·r`, where `r` is an upper triangle with a positive diagonal, of matrices
/// with at least as many rows as columns. The other factor is `yᵀ·a`, which needs no rule of its own.
///
/// Rules (Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
/// experimental design", 2010; Seeger and others, "Auto-differentiating linear algebra", 2017): with `m = −gᵀ·y`, whose
/// lower triangle is copied to the upper, `(g + y·m)·r⁻ᵀ`; forwards, with `c = d·r⁻¹` and the antisymmetric `ω` that has the
/// lower triangle of `yᵀ·c`, `c − y·(yᵀ·c − ω)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct QrFactor;

/// The triangle `r`, whose diagonal may have no zero.
#[track_caller]
fn triangle<A: Algebra>(a: &A, q: &A) -> A {
    let r = q.t().matmul(a).triu(0);
    AwayFromZero::expect("qr", "diagonal element", &r.diagonal(0));
    r
}

impl Op for QrFactor {
    #[inline]
    fn name(&self) -> String {
        "qr_factor".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (_, m, n) = matrix("qr", args[0])?;
        match m >= n {
            true => Ok(args[0].clone()),
            false => Err(Error::shape("qr", format!("{n} columns of {m} elements are not independent: {}", args[0]))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let (m, n) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
        let factors = matrices(&a[0]).flat_map(|x| F::qr(x, m, n)).collect();
        Tensor::from_parts(shape.clone(), factors).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let r = triangle(&a[0], y);
        let m = -g.t().matmul(y);
        let copied = m.tril(0) + m.tril(-1).t();
        TriangularSolve::of(Triangle::Upper, &r, &(y.matmul(copied) + g).t()).t()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let r = triangle(&a[0], y);
        let c = TriangularSolve::of(Triangle::Lower, &r.t(), &d.t()).t();
        let inner = y.t().matmul(&c);
        let below = inner.tril(-1);
        let turn = below.clone() - below.t();
        c - y.matmul(inner - turn)
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([4, y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(QrFactor).exactly(x);
        vec![
            // Not square: there the last column has no say in its direction.
            case(regular(&[5, 2], 0.4)),
            case(regular(&[2, 3, 2], 0.6)),
            case(-regular(&[2, 1], 0.8)),
            case(Tensor::zeros([0, 3, 2])),
        ]
    }
}

/// The method of [`QrFactor`].
pub trait QrExt: Algebra {
    /// The factors `q`, whose columns are orthonormal, and `r`, an upper triangle, with `q·r = self`, of matrices `[…, m, n]`:
    /// `[…, m, k]` and `[…, k, n]` with `k = min(m, n)`, PyTorch's mode "reduced". Cost: `4·m·n·k` operations for each.
    ///
    /// The diagonal of `r` is positive, which makes the factors unique: PyTorch leaves the signs to LAPACK. The "complete"
    /// mode is left out: what it adds to `q` is arbitrary and has no derivative.
    ///
    /// Where the first `k` columns are dependent there are factors and no derivative: [`Error::NoDerivative`].
    ///
    /// # Panics
    /// If the rank is below 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (q, r) = Tensor::from([[3.0, 1.0], [4.0, 2.0]]).qr();
    /// assert!((q.matmul(&r) - Tensor::from([[3.0, 1.0], [4.0, 2.0]])).data().iter().all(|x: &f64| x.abs() < 1e-15));
    /// assert!((r[[0, 0]] - 5.0).abs() < 1e-15 && r[[1, 0]] == 0.0);
    /// ```
    #[track_caller]
    fn qr(&self) -> (Self, Self) {
        let (_, m, n) = matrix("qr", &self.shape()).or_raise();
        let head = if n > m { self.slice(-1, 0..m) } else { self.clone() };
        let q = Self::apply(QrFactor, &[Arg::Real(&head)]).real();
        let r = q.t().matmul(self).triu(0);
        (q, r)
    }
}

impl<A: Algebra> QrExt for A {}

/// [`QrExt::qr`], as the tests of all functions see it: its factor of that number.
#[derive(Clone, Debug)]
pub struct Qr(usize);

impl Function for Qr {
    const NAME: &'static str = "qr";
    const TEXT: &'static str = "q = qr_factor(a, no more columns than rows), r = qᵀ · a";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        let (q, r) = a[0].qr();
        [q, r][self.0].clone()
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |factor, shape: &[usize]| (Qr(factor), Case::function().exactly(regular(shape, 0.3)));
        vec![case(1, &[3, 3]), case(1, &[4, 2]), case(1, &[2, 3]), case(0, &[2, 3]), case(1, &[2, 3, 2])]
    }
}

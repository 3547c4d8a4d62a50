//! The determinant of matrices for which it over- or underflows: its sign, and the logarithm of its size.

use crate::error::Error;
use crate::kernels::factor::lu_of;
use crate::kernels::triangles::Lu;
use crate::ops::{InverseExt, PermuteExt, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{element, regular, square};

/// `ln |det a|` of square matrices; −∞ for singular ones, which have no derivative.
///
/// Rule: `g·a⁻ᵀ` (Giles 2008, section 2.2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LogAbsDet;

/// The sign of the determinant of square matrices: −1, 0 or 1. It has no derivative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct DetSign;

impl Op for LogAbsDet {
    #[inline]
    fn name(&self) -> String {
        "slogdet_log".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("slogdet", args[0]).map(|(batch, _)| batch)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let size = |pivot: F| num_traits::Float::ln(num_traits::Float::abs(pivot));
        let sums = lu_of(&a[0]).iter().map(|lu| lu.pivots().map(size).sum::<F>()).collect();
        Tensor::from_parts(Shape::from(&shape[..shape.rank() - 2]), sums).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        element(&g) * a[0].inverse().t()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        (d * a[0].inverse().t()).sum_over([-2, -1])
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([2, args[0].len_elements(), args[0].last().copied().unwrap_or(0)]) / 3
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(LogAbsDet).exactly(x);
        vec![
            case(regular(&[3, 3], 0.3)),
            case(regular(&[2, 2, 2], 0.6)),
            case(Tensor::from([[0.0, 2.0], [1.5, 0.0]])),
            case(Tensor::zeros([0, 0])),
        ]
    }
}

impl Op for DetSign {
    #[inline]
    fn name(&self) -> String {
        "slogdet_sign".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("slogdet", args[0]).map(|(batch, _)| batch)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let sign = |x: F| if x == F::zero() { x } else { num_traits::Float::signum(x) };
        let of = |lu: &Lu<F>| {
            lu.pivots().fold(if lu.odd { -F::one() } else { F::one() }, |product, pivot| product * sign(pivot))
        };
        let signs = lu_of(&a[0]).iter().map(of).collect();
        Tensor::from_parts(Shape::from(&shape[..shape.rank() - 2]), signs).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(DetSign).exactly(x);
        vec![
            case(regular(&[3, 3], 0.3)),
            case(Tensor::from([[0.0, 2.0], [1.5, 0.0]])),
            case(Tensor::from([[1.0, 2.0], [2.0, 4.0]])),
        ]
    }
}

/// The method of [`LogAbsDet`] and [`DetSign`].
pub trait SlogdetExt: Algebra {
    /// The sign of the determinant of square matrices `[…, n, n]`, and the logarithm of its size: `det = sign · exp(log)`.
    /// Cost: `⅔·n³` operations for each. The sign is piecewise constant and carries no gradient.
    ///
    /// A singular matrix has sign 0 and −∞; a derivative there is [`Error::Singular`].
    ///
    /// # Panics
    /// If the last two lengths differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (sign, log) = (Tensor::<f64>::eye(400) * -1e-3).slogdet();
    /// assert_eq!(sign.item(), 1.0);
    /// assert!((log.item() - 400.0_f64 * 1e-3_f64.ln()).abs() < 1e-9);
    /// ```
    #[track_caller]
    fn slogdet(&self) -> (Self, Self) {
        let args = [Arg::Real(self)];
        (Self::apply(DetSign, &args).real(), Self::apply(LogAbsDet, &args).real())
    }
}

impl<A: Algebra> SlogdetExt for A {}

//! The determinant.

use crate::error::Error;
use crate::kernels::factor::lu_of;
use crate::ops::{Cofactors, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{element, regular, square};

/// The determinant of square matrices, by LU factorisation with row pivots.
///
/// Rule: `g` times the matrix of [`Cofactors`] (Jacobi's formula; Giles 2008, section 2.2.4, has it as `g·det a·a⁻ᵀ`,
/// which singular matrices do not have).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Det;

impl Op for Det {
    #[inline]
    fn name(&self) -> String {
        "det".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("det", args[0]).map(|(batch, _)| batch)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let determinants = lu_of(&a[0]).iter().map(|lu| lu.determinant()).collect();
        Tensor::from_parts(Shape::from(&shape[..shape.rank() - 2]), determinants).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        element(&g) * Cofactors::of(&a[0])
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        (d * Cofactors::of(&a[0])).sum_over([-2, -1])
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([2, args[0].len_elements(), args[0].last().copied().unwrap_or(0)]) / 3
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(Det).exactly(x);
        let singular = Tensor::from([[2.0, 3.0], [4.0, 6.0]]);
        vec![
            case(regular(&[3, 3], 0.3)),
            case(regular(&[2, 2, 2], 0.6)),
            case(regular(&[1, 1], 0.1)),
            case(singular),
            case(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])),
            case(Tensor::zeros([0, 0])),
            case(Tensor::zeros([0, 2, 2])),
        ]
    }
}

/// The method of [`Det`].
pub trait DetExt: Algebra {
    /// The determinants of square matrices `[…, n, n]`; that of an empty matrix is 1. Cost: `⅔·n³` operations for each.
    ///
    /// It is a polynomial of the elements, and its first and second derivatives are right at any rank. A third derivative
    /// of four rows and more needs the inverse, so that it is [`Error::Singular`] at a singular matrix.
    ///
    /// # Panics
    /// If the last two lengths differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([[2.0, 3.0], [1.0, 4.0]]).det().item(), 5.0);
    /// assert_eq!(Tensor::<f64>::ones([4, 4]).det().item(), 0.0);
    /// ```
    #[track_caller]
    fn det(&self) -> Self {
        Self::apply(Det, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> DetExt for A {}

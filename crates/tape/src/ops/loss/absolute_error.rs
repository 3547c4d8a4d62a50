//! The absolute error.

use crate::error::scope::called;
use crate::ops::Reduction;
use crate::ops::reduction::targets;
use crate::rule::algebra::Algebra;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = |x − t|`. Where the two are equal the derivative is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct AbsoluteError;

impl Pointwise for AbsoluteError {
    type Arity = Two;
    const NAME: &'static str = "absolute_error";
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 0.9), (1.0, 2.0)];
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "Where the two are equal the derivative is 0.";
    const FLOPS: u64 = 2;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        (x - t).abs()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], _y: R) -> R {
        let (d, one) = (if arg == 0 { x - t } else { t - x }, x.number(1.0));
        let zero = x.number(0.0);
        R::select(zero.lt(d), one, R::select(d.lt(zero), -one, zero))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("|{} − {}|", args[0], args[1])
    }
}

/// The method of [`AbsoluteError`].
pub trait AbsoluteErrorExt: Algebra {
    /// `|x − t|`, reduced: PyTorch's `l1_loss`. Both carry a gradient; where the two are equal it is 0.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self`, `wanted` | the same: unlike PyTorch, nothing is broadcast here |
    /// | result | `[]`, or that shape for [`Reduction::None`] |
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, t) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 4.0]));
    /// assert_eq!(x.l1_loss(&t, Reduction::Sum).item(), 2.0);
    /// ```
    #[track_caller]
    fn l1_loss(&self, wanted: impl Operand<Self>, reduction: Reduction) -> Self {
        let _called = called("l1_loss");
        let t = targets("l1_loss", self, &wanted);
        reduction.of(Self::pointwise(AbsoluteError, [self, &t]))
    }
}

impl<A: Algebra> AbsoluteErrorExt for A {}

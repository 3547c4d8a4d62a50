//! The squared error.

use crate::error::scope::called;
use crate::ops::Reduction;
use crate::ops::reduction::targets;
use crate::rule::algebra::Algebra;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = (x − t)²`
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct SquaredError;

impl Pointwise for SquaredError {
    type Arity = Two;
    const NAME: &'static str = "squared_error";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 2;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        (x - t) * (x - t)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], _y: R) -> R {
        (if arg == 0 { x - t } else { t - x }) * 2.0
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("({} − {})²", args[0], args[1])
    }
}

/// The method of [`SquaredError`].
pub trait SquaredErrorExt: Algebra {
    /// `(x − t)²`, reduced: PyTorch's `mse_loss`. Both carry a gradient.
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
    /// assert_eq!(x.mse_loss(&t, Reduction::Mean).item(), 2.0);
    /// assert_eq!(x.mse_loss(&t, Reduction::None).data(), [0.0, 4.0]);
    /// ```
    #[track_caller]
    fn mse_loss(&self, wanted: impl Operand<Self>, reduction: Reduction) -> Self {
        let _called = called("mse_loss");
        let t = targets("mse_loss", self, &wanted);
        reduction.of(Self::pointwise(SquaredError, [self, &t]))
    }
}

impl<A: Algebra> SquaredErrorExt for A {}

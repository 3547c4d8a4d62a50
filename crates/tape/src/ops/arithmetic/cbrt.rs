//! The cube root.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ∛x`, of negative numbers too, with derivative `1/(3y²)`; infinite at 0. NumPy's name, since PyTorch has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cbrt;

impl Pointwise for Cbrt {
    type Arity = One;
    const NAME: &'static str = "cbrt";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 3.0)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.cbrt()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], y: R) -> R {
        x.number(1.0) / (y * y * 3.0)
    }
}

/// The method of [`Cbrt`].
pub trait CbrtExt: Elementwise {
    /// `y = ∛x`, of negative numbers too, with derivative `1/(3y²)`; infinite at 0. NumPy's name, since PyTorch has
    /// none.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([27.0, -8.0]).cbrt().data(), [3.0, -2.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn cbrt(&self) -> Self {
        Self::pointwise(Cbrt, [self])
    }
}

impl<A: Elementwise> CbrtExt for A {}

//! The sign.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// −1, 0 or 1: the sign of `x`. The derivative is 0 everywhere, also at 0. NaN has the sign 0, as in PyTorch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Sign;

impl Pointwise for Sign {
    type Arity = One;
    const NAME: &'static str = "sign";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "The derivative is 0 everywhere, also where the value jumps.";

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        R::select(x.lt(x.number(0.0)), x.number(-1.0), R::select(x.number(0.0).lt(x), x.number(1.0), x.number(0.0)))
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(0.0)
    }

    #[inline]
    fn slope(&self, _arg: usize) -> Option<f64> {
        Some(0.0)
    }
}

/// The method of [`Sign`].
pub trait SignExt: Elementwise {
    /// −1, 0 or 1: the sign of `x`. The derivative is 0 everywhere, also at 0. NaN has the sign 0, as in PyTorch.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 0.0, 7.0]).sign().data(), [-1.0, 0.0, 1.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn sign(&self) -> Self {
        Self::pointwise(Sign, [self])
    }
}

impl<A: Elementwise> SignExt for A {}

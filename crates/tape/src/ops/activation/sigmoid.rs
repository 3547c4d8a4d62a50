//! The logistic function.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = 1 / (1 + exp(−x))`, with derivative `y (1 − y)`. It does not overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Sigmoid;

impl Pointwise for Sigmoid {
    type Arity = One;
    const NAME: &'static str = "sigmoid";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.sigmoid()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], y: R) -> R {
        // 1 − y, from x: far right y is 1, and its digits are lost
        y * (-x).sigmoid()
    }
}

/// The method of [`Sigmoid`].
pub trait SigmoidExt: Elementwise {
    /// `y = 1 / (1 + exp(−x))`, with derivative `y (1 − y)`. It does not overflow.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([-1000.0, 0.0, 1000.0]).sigmoid();
    /// assert_eq!(y.data(), [0.0, 0.5, 1.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn sigmoid(&self) -> Self {
        Self::pointwise(Sigmoid, [self])
    }
}

impl<A: Elementwise> SigmoidExt for A {}

//! Rounding to the nearest.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// The whole number nearest to `x`; of two that are equally near, the even one. The derivative is 0 everywhere, also
/// where the value jumps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Round;

impl Pointwise for Round {
    type Arity = One;
    const NAME: &'static str = "round";
    const KINKS: &'static [f64] = &[-1.5, 0.5, 1.5];
    const AT_KINKS: &'static str = "The derivative is 0 everywhere, also where the value jumps.";

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.round()
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

/// The method of [`Round`].
pub trait RoundExt: Elementwise {
    /// The whole number nearest to `x`; of two that are equally near, the even one. The derivative is 0 everywhere,
    /// also where the value jumps. PyTorch's `decimals` is not taken: `(x * 100.0).round() / 100.0` has two.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.5, 1.5, -2.7]).round().data(), [0.0, 2.0, -3.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn round(&self) -> Self {
        Self::pointwise(Round, [self])
    }
}

impl<A: Elementwise> RoundExt for A {}

//! Rounding towards 0.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// The whole part of `x`: rounded towards 0. The derivative is 0 everywhere, also where the value jumps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Trunc;

impl Pointwise for Trunc {
    type Arity = One;
    const NAME: &'static str = "trunc";
    const KINKS: &'static [f64] = &[-1.0, 0.0, 1.0];
    const AT_KINKS: &'static str = "The derivative is 0 everywhere, also where the value jumps.";

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.trunc()
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

/// The method of [`Trunc`].
pub trait TruncExt: Elementwise {
    /// The whole part of `x`: rounded towards 0. The derivative is 0 everywhere, also where the value jumps.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-1.5, 2.7]).trunc().data(), [-1.0, 2.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn trunc(&self) -> Self {
        Self::pointwise(Trunc, [self])
    }
}

impl<A: Elementwise> TruncExt for A {}

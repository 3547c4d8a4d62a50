//! The square.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x²`, with derivative `2x`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Square;

impl Pointwise for Square {
    type Arity = One;
    const NAME: &'static str = "square";
    const ANALYTIC: bool = true;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x * x
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x * 2.0
    }
}

/// The method of [`Square`].
pub trait SquareExt: Elementwise {
    /// `y = x²`, with derivative `2x`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([3.0, -2.0]).square().data(), [9.0, 4.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn square(&self) -> Self {
        Self::pointwise(Square, [self])
    }
}

impl<A: Elementwise> SquareExt for A {}

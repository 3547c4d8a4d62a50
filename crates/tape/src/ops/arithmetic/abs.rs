//! The absolute value.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = |x|`, with derivative the sign of `x`. At 0 it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Abs;

impl Pointwise for Abs {
    type Arity = One;
    const NAME: &'static str = "abs";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At 0 the derivative is 0.";

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.abs()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let zero = x.number(0.0);
        let (one, minus) = (x.number(1.0), x.number(-1.0));
        R::select(zero.lt(x), one, R::select(x.lt(zero), minus, zero))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("|{}|", args[0])
    }
}

/// The method of [`Abs`].
pub trait AbsExt: Elementwise {
    /// `y = |x|`, with derivative the sign of `x`. At 0 it is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).abs().data(), [2.0, 3.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn abs(&self) -> Self {
        Self::pointwise(Abs, [self])
    }
}

impl<A: Elementwise> AbsExt for A {}

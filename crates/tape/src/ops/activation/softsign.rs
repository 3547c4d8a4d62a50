//! A slow sigmoid.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x/(1 + |x|)`, with derivative `1/(1 + |x|)²`. At 0 the second derivative is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Softsign;

impl Pointwise for Softsign {
    type Arity = One;
    const NAME: &'static str = "softsign";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At 0 the second derivative is 0.";

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let infinite = x.abs().eq(x.number(f64::INFINITY));
        let sign = R::select(x.lt(x.number(0.0)), x.number(-1.0), x.number(1.0));
        R::select(infinite, sign, x / (x.abs() + 1.0))
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let sign = R::select(x.lt(x.number(0.0)), x.number(-1.0), x.number(1.0));
        let sign = R::select(x.eq(x.number(0.0)), x.number(0.0), sign);
        let below = x * sign + 1.0;
        x.number(1.0) / (below * below)
    }
}

/// The method of [`Softsign`].
pub trait SoftsignExt: Elementwise {
    /// `y = x/(1 + |x|)`, with derivative `1/(1 + |x|)²`. At 0 the second derivative is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, -3.0]).softsign().data(), [0.5, -0.75]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn softsign(&self) -> Self {
        Self::pointwise(Softsign, [self])
    }
}

impl<A: Elementwise> SoftsignExt for A {}

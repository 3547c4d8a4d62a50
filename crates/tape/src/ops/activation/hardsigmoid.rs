//! A sigmoid made of three lines.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = 0` where `x ≤ −3`, 1 where `x ≥ 3`, else `x/6 + 1/2`. At ±3 the derivative is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct HardSigmoid;

impl Pointwise for HardSigmoid {
    type Arity = One;
    const NAME: &'static str = "hardsigmoid";
    const DOMAIN: &'static [(f64, f64)] = &[(-5.0, 5.0)];
    const KINKS: &'static [f64] = &[-3.0, 3.0];
    const AT_KINKS: &'static str = "At ±3 the derivative is 0.";

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let inner = x / 6.0 + 0.5;
        R::select(x.le(x.number(-3.0)), x.number(0.0), R::select(x.number(3.0).le(x), x.number(1.0), inner))
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let inner = R::select(x.lt(x.number(3.0)), x.number(1.0 / 6.0), x.number(0.0));
        R::select(x.number(-3.0).lt(x), inner, x.number(0.0))
    }
}

/// The method of [`HardSigmoid`].
pub trait HardSigmoidExt: Elementwise {
    /// `y = 0` where `x ≤ −3`, 1 where `x ≥ 3`, else `x/6 + 1/2`. At ±3 the derivative is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-9.0, 0.0, 3.0]).hardsigmoid().data(), [0.0, 0.5, 1.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn hardsigmoid(&self) -> Self {
        Self::pointwise(HardSigmoid, [self])
    }
}

impl<A: Elementwise> HardSigmoidExt for A {}

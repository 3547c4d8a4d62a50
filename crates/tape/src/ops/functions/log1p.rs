//! The logarithm near 1.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ln(1 + x)`, accurate near 0, with derivative `1/(1 + x)`; −∞ at −1, NaN below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Log1p;

impl Pointwise for Log1p {
    type Arity = One;
    const NAME: &'static str = "log1p";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(-0.7, 3.0)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.ln_1p()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(1.0) / (x + 1.0)
    }
}

/// The method of [`Log1p`].
pub trait Log1pExt: Elementwise {
    /// `y = ln(1 + x)`, accurate near 0, with derivative `1/(1 + x)`; −∞ at −1, NaN below.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1e-20, 0.0]).log1p().data(), [1e-20, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn log1p(&self) -> Self {
        Self::pointwise(Log1p, [self])
    }
}

impl<A: Elementwise> Log1pExt for A {}

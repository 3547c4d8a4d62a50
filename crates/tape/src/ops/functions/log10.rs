//! The logarithm to base 10.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = log₁₀(x)`, with derivative `1/(x ln 10)`; −∞ at 0, NaN below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Log10;

impl Pointwise for Log10 {
    type Arity = One;
    const NAME: &'static str = "log10";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 3.0)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.log10()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(std::f64::consts::LOG10_E) / x
    }
}

/// The method of [`Log10`].
pub trait Log10Ext: Elementwise {
    /// `y = log₁₀(x)`, with derivative `1/(x ln 10)`; −∞ at 0, NaN below.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([100.0, 1.0]).log10().data(), [2.0, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn log10(&self) -> Self {
        Self::pointwise(Log10, [self])
    }
}

impl<A: Elementwise> Log10Ext for A {}

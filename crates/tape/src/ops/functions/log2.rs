//! The logarithm to base 2.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = log₂(x)`, with derivative `1/(x ln 2)`; −∞ at 0, NaN below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Log2;

impl Pointwise for Log2 {
    type Arity = One;
    const NAME: &'static str = "log2";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 3.0)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.log2()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(std::f64::consts::LOG2_E) / x
    }
}

/// The method of [`Log2`].
pub trait Log2Ext: Elementwise {
    /// `y = log₂(x)`, with derivative `1/(x ln 2)`; −∞ at 0, NaN below.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([8.0, 0.5]).log2().data(), [3.0, -1.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn log2(&self) -> Self {
        Self::pointwise(Log2, [self])
    }
}

impl<A: Elementwise> Log2Ext for A {}

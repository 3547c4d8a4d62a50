//! The exponential without its 1.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = exp(x) − 1`, accurate near 0, with derivative `y + 1`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Expm1;

impl Pointwise for Expm1 {
    type Arity = One;
    const NAME: &'static str = "expm1";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.exp_m1()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.exp()
    }
}

/// The method of [`Expm1`].
pub trait Expm1Ext: Elementwise {
    /// `y = exp(x) − 1`, accurate near 0, with derivative `y + 1`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1e-20, 0.0]).expm1().data(), [1e-20, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn expm1(&self) -> Self {
        Self::pointwise(Expm1, [self])
    }
}

impl<A: Elementwise> Expm1Ext for A {}

//! One over the square root.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = 1/√x`, with derivative `−y³/2`; infinite at 0, NaN below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Rsqrt;

impl Pointwise for Rsqrt {
    type Arity = One;
    const NAME: &'static str = "rsqrt";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 3.0)];
    const FLOPS: u64 = 5;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.number(1.0) / x.sqrt()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        y * y * y * -0.5
    }
}

/// The method of [`Rsqrt`].
pub trait RsqrtExt: Elementwise {
    /// `y = 1/√x`, with derivative `−y³/2`; infinite at 0, NaN below.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([4.0, 0.25]).rsqrt().data(), [0.5, 2.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn rsqrt(&self) -> Self {
        Self::pointwise(Rsqrt, [self])
    }
}

impl<A: Elementwise> RsqrtExt for A {}

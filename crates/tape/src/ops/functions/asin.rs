//! The inverse of the sine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = arcsin(x)` in [−π/2, π/2], with derivative `1/√((1 − x)(1 + x))`; NaN outside [−1, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Asin;

impl Pointwise for Asin {
    type Arity = One;
    const NAME: &'static str = "asin";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(-0.9, 0.9)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.asin()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(1.0) / ((-x + 1.0) * (x + 1.0)).sqrt()
    }
}

/// The method of [`Asin`].
pub trait AsinExt: Elementwise {
    /// `y = arcsin(x)` in [−π/2, π/2], with derivative `1/√((1 − x)(1 + x))`; NaN outside [−1, 1].
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 0.0]).asin().data(), [std::f64::consts::FRAC_PI_2, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn asin(&self) -> Self {
        Self::pointwise(Asin, [self])
    }
}

impl<A: Elementwise> AsinExt for A {}

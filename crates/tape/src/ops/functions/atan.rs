//! The inverse of the tangent.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = arctan(x)` in [−π/2, π/2], with derivative `1/(1 + x²)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Atan;

impl Pointwise for Atan {
    type Arity = One;
    const NAME: &'static str = "atan";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.atan()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(1.0) / (x * x + 1.0)
    }
}

/// The method of [`Atan`].
pub trait AtanExt: Elementwise {
    /// `y = arctan(x)` in [−π/2, π/2], with derivative `1/(1 + x²)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 0.0]).atan().data(), [std::f64::consts::FRAC_PI_4, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn atan(&self) -> Self {
        Self::pointwise(Atan, [self])
    }
}

impl<A: Elementwise> AtanExt for A {}

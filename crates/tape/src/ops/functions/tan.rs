//! The tangent.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = tan(x)`, with derivative `1 + y²`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Tan;

impl Pointwise for Tan {
    type Arity = One;
    const NAME: &'static str = "tan";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(-1.2, 1.2)];
    const FLOPS: u64 = 30;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.tan()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        y * y + 1.0
    }
}

/// The method of [`Tan`].
pub trait TanExt: Elementwise {
    /// `y = tan(x)`, with derivative `1 + y²`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0]).tan().data(), [0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn tan(&self) -> Self {
        Self::pointwise(Tan, [self])
    }
}

impl<A: Elementwise> TanExt for A {}

//! The inverse of the hyperbolic tangent.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = artanh(x)`, with derivative `1/((1 − x)(1 + x))`; infinite at ±1, NaN outside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Atanh;

impl Pointwise for Atanh {
    type Arity = One;
    const NAME: &'static str = "atanh";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(-0.8, 0.8)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.atanh()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(1.0) / ((-x + 1.0) * (x + 1.0))
    }
}

/// The method of [`Atanh`].
pub trait AtanhExt: Elementwise {
    /// `y = artanh(x)`, with derivative `1/((1 − x)(1 + x))`; infinite at ±1, NaN outside.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 1.0]).atanh().data(), [0.0, f64::INFINITY]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn atanh(&self) -> Self {
        Self::pointwise(Atanh, [self])
    }
}

impl<A: Elementwise> AtanhExt for A {}

//! The inverse of the error function.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// The `y` with `erf(y) = x`, with derivative `√π/2 · exp(y²)`; infinite at ±1, NaN outside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Erfinv;

impl Pointwise for Erfinv {
    type Arity = One;
    const NAME: &'static str = "erfinv";
    const DOMAIN: &'static [(f64, f64)] = &[(-0.9, 0.9)];
    const FLOPS: u64 = 40;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.erfinv()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        (y * y).exp() * (1.0 / std::f64::consts::FRAC_2_SQRT_PI)
    }
}

/// The method of [`Erfinv`].
pub trait ErfinvExt: Elementwise {
    /// The `y` with `erf(y) = x`, with derivative `√π/2 · exp(y²)`; infinite at ±1, NaN outside.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([0.4, -0.9]);
    /// assert!((x.erfinv().erf() - x).abs().max().item() < 1e-15);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn erfinv(&self) -> Self {
        Self::pointwise(Erfinv, [self])
    }
}

impl<A: Elementwise> ErfinvExt for A {}

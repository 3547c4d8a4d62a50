//! The exponential.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = exp(x)`, with derivative `y`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Exp;

impl Pointwise for Exp {
    type Arity = One;
    const NAME: &'static str = "exp";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.exp()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        y
    }
}

/// The method of [`Exp`].
pub trait ExpExt: Elementwise {
    /// `y = exp(x)`, with derivative `y`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([0.0, 1.0]).exp();
    /// assert!(y.data()[0] == 1.0 && (y.data()[1] - std::f64::consts::E).abs() < 1e-15);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn exp(&self) -> Self {
        Self::pointwise(Exp, [self])
    }
}

impl<A: Elementwise> ExpExt for A {}

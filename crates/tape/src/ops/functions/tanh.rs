//! The hyperbolic tangent.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = tanh(x)`, with derivative `1 − y²`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Tanh;

impl Pointwise for Tanh {
    type Arity = One;
    const NAME: &'static str = "tanh";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.tanh()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // 1 − y², from x: far out y is ±1, and its digits are lost
        let secant = x.number(1.0) / x.cosh();
        secant * secant
    }
}

/// The method of [`Tanh`].
pub trait TanhExt: Elementwise {
    /// `y = tanh(x)`, with derivative `1 − y²`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([0.0, 100.0]).tanh();
    /// assert_eq!(y.data(), [0.0, 1.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn tanh(&self) -> Self {
        Self::pointwise(Tanh, [self])
    }
}

impl<A: Elementwise> TanhExt for A {}

//! The smooth rectifier.

use crate::algebra::Elementwise;
use crate::number::Number;
use crate::pointwise::{One, Pointwise};
use crate::real::Real;

/// `y = ln(1 + exp(x))`, with derivative `sigmoid(x)`. It does not overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Softplus;

impl Pointwise for Softplus {
    type Arity = One;
    const NAME: &'static str = "softplus";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 40;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let zero = x.number(0.0);
        R::select(x.le(zero), zero, x) + (-x.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.sigmoid()
    }
}

/// The method of [`Softplus`].
pub trait SoftplusExt: Elementwise {
    /// `y = ln(1 + exp(x))`, with derivative `sigmoid(x)`. It does not overflow.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([-1000.0, 0.0, 1000.0]).softplus();
    /// assert_eq!(y.data(), [0.0, std::f64::consts::LN_2, 1000.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn softplus(&self) -> Self {
        Self::pointwise(Softplus, [self])
    }
}

impl<A: Elementwise> SoftplusExt for A {}

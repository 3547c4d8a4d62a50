//! The logarithm of the sigmoid.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ln σ(x) = −ln(1 + exp(−x))`, without overflow, with derivative `σ(−x)`: PyTorch's `logsigmoid`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSigmoid;

impl Pointwise for LogSigmoid {
    type Arity = One;
    const NAME: &'static str = "log_sigmoid";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 30;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let zero = x.number(0.0);
        R::select(zero.lt(x), zero, x) - (-x.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        (-x).sigmoid()
    }
}

/// The method of [`LogSigmoid`].
pub trait LogSigmoidExt: Elementwise {
    /// `y = ln σ(x) = −ln(1 + exp(−x))`, without overflow, with derivative `σ(−x)`: PyTorch's `logsigmoid`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-1000.0, 1000.0]).log_sigmoid().data(), [-1000.0, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn log_sigmoid(&self) -> Self {
        Self::pointwise(LogSigmoid, [self])
    }
}

impl<A: Elementwise> LogSigmoidExt for A {}

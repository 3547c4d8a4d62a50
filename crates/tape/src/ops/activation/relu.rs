//! The rectifier.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = max(x, 0)`, with derivative 1 where `x > 0`, else 0. At 0 it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Relu;

impl Pointwise for Relu {
    type Arity = One;
    const NAME: &'static str = "relu";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At 0 the derivative is 0.";

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let zero = x.number(0.0);
        R::select(x.le(zero), zero, x)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        R::select(x.number(0.0).lt(x), x.number(1.0), x.number(0.0))
    }
}

/// The method of [`Relu`].
pub trait ReluExt: Elementwise {
    /// `y = max(x, 0)`, with derivative 1 where `x > 0`, else 0. At 0 it is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 0.0, 3.0]).relu().data(), [0.0, 0.0, 3.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn relu(&self) -> Self {
        Self::pointwise(Relu, [self])
    }
}

impl<A: Elementwise> ReluExt for A {}

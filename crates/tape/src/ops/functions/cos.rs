//! The cosine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = cos(x)`, with derivative `−sin(x)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cos;

impl Pointwise for Cos {
    type Arity = One;
    const NAME: &'static str = "cos";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.cos()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        -x.sin()
    }
}

/// The method of [`Cos`].
pub trait CosExt: Elementwise {
    /// `y = cos(x)`, with derivative `−sin(x)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0]).cos().data(), [1.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn cos(&self) -> Self {
        Self::pointwise(Cos, [self])
    }
}

impl<A: Elementwise> CosExt for A {}

//! The sine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = sin(x)`, with derivative `cos(x)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Sin;

impl Pointwise for Sin {
    type Arity = One;
    const NAME: &'static str = "sin";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.sin()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.cos()
    }
}

/// The method of [`Sin`].
pub trait SinExt: Elementwise {
    /// `y = sin(x)`, with derivative `cos(x)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0]).sin().data(), [0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn sin(&self) -> Self {
        Self::pointwise(Sin, [self])
    }
}

impl<A: Elementwise> SinExt for A {}

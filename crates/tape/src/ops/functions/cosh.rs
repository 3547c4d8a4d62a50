//! The hyperbolic cosine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = cosh(x)`, with derivative `sinh(x)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cosh;

impl Pointwise for Cosh {
    type Arity = One;
    const NAME: &'static str = "cosh";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.cosh()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.sinh()
    }
}

/// The method of [`Cosh`].
pub trait CoshExt: Elementwise {
    /// `y = cosh(x)`, with derivative `sinh(x)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0]).cosh().data(), [1.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn cosh(&self) -> Self {
        Self::pointwise(Cosh, [self])
    }
}

impl<A: Elementwise> CoshExt for A {}

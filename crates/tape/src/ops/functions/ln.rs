//! The natural logarithm.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ln(x)`, with derivative `1/x`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Ln;

impl Pointwise for Ln {
    type Arity = One;
    const NAME: &'static str = "ln";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.2, 4.0)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.ln()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(1.0) / x
    }
}

/// The method of [`Ln`].
pub trait LnExt: Elementwise {
    /// `y = ln(x)`, with derivative `1/x`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0]).ln().data(), [0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn ln(&self) -> Self {
        Self::pointwise(Ln, [self])
    }
}

impl<A: Elementwise> LnExt for A {}

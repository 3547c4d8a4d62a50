//! The square root.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = √x`, with derivative `1/(2y)`; infinite at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Sqrt;

impl Pointwise for Sqrt {
    type Arity = One;
    const NAME: &'static str = "sqrt";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.2, 4.0)];
    const FLOPS: u64 = 4;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.sqrt()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        y.number(0.5) / y
    }
}

/// The method of [`Sqrt`].
pub trait SqrtExt: Elementwise {
    /// `y = √x`, with derivative `1/(2y)`; infinite at 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([9.0]).sqrt().data(), [3.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn sqrt(&self) -> Self {
        Self::pointwise(Sqrt, [self])
    }
}

impl<A: Elementwise> SqrtExt for A {}

//! One over a number.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = 1/x`, with derivative `−y²`; infinite at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Reciprocal;

impl Pointwise for Reciprocal {
    type Arity = One;
    const NAME: &'static str = "reciprocal";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 3.0)];

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.number(1.0) / x
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        -(y * y)
    }
}

/// The method of [`Reciprocal`].
pub trait ReciprocalExt: Elementwise {
    /// `y = 1/x`, with derivative `−y²`; infinite at 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([4.0, -0.5]).reciprocal().data(), [0.25, -2.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn reciprocal(&self) -> Self {
        Self::pointwise(Reciprocal, [self])
    }
}

impl<A: Elementwise> ReciprocalExt for A {}

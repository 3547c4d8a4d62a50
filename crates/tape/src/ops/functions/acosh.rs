//! The inverse of the hyperbolic cosine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = arcosh(x)`, with derivative `1/√((x − 1)(x + 1))`; infinite at 1, NaN below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Acosh;

impl Pointwise for Acosh {
    type Arity = One;
    const NAME: &'static str = "acosh";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(1.3, 3.0)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.acosh()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // two roots, since the product may overflow
        x.number(1.0) / (x - 1.0).sqrt() / (x + 1.0).sqrt()
    }
}

/// The method of [`Acosh`].
pub trait AcoshExt: Elementwise {
    /// `y = arcosh(x)`, with derivative `1/√((x − 1)(x + 1))`; infinite at 1, NaN below.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0]).acosh().data(), [0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn acosh(&self) -> Self {
        Self::pointwise(Acosh, [self])
    }
}

impl<A: Elementwise> AcoshExt for A {}

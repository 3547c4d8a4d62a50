//! The inverse of the cosine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = arccos(x)` in [0, π], with derivative `−1/√((1 − x)(1 + x))`; NaN outside [−1, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Acos;

impl Pointwise for Acos {
    type Arity = One;
    const NAME: &'static str = "acos";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(-0.9, 0.9)];
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.acos()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(-1.0) / ((-x + 1.0) * (x + 1.0)).sqrt()
    }
}

/// The method of [`Acos`].
pub trait AcosExt: Elementwise {
    /// `y = arccos(x)` in [0, π], with derivative `−1/√((1 − x)(1 + x))`; NaN outside [−1, 1].
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-1.0, 1.0]).acos().data(), [std::f64::consts::PI, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn acos(&self) -> Self {
        Self::pointwise(Acos, [self])
    }
}

impl<A: Elementwise> AcosExt for A {}

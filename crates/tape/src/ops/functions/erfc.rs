//! The complementary error function.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = 1 − erf(x)`, accurate where it is small, with derivative `−2/√π · exp(−x²)` (NIST DLMF 7.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Erfc;

impl Pointwise for Erfc {
    type Arity = One;
    const NAME: &'static str = "erfc";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 30;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.erfc()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        (-(x * x)).exp() * -std::f64::consts::FRAC_2_SQRT_PI
    }
}

/// The method of [`Erfc`].
pub trait ErfcExt: Elementwise {
    /// `y = 1 − erf(x)`, accurate where it is small, with derivative `−2/√π · exp(−x²)` (NIST DLMF 7.2.2).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 30.0]).erfc().data(), [1.0, 0.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn erfc(&self) -> Self {
        Self::pointwise(Erfc, [self])
    }
}

impl<A: Elementwise> ErfcExt for A {}

//! The error function.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = erf(x) = 2/√π · ∫₀ˣ exp(−t²) dt`, with derivative `2/√π · exp(−x²)` (NIST DLMF 7.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Erf;

impl Pointwise for Erf {
    type Arity = One;
    const NAME: &'static str = "erf";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 30;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.erf()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        (-(x * x)).exp() * std::f64::consts::FRAC_2_SQRT_PI
    }
}

/// The method of [`Erf`].
pub trait ErfExt: Elementwise {
    /// `y = erf(x) = 2/√π · ∫₀ˣ exp(−t²) dt`, with derivative `2/√π · exp(−x²)` (NIST DLMF 7.2.1).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert!((Tensor::from([1.0]).erf().item() - 0.842_700_792_949_714_9_f64).abs() < 1e-15);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn erf(&self) -> Self {
        Self::pointwise(Erf, [self])
    }
}

impl<A: Elementwise> ErfExt for A {}

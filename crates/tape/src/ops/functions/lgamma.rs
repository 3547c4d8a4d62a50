//! The logarithm of the gamma function.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ln|Γ(x)|`, with derivative `ψ(x)`, the digamma function; ∞ at 0 and negative whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Lgamma;

impl Pointwise for Lgamma {
    type Arity = One;
    const NAME: &'static str = "lgamma";
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 3.0)];
    const FLOPS: u64 = 60;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.lgamma()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.polygamma(0)
    }
}

/// The method of [`Lgamma`].
pub trait LgammaExt: Elementwise {
    /// `y = ln|Γ(x)|`, with derivative `ψ(x)`, the digamma function; ∞ at 0 and negative whole numbers.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert!((Tensor::from([5.0]).lgamma().item() - 24f64.ln()).abs() < 1e-15);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn lgamma(&self) -> Self {
        Self::pointwise(Lgamma, [self])
    }
}

impl<A: Elementwise> LgammaExt for A {}

//! The derivative of the logarithm of the gamma function.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ψ(x) = Γ′(x)/Γ(x)`, with derivative `ψ′(x)`, a polygamma function; infinite at 0, NaN at negative whole
/// numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Digamma;

impl Pointwise for Digamma {
    type Arity = One;
    const NAME: &'static str = "digamma";
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 3.0)];
    const FLOPS: u64 = 60;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.polygamma(0)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.polygamma(1)
    }
}

/// The method of [`Digamma`].
pub trait DigammaExt: Elementwise {
    /// `y = ψ(x) = Γ′(x)/Γ(x)`, with derivative `ψ′(x)`, a polygamma function; infinite at 0, NaN at negative whole
    /// numbers.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert!((Tensor::from([1.0]).digamma().item() + 0.577_215_664_901_532_9_f64).abs() < 1e-15);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn digamma(&self) -> Self {
        Self::pointwise(Digamma, [self])
    }
}

impl<A: Elementwise> DigammaExt for A {}

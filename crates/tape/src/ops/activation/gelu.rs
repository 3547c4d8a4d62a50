//! The Gaussian error linear unit.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x Φ(x)`, with Φ the normal distribution function (Hendrycks and Gimpel 2016), and derivative `Φ(x) + x φ(x)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Gelu;

impl Pointwise for Gelu {
    type Arity = One;
    const NAME: &'static str = "gelu";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 35;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        // at −∞ the limit is 0
        x.chain(cumulative(x))
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // Φ(x) + x φ(x), with the normal distribution's Φ and φ
        let density = (x * x * -0.5).exp() * (0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
        cumulative(x) + x.chain(density)
    }
}

/// The method of [`Gelu`].
pub trait GeluExt: Elementwise {
    /// `y = x Φ(x)`, with Φ the normal distribution function (Hendrycks and Gimpel 2016), and derivative `Φ(x) + x φ(x)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 100.0]).gelu().data(), [0.0, 100.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn gelu(&self) -> Self {
        Self::pointwise(Gelu, [self])
    }
}

impl<A: Elementwise> GeluExt for A {}

/// Φ(x), by the complement of the error function, which keeps its digits far left.
#[inline(always)]
fn cumulative<R: Real>(x: R) -> R {
    (x * -std::f64::consts::FRAC_1_SQRT_2).erfc() * 0.5
}

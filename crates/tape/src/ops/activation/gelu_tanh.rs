//! The Gaussian error linear unit, by a hyperbolic tangent.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// The factor of the cube.
const CUBIC: f64 = 0.044_715;
/// `2 √(2/π)`
const SCALE: f64 = 2.0 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;

/// `y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, near `gelu` (Hendrycks and Gimpel 2016): PyTorch's
/// `gelu(x, approximate='tanh')`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct GeluTanh;

impl Pointwise for GeluTanh {
    type Arity = One;
    const NAME: &'static str = "gelu_tanh";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 30;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        // at −∞ the limit is 0
        x.chain((x * (x * x * CUBIC + 1.0) * SCALE).sigmoid())
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // (1 + tanh(u))/2 = σ(2u)
        let s = (x * (x * x * CUBIC + 1.0) * SCALE).sigmoid();
        // far out the slope of σ is 0, whatever the square beside it is
        s + (x * (x * x * (3.0 * CUBIC) + 1.0) * SCALE).chain(s * (-s + 1.0))
    }
}

/// The method of [`GeluTanh`].
pub trait GeluTanhExt: Elementwise {
    /// `y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, near `gelu` (Hendrycks and Gimpel 2016): PyTorch's
    /// `gelu(x, approximate='tanh')`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 100.0]).gelu_tanh().data(), [0.0, 100.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn gelu_tanh(&self) -> Self {
        Self::pointwise(GeluTanh, [self])
    }
}

impl<A: Elementwise> GeluTanhExt for A {}

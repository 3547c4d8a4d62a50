//! A self-regularised activation.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x tanh(ln(1 + exp(x)))` (Misra 2019), with derivative `t + x σ(x) (1 − t²)` where `t` is that hyperbolic
/// tangent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Mish;

impl Pointwise for Mish {
    type Arity = One;
    const NAME: &'static str = "mish";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 40;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        // at −∞ the limit is 0
        x.chain(gate(x))
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let t = gate(x);
        // at ±∞ the limits are 0 and 1
        t + x.chain(x.sigmoid() * (-(t * t) + 1.0))
    }
}

/// The method of [`Mish`].
pub trait MishExt: Elementwise {
    /// `y = x tanh(ln(1 + exp(x)))` (Misra 2019), with derivative `t + x σ(x) (1 − t²)` where `t` is that hyperbolic
    /// tangent.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 100.0]).mish().data(), [0.0, 100.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn mish(&self) -> Self {
        Self::pointwise(Mish, [self])
    }
}

impl<A: Elementwise> MishExt for A {}

/// `tanh(ln(1 + exp(x)))`, from the exponential of a number that is not positive: with `e = exp(x)` it is
/// `(e² + 2e)/(e² + 2e + 2)`.
fn gate<R: Real>(x: R) -> R {
    let negative = x.lt(x.number(0.0));
    let e = R::select(negative, x, -x).exp();
    let (left, right) = (e * (e + 2.0), e * 2.0 + 1.0);
    R::select(negative, left / (left + 2.0), right / (right + e * e * 2.0))
}

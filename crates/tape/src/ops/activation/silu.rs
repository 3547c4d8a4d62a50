//! The sigmoid linear unit.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x σ(x)` (Elfwing, Uchibe and Doya 2017), with derivative `σ(x) (1 + x (1 − σ(x)))`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Silu;

impl Pointwise for Silu {
    type Arity = One;
    const NAME: &'static str = "silu";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 25;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        // at −∞ the limit is 0
        x.chain(x.sigmoid())
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let s = x.sigmoid();
        // at ±∞ the limits are 0 and 1
        (x.chain(-s + 1.0) + 1.0).chain(s)
    }
}

/// The method of [`Silu`].
pub trait SiluExt: Elementwise {
    /// `y = x σ(x)` (Elfwing, Uchibe and Doya 2017), with derivative `σ(x) (1 + x (1 − σ(x)))`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 100.0]).silu().data(), [0.0, 100.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn silu(&self) -> Self {
        Self::pointwise(Silu, [self])
    }
}

impl<A: Elementwise> SiluExt for A {}

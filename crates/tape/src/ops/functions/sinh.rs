//! The hyperbolic sine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = sinh(x)`, with derivative `cosh(x)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Sinh;

impl Pointwise for Sinh {
    type Arity = One;
    const NAME: &'static str = "sinh";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.sinh()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.cosh()
    }
}

/// The method of [`Sinh`].
pub trait SinhExt: Elementwise {
    /// `y = sinh(x)`, with derivative `cosh(x)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 1e-20]).sinh().data(), [0.0, 1e-20]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn sinh(&self) -> Self {
        Self::pointwise(Sinh, [self])
    }
}

impl<A: Elementwise> SinhExt for A {}

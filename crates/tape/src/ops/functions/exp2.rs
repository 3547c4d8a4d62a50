//! Powers of two.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = 2ˣ`, with derivative `y ln 2`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Exp2;

impl Pointwise for Exp2 {
    type Arity = One;
    const NAME: &'static str = "exp2";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.exp2()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        y * std::f64::consts::LN_2
    }
}

/// The method of [`Exp2`].
pub trait Exp2Ext: Elementwise {
    /// `y = 2ˣ`, with derivative `y ln 2`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([3.0, -1.0]).exp2().data(), [8.0, 0.5]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn exp2(&self) -> Self {
        Self::pointwise(Exp2, [self])
    }
}

impl<A: Elementwise> Exp2Ext for A {}

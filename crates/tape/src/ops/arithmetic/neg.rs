//! The negative. Its method is the operator `-`.

use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = −x`, with derivative −1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Neg;

impl Pointwise for Neg {
    type Arity = One;
    const NAME: &'static str = "neg";
    const ANALYTIC: bool = true;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        -x
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.number(-1.0)
    }

    #[inline(always)]
    fn slope(&self, _arg: usize) -> Option<f64> {
        Some(-1.0)
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("-{}", args[0])
    }
}

//! The difference. Its method is the operator `-`.

use crate::rule::number::Number;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = a − b`, with derivatives 1 and −1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Sub;

impl Pointwise for Sub {
    type Arity = Two;
    const NAME: &'static str = "sub";
    const ANALYTIC: bool = true;

    #[inline(always)]
    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        a - b
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [a, _]: [R; 2], _y: R) -> R {
        a.number(if arg == 0 { 1.0 } else { -1.0 })
    }

    #[inline(always)]
    fn slope(&self, arg: usize) -> Option<f64> {
        Some(if arg == 0 { 1.0 } else { -1.0 })
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} - {}", args[0], args[1])
    }
}

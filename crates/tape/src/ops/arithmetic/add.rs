//! The sum. Its method is the operator `+`.

use crate::rule::number::Number;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = a + b`, with derivatives 1 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Add;

impl Pointwise for Add {
    type Arity = Two;
    const NAME: &'static str = "add";
    const ANALYTIC: bool = true;

    #[inline(always)]
    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        a + b
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [a, _]: [R; 2], _y: R) -> R {
        a.number(1.0)
    }

    #[inline(always)]
    fn slope(&self, _arg: usize) -> Option<f64> {
        Some(1.0)
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} + {}", args[0], args[1])
    }
}

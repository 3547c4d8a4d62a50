//! The product. Its method is the operator `*`.

use crate::rule::number::Number;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = a b`, with derivatives `b` and `a`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Mul;

impl Pointwise for Mul {
    type Arity = Two;
    const NAME: &'static str = "mul";
    const ANALYTIC: bool = true;

    #[inline(always)]
    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        a * b
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], _y: R) -> R {
        match arg {
            0 => b,
            _ => a,
        }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} · {}", args[0], args[1])
    }
}

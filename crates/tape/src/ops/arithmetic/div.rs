//! The quotient. Its method is the operator `/`.

use crate::rule::number::Number;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = a / b`, with derivatives `1/b` and `−y/b`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Div;

impl Pointwise for Div {
    type Arity = Two;
    const NAME: &'static str = "div";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 2.0), (0.3, 2.0)];

    #[inline(always)]
    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        a / b
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [_, b]: [R; 2], y: R) -> R {
        match arg {
            0 => b.number(1.0) / b,
            _ => -y / b,
        }
    }

    /// With one division instead of two.
    #[inline(always)]
    fn partials<R: Number>(&self, [_, b]: [R; 2], y: R) -> [R; 2] {
        let by_a = b.number(1.0) / b;
        [by_a, -y * by_a]
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} / {}", args[0], args[1])
    }
}

//! The product of the chain rule: a cotangent or tangent times a derivative.

use crate::number::Number;
use crate::pointwise::{Pointwise, Two};
use crate::real::Real;

/// `y = g p`, and 0 where `g` is 0, also if `p` is infinite or NaN there. Derivatives are `p` (0 if that is infinite or
/// NaN where `g` is 0) and `g`.
///
/// Where a value does not matter (the branch that a `select` did not take) its cotangent is 0; an infinite derivative
/// there must not make a NaN of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Chain;

impl Pointwise for Chain {
    type Arity = Two;
    const NAME: &'static str = "chain";
    const ANALYTIC: bool = true;

    #[inline(always)]
    fn eval<R: Number>(&self, [g, p]: [R; 2]) -> R {
        g.chain(p)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [g, p]: [R; 2], _y: R) -> R {
        match arg {
            0 => {
                // 0 · p is 0 for finite p alone
                let zero = p.number(0.0);
                let finite = R::select((p * 0.0).eq(zero), p, zero);
                R::select(g.eq(zero), finite, p)
            }
            _ => g,
        }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} · {}", args[0], args[1])
    }
}

//! The product of the chain rule: a cotangent or tangent times a derivative.

use crate::rule::algebra::Algebra;
use crate::rule::number::Number;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = g p`, and 0 where `g` is 0, also if `p` is infinite or NaN there, and where `p` is 0, also if `g` is infinite there.
/// Derivatives are `p` and `g`, each 0 where it is infinite or NaN and the product 0 nevertheless.
///
/// Where a value does not matter (the branch that a `select` did not take) its cotangent is 0; an infinite derivative
/// there must not make a NaN of it. And where a value does not move (a rectifier left of 0) its derivative is 0; an infinite
/// cotangent there must not either. A NaN cotangent stays NaN.
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
        let (zero, (this, other)) = (g.number(0.0), if arg == 0 { (p, g) } else { (g, p) });
        // 0 · x is 0 for finite x alone
        let finite = R::select((this * 0.0).eq(zero), this, zero);
        let absorbed = R::select(other.eq(zero), finite, this);
        match arg {
            0 => absorbed,
            // a NaN cotangent is not absorbed
            _ => R::select(g.eq(g), absorbed, g),
        }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} · {}", args[0], args[1])
    }
}

/// A cotangent or tangent times a derivative, by [`Chain`].
#[track_caller]
pub(crate) fn chain<A: Algebra>(g: &A, derivative: &A) -> A {
    A::pointwise(Chain, [g, derivative])
}

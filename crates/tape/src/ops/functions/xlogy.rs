//! A number times a logarithm.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = a ln(b)`, and 0 where `a = 0`, with derivatives `ln(b)` and `a/b`. Where `a = 0`, the derivative by `b` is 0,
/// and where also `b ≤ 0` the one by `a` is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Xlogy;

impl Pointwise for Xlogy {
    type Arity = Two;
    const NAME: &'static str = "xlogy";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 2.0), (0.3, 3.0)];
    const AT_KINKS: &'static str = "Where a = 0 the derivative by b is 0, and where also b ≤ 0 the one by a is.";
    const FLOPS: u64 = 20;

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        let zero = a.number(0.0);
        let nothing = R::select(b.eq(b), zero, b);
        R::select(a.eq(zero), nothing, a * b.ln())
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], _y: R) -> R {
        // the branch that is not taken is made harmless first
        let (zero, one) = (a.number(0.0), a.number(1.0));
        let nothing = a.eq(zero);
        match arg {
            0 => {
                let outside = R::select(nothing, R::select(b.le(zero), one, zero), zero);
                R::select(outside.eq(one), zero, R::select(outside.eq(one), one, b).ln())
            }
            _ => a / R::select(b.eq(zero), R::select(nothing, one, b), b),
        }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} · ln({})", args[0], args[1])
    }
}

/// The method of [`Xlogy`].
pub trait XlogyExt: Elementwise {
    /// `y = a ln(b)`, and 0 where `a = 0`, with derivatives `ln(b)` and `a/b`. Where `a = 0`, the derivative by `b`
    /// is 0, and where also `b ≤ 0` the one by `a` is.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 2.0]).xlogy(&Tensor::from([0.0, 1.0])).data(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    fn xlogy(&self, other: impl Operand<Self>) -> Self {
        Self::pointwise(Xlogy, [self, &other.beside(self)])
    }
}

impl<A: Elementwise> XlogyExt for A {}

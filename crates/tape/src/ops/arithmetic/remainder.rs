//! The remainder with the sign of the divisor.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `a − b floor(a/b)`, which has the sign of `b`, with derivatives 1 and `−floor(a/b)`. At whole multiples of `b`
/// they are the same. NaN for `b = 0`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Remainder;

impl Pointwise for Remainder {
    type Arity = Two;
    const NAME: &'static str = "remainder";
    const DOMAIN: &'static [(f64, f64)] = &[(-5.0, 5.0), (0.7, 2.0)];
    const KINKS: &'static [f64] = &[1.0, 2.0];
    const AT_KINKS: &'static str = "At whole multiples the derivatives are 1 and −floor(a/b).";
    const FLOPS: u64 = 10;

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        let (rest, zero) = (a.fmod(b), a.number(0.0));
        let apart = R::select(b.lt(zero), -rest, rest).lt(zero);
        R::select(apart, rest + b, rest)
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], y: R) -> R {
        if arg == 0 {
            return a.number(1.0);
        }
        // by what is left, since a/b may be rounded to a whole number; where nothing is left that is a number, by a/b
        let (quotient, zero) = (a / b, a.number(0.0));
        let below = R::select(y.eq(a), zero, a.number(-1.0));
        let cut = R::select(quotient.eq(zero), below, quotient.floor());
        let whole = ((a - y) / b + 0.5).floor();
        -R::select(whole.eq(whole), whole, cut)
    }
}

/// The method of [`Remainder`].
pub trait RemainderExt: Elementwise {
    /// `a − b floor(a/b)`, which has the sign of `b`, with derivatives 1 and `−floor(a/b)`. At whole multiples of `b`
    /// they are the same. NaN for `b = 0`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([5.0, -5.0]).remainder(3.0).data(), [2.0, 1.0]);
    /// ```
    #[track_caller]
    fn remainder(&self, divisor: impl Operand<Self>) -> Self {
        Self::pointwise(Remainder, [self, &divisor.beside(self)])
    }
}

impl<A: Elementwise> RemainderExt for A {}

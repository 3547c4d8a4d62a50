//! The remainder with the sign of the dividend.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `a − b trunc(a/b)`, which has the sign of `a`, with derivatives 1 and `−trunc(a/b)`. At whole multiples of `b`
/// they are the same. NaN for `b = 0`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Fmod;

impl Pointwise for Fmod {
    type Arity = Two;
    const NAME: &'static str = "fmod";
    const DOMAIN: &'static [(f64, f64)] = &[(-5.0, 5.0), (0.7, 2.0)];
    const KINKS: &'static [f64] = &[1.0, 2.0];
    const AT_KINKS: &'static str = "At whole multiples the derivatives are 1 and −trunc(a/b).";
    const FLOPS: u64 = 10;

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        a.fmod(b)
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], y: R) -> R {
        if arg == 0 {
            return a.number(1.0);
        }
        // by what is left, since a/b may be rounded up to a whole number; where nothing is left that is a number, by a/b
        let quotient = a / b;
        let cut = R::select(quotient.lt(a.number(0.0)), -(-quotient).floor(), quotient.floor());
        let whole = ((a - y) / b + 0.5).floor();
        -R::select(whole.eq(whole), whole, cut)
    }
}

/// The method of [`Fmod`].
pub trait FmodExt: Elementwise {
    /// `a − b trunc(a/b)`, which has the sign of `a`, with derivatives 1 and `−trunc(a/b)`. At whole multiples of `b`
    /// they are the same. NaN for `b = 0`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([5.0, -5.0]).fmod(3.0).data(), [2.0, -2.0]);
    /// ```
    #[track_caller]
    fn fmod(&self, divisor: impl Operand<Self>) -> Self {
        Self::pointwise(Fmod, [self, &divisor.beside(self)])
    }
}

impl<A: Elementwise> FmodExt for A {}

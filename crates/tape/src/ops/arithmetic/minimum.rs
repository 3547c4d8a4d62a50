//! The smaller of two numbers.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// The smaller of `a` and `b`, with derivative 1 by that one. Where the two are equal it is ½ by each. NaN if either
/// is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Minimum;

impl Pointwise for Minimum {
    type Arity = Two;
    const NAME: &'static str = "minimum";
    const KINKS: &'static [f64] = &[-1.0, 0.0, 1.0];
    const AT_KINKS: &'static str = "Where the two are equal, the derivative by each is ½.";

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        // a comparison with NaN does not hold, and only NaN differs from itself
        R::select(a.le(b), a, R::select(a.eq(a), b, a))
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], _y: R) -> R {
        // each is taken where it is not beaten: with NaN, both
        let tie = R::select(a.eq(b), a.number(0.5), a.number(1.0));
        let beaten = if arg == 0 { b.lt(a) } else { a.lt(b) };
        R::select(beaten, a.number(0.0), tie)
    }
}

/// The method of [`Minimum`].
pub trait MinimumExt: Elementwise {
    /// The smaller of two numbers, element by element. Where the two are equal, the derivative by each is ½.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (a, b) = (Tensor::from([1.0, 5.0]), Tensor::from([2.0, 3.0]));
    /// assert_eq!(a.minimum(&b).data(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    fn minimum(&self, rhs: impl Operand<Self>) -> Self {
        Self::pointwise(Minimum, [self, &rhs.beside(self)])
    }
}

impl<A: Elementwise> MinimumExt for A {}

//! Linear interpolation.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Three};
use crate::rule::real::Real;

/// `y = a + c (b − a)`, with derivatives `1 − c`, `c` and `b − a`. From `c = ½` on it is computed from the other end,
/// so that `c = 1` gives `b`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Lerp;

impl Pointwise for Lerp {
    type Arity = Three;
    const NAME: &'static str = "lerp";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 3;

    fn eval<R: Number>(&self, [a, b, c]: [R; 3]) -> R {
        let (d, half) = (b - a, c.number(0.5));
        // where the distance is not finite, by the shares of the ends: none of an infinite one is nothing
        let shares = a.chain(-c + 1.0) + b.chain(c);
        let finite = (d * 0.0).eq(c.number(0.0));
        R::select(finite, R::select(c.lt(half), a + c * d, b - (-c + 1.0) * d), shares)
    }

    fn partial<R: Real>(&self, arg: usize, [a, b, c]: [R; 3], _y: R) -> R {
        match arg {
            0 => -c + 1.0,
            1 => c,
            _ => b - a,
        }
    }
}

/// The method of [`Lerp`].
pub trait LerpExt: Elementwise {
    /// `self + weight · (end − self)`, exact at both ends.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0]).lerp(&Tensor::from([5.0, 4.0]), 0.5).data(), [3.0, 3.0]);
    /// ```
    #[track_caller]
    fn lerp(&self, end: impl Operand<Self>, weight: impl Operand<Self>) -> Self {
        Self::pointwise(Lerp, [self, &end.beside(self), &weight.beside(self)])
    }
}

impl<A: Elementwise> LerpExt for A {}

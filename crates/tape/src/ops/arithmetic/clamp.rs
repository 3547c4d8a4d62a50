//! Two bounds.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Three};
use crate::rule::real::Real;

/// The nearest number to `x` in [a, b]; `b` where the two are the wrong way round. Where `x` equals a bound the
/// derivative is ½ by each, as for `maximum` and `minimum`; 1 by `x` if both bounds are equal to it. NaN if one is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Clamp;

impl Pointwise for Clamp {
    type Arity = Three;
    const NAME: &'static str = "clamp";
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 2.0), (-1.5, -0.5), (0.5, 1.5)];
    const KINKS: &'static [f64] = &[-1.0, 0.0, 1.0];
    const AT_KINKS: &'static str = "Where the number equals a bound, the derivative by each is ½.";

    fn eval<R: Number>(&self, [x, a, b]: [R; 3]) -> R {
        let raised = R::select(a.le(x), x, R::select(x.eq(x), a, x));
        R::select(raised.le(b), raised, R::select(raised.eq(raised), b, raised))
    }

    fn partial<R: Real>(&self, arg: usize, [x, a, b]: [R; 3], _y: R) -> R {
        let (one, zero) = (x.number(1.0), x.number(0.0));
        let apart = a.lt(b);
        // what `x` has of the derivative where it equals a bound, and what the bound has
        let (half, rest) = (R::select(apart, x.number(0.5), one), R::select(apart, x.number(0.5), zero));
        let ordered = |value: R| R::select(b.lt(a), zero, value);
        match arg {
            0 => {
                let inside = R::select(x.eq(a), half, R::select(x.eq(b), half, one));
                ordered(R::select(x.lt(a), zero, R::select(b.lt(x), zero, inside)))
            }
            1 => ordered(R::select(x.lt(a), one, R::select(x.eq(a), rest, zero))),
            _ => R::select(b.lt(a), one, R::select(b.lt(x), one, R::select(x.eq(b), rest, zero))),
        }
    }
}

/// The method of [`Clamp`].
pub trait ClampExt: Elementwise {
    /// The nearest number between two bounds; `max` where they are the wrong way round. One bound alone is `maximum`
    /// or `minimum`.
    ///
    /// Where the number equals a bound, the derivative by each is ½, as in JAX and as in PyTorch for bounds that are
    /// tensors. (For bounds that are numbers PyTorch has 0 there; here both are one operation with one rule.)
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 3.0]).clamp(-1.0, 1.0).data(), [-1.0, 0.5, 1.0]);
    /// ```
    #[track_caller]
    fn clamp(&self, min: impl Operand<Self>, max: impl Operand<Self>) -> Self {
        Self::pointwise(Clamp, [self, &min.beside(self), &max.beside(self)])
    }
}

impl<A: Elementwise> ClampExt for A {}

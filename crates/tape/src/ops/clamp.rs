//! Two bounds.

use crate::algebra::{Elementwise, Operand};
use crate::number::Number;
use crate::pointwise::{Pointwise, Three};
use crate::real::Real;

/// The nearest number to `x` in [a, b]; `b` where the two are the wrong way round. At a bound the derivative is that of `x`, as
/// in PyTorch. NaN if one is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clamp;

impl Pointwise for Clamp {
    type Arity = Three;
    const NAME: &'static str = "clamp";
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 2.0), (-1.5, -0.5), (0.5, 1.5)];
    const KINKS: &'static [f64] = &[-1.0, 0.0, 1.0];
    const AT_KINKS: &'static str = "At a bound the derivative is 1 by the number and 0 by the bound.";

    fn eval<R: Number>(&self, [x, a, b]: [R; 3]) -> R {
        let raised = R::select(a.le(x), x, R::select(x.eq(x), a, x));
        R::select(raised.le(b), raised, R::select(raised.eq(raised), b, raised))
    }

    fn partial<R: Real>(&self, arg: usize, [x, a, b]: [R; 3], _y: R) -> R {
        let (one, zero) = (x.number(1.0), x.number(0.0));
        let ordered = |value: R| R::select(a.le(b), value, zero);
        match arg {
            0 => R::select(a.le(x), R::select(x.le(b), one, zero), zero),
            1 => ordered(R::select(x.lt(a), R::select(a.lt(b), one, zero), zero)),
            _ => R::select(b.lt(a), one, R::select(b.lt(x), one, zero)),
        }
    }
}

/// The method of [`Clamp`].
pub trait ClampExt: Elementwise {
    /// The nearest number between two bounds; `max` where they are the wrong way round. At a bound the derivative is that of the
    /// number.
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

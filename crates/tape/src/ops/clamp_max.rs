//! A bound above.

use crate::algebra::{Elementwise, Operand};
use crate::number::Number;
use crate::pointwise::{Pointwise, Two};
use crate::real::Real;

/// `a` where `a ≤ b`, else `b`. Where the two are equal the derivative is that of `a`; PyTorch's `clamp(max=b)`. NaN if either
/// is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClampMax;

impl Pointwise for ClampMax {
    type Arity = Two;
    const NAME: &'static str = "clamp_max";
    const KINKS: &'static [f64] = &[-1.0, 0.0, 1.0];
    const AT_KINKS: &'static str = "Where the two are equal, the derivative is 1 by the number and 0 by the bound.";

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        R::select(a.le(b), a, R::select(a.eq(a), b, a))
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], _y: R) -> R {
        let [taken, other] = if arg == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
        let (one, zero) = (a.number(taken), a.number(other));
        R::select(a.le(b), one, R::select(b.lt(a), zero, a.number(0.0)))
    }

    fn text(&self, args: &[&str]) -> String {
        format!("clamp_max({}, {})", args[0], args[1])
    }
}

/// The method of [`ClampMax`].
pub trait ClampMaxExt: Elementwise {
    /// This number where it is not above `max`, else `max`. At the bound the derivative is that of the number.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).clamp_max(0.0).data(), [-2.0, 0.0]);
    /// ```
    #[track_caller]
    fn clamp_max(&self, max: impl Operand<Self>) -> Self {
        Self::pointwise(ClampMax, [self, &max.beside(self)])
    }
}

impl<A: Elementwise> ClampMaxExt for A {}

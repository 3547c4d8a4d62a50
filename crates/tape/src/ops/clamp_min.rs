//! A bound below.

use crate::algebra::{Elementwise, Operand};
use crate::number::Number;
use crate::pointwise::{Pointwise, Two};
use crate::real::Real;

/// `a` where `a ≥ b`, else `b`. Where the two are equal the derivative is that of `a`; PyTorch's `clamp(min=b)`. NaN if either
/// is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClampMin;

impl Pointwise for ClampMin {
    type Arity = Two;
    const NAME: &'static str = "clamp_min";
    const KINKS: &'static [f64] = &[-1.0, 0.0, 1.0];
    const AT_KINKS: &'static str = "Where the two are equal, the derivative is 1 by the number and 0 by the bound.";

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        R::select(b.le(a), a, R::select(a.eq(a), b, a))
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], _y: R) -> R {
        let [taken, other] = if arg == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
        let (one, zero) = (a.number(taken), a.number(other));
        R::select(b.le(a), one, R::select(a.lt(b), zero, a.number(0.0)))
    }

    fn text(&self, args: &[&str]) -> String {
        format!("clamp_min({}, {})", args[0], args[1])
    }
}

/// The method of [`ClampMin`].
pub trait ClampMinExt: Elementwise {
    /// This number where it is not below `min`, else `min`. At the bound the derivative is that of the number.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).clamp_min(0.0).data(), [0.0, 3.0]);
    /// ```
    #[track_caller]
    fn clamp_min(&self, min: impl Operand<Self>) -> Self {
        Self::pointwise(ClampMin, [self, &min.beside(self)])
    }
}

impl<A: Elementwise> ClampMinExt for A {}

//! The inverse of the hyperbolic sine.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = arsinh(x)`, with derivative `1/√(x² + 1)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Asinh;

impl Pointwise for Asinh {
    type Arity = One;
    const NAME: &'static str = "asinh";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.asinh()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // where the square would overflow, 1 is nothing beside it
        let (zero, far) = (x.number(0.0), x.number(1e10));
        let size = R::select(x.lt(zero), -x, x);
        let near = R::select(size.lt(far), x, zero);
        R::select(size.lt(far), x.number(1.0) / (near * near + 1.0).sqrt(), x.number(1.0) / size)
    }
}

/// The method of [`Asinh`].
pub trait AsinhExt: Elementwise {
    /// `y = arsinh(x)`, with derivative `1/√(x² + 1)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 1e-20]).asinh().data(), [0.0, 1e-20]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn asinh(&self) -> Self {
        Self::pointwise(Asinh, [self])
    }
}

impl<A: Elementwise> AsinhExt for A {}

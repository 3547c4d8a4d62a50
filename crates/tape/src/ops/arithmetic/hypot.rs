//! The length of the hypotenuse.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = √(a² + b²)`, without overflow, with derivatives `a/y` and `b/y`. At the origin both are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Hypot;

impl Pointwise for Hypot {
    type Arity = Two;
    const NAME: &'static str = "hypot";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 2.0), (-2.0, 2.0)];
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At the origin both derivatives are 0.";
    const FLOPS: u64 = 10;

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        a.hypot(b)
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], y: R) -> R {
        let length = R::select(y.eq(y.number(0.0)), y.number(1.0), y);
        if arg == 0 { a / length } else { b / length }
    }
}

/// The method of [`Hypot`].
pub trait HypotExt: Elementwise {
    /// `y = √(a² + b²)`, without overflow, with derivatives `a/y` and `b/y`. At the origin both are 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([3.0, 1e200]).hypot(&Tensor::from([4.0, 0.0])).data(), [5.0, 1e200]);
    /// ```
    #[track_caller]
    fn hypot(&self, other: impl Operand<Self>) -> Self {
        Self::pointwise(Hypot, [self, &other.beside(self)])
    }
}

impl<A: Elementwise> HypotExt for A {}

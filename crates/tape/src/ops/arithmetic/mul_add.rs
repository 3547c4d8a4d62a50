//! A product and a sum in one pass.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Three};
use crate::rule::real::Real;

/// `y = a b + c`, with derivatives `b`, `a` and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MulAdd;

impl Pointwise for MulAdd {
    type Arity = Three;
    const NAME: &'static str = "mul_add";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 2;

    #[inline(always)]
    fn eval<R: Number>(&self, [a, b, c]: [R; 3]) -> R {
        a * b + c
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [a, b, _]: [R; 3], _y: R) -> R {
        match arg {
            0 => b,
            1 => a,
            _ => a.number(1.0),
        }
    }

    #[inline]
    fn slope(&self, arg: usize) -> Option<f64> {
        (arg == 2).then_some(1.0)
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} · {} + {}", args[0], args[1], args[2])
    }
}

/// The method of [`MulAdd`].
pub trait MulAddExt: Elementwise {
    /// `y = a b + c` as one operation, with broadcasting, rounded twice.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.mul_add(Tensor::from([10.0, 1.0]), 0.5).data(), [10.5, 2.5, 30.5, 4.5]);
    ///
    /// let tape = Tape::new();
    /// let (a, b, c) = (tape.scalar(2.0), tape.scalar(3.0), tape.scalar(4.0));
    /// let y = a.mul_add(b, c);
    /// let g = y.backward();
    /// assert_eq!((y.value(), g[a], g[b], g[c]), (10.0, 3.0, 2.0, 1.0));
    /// ```
    #[inline(always)]
    #[track_caller]
    fn mul_add(&self, b: impl Operand<Self>, c: impl Operand<Self>) -> Self {
        Self::pointwise(MulAdd, [self, &b.beside(self), &c.beside(self)])
    }
}

impl<A: Elementwise> MulAddExt for A {}

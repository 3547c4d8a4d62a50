//! One number to the power of another.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = xᵖ`, with derivatives `p xᵖ⁻¹` and `y ln(x)`.
///
/// As in PyTorch, the derivative by `x` is 0 where `p = 0`, and the derivative by `p` is 0 where `x = 0`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Pow;

impl Pointwise for Pow {
    type Arity = Two;
    const NAME: &'static str = "pow";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 2.0), (-2.0, 2.0)];
    const KINKS: &'static [f64] = &[0.0, 1.0, 2.0];
    const AT_KINKS: &'static str = "At p = 0 the derivative by x is 0; at x = 0 the derivative by p is 0.";
    const FLOPS: u64 = 40;

    fn eval<R: Number>(&self, [x, p]: [R; 2]) -> R {
        x.pow(p)
    }

    fn partial<R: Real>(&self, arg: usize, [x, p]: [R; 2], y: R) -> R {
        // Each branch that is not taken is made harmless first, so that its own derivative is not infinite times 0.
        let (zero, one) = (x.number(0.0), x.number(1.0));
        match arg {
            0 => {
                let constant = p.eq(zero);
                let base = R::select(constant, one, x);
                // of what is no number there is no derivative, though p − 1 may be rounded to a whole number
                R::select(y.eq(y), R::select(constant, zero, p * base.pow(p - 1.0)), y)
            }
            _ => {
                let nothing = x.eq(zero);
                R::select(nothing, zero, y * R::select(nothing, one, x).ln())
            }
        }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{}^{}", args[0], args[1])
    }
}

/// The method of [`Pow`].
pub trait PowExt: Elementwise {
    /// This number to the power of another, element by element.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, p) = (Tensor::from([2.0, 9.0]), Tensor::from([3.0, 0.5]));
    /// assert_eq!(x.pow(&p).data(), [8.0, 3.0]);
    /// ```
    #[track_caller]
    fn pow(&self, exponent: impl Operand<Self>) -> Self {
        Self::pointwise(Pow, [self, &exponent.beside(self)])
    }
}

impl<A: Elementwise> PowExt for A {}

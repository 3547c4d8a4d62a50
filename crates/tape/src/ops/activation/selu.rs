//! The scaled exponential linear unit.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// The λ and α of the paper, its equation 14.
const SCALE: f64 = 1.050_700_987_355_480_5;
const ALPHA: f64 = 1.673_263_242_354_377_2;

/// `y = λ x` where `x > 0`, else `λ α (exp(x) − 1)`, with the λ and α that keep mean 0 and variance 1 (Klambauer and
/// others 2017). At 0 the derivative is `λ α`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Selu;

impl Pointwise for Selu {
    type Arity = One;
    const NAME: &'static str = "selu";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At 0 the derivative is that of the left side, λ α.";
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        R::select(x.le(x.number(0.0)), x.exp_m1() * (SCALE * ALPHA), x * SCALE)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // not from y, of which 1 has taken the digits far left
        R::select(x.le(x.number(0.0)), x.exp() * (SCALE * ALPHA), x.number(SCALE))
    }
}

/// The method of [`Selu`].
pub trait SeluExt: Elementwise {
    /// `y = λ x` where `x > 0`, else `λ α (exp(x) − 1)`, with the λ and α that keep mean 0 and variance 1 (Klambauer
    /// and others 2017). At 0 the derivative is `λ α`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.0, 1.0]).selu().data(), [0.0, 1.050_700_987_355_480_5]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn selu(&self) -> Self {
        Self::pointwise(Selu, [self])
    }
}

impl<A: Elementwise> SeluExt for A {}

//! The exponential linear unit.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x` where `x > 0`, else `α (exp(x) − 1)` (Clevert, Unterthiner and Hochreiter 2015). At 0 the derivative is `α`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Elu {
    /// What `−y` tends to far left.
    pub alpha: f64,
}

impl Default for Elu {
    #[inline]
    fn default() -> Self {
        Elu { alpha: 1.0 }
    }
}

impl Pointwise for Elu {
    type Arity = One;
    const NAME: &'static str = "elu";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At 0 the derivative is that of the left side, α.";
    const FLOPS: u64 = 20;

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        R::select(x.le(x.number(0.0)), x.exp_m1() * self.alpha, x)
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // not from y, of which 1 has taken the digits far left
        R::select(x.le(x.number(0.0)), x.exp() * self.alpha, x.number(1.0))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("elu({}, {})", args[0], self.alpha)
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.alpha
    }

    #[inline]
    fn with_attribute(alpha: f64) -> Self {
        Elu { alpha }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [1.0, 0.4].map(|alpha| Elu { alpha }).into()
    }
}

/// The method of [`Elu`].
pub trait EluExt: Elementwise {
    /// `y = x` where `x > 0`, else `α (exp(x) − 1)`; PyTorch's usual `alpha` is 1. At 0 the derivative is `alpha`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([2.0, -100.0]).elu(0.5).data(), [2.0, -0.5]);
    /// ```
    #[track_caller]
    fn elu(&self, alpha: f64) -> Self {
        Self::pointwise(Elu { alpha }, [self])
    }
}

impl<A: Elementwise> EluExt for A {}

//! The continuously differentiable exponential linear unit.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x` where `x > 0`, else `α (exp(x/α) − 1)` (Barron 2017). At 0 the derivative is 1 from both sides, and the
/// second one that of the left side, 1/α.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Celu {
    /// What `−y` tends to far left.
    pub alpha: f64,
}

/// Of such a number and all below, `exp(x) − 1` is `x` to the last digit.
const NEARLY_0: f64 = 1e-17;

impl Default for Celu {
    #[inline]
    fn default() -> Self {
        Celu { alpha: 1.0 }
    }
}

impl Pointwise for Celu {
    type Arity = One;
    const NAME: &'static str = "celu";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At 0 the second derivative is that of the left side, 1/α.";
    const FLOPS: u64 = 20;

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let share = x / self.alpha;
        // So near 0 that y is x: the quotient may have lost its digits where α is large.
        let near = share.abs().lt(x.number(NEARLY_0));
        R::select(x.lt(x.number(0.0)), R::select(near, x, share.exp_m1() * self.alpha), x)
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // not from y, of which 1 has taken the digits far left
        R::select(x.le(x.number(0.0)), (x / self.alpha).exp(), x.number(1.0))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("celu({}, {})", args[0], self.alpha)
    }

    #[inline]
    fn fault(&self) -> Option<String> {
        (self.alpha == 0.0 || !self.alpha.is_finite()).then(|| format!("alpha {} is 0 or not finite", self.alpha))
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.alpha
    }

    #[inline]
    fn with_attribute(alpha: f64) -> Self {
        Celu { alpha }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [1.0, 0.4].map(|alpha| Celu { alpha }).into()
    }
}

/// The method of [`Celu`].
pub trait CeluExt: Elementwise {
    /// `y = x` where `x > 0`, else `α (exp(x/α) − 1)`; PyTorch's usual `alpha` is 1.
    ///
    /// # Panics
    /// If `alpha` is 0 or not finite.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([2.0, -100.0]).celu(0.5).data(), [2.0, -0.5]);
    /// ```
    #[track_caller]
    fn celu(&self, alpha: f64) -> Self {
        Self::pointwise(Celu { alpha }, [self])
    }
}

impl<A: Elementwise> CeluExt for A {}

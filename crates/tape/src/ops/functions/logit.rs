//! The inverse of the sigmoid.

use crate::error::scope::called;
use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ln(x/(1 − x))`, with derivative `1/(x (1 − x))`; with an `eps` that is not negative, of the nearest number in
/// [eps, 1 − eps], where it is constant outside. NaN outside [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Logit {
    /// Arguments are moved to the interval from this number to 1 less it; not if it is negative.
    pub eps: f64,
}

impl Default for Logit {
    #[inline]
    fn default() -> Self {
        Logit { eps: -1.0 }
    }
}

impl Pointwise for Logit {
    type Arity = One;
    const NAME: &'static str = "logit";
    const DOMAIN: &'static [(f64, f64)] = &[(0.1, 0.9)];
    const FLOPS: u64 = 25;

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let z = match self.eps {
            eps if eps < 0.0 => x,
            eps => {
                let z = R::select(x.lt(x.number(eps)), x.number(eps), x);
                R::select(x.number(1.0 - eps).lt(x), x.number(1.0 - eps), z)
            }
        };
        // near ½ by what differs from it, where the quotient is near 1
        let (from_half, rest) = (z - 0.5, -z + 1.0);
        R::select(from_half.abs().lt(x.number(0.25)), (from_half * 2.0 / rest).ln_1p(), (z / rest).ln())
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let slope = x.number(1.0) / (x * (-x + 1.0));
        let (low, high) = match self.eps {
            eps if eps < 0.0 => (0.0, 1.0),
            eps => (eps, 1.0 - eps),
        };
        let outside = x.number(if self.eps < 0.0 { f64::NAN } else { 0.0 });
        let below = R::select(x.number(high).lt(x), outside, slope);
        R::select(x.lt(x.number(low)), outside, below)
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        match self.eps {
            eps if eps < 0.0 => format!("logit({})", args[0]),
            eps => format!("logit({}, {eps})", args[0]),
        }
    }

    #[inline]
    fn fault(&self) -> Option<String> {
        (!(self.eps <= 0.5)).then(|| format!("no number is between {} and {}", self.eps, 1.0 - self.eps))
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.eps
    }

    #[inline]
    fn with_attribute(eps: f64) -> Self {
        Logit { eps }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [-1.0, 0.2].map(|eps| Logit { eps }).into()
    }
}

/// The methods of [`Logit`].
pub trait LogitExt: Elementwise {
    /// `y = ln(x/(1 − x))`, the inverse of the sigmoid; infinite at 0 and 1, NaN outside.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([0.5, 1.0]).logit().data(), [0.0, f64::INFINITY]);
    /// ```
    #[track_caller]
    fn logit(&self) -> Self {
        Self::pointwise(Logit::default(), [self])
    }

    /// The inverse of the sigmoid of the nearest number in [eps, 1 − eps]: PyTorch's `logit(x, eps)`. Outside, the
    /// derivative is 0; at `eps` and `1 − eps` it is that of the inside. A negative `eps` moves nothing.
    ///
    /// # Panics
    /// If `eps` is above ½.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([-7.0, 0.25]).logit_within(0.25);
    /// assert_eq!(y.data()[0], y.data()[1]);
    /// ```
    #[track_caller]
    fn logit_within(&self, eps: f64) -> Self {
        let _called = called("logit_within");
        Self::pointwise(Logit { eps }, [self])
    }
}

impl<A: Elementwise> LogitExt for A {}

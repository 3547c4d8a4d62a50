//! The derivatives of the digamma function.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ψ⁽ⁿ⁾(x)`, the derivative of order `n` of the digamma function, with derivative `ψ⁽ⁿ⁺¹⁾(x)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Polygamma {
    /// The order.
    pub order: u32,
}

impl Pointwise for Polygamma {
    type Arity = One;
    const NAME: &'static str = "polygamma";
    const DOMAIN: &'static [(f64, f64)] = &[(0.7, 3.0)];
    const FLOPS: u64 = 60;

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.polygamma(self.order)
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        // There is no number for the order after the last. The one before has its sign, and is zero or infinite where it is.
        x.polygamma(self.order.checked_add(1).unwrap_or(u32::MAX - 1))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("polygamma({}, {})", self.order, args[0])
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.order.into()
    }

    #[inline]
    fn with_attribute(order: f64) -> Self {
        Polygamma { order: order as u32 }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [0, 1, 2].map(|order| Polygamma { order }).into()
    }
}

/// The method of [`Polygamma`].
pub trait PolygammaExt: Elementwise {
    /// The derivative of order `order` of the digamma function: infinite at 0; at negative whole numbers infinite for
    /// an odd order and NaN for an even one.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([1.0]).polygamma(1).item();
    /// assert!((y - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-14);
    /// ```
    #[track_caller]
    fn polygamma(&self, order: u32) -> Self {
        Self::pointwise(Polygamma { order }, [self])
    }
}

impl<A: Elementwise> PolygammaExt for A {}

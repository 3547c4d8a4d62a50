//! The rectifier that lets a little through.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = x` where `x > 0`, else `slope · x`. At 0 the derivative is `slope`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LeakyRelu {
    /// The derivative for negative `x`.
    pub slope: f64,
}

impl Default for LeakyRelu {
    #[inline]
    fn default() -> Self {
        LeakyRelu { slope: 0.01 }
    }
}

impl Pointwise for LeakyRelu {
    type Arity = One;
    const NAME: &'static str = "leaky_relu";
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At 0 the derivative is the slope of negative numbers.";

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        R::select(x.number(0.0).lt(x), x, x * self.slope)
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        R::select(x.number(0.0).lt(x), x.number(1.0), x.number(self.slope))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("leaky_relu({}, {})", args[0], self.slope)
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.slope
    }

    #[inline]
    fn with_attribute(slope: f64) -> Self {
        LeakyRelu { slope }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        vec![LeakyRelu::default(), LeakyRelu { slope: 0.3 }]
    }
}

/// The method of [`LeakyRelu`].
pub trait LeakyReluExt: Elementwise {
    /// `x` where it is positive, else `slope · x`. At 0 the derivative is `slope`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).leaky_relu(0.1).data(), [-0.2, 3.0]);
    /// ```
    #[track_caller]
    fn leaky_relu(&self, slope: f64) -> Self {
        Self::pointwise(LeakyRelu { slope }, [self])
    }
}

impl<A: Elementwise> LeakyReluExt for A {}

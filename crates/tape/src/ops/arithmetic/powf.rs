//! Fixed powers.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = xᵖ` for a fixed exponent `p`, with derivative `p xᵖ⁻¹`; the power 0 is 1 everywhere, with derivative 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Powf {
    /// The exponent.
    pub exponent: f64,
}

impl Pointwise for Powf {
    type Arity = One;
    const NAME: &'static str = "powf";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 2.0)];
    const FLOPS: u64 = 40;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.powf(self.exponent)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        match self.exponent {
            0.0 => x.number(0.0),
            p => x.powf(p - 1.0) * p,
        }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{}^{}", args[0], self.exponent)
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.exponent
    }

    #[inline]
    fn with_attribute(exponent: f64) -> Self {
        Powf { exponent }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [-1.5, 0.0, 0.5, 1.0, 2.0, 2.7].map(|exponent| Powf { exponent }).into()
    }
}

/// The method of [`Powf`].
pub trait PowfExt: Elementwise {
    /// `y = xᵖ` for a fixed exponent `p`, with derivative `p xᵖ⁻¹`; the power 0 is 1 everywhere, with derivative 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([4.0]).powf(1.5).data(), [8.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn powf(&self, exponent: f64) -> Self {
        Self::pointwise(Powf { exponent }, [self])
    }
}

impl<A: Elementwise> PowfExt for A {}

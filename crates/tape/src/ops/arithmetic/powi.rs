//! Whole powers.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = xⁿ` for a fixed whole `n`, with derivative `n xⁿ⁻¹`; the power 0 is 1 everywhere, with derivative 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Powi {
    /// The exponent.
    pub n: i32,
}

impl Pointwise for Powi {
    type Arity = One;
    const NAME: &'static str = "powi";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 2.0)];
    const FLOPS: u64 = 4;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x.powi(self.n)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        match self.n {
            0 => x.number(0.0),
            1 => x.number(1.0),
            2 => x * 2.0,
            3 => x * x * 3.0,
            n => x.powf(f64::from(n) - 1.0) * f64::from(n),
        }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{}^{}", args[0], self.n)
    }

    #[inline]
    fn attribute(&self) -> f64 {
        f64::from(self.n)
    }

    #[inline]
    fn with_attribute(n: f64) -> Self {
        Powi { n: n as i32 }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [-2, -1, 0, 1, 2, 3, 7].map(|n| Powi { n }).into()
    }
}

/// The method of [`Powi`].
pub trait PowiExt: Elementwise {
    /// `y = xⁿ` for a fixed whole `n`, with derivative `n xⁿ⁻¹`; the power 0 is 1 everywhere, with derivative 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).powi(3).data(), [-8.0, 27.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn powi(&self, n: i32) -> Self {
        Self::pointwise(Powi { n }, [self])
    }
}

impl<A: Elementwise> PowiExt for A {}

//! The smooth rectifier.

use crate::error::scope::called;
use crate::ops::{CompareExt, select};
use crate::rule::algebra::{Algebra, Args, Elementwise};
use crate::rule::case::{Case, Function};
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `y = ln(1 + exp(x))`, with derivative `sigmoid(x)`. It does not overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Softplus;

impl Pointwise for Softplus {
    type Arity = One;
    const NAME: &'static str = "softplus";
    const ANALYTIC: bool = true;
    const FLOPS: u64 = 40;

    #[inline(always)]
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let zero = x.number(0.0);
        R::select(x.le(zero), zero, x) + (-x.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x.sigmoid()
    }
}

/// `y = ln(1 + exp(β x)) / β` with `β > 0`, which is steeper at 0 the greater β is: [`Softplus`] of any scale, for any β that a
/// number can be.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ScaledSoftplus {
    /// How steep.
    pub beta: f64,
}

impl Default for ScaledSoftplus {
    #[inline]
    fn default() -> Self {
        ScaledSoftplus { beta: 1.0 }
    }
}

impl Pointwise for ScaledSoftplus {
    type Arity = One;
    const NAME: &'static str = "scaled_softplus";
    const FLOPS: u64 = 42;

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let zero = x.number(0.0);
        R::select(x.le(zero), zero, x) + (-(x * self.beta).abs()).exp().ln_1p() / self.beta
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        (x * self.beta).sigmoid()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("scaled_softplus({}, {})", args[0], self.beta)
    }

    #[inline]
    fn fault(&self) -> Option<String> {
        (!(self.beta > 0.0 && self.beta.is_finite())).then(|| format!("beta {} is not positive and finite", self.beta))
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.beta
    }

    #[inline]
    fn with_attribute(beta: f64) -> Self {
        ScaledSoftplus { beta }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [1.0, 2.5].map(|beta| ScaledSoftplus { beta }).into()
    }
}

/// The methods of [`Softplus`].
pub trait SoftplusExt: Elementwise {
    /// `y = ln(1 + exp(x))`, with derivative `sigmoid(x)`. It does not overflow.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([-1000.0, 0.0, 1000.0]).softplus();
    /// assert_eq!(y.data(), [0.0, std::f64::consts::LN_2, 1000.0]);
    /// ```
    #[inline(always)]
    #[track_caller]
    fn softplus(&self) -> Self {
        Self::pointwise(Softplus, [self])
    }

    /// `y = ln(1 + exp(β x)) / β`, and `x` itself where `β x` is above the threshold: PyTorch's `softplus(x, beta, threshold)`,
    /// of which the usual numbers are 1 and 20.
    ///
    /// # Panics
    /// If `beta` is not positive and finite.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([0.0, 3.0]).softplus_with(2.0, 5.0);
    /// assert_eq!(y.data(), [std::f64::consts::LN_2 / 2.0, 3.0]);
    /// ```
    #[track_caller]
    fn softplus_with(&self, beta: f64, threshold: f64) -> Self
    where
        Self: Algebra,
    {
        let _called = called("softplus_with");
        let smooth = Self::pointwise(ScaledSoftplus { beta }, [self]);
        select((self.clone() * beta).greater(threshold), self, smooth)
    }
}

impl<A: Elementwise> SoftplusExt for A {}

/// [`SoftplusExt::softplus_with`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SoftplusWith {
    beta: f64,
    threshold: f64,
}

impl Function for SoftplusWith {
    const NAME: &'static str = "softplus_with";
    const TEXT: &'static str = "ln(1 + exp(β x)) / β, and x above a threshold";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].softplus_with(self.beta, self.threshold)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |beta, threshold, x: &[usize]| (SoftplusWith { beta, threshold }, Case::function().real(x));
        vec![case(1.0, 20.0, &[2, 3]), case(2.0, 20.0, &[3]), case(0.5, 20.0, &[0, 3])]
    }
}

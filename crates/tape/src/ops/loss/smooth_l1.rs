//! The error that is squared near 0, over its own measure.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::Reduction;
use crate::ops::reduction::targets;
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = d² / 2β` where `|d| < β`, else `|d| − β / 2`, with `d = x − t` (Girshick 2015). Its derivative is `d / β`, kept between −1
/// and 1. With `β = 0` it is the absolute error, whose derivative is 0 where the two are equal.
///
/// It is [`Huber`](crate::ops::Huber) over β, but that is a number only where neither β nor its square leaves the range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct SmoothL1 {
    /// Where the square ends.
    pub beta: f64,
}

impl Default for SmoothL1 {
    #[inline]
    fn default() -> Self {
        SmoothL1 { beta: 1.0 }
    }
}

impl Pointwise for SmoothL1 {
    type Arity = Two;
    const NAME: &'static str = "smooth_l1";
    const FLOPS: u64 = 5;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let (d, beta) = ((x - t).abs(), x.number(self.beta));
        R::select(d.lt(beta), d / self.beta * d * 0.5, d - self.beta / 2.0)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], _y: R) -> R {
        let (d, beta, one) = (if arg == 0 { x - t } else { t - x }, x.number(self.beta), x.number(1.0));
        let zero = x.number(0.0);
        let near = R::select(d.lt(beta), R::select((-d).lt(beta), d / beta, -one), one);
        // Of β = 0 the quotient is none.
        R::select(zero.lt(d), near, R::select(d.lt(zero), near, zero))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("smooth_l1({}, {}, {})", args[0], args[1], self.beta)
    }

    #[inline]
    fn fault(&self) -> Option<String> {
        (!(self.beta >= 0.0)).then(|| format!("beta {} is negative", self.beta))
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.beta
    }

    #[inline]
    fn with_attribute(beta: f64) -> Self {
        SmoothL1 { beta }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        vec![SmoothL1::default(), SmoothL1 { beta: 0.7 }]
    }
}

/// The method of [`SmoothL1`].
pub trait SmoothL1Ext: Algebra {
    /// `d² / (2 beta)` where `|d| < beta`, else `|d| − beta / 2`, with `d = x − t`, reduced: PyTorch's `smooth_l1_loss`.
    /// With `beta` 0 it is the absolute error.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self`, `wanted` | the same: unlike PyTorch, nothing is broadcast here |
    /// | result | `[]`, or that shape for [`Reduction::None`] |
    ///
    /// # Panics
    /// If the shapes differ, or `beta` is negative.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let loss = Tensor::from([0.5, 4.0]).smooth_l1_loss(Tensor::from([0.0, 0.0]), 2.0, Reduction::None);
    /// assert_eq!(loss.data(), [0.0625, 3.0]);
    /// ```
    #[track_caller]
    fn smooth_l1_loss(&self, wanted: impl Operand<Self>, beta: f64, reduction: Reduction) -> Self {
        let _called = called("smooth_l1_loss");
        if !(beta >= 0.0) {
            Error::shape("smooth_l1_loss", format!("beta {beta} is negative")).raise()
        }
        let t = targets("smooth_l1_loss", self, &wanted);
        reduction.of(Self::pointwise(SmoothL1 { beta }, [self, &t]))
    }
}

impl<A: Algebra> SmoothL1Ext for A {}

/// [`SmoothL1Ext::smooth_l1_loss`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SmoothL1Loss {
    beta: f64,
    reduction: Reduction,
}

impl Function for SmoothL1Loss {
    const NAME: &'static str = "smooth_l1_loss";
    const TEXT: &'static str = "d² / 2β where |d| < β, else |d| − β/2, with d = x − t";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].smooth_l1_loss(&a[1], self.beta, self.reduction)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |beta, reduction| (SmoothL1Loss { beta, reduction }, Case::function().real([2, 3]).real([2, 3]));
        vec![case(1.0, Reduction::Mean), case(0.5, Reduction::Sum), case(0.0, Reduction::None)]
    }
}

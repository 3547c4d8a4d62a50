//! The error that is squared when small and absolute when large.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::Reduction;
use crate::ops::reduction::targets;
use crate::rule::algebra::Algebra;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = d² / 2` where `|d| ≤ δ`, else `δ (|d| − δ / 2)`, with `d = x − t` (Huber 1964). Its derivative is `d`, kept
/// between −δ and δ.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Huber {
    /// Where the square ends.
    pub delta: f64,
}

impl Default for Huber {
    #[inline]
    fn default() -> Self {
        Huber { delta: 1.0 }
    }
}

impl Pointwise for Huber {
    type Arity = Two;
    const NAME: &'static str = "huber";
    const FLOPS: u64 = 4;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let (d, delta) = ((x - t).abs(), x.number(self.delta));
        R::select(d.le(delta), d * d * 0.5, (d - self.delta / 2.0) * delta)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], _y: R) -> R {
        let (d, delta) = (if arg == 0 { x - t } else { t - x }, x.number(self.delta));
        R::select(delta.lt(d), delta, R::select(d.lt(-delta), -delta, d))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("huber({}, {}, {})", args[0], args[1], self.delta)
    }

    #[inline]
    fn fault(&self) -> Option<String> {
        (!(self.delta > 0.0)).then(|| format!("delta {} is not positive", self.delta))
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.delta
    }

    #[inline]
    fn with_attribute(delta: f64) -> Self {
        Huber { delta }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        vec![Huber::default(), Huber { delta: 0.7 }]
    }
}

/// The methods of [`Huber`].
pub trait HuberExt: Algebra {
    /// `d² / 2` where `|d| ≤ delta`, else `delta (|d| − delta / 2)`, with `d = x − t`, reduced: PyTorch's `huber_loss`.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self`, `wanted` | the same: unlike PyTorch, nothing is broadcast here |
    /// | result | `[]`, or that shape for [`Reduction::None`] |
    ///
    /// # Panics
    /// If the shapes differ, or `delta` is not positive.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let loss = Tensor::from([0.5, 4.0]).huber_loss(Tensor::from([0.0, 0.0]), 1.0, Reduction::None);
    /// assert_eq!(loss.data(), [0.125, 3.5]);
    /// ```
    #[track_caller]
    fn huber_loss(&self, wanted: impl Operand<Self>, delta: f64, reduction: Reduction) -> Self {
        let _called = called("huber_loss");
        if !(delta > 0.0) {
            Error::shape("huber_loss", format!("delta {delta} is not positive")).raise()
        }
        let t = targets("huber_loss", self, &wanted);
        reduction.of(Self::pointwise(Huber { delta }, [self, &t]))
    }
}

impl<A: Algebra> HuberExt for A {}

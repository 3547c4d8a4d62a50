//! Binary cross-entropy of a sigmoid.

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

/// `y = −t ln σ(x) − (1 − t) ln(1 − σ(x))`, computed as `ln(1 + exp(−|x|))` and `x (1 − t)` where `x > 0`, else `−x t`, which
/// neither overflows nor loses digits. Its derivative by `x` is `σ(x) − t`, computed as `1 − t − σ(−x)` where `x > 0`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct BceWithLogits;

impl Pointwise for BceWithLogits {
    type Arity = Two;
    const NAME: &'static str = "bce_with_logits";
    const FLOPS: u64 = 40;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        // 0 of an infinite logit is 0
        let linear = R::select(x.le(x.number(0.0)), -x.chain(t), x.chain(-t + 1.0));
        linear + (-x.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], _y: R) -> R {
        if arg == 1 {
            return -x;
        }
        let left = x.le(x.number(0.0));
        let (s, rest) = (R::select(left, x, -x).sigmoid(), -t + 1.0);
        R::select(left, s - t, rest - s)
    }
}

/// The methods of [`BceWithLogits`].
pub trait BceWithLogitsExt: Algebra {
    /// `−t ln σ(x) − (1 − t) ln(1 − σ(x))`, reduced: PyTorch's `binary_cross_entropy_with_logits`. It is exact where the
    /// sigmoid is 0 or 1. Both carry a gradient.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self`, `wanted` | the same |
    /// | result | `[]`, or that shape for [`Reduction::None`] |
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let loss = Tensor::from([0.0, 1000.0]).binary_cross_entropy_with_logits(Tensor::from([1.0, 0.0]), Reduction::None);
    /// assert_eq!(loss.data(), [2.0_f64.ln(), 1000.0]);
    /// ```
    #[track_caller]
    fn binary_cross_entropy_with_logits(&self, wanted: impl Operand<Self>, reduction: Reduction) -> Self {
        let _called = called("binary_cross_entropy_with_logits");
        let t = targets("binary_cross_entropy_with_logits", self, &wanted);
        reduction.of(Self::pointwise(BceWithLogits, [self, &t]))
    }

    /// [`binary_cross_entropy_with_logits`](Self::binary_cross_entropy_with_logits) with each element's loss multiplied by
    /// `weights`, which broadcast to it: PyTorch's `weight`. The mean is over the number of elements.
    ///
    /// # Panics
    /// If the shapes differ, or the weights do not broadcast to them.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, t) = (Tensor::from([0.0, 0.0]), Tensor::from([1.0, 0.0]));
    /// let loss = x.binary_cross_entropy_with_logits_times(&t, Tensor::from([3.0, 1.0]), Reduction::Mean);
    /// assert_eq!(loss.item(), 2.0 * 2.0_f64.ln());
    /// ```
    #[track_caller]
    fn binary_cross_entropy_with_logits_times(
        &self,
        wanted: impl Operand<Self>,
        weights: impl Operand<Self>,
        reduction: Reduction,
    ) -> Self {
        let _called = called("binary_cross_entropy_with_logits_times");
        let t = targets("binary_cross_entropy_with_logits_times", self, &wanted);
        let (losses, weights) = (Self::pointwise(BceWithLogits, [self, &t]), weights.beside(self));
        if !weights.shape().broadcasts_to(&losses.shape()) {
            let message = format!("weights {} for losses {}", weights.shape(), losses.shape());
            Error::shape("binary_cross_entropy_with_logits_times", message).raise()
        }
        reduction.of(losses * &*weights)
    }

    /// [`binary_cross_entropy_with_logits`](Self::binary_cross_entropy_with_logits) with the term of `t` multiplied by
    /// `weight`, a number or one for each of the last axes: PyTorch's `pos_weight`.
    ///
    /// # Panics
    /// If the shapes differ, or the weight does not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, t) = (Tensor::from([0.0, 0.0]), Tensor::from([1.0, 0.0]));
    /// let loss = x.weighted_binary_cross_entropy_with_logits(&t, 3.0, Reduction::None);
    /// assert_eq!(loss.data(), [3.0 * 2.0_f64.ln(), 2.0_f64.ln()]);
    /// ```
    #[track_caller]
    fn weighted_binary_cross_entropy_with_logits(
        &self,
        wanted: impl Operand<Self>,
        weight: impl Operand<Self>,
        reduction: Reduction,
    ) -> Self {
        let _called = called("weighted_binary_cross_entropy_with_logits");
        let t = targets("weighted_binary_cross_entropy_with_logits", self, &wanted);
        // −ln σ(x) is the loss for the target 1
        let sure = self.full(self.shape(), 1.0);
        let of_one = Self::pointwise(BceWithLogits, [self, &sure]);
        let more = (*t).clone() * (weight.beside(self).clone() - 1.0);
        reduction.of(Self::pointwise(BceWithLogits, [self, &t]) + of_one * more)
    }
}

impl<A: Algebra> BceWithLogitsExt for A {}

/// [`BceWithLogitsExt::weighted_binary_cross_entropy_with_logits`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct WeightedBceWithLogits(Reduction);

impl Function for WeightedBceWithLogits {
    const NAME: &'static str = "weighted_binary_cross_entropy_with_logits";
    const TEXT: &'static str = "−w t ln σ(x) − (1 − t) ln(1 − σ(x)), reduced";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].weighted_binary_cross_entropy_with_logits(&a[1], &a[2], self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |reduction, w: &[usize]| {
            let x = Case::function().real([2, 3]).within([2, 3], (0.0, 1.0));
            (WeightedBceWithLogits(reduction), x.within(w, (0.5, 3.0)))
        };
        vec![case(Reduction::Mean, &[]), case(Reduction::None, &[3]), case(Reduction::Sum, &[3])]
    }
}

/// [`BceWithLogitsExt::binary_cross_entropy_with_logits_times`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct BceWithLogitsTimes(Reduction);

impl Function for BceWithLogitsTimes {
    const NAME: &'static str = "binary_cross_entropy_with_logits_times";
    const TEXT: &'static str = "w (−t ln σ(x) − (1 − t) ln(1 − σ(x))), reduced";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].binary_cross_entropy_with_logits_times(&a[1], &a[2], self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |reduction, w: &[usize]| {
            (BceWithLogitsTimes(reduction), Case::function().real([2, 3]).within([2, 3], (0.1, 0.9)).real(w))
        };
        vec![case(Reduction::Mean, &[3]), case(Reduction::Sum, &[2, 3]), case(Reduction::None, &[2, 1])]
    }
}

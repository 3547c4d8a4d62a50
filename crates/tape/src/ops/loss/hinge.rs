//! Losses that ask for a margin.

use crate::error::scope::called;
use crate::ops::reduction::targets;
use crate::ops::{ClassTargets, CompareExt, MeanExt, Reduction, ReluExt, SumExt, chain, select};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::number::Number;
use crate::rule::operand::{IndexOperand, Operand};
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;
use crate::tensor::Tensor;

/// `y = max(0, margin − x t)` for targets −1 and 1. Where the margin is just kept the derivative is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Hinge {
    /// How far beyond 0 is far enough.
    pub margin: f64,
}

impl Default for Hinge {
    #[inline]
    fn default() -> Self {
        Hinge { margin: 1.0 }
    }
}

impl Pointwise for Hinge {
    type Arity = Two;
    const NAME: &'static str = "hinge";
    const DOMAIN: &'static [(f64, f64)] = &[(-0.4, 0.4), (-1.2, 1.2)];
    const KINKS: &'static [f64] = &[1.0];
    const AT_KINKS: &'static str = "Where the margin is just kept the derivative is 0.";
    const FLOPS: u64 = 3;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let (short, zero) = (-(x * t) + self.margin, x.number(0.0));
        R::select(short.le(zero), zero, short)
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], y: R) -> R {
        let zero = x.number(0.0);
        R::select(zero.lt(y), if arg == 0 { -t } else { -x }, zero)
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("max(0, {} − {} · {})", self.margin, args[0], args[1])
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.margin
    }

    #[inline]
    fn with_attribute(margin: f64) -> Self {
        Hinge { margin }
    }
}

/// The methods of losses with a margin.
pub trait HingeExt: Algebra {
    /// `max(0, margin − x t)`, reduced, for targets −1 and 1: the loss of support vector machines. Both carry a gradient.
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
    /// let loss = Tensor::from([0.5, 2.0, 2.0]).hinge_loss(Tensor::from([1.0, 1.0, -1.0]), 1.0, Reduction::None);
    /// assert_eq!(loss.data(), [0.5, 0.0, 3.0]);
    /// ```
    #[track_caller]
    fn hinge_loss(&self, wanted: impl Operand<Self>, margin: f64, reduction: Reduction) -> Self {
        let _called = called("hinge_loss");
        let t = targets("hinge_loss", self, &wanted);
        reduction.of(Self::pointwise(Hinge { margin }, [self, &t]))
    }

    /// `x` where the target is 1, `max(0, margin − x)` where it is −1, reduced: PyTorch's `hinge_embedding_loss`, for
    /// distances `x` of pairs that belong together or do not.
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
    /// let loss = Tensor::from([0.25, 0.25, 2.0]).hinge_embedding_loss(Tensor::from([1.0, -1.0, -1.0]), 1.0, Reduction::None);
    /// assert_eq!(loss.data(), [0.25, 0.75, 0.0]);
    /// ```
    #[track_caller]
    fn hinge_embedding_loss(&self, wanted: impl Operand<Self>, margin: f64, reduction: Reduction) -> Self {
        let _called = called("hinge_embedding_loss");
        let t = targets("hinge_embedding_loss", self, &wanted);
        let apart = (-self.clone() + margin).relu();
        reduction.of(select(t.greater(0.0), self, &apart))
    }

    /// `Σ max(0, margin − x[class] + x[i]) / m` over the other classes `i` of `m`, reduced over the samples: PyTorch's
    /// `multi_margin_loss` with power 1.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[batch, classes]`, or `[classes]` |
    /// | `classes` | `[batch]`, or `[]` |
    /// | result | `[]`, or the shape of `classes` for [`Reduction::None`] |
    ///
    /// # Panics
    /// If the shapes do not fit, or a class is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[0.5, 2.0, 0.75]]);
    /// let loss = x.multi_margin_loss(Tensor::from([2]), 1.0, Reduction::Mean);
    /// assert_eq!(loss.item(), (0.75 + 2.25) / 3.0);
    /// ```
    #[track_caller]
    fn multi_margin_loss(&self, classes: impl IndexOperand<Self>, margin: f64, reduction: Reduction) -> Self {
        let _called = called("multi_margin_loss");
        let hit = ClassTargets::default().of("multi_margin_loss", self, &classes.beside(self));
        let axis = self.shape().rank() - 1;
        // 0 of an output is 0, whatever it is
        let right = chain(&hit, self).sum_keeping(axis);
        let short = (self.clone() - right + margin).relu();
        let others = chain(&short, &(-hit + 1.0));
        reduction.of(others.mean_over(axis))
    }
}

impl<A: Algebra> HingeExt for A {}

/// [`HingeExt::hinge_embedding_loss`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct HingeEmbeddingLoss {
    margin: f64,
    reduction: Reduction,
}

impl Function for HingeEmbeddingLoss {
    const NAME: &'static str = "hinge_embedding_loss";
    const TEXT: &'static str = "x where t = 1, max(0, margin − x) where t = −1";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        // The targets choose and are not differentiated; they come as a mask so that the tests do not move them.
        let (one, minus) = (a[0].full(a[0].shape(), 1.0), a[0].full(a[0].shape(), -1.0));
        a[0].hinge_embedding_loss(select(a.mask(1).clone(), &one, &minus), self.margin, self.reduction)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let mask = || Tensor::from([[true, false, true], [false, false, true]]);
        let case = |margin, reduction| {
            (HingeEmbeddingLoss { margin, reduction }, Case::function().within([2, 3], (0.0, 2.0)).exactly(mask()))
        };
        vec![case(1.0, Reduction::Mean), case(0.5, Reduction::Sum), case(1.5, Reduction::None)]
    }
}

/// [`HingeExt::multi_margin_loss`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MultiMarginLoss {
    margin: f64,
    reduction: Reduction,
}

impl Function for MultiMarginLoss {
    const NAME: &'static str = "multi_margin_loss";
    const TEXT: &'static str = "Σ max(0, margin − x[class] + x[i]) / m over the other classes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].multi_margin_loss(a.index(1).clone(), self.margin, self.reduction)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |margin, reduction, x: &[usize], classes: Tensor<i64>| {
            (MultiMarginLoss { margin, reduction }, Case::function().real(x).exactly(classes))
        };
        vec![
            case(1.0, Reduction::Mean, &[2, 3], Tensor::from([2, 0])),
            case(0.3, Reduction::None, &[3, 2], Tensor::from([1, 1, 0])),
            case(1.0, Reduction::Sum, &[5], Tensor::from(3)),
        ]
    }
}

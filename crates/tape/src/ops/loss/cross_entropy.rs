//! Cross-entropy as a loss: of classes, of distributions, and of logarithms of probabilities.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::reduction::targets;
use crate::ops::{Chain, ClassTargets, Reduction, ReshapeExt, SoftmaxCrossEntropy, SumExt, concat};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::{IndexOperand, Operand};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// How cross-entropy is taken of classes.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropy {
    /// What becomes of the losses of the samples. The mean weights each sample by its class's weight.
    pub reduction: Reduction,
    /// The class of samples that count for nothing.
    pub ignore: i64,
    /// The share of each target that is given to all classes equally (Szegedy et al. 2016).
    pub smoothing: f64,
    /// The weight of each class; none is 1 for each.
    pub weights: Vec<f64>,
}

impl Default for CrossEntropy {
    /// The mean, with class −100 ignored, no smoothing and equal weights, as in PyTorch.
    #[inline]
    fn default() -> Self {
        CrossEntropy { reduction: Reduction::Mean, ignore: -100, smoothing: 0.0, weights: Vec::new() }
    }
}

impl CrossEntropy {
    #[inline]
    fn targets(&self) -> ClassTargets {
        let CrossEntropy { ignore, smoothing, weights, .. } = self.clone();
        ClassTargets { count: 0, ignore: Some(ignore), smoothing, weights }
    }

    /// The losses reduced; a mean is by the sum of `weights`, the targets without smoothing.
    #[track_caller]
    fn reduce<A: Algebra>(&self, losses: A, weights: impl FnOnce() -> A) -> A {
        match self.reduction {
            Reduction::None => losses,
            Reduction::Sum => losses.sum(),
            Reduction::Mean => losses.sum() / weights().sum(),
        }
    }
}

/// The methods of cross-entropy.
pub trait CrossEntropyExt: Algebra {
    /// Cross-entropy of classes: −ln of the softmax of `self` at the right class, reduced. PyTorch's `cross_entropy`.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[batch, classes, …]`, or `[classes]`: any numbers; the softmax is taken here, safely |
    /// | `classes` | `[batch, …]`, or `[]`: positions, or the ignored class |
    /// | result | `[]`, or the shape of `classes` for [`Reduction::None`] |
    ///
    /// The mean of nothing (an empty batch, or every sample ignored) is NaN; its gradient is 0. One pass over `self`
    /// forward and one backward, beside the targets.
    ///
    /// # Panics
    /// If the shapes do not fit, or a class is neither in range nor the ignored one.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[0.0, 3.0_f64.ln()], [1000.0, 0.0], [5.0, 5.0]]);
    /// let classes = Tensor::from([0, 0, -100]);
    /// // −ln(1/4) for the first sample, 0 for the second, of which the outputs are sure; the third is ignored
    /// let loss = x.cross_entropy(classes.clone(), &CrossEntropy::default());
    /// assert!((loss.item() - 4.0_f64.ln() / 2.0).abs() < 1e-15);
    ///
    /// let smooth = CrossEntropy { smoothing: 0.2, reduction: Reduction::None, ..CrossEntropy::default() };
    /// let loss = x.cross_entropy(classes, &smooth);
    /// // 0.9 (−ln 1/4) + 0.1 (−ln 3/4)
    /// assert!((loss[[0]] - (0.9 * 4.0_f64.ln() + 0.1 * (4.0_f64 / 3.0).ln())).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn cross_entropy(&self, classes: impl IndexOperand<Self>, how: &CrossEntropy) -> Self {
        let _called = called("cross_entropy");
        let classes = classes.beside(self);
        let t = how.targets().of("cross_entropy", self, &classes);
        let axis = self.shape().rank().saturating_sub(1).min(1);
        let losses = SoftmaxCrossEntropy { axis }.of(self, &t);
        how.reduce(losses, || match how.smoothing {
            0.0 => t,
            _ => ClassTargets { smoothing: 0.0, ..how.targets() }.of("cross_entropy", self, &classes),
        })
    }

    /// Cross-entropy of probabilities, `−Σ t ln softmax(x)` along axis 1 (the only axis of a single sample), reduced;
    /// the mean is over the samples. PyTorch's `cross_entropy` with probabilities. The targets carry a gradient too.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self`, `wanted` | `[batch, classes, …]`, or `[classes]` |
    /// | result | `[]`, or that shape without the classes for [`Reduction::None`] |
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[0.0, 3.0_f64.ln()]]);
    /// let loss = x.soft_cross_entropy(Tensor::from([[0.5, 0.5]]), Reduction::Mean);
    /// assert!((loss.item() - (4.0_f64.ln() + (4.0_f64 / 3.0).ln()) / 2.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn soft_cross_entropy(&self, wanted: impl Operand<Self>, reduction: Reduction) -> Self {
        let _called = called("soft_cross_entropy");
        let t = targets("soft_cross_entropy", self, &wanted);
        let axis = self.shape().rank().saturating_sub(1).min(1);
        reduction.of(SoftmaxCrossEntropy { axis }.of(self, &t))
    }

    /// [`soft_cross_entropy`](Self::soft_cross_entropy) with the smoothing, the weights of the classes and the reduction of
    /// `how`: `−Σ w ((1 − ε) t + ε / classes) ln softmax(x)`. The mean is over the samples, whatever the weights, as in
    /// PyTorch; nothing is ignored.
    ///
    /// # Panics
    /// If the shapes differ, there is not a weight for each class, or the smoothing is not between 0 and 1.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[0.0, 3.0_f64.ln()]]);
    /// let how = CrossEntropy { smoothing: 0.5, weights: vec![1.0, 2.0], ..CrossEntropy::default() };
    /// let loss = x.soft_cross_entropy_with(Tensor::from([[1.0, 0.0]]), &how);
    /// // 1 · 0.75 (−ln 1/4) + 2 · 0.25 (−ln 3/4)
    /// assert!((loss.item() - (0.75 * 4.0_f64.ln() + 0.5 * (4.0_f64 / 3.0).ln())).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn soft_cross_entropy_with(&self, wanted: impl Operand<Self>, how: &CrossEntropy) -> Self {
        let _called = called("soft_cross_entropy_with");
        let t = targets("soft_cross_entropy_with", self, &wanted);
        let shape = self.shape();
        let axis = shape.rank().saturating_sub(1).min(1);
        let count = shape.get(axis).copied().unwrap_or(0);
        if !(0.0..=1.0).contains(&how.smoothing) {
            let message = format!("smoothing {} is not between 0 and 1", how.smoothing);
            Error::shape("soft_cross_entropy_with", message).raise()
        }
        let mut t = (*t).clone() * (1.0 - how.smoothing) + how.smoothing / count as f64;
        if !how.weights.is_empty() {
            if how.weights.len() != count {
                let message = format!("{} weights for {count} classes", how.weights.len());
                Error::shape("soft_cross_entropy_with", message).raise()
            }
            let weights: Vec<Self> = how.weights.iter().map(|w| self.full(Shape::from([1]), *w)).collect();
            let along = Shape::from(&[&[count][..], &[1].repeat(shape.rank() - axis - 1)].concat()[..]);
            t = t * ReshapeExt::reshape(&concat(&weights.iter().collect::<Vec<_>>(), 0), along);
        }
        how.reduction.of(SoftmaxCrossEntropy { axis }.of(self, &t))
    }

    /// Minus the entry of the right class, reduced, for outputs that are logarithms of probabilities: PyTorch's `nll_loss`.
    /// The mean weights each sample by its class's weight.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[batch, classes, …]`, or `[classes]` |
    /// | `classes` | `[batch, …]`, or `[]` |
    /// | result | `[]`, or the shape of `classes` for [`Reduction::None`] |
    ///
    /// # Panics
    /// If the shapes do not fit, a class is neither in range nor the ignored one, or there is smoothing.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[0.25, 0.75], [0.5, 0.5]]).ln();
    /// let loss = x.nll_loss(Tensor::from([0, 1]), &CrossEntropy::default());
    /// assert!((loss.item() - (4.0_f64.ln() + 2.0_f64.ln()) / 2.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn nll_loss(&self, classes: impl IndexOperand<Self>, how: &CrossEntropy) -> Self {
        let _called = called("nll_loss");
        if how.smoothing != 0.0 {
            let message = format!("smoothing {} is for cross_entropy", how.smoothing);
            Error::shape("nll_loss", message).raise()
        }
        let t = how.targets().of("nll_loss", self, &classes.beside(self));
        let axis = self.shape().rank().saturating_sub(1).min(1);
        // A target of 0 silences an improbable class, of which the logarithm is infinite.
        let losses = -Self::pointwise(Chain, [&t, self]).sum_over(axis);
        how.reduce(losses, || t)
    }
}

impl<A: Algebra> CrossEntropyExt for A {}

/// Settings, outputs and classes to try.
#[inline]
fn class_cases(smoothing: bool) -> Vec<(CrossEntropy, Case)> {
    let case = |how: CrossEntropy, x: &[usize], classes: Tensor<i64>| (how, Case::function().real(x).exactly(classes));
    let mut cases = vec![
        case(CrossEntropy::default(), &[2, 3], Tensor::from([2, 0])),
        case(CrossEntropy { ignore: 1, ..CrossEntropy::default() }, &[3, 2], Tensor::from([0, 1, 0])),
        case(
            CrossEntropy { reduction: Reduction::Sum, weights: vec![0.5, 2.0, 1.0], ..CrossEntropy::default() },
            &[2, 3, 2],
            Tensor::from([[2, -100], [0, 1]]),
        ),
        case(CrossEntropy { reduction: Reduction::None, ..CrossEntropy::default() }, &[2, 3], Tensor::from([1, -100])),
        case(CrossEntropy { weights: vec![0.5, 2.0, 1.0], ..CrossEntropy::default() }, &[3], Tensor::from(1)),
    ];
    if smoothing {
        let smooth = CrossEntropy { smoothing: 0.2, weights: vec![0.5, 2.0, 1.0], ..CrossEntropy::default() };
        cases.push(case(smooth.clone(), &[2, 3], Tensor::from([2, -100])));
        cases.push(case(CrossEntropy { reduction: Reduction::None, ..smooth }, &[2, 3], Tensor::from([0, 1])));
    }
    cases
}

/// [`CrossEntropyExt::cross_entropy`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct CrossEntropyOfClasses(CrossEntropy);

impl Function for CrossEntropyOfClasses {
    const NAME: &'static str = "cross_entropy";
    const TEXT: &'static str = "softmax_cross_entropy of class_targets, reduced";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].cross_entropy(a.index(1).clone(), &self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        class_cases(true).into_iter().map(|(how, case)| (CrossEntropyOfClasses(how), case)).collect()
    }
}

/// [`CrossEntropyExt::nll_loss`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct NllLoss(CrossEntropy);

impl Function for NllLoss {
    const NAME: &'static str = "nll_loss";
    const TEXT: &'static str = "−x at the class, reduced";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].nll_loss(a.index(1).clone(), &self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        class_cases(false).into_iter().map(|(how, case)| (NllLoss(how), case)).collect()
    }
}

/// [`CrossEntropyExt::soft_cross_entropy`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SoftCrossEntropy(Reduction);

impl Function for SoftCrossEntropy {
    const NAME: &'static str = "soft_cross_entropy";
    const TEXT: &'static str = "softmax_cross_entropy along axis 1, reduced";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].soft_cross_entropy(&a[1], self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case =
            |reduction, x: &[usize]| (SoftCrossEntropy(reduction), Case::function().real(x).within(x, (0.0, 1.0)));
        vec![case(Reduction::Mean, &[2, 3]), case(Reduction::Sum, &[2, 3, 2]), case(Reduction::None, &[5])]
    }
}

/// [`CrossEntropyExt::soft_cross_entropy_with`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SoftCrossEntropyWith(CrossEntropy);

impl Function for SoftCrossEntropyWith {
    const NAME: &'static str = "soft_cross_entropy_with";
    const TEXT: &'static str = "softmax_cross_entropy of smoothed and weighted targets, reduced";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].soft_cross_entropy_with(&a[1], &self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |how: CrossEntropy, x: &[usize]| {
            (SoftCrossEntropyWith(how), Case::function().real(x).within(x, (0.0, 1.0)))
        };
        let weights = vec![0.5, 2.0, 1.0];
        vec![
            case(CrossEntropy { smoothing: 0.2, weights: weights.clone(), ..CrossEntropy::default() }, &[2, 3]),
            case(CrossEntropy { weights, reduction: Reduction::Sum, ..CrossEntropy::default() }, &[2, 3, 2]),
            case(CrossEntropy { smoothing: 0.2, reduction: Reduction::None, ..CrossEntropy::default() }, &[5]),
        ]
    }
}

//! Group normalisation.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::batch_norm::for_channels;
use crate::ops::{MulAddExt, NormaliseExt, ReshapeExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Operand;
use crate::shape::product;

/// The method of group normalisation.
pub trait GroupNormExt: Algebra {
    /// `(x − μ) / √(σ² + ε) · weight + bias`, with mean and variance of each group of neighbouring channels of each sample
    /// (Wu and He 2018): PyTorch's `group_norm`. As many groups as channels is instance normalisation.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[batch, channels, …]` |
    /// | `weight`, `bias` | `[channels]`, or a number |
    /// | result | `[batch, channels, …]` |
    ///
    /// It is one [`normalise`](NormaliseExt::normalise) and one [`mul_add`](MulAddExt::mul_add): five passes forward.
    ///
    /// # Panics
    /// If the number of groups is 0 or does not divide the number of channels, or the shapes do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([[1.0, 3.0, 10.0, 10.0]]).group_norm(2, 1.0, 0.0, 0.0625);
    /// assert!((y[[0, 1]] - 1.0 / 1.0625_f64.sqrt()).abs() < 1e-15);
    /// assert_eq!(y[[0, 2]], 0.0);
    /// ```
    #[track_caller]
    fn group_norm(&self, groups: usize, weight: impl Operand<Self>, bias: impl Operand<Self>, epsilon: f64) -> Self {
        let _called = called("group_norm");
        let x = self.shape();
        if x.rank() < 2 || groups == 0 || !x[1].is_multiple_of(groups) {
            Error::shape("group_norm", format!("{groups} groups of the channels (axis 1) of {x}")).raise()
        }
        let weight = for_channels("group_norm", "weight", &x, &*weight.beside(self));
        let bias = for_channels("group_norm", "bias", &x, &*bias.beside(self));
        let members = product(&[&[x[1] / groups], &x[2..]].concat());
        let grouped = ReshapeExt::reshape(self, [x[0], groups, members]).normalise(2, epsilon);
        ReshapeExt::reshape(&grouped, x).mul_add(&weight, &bias)
    }
}

impl<A: Algebra> GroupNormExt for A {}

/// [`GroupNormExt::group_norm`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    groups: usize,
    epsilon: f64,
}

impl Function for GroupNorm {
    const NAME: &'static str = "group_norm";
    const TEXT: &'static str = "(x − mean) / √(variance + ε) · weight + bias, over groups of channels";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].group_norm(self.groups, &a[1], &a[2], self.epsilon)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |groups, epsilon, x: &[usize], w: &[usize]| {
            (GroupNorm { groups, epsilon }, Case::function().real(x).real(w).real(w))
        };
        vec![
            case(2, 1e-5, &[3, 4], &[4]),
            case(3, 0.1, &[2, 3, 5], &[3]),
            case(1, 1e-5, &[2, 3], &[]),
            case(1, 1e-5, &[0, 3, 2], &[3]),
        ]
    }
}

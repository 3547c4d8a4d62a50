//! Batch normalisation, with the statistics of the batch and with given ones.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::{MulAddExt, NormaliseExt, PowfExt, ReshapeExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Operand;
use crate::shape::Shape;

use super::normalise::not_negative;

/// A number for each channel (axis 1 of `x`), so that it broadcasts against `x`; one number for all stays as it is.
#[track_caller]
pub(crate) fn for_channels<A: Algebra>(op: &str, what: &str, x: &Shape, number: &A) -> A {
    let shape = number.shape();
    if shape.rank() == 0 {
        return number.clone();
    }
    if x.rank() < 2 || shape.rank() != 1 || shape[0] != x[1] {
        let message = format!("{what} {shape} for {x}: a number for each channel (axis 1) is needed");
        Error::shape(op, message).raise()
    }
    let mut broadcast = Shape::from([x[1]]);
    (2..x.rank()).for_each(|_| broadcast.push(1));
    number.reshape(broadcast)
}

/// The methods of batch normalisation.
pub trait BatchNormExt: Algebra {
    /// `(x − μ) / √(σ² + ε) · weight + bias`, with mean and variance of each channel over the batch and all positions
    /// (Ioffe and Szegedy 2015): PyTorch's `batch_norm` in training.
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
    /// If the shapes do not fit, or there is only one number in each channel, of which the deviation is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 10.0], [3.0, 10.0]]);
    /// let y = x.batch_norm(Tensor::from([1.0, 2.0]), Tensor::from([0.0, 5.0]), 1e-12);
    /// assert!((y - Tensor::from([[-1.0, 5.0], [1.0, 5.0]])).abs().max().item() < 1e-11);
    /// ```
    #[track_caller]
    fn batch_norm(&self, weight: impl Operand<Self>, bias: impl Operand<Self>, epsilon: f64) -> Self {
        let _called = called("batch_norm");
        let x = self.shape();
        let weight = for_channels("batch_norm", "weight", &x, &*weight.beside(self));
        let bias = for_channels("batch_norm", "bias", &x, &*bias.beside(self));
        if x.rank() < 2 || x.len_elements() == x[1] && x[1] > 0 {
            let message = format!("more than one number in each channel (axis 1) is needed, {x} has one");
            Error::shape("batch_norm", message).raise()
        }
        let axes: Vec<usize> = (0..x.rank()).filter(|k| *k != 1).collect();
        self.normalise(&axes[..], epsilon).mul_add(&weight, &bias)
    }

    /// `(x − mean) / √(variance + ε) · weight + bias` with a given mean and variance for each channel: PyTorch's
    /// `batch_norm` in evaluation.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[batch, channels, …]` |
    /// | `mean`, `variance`, `weight`, `bias` | `[channels]`, or a number |
    /// | result | `[batch, channels, …]` |
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (mean, variance) = (Tensor::from([1.0, 10.0]), Tensor::from([4.0, 1.0]));
    /// let y = Tensor::from([[5.0, 10.0]]).batch_norm_with(&mean, &variance, 3.0, -1.0, 0.0);
    /// assert_eq!(y, Tensor::from([[5.0, -1.0]]));
    /// ```
    #[track_caller]
    fn batch_norm_with(
        &self,
        mean: impl Operand<Self>,
        variance: impl Operand<Self>,
        weight: impl Operand<Self>,
        bias: impl Operand<Self>,
        epsilon: f64,
    ) -> Self {
        let _called = called("batch_norm_with");
        let op = "batch_norm_with";
        let x = self.shape();
        not_negative(op, epsilon).or_raise();
        if x.rank() < 2 {
            Error::shape(op, format!("[batch, channels, …] is needed, not {x}")).raise()
        }
        let mean = for_channels(op, "mean", &x, &*mean.beside(self));
        let variance = for_channels(op, "variance", &x, &*variance.beside(self));
        let weight = for_channels(op, "weight", &x, &*weight.beside(self));
        let bias = for_channels(op, "bias", &x, &*bias.beside(self));
        let scale = (variance + epsilon).powf(-0.5) * weight;
        // The mean is taken out first: from the products of large numbers that lie near each other their digits would be lost.
        (self.clone() - mean).mul_add(&scale, &bias)
    }
}

impl<A: Algebra> BatchNormExt for A {}

/// [`BatchNormExt::batch_norm`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    epsilon: f64,
}

impl Function for BatchNorm {
    const NAME: &'static str = "batch_norm";
    const TEXT: &'static str = "(x − mean) / √(variance + ε) · weight + bias, over all axes but 1";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].batch_norm(&a[1], &a[2], self.epsilon)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |x: &[usize], w: &[usize]| Case::function().real(x).real(w).real(w);
        vec![
            (BatchNorm { epsilon: 1e-5 }, case(&[5, 3], &[3])),
            (BatchNorm { epsilon: 0.1 }, case(&[2, 3, 5], &[3])),
            (BatchNorm { epsilon: 1e-5 }, case(&[5, 2], &[])),
            (BatchNorm { epsilon: 1e-5 }, case(&[2, 3, 2, 2], &[3])),
            (BatchNorm { epsilon: 1e-5 }, case(&[0, 3], &[3])),
        ]
    }
}

/// [`BatchNormExt::batch_norm_with`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct BatchNormWith {
    epsilon: f64,
}

impl Function for BatchNormWith {
    const NAME: &'static str = "batch_norm_with";
    const TEXT: &'static str = "(x − mean) / √(variance + ε) · weight + bias, with given statistics";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].batch_norm_with(&a[1], &a[2], &a[3], &a[4], self.epsilon)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |x: &[usize], w: &[usize]| Case::function().real(x).real(w).within(w, (0.5, 2.0)).real(w).real(w);
        vec![
            (BatchNormWith { epsilon: 1e-5 }, case(&[5, 3], &[3])),
            (BatchNormWith { epsilon: 0.1 }, case(&[2, 3, 5], &[3])),
            (BatchNormWith { epsilon: 1e-5 }, case(&[1, 3], &[3])),
            (BatchNormWith { epsilon: 1e-5 }, case(&[0, 3], &[3])),
        ]
    }
}

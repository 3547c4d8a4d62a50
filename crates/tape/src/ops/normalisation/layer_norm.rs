//! Layer normalisation, and its form without a mean.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::{MulAddExt, NormaliseExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Operand;
use crate::shape::Shape;

/// The axes of the last lengths of `x`, which must be `shape`.
#[track_caller]
#[inline]
fn last_axes(op: &str, x: &Shape, shape: &Shape) -> Vec<usize> {
    let first = x.rank().checked_sub(shape.rank()).filter(|first| shape.rank() > 0 && x[*first..] == shape[..]);
    match first {
        Some(first) => (first..x.rank()).collect(),
        None => Error::shape(op, format!("{shape} are not the last lengths of {x}")).raise(),
    }
}

#[track_caller]
#[inline]
fn same(op: &str, what: &str, number: &Shape, shape: &Shape) {
    if number.rank() > 0 && number != shape {
        Error::shape(op, format!("{what} {number} for the normalised lengths {shape}")).raise()
    }
}

/// The methods of layer normalisation.
pub trait LayerNormExt: Algebra {
    /// `(x − μ) / √(σ² + ε) · weight + bias`, with mean and variance over the last axes, whose lengths are `shape` (Ba,
    /// Kiros and Hinton 2016): PyTorch's `layer_norm`.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[…, shape]` |
    /// | `weight`, `bias` | `shape`, or a number |
    /// | result | `[…, shape]` |
    ///
    /// It is one [`normalise`](NormaliseExt::normalise) and one [`mul_add`](MulAddExt::mul_add): five passes forward.
    ///
    /// # Panics
    /// If the last lengths of `self` are not `shape`, or weight and bias have another shape.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([[1.0, 3.0], [10.0, 10.0]]).layer_norm([2], Tensor::from([1.0, 2.0]), 0.5, 0.0625);
    /// assert!((y[[0, 1]] - (2.0 / 1.0625_f64.sqrt() + 0.5)).abs() < 1e-15);
    /// assert_eq!(y[[1, 0]], 0.5);
    /// ```
    #[track_caller]
    fn layer_norm(
        &self,
        shape: impl Into<Shape>,
        weight: impl Operand<Self>,
        bias: impl Operand<Self>,
        epsilon: f64,
    ) -> Self {
        let _called = called("layer_norm");
        let shape = shape.into();
        let axes = last_axes("layer_norm", &self.shape(), &shape);
        let (weight, bias) = (weight.beside(self), bias.beside(self));
        same("layer_norm", "weight", &weight.shape(), &shape);
        same("layer_norm", "bias", &bias.shape(), &shape);
        self.normalise(&axes[..], epsilon).mul_add(&*weight, &*bias)
    }

    /// `x / √(mean of x² + ε) · weight` over the last axes, whose lengths are `shape` (Zhang and Sennrich 2019):
    /// PyTorch's `rms_norm`.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[…, shape]` |
    /// | `weight` | `shape`, or a number |
    /// | result | `[…, shape]` |
    ///
    /// # Panics
    /// If the last lengths of `self` are not `shape`, or the weight has another shape.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([3.0, 4.0]).rms_norm([2], 2.0, 0.0);
    /// assert!((y[[0]] - 6.0 / 12.5_f64.sqrt()).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn rms_norm(&self, shape: impl Into<Shape>, weight: impl Operand<Self>, epsilon: f64) -> Self {
        let _called = called("rms_norm");
        let shape = shape.into();
        let axes = last_axes("rms_norm", &self.shape(), &shape);
        let weight = weight.beside(self);
        same("rms_norm", "weight", &weight.shape(), &shape);
        self.rms_normalise(&axes[..], epsilon) * &*weight
    }
}

impl<A: Algebra> LayerNormExt for A {}

/// [`LayerNormExt::layer_norm`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    shape: Shape,
    epsilon: f64,
}

impl Function for LayerNorm {
    const NAME: &'static str = "layer_norm";
    const TEXT: &'static str = "(x − mean) / √(variance + ε) · weight + bias, over the last axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].layer_norm(&self.shape, &a[1], &a[2], self.epsilon)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |x: &[usize], shape: &[usize], w: &[usize], epsilon| {
            (LayerNorm { shape: Shape::from(shape), epsilon }, Case::function().real(x).real(w).real(w))
        };
        vec![
            case(&[2, 5], &[5], &[5], 1e-5),
            case(&[2, 3, 5], &[3, 5], &[3, 5], 0.1),
            case(&[3], &[3], &[], 1e-5),
            case(&[0, 3], &[3], &[3], 1e-5),
        ]
    }
}

/// [`LayerNormExt::rms_norm`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct RmsNorm {
    shape: Shape,
    epsilon: f64,
}

impl Function for RmsNorm {
    const NAME: &'static str = "rms_norm";
    const TEXT: &'static str = "x / √(mean of x² + ε) · weight, over the last axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].rms_norm(&self.shape, &a[1], self.epsilon)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |x: &[usize], shape: &[usize], w: &[usize], epsilon| {
            (RmsNorm { shape: Shape::from(shape), epsilon }, Case::function().real(x).real(w))
        };
        vec![
            case(&[2, 5], &[5], &[5], 1e-5),
            case(&[2, 3, 5], &[3, 5], &[3, 5], 0.1),
            case(&[3], &[3], &[], 1e-5),
            case(&[0, 3], &[3], &[3], 1e-5),
        ]
    }
}

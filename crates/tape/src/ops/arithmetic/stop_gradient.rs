//! A value that is not differentiated.

use crate::error::Error;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::role::Role;
use crate::rule::written::Formula;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `x`, by which nothing is differentiated: PyTorch's `detach`. On a tape it depends on what `x` depends on, so that a
/// replay computes it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct StopGradient;

impl Op for StopGradient {
    #[inline]
    fn name(&self) -> String {
        "stop_gradient".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }

    #[inline]
    fn role(&self, _operands: usize) -> Role {
        Role::Elementwise(Formula::of_operands(1, |x| x[0]))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a[0].clone().into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn stops_gradient(&self) -> bool {
        true
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        vec![Case::of(StopGradient).real([2, 3]), Case::of(StopGradient).real([])]
    }
}

/// The method of [`StopGradient`].
pub trait StopGradientExt: Algebra {
    /// This value, by which nothing is differentiated: JAX's `stop_gradient`, PyTorch's `detach`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let g = grad(|x| (x.stop_gradient() * x).sum(), &Tensor::from([3.0]))?;
    /// assert_eq!(g.data(), [3.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    fn stop_gradient(&self) -> Self {
        Self::apply(StopGradient, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> StopGradientExt for A {}

//! The logarithm of the sum of the exponentials of any number of arguments. `Scalar::log_sum_exp_of` is one.

use crate::algebra::{Algebra, Args};
use crate::case::Case;
use crate::complex::Analytic;
use crate::error::Error;
use crate::float::Float;
use crate::op::{Kind, Op, Takes, Value};
use crate::ops::sum_of::one_shape;
use crate::ops::{ExpExt, LnExt};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;

/// `y = ln(exp(a₁) + exp(a₂) + …)` for arguments of one shape. The largest is taken out first, so that nothing
/// overflows.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSumExpOf;

impl Op for LogSumExpOf {
    #[inline]
    fn name(&self) -> String {
        "log_sum_exp_of".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::AtLeast(1, Kind::Real)
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        one_shape("log_sum_exp_of", args)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let element = |i: usize| {
            let numbers = || (0..a.len()).map(|k| a[k].data()[i]);
            let largest = numbers().fold(F::neg_infinity(), num_traits::Float::max);
            // With no finite largest number there is nothing to take out, and ∞ − ∞ must not arise.
            let shift = if num_traits::Float::is_finite(largest) { largest } else { F::zero() };
            let total = numbers().fold(F::zero(), |sum, x| sum + num_traits::Float::exp(x - shift));
            num_traits::Float::ln(total) + shift
        };
        let shape = Tensor::shape(&a[0]);
        Tensor::collect(shape.clone(), (0..shape.len_elements()).map(element)).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        (a[arg].clone() - y).exp() * g
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        (a[arg].clone() - y).exp() * d
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        (0..a.len()).map(|k| a[k].exp()).reduce(|sum, x| sum + x).map(|sum| sum.ln())
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([22, args.len(), y.len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        vec![
            Case::of(LogSumExpOf).real([]).real([]).real([]),
            Case::of(LogSumExpOf).real([2, 3]).real([2, 3]),
            Case::of(LogSumExpOf).real([0, 3]).real([0, 3]),
        ]
    }
}

//! The logarithm of the sum of the exponentials of any number of arguments. `Scalar::log_sum_exp_of` is one.

use crate::error::Error;
use crate::ops::sum_of::one_shape;
use crate::ops::{CompareExt, ExpExt, LnExt, chain, select};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Cotangents, Kind, Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y = ln(exp(a₁) + exp(a₂) + …)` for arguments of one shape. The largest is taken out first, so that nothing
/// overflows.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSumExpOf;

impl LogSumExpOf {
    /// The derivatives by some arguments: `exp(a − y)` over the sum of all of them, which would be 1 if `y` were not rounded.
    /// Where all are −∞ they are 0.
    #[track_caller]
    fn weights<A: Algebra>(&self, args: &[usize], a: Args<'_, A>, y: &A) -> Vec<A> {
        let [zero, one] = [0.0, 1.0].map(|c| y.full(Shape::scalar(), c));
        let level = select(y.equal(f64::NEG_INFINITY), &zero, y);
        let exp = |k: usize| select(a[k].equal(&level), &zero, a[k].clone() - &level).exp();
        let total = (1..a.len()).fold(exp(0), |sum, k| sum + exp(k));
        let total = select(total.equal(0.0), &one, &total);
        args.iter().map(|k| exp(*k) / &total).collect()
    }
}

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
            let total = numbers().map(|x| num_traits::Float::exp(x - shift).to_f64()).sum::<f64>();
            num_traits::Float::ln(F::from_f64(total)) + shift
        };
        let shape = Tensor::shape(&a[0]);
        Tensor::collect(shape.clone(), (0..shape.len_elements()).map(element)).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        chain(&g, &self.weights(&[arg], a, y)[0])
    }

    fn vjps<A: Algebra>(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>> {
        Some(self.weights(need, a, y).iter().map(|weight| chain(g, weight)).collect())
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        chain(&d, &self.weights(&[arg], a, y)[0])
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

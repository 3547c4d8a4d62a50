//! The dot product of any number of pairs of arguments. `Scalar::dot` is one.

use crate::algebra::{Algebra, Args};
use crate::case::Case;
use crate::complex::Analytic;
use crate::error::Error;
use crate::float::Float;
use crate::op::{Kind, Op, Takes, Value};
use crate::ops::sum_of::one_shape;
use crate::shape::{Shape, work};
use crate::tensor::Tensor;

/// `y = a₁ a₂ + a₃ a₄ + …`, from left to right, for arguments of one shape.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct DotOf;

impl Op for DotOf {
    #[inline]
    fn name(&self) -> String {
        "dot_of".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        args.chunks(2).map(|pair| pair.join(" · ")).collect::<Vec<_>>().join(" + ")
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::AtLeast(2, Kind::Real)
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        if !args.len().is_multiple_of(2) {
            return Err(Error::shape("dot_of", format!("pairs of arguments are needed, not {} of them", args.len())));
        }
        one_shape("dot_of", args)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let mut y = &a[0] * &a[1];
        (2..a.len()).step_by(2).for_each(|k| y += &(&a[k] * &a[k + 1]));
        y.into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        g * &a[arg ^ 1]
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        d * &a[arg ^ 1]
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        (0..a.len()).step_by(2).map(|k| a[k].clone() * &a[k + 1]).reduce(|sum, x| sum + x)
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([args.len().saturating_sub(1), y.len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        vec![
            Case::of(DotOf).real([]).real([]).real([]).real([]),
            Case::of(DotOf).real([2, 3]).real([2, 3]),
            Case::of(DotOf).real([0, 3]).real([0, 3]),
        ]
    }
}

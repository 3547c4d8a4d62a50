//! The dot product of any number of pairs of arguments. `Scalar::dot` is one.

use crate::error::Error;
use crate::ops::chain;
use crate::ops::sum_of::{by_halves, one_shape, sum_by_element};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::role::Role;
use crate::rule::written::Formula;
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y = a₁ a₂ + a₃ a₄ + …`, from left to right and in `f64`, for arguments of one shape.
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
        let product = |k: usize, i: usize| a[2 * k].data()[i] * a[2 * k + 1].data()[i];
        sum_by_element(a.len() / 2, Tensor::shape(&a[0]), product).into()
    }

    #[inline]
    fn role(&self, operands: usize) -> Role {
        Role::Elementwise(Formula::of_operands(operands, |x| {
            let products: Vec<_> = x.chunks_exact(2).map(|pair| pair[0] * pair[1]).collect();
            by_halves(&products)
        }))
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        chain(&g, &a[arg ^ 1])
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        chain(&d, &a[arg ^ 1])
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

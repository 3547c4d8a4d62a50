//! The sum of any number of arguments. `iter.sum()` of recorded numbers is one.

use crate::error::Error;
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::role::Role;
use crate::rule::written::{Formula, Written};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y = a₁ + a₂ + …`, from left to right and in `f64`, for arguments of one shape.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct SumOf;

impl Op for SumOf {
    #[inline]
    fn name(&self) -> String {
        "sum_of".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        args.join(" + ")
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::AtLeast(1, Kind::Real)
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        one_shape("sum_of", args)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        sum_by_element(a.len(), Tensor::shape(&a[0]), |k, i| a[k].data()[i]).into()
    }

    #[inline]
    fn role(&self, operands: usize) -> Role {
        Role::Elementwise(Formula::of_operands(operands, by_halves))
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        g
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        d
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        (0..a.len()).map(|k| a[k].clone()).reduce(|sum, x| sum + x)
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([args.len().saturating_sub(1), y.len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        vec![
            Case::of(SumOf).real([]).real([]).real([]),
            Case::of(SumOf).real([2, 3]),
            Case::of(SumOf).real([0, 3]).real([0, 3]),
            Case::of(SumOf).real([2]).real([2]).real([2]).real([2]),
        ]
    }
}

/// The sums of `term(0, i)`, `term(1, i)`, … for each element `i`, in `f64`, as a sum of recorded numbers is.
pub(crate) fn sum_by_element<F: Float>(count: usize, shape: &Shape, term: impl Fn(usize, usize) -> F) -> Tensor<F> {
    let sum = |i: usize| F::from_f64((0..count).fold(-0.0, |sum, k| sum + term(k, i).to_f64()));
    Tensor::collect(shape.clone(), (0..shape.len_elements()).map(sum))
}

/// The sum of terms that are written down, halves first, so that as few roundings as can be lie on the way of each.
pub(crate) fn by_halves(terms: &[Written]) -> Written {
    match terms {
        [term] => *term,
        _ => {
            let (first, second) = terms.split_at(terms.len() / 2);
            by_halves(first) + by_halves(second)
        }
    }
}

/// The shape that all arguments have.
#[inline]
pub(crate) fn one_shape(op: &str, args: &[&Shape]) -> Result<Shape, Error> {
    let Some((first, rest)) = args.split_first() else {
        return Err(Error::shape(op, "no arguments"));
    };
    match rest.iter().find(|s| s != &first) {
        Some(other) => Err(Error::shape(op, format!("arguments of one shape are needed, not {first} and {other}"))),
        None => Ok((*first).clone()),
    }
}

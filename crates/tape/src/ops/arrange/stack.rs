//! Tensors of one shape along a new axis.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::squeeze::inserted;
use crate::ops::{SqueezeExt, concat};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Listed;
use crate::tensor::sizes::signed;

/// Tensors of one shape side by side along a new axis, which is axis `at` of the result; −1 is the last.
///
/// # Panics
/// If there are no tensors, their shapes differ, or the result has no such axis.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// assert_eq!(stack(&[&a, &b], 0), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// assert_eq!(stack(&[&a, &b], -1), Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
/// ```
#[track_caller]
pub fn stack<A: Algebra>(tensors: &[impl Listed<A>], at: isize) -> A {
    let _called = called("stack");
    let Some(first) = tensors.first() else { Error::shape("stack", "no tensors").raise() };
    let shape = first.listed().shape();
    if let Some(other) = tensors.iter().map(|t| t.listed().shape()).find(|other| *other != shape) {
        Error::shape("stack", format!("the shapes {shape} and {other} differ")).raise()
    }
    let axis = signed(inserted("stack", at, shape.rank()).or_raise());
    let wide: Vec<A> = tensors.iter().map(|t| t.listed().unsqueeze(axis)).collect();
    concat(&wide, axis)
}

/// [`stack`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Stack(isize);

impl Function for Stack {
    const NAME: &'static str = "stack";
    const TEXT: &'static str = "tensors of one shape along a new axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        stack(&(0..a.len()).map(|k| &a[k]).collect::<Vec<_>>(), self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        vec![
            (Stack(0), Case::function().real([2, 3]).real([2, 3]).real([2, 3])),
            (Stack(-1), Case::function().real([2, 3]).real([2, 3])),
            (Stack(1), Case::function().real([2, 0]).real([2, 0])),
            (Stack(0), Case::function().real([])),
        ]
    }
}

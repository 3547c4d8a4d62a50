//! Tensors one after another along an axis.

use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::{Slice, Unslice};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::Listed;
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Any number of tensors one after another along an axis; their other axes agree.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl Concat {
    /// Where argument `arg` begins along the axis, and where it ends.
    #[track_caller]
    fn place<A: Algebra>(&self, arg: usize, a: Args<'_, A>) -> (usize, usize) {
        let len = |k: usize| a[k].shape()[self.axis];
        let start = (0..arg).map(len).sum();
        (start, start + len(arg))
    }
}

impl Op for Concat {
    #[inline]
    fn name(&self) -> String {
        "concat".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("concat([{}], axis {})", args.join(", "), self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::AtLeast(1, Kind::Real)
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let Some(first) = args.first() else {
            return Err(Error::shape("concat", "no tensors"));
        };
        if self.axis >= first.rank() {
            return Err(Error::shape("concat", format!("axis {} of a tensor of rank {}", self.axis, first.rank())));
        }
        if let Some(other) =
            args.iter().find(|s| s.rank() != first.rank() || s.with(self.axis, 0) != first.with(self.axis, 0))
        {
            return Err(Error::shape("concat", format!("{first} and {other} differ beside axis {}", self.axis)));
        }
        Ok(first.with(self.axis, args.iter().fold(0, |sum, s| sum.saturating_add(s[self.axis]))))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shapes: Vec<&Shape> = (0..a.len()).map(|k| Tensor::shape(&a[k])).collect();
        let len = shapes.iter().map(|s| s[self.axis]).sum();
        let shape = shapes[0].with(self.axis, len);
        let blocks = product(&shape[..self.axis]);
        let mut out = Buffer::room(shape.len_elements());
        for block in 0..blocks {
            for (k, s) in shapes.iter().enumerate() {
                let width = product(&s[self.axis..]);
                out.extend_from_slice(&a[k].data()[block * width..][..width]);
            }
        }
        Tensor::from_parts(shape, out).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let (start, end) = self.place(arg, a);
        let slice = Slice { axis: self.axis, start, end, step: 1 };
        A::apply(slice, &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let (start, _) = self.place(arg, a);
        let whole = Unslice { axis: self.axis, start, step: 1, len: y.shape()[self.axis] };
        A::apply(whole, &[Arg::Real(&d)]).real()
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        vec![
            Case::of(Concat { axis: 0 }).real([2, 3]).real([1, 3]).real([5, 3]),
            Case::of(Concat { axis: 1 }).real([2, 3]).real([2, 5]),
            Case::of(Concat { axis: 1 }).real([2, 3, 2]).real([2, 0, 2]),
            Case::of(Concat { axis: 0 }).real([3]),
        ]
    }
}

/// Tensors one after another along an axis, which may count from the end.
///
/// # Panics
/// If there are no tensors, the axis is out of range, or other axes differ.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (a, b) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0], [4.0]]));
/// assert_eq!(concat(&[&a, &b], 1), Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
/// ```
#[track_caller]
pub fn concat<A: Algebra>(tensors: &[impl Listed<A>], at: isize) -> A {
    let Some(first) = tensors.first() else { Error::shape("concat", "no tensors").raise() };
    let axis = axis("concat", at, first.listed().shape().rank()).or_raise();
    let args: Vec<Arg<'_, A>> = tensors.iter().map(|t| Arg::Real(t.listed())).collect();
    A::apply(Concat { axis }, &args).real()
}

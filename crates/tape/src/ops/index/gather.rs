//! Entries at given positions of an axis.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::{ScatterAdd, SliceExt};
use crate::rule::algebra::{Algebra, Any, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::IndexOperand;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;
use crate::tensor::sizes::signed;

/// `y[i, j, …] = x[i, index[i, j, …], …]` along an axis: PyTorch's `gather`. A negative position counts from the end, as in
/// NumPy's `take_along_axis`. [`ScatterAdd`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Gather {
    /// The axis.
    pub axis: usize,
}

/// Whether an index fits a tensor: equal ranks, and no longer than it beside the axis.
#[inline]
pub(crate) fn fits(op: &str, axis: usize, x: &Shape, index: &Shape) -> Result<(), Error> {
    let beside = |k: usize| k == axis || index[k] <= x[k];
    if axis >= x.rank() || index.rank() != x.rank() || !(0..x.rank()).all(beside) {
        return Err(Error::shape(op, format!("positions of shape {index} along axis {axis} of {x}")));
    }
    Ok(())
}

/// Whether every position lies on an axis of length `n`.
#[inline]
pub(crate) fn in_range(op: &str, axis: usize, index: &Tensor<i64>, n: usize) -> Result<(), Error> {
    match index.data().iter().find(|i| !(0..n as i64).contains(i)) {
        None => Ok(()),
        Some(i) => Err(Error::shape(op, format!("position {i} on axis {axis}, which has length {n}"))),
    }
}

/// Whether every position lies on an axis of length `n`, from its beginning or, where it is negative, from its end.
#[inline]
pub(crate) fn from_either_end(op: &str, axis: usize, index: &Tensor<i64>, n: usize) -> Result<(), Error> {
    let n = n as i64;
    match index.data().iter().find(|i| !(-n..n).contains(i)) {
        None => Ok(()),
        Some(i) => Err(Error::shape(op, format!("position {i} on axis {axis}, which has length {n}"))),
    }
}

/// A position on an axis of length `n`, which counts from the end if it is negative.
#[inline]
fn place(position: i64, n: usize) -> usize {
    (if position < 0 { position + n as i64 } else { position }) as usize
}

/// The first elements of `x` along every axis that is longer than that of the positions: those that have one.
#[track_caller]
pub(crate) fn beside_positions<A: Algebra>(x: &A, index: &A::Index) -> A {
    let (shape, index) = (x.shape(), A::shape_of_index(index));
    if shape.rank() != index.rank() {
        return x.clone();
    }
    let longer = (0..shape.rank()).filter(|k| shape[*k] > index[*k]);
    longer.fold(x.clone(), |x, k| x.slice(signed(k), 0..index[k]))
}

/// Calls `f(flat position in the index, flat position in the tensor)` for every position of an index along an axis of
/// a tensor of shape `x`.
pub(crate) fn for_each_position(x: &Shape, axis: usize, index: &Tensor<i64>, mut f: impl FnMut(usize, usize)) {
    if axis + 1 == x.rank() && index.shape()[..axis] == x[..axis] {
        // Rows of the one over rows of the other, as pooling has them.
        let width = index.shape()[axis].max(1);
        return index
            .data()
            .iter()
            .enumerate()
            .for_each(|(flat, at)| f(flat, flat / width * x[axis] + place(*at, x[axis])));
    }
    let strides = x.strides();
    let mut flat = 0;
    crate::kernels::windows::for_each_index(index.shape(), |at| {
        let beside: usize =
            at.iter().zip(&strides).enumerate().filter(|(k, _)| *k != axis).map(|(_, (i, s))| i * s).sum();
        f(flat, beside + place(index.data()[flat], x[axis]) * strides[axis]);
        flat += 1;
    });
}

impl Op for Gather {
    #[inline]
    fn name(&self) -> String {
        "gather".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("gather({}, {}, axis {})", args[0], args[1], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        fits("gather", self.axis, args[0], args[1]).map(|()| args[1].clone())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        from_either_end("gather", self.axis, a.index(1), Tensor::shape(&a[0])[self.axis])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, index) = (&a[0], a.index(1));
        let mut out = Buffer::room(index.len());
        for_each_position(Tensor::shape(x), self.axis, index, |_, at| out.push(x.data()[at]));
        Any::Real(Tensor::from_parts(index.shape().clone(), out))
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let scatter = ScatterAdd { axis: self.axis, shape: a[0].shape() };
        A::apply(scatter, &[Arg::Real(&g), Arg::Index(a.index(1))]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d), Arg::Index(a.index(1))]).real()
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, x: &[usize], index: Tensor<i64>| Case::of(Gather { axis }).real(x).exactly(index);
        vec![
            case(1, &[2, 3], Tensor::from([[2, 0, 2, 1, 1], [0, 0, 0, 1, 2]])),
            case(0, &[3, 2], Tensor::from([[2, 0], [2, 1]])),
            case(1, &[2, 3], Tensor::from([[-1, 0, 2, 1], [-3, -2, 0, 1]])),
            case(1, &[3, 5], Tensor::from([[4], [0]])),
            case(0, &[3], Tensor::new([0], vec![])),
        ]
    }
}

/// The method of [`Gather`].
pub trait GatherExt: Algebra {
    /// The entries at given positions of an axis: `y[i, j] = x[i, index[i, j]]` for axis 1.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[n, m]` |
    /// | `index` | `[n′, k]` with `n′ ≤ n`, positions from −m to below m; a negative one counts from the end |
    /// | result | `[n′, k]` |
    ///
    /// # Panics
    /// If the ranks differ, or a position is outside the axis.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.gather(1, Tensor::from([[2], [0]])), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(x.gather(1, Tensor::from([[-1], [-3]])), Tensor::from([[3.0], [4.0]]));
    /// ```
    #[track_caller]
    fn gather(&self, at: isize, index: impl IndexOperand<Self>) -> Self {
        let _called = called("gather");
        let axis = axis("gather", at, self.shape().rank()).or_raise();
        let index = index.beside(self);
        Self::apply(Gather { axis }, &[Arg::Real(self), Arg::Index(&index)]).real()
    }
}

impl<A: Algebra> GatherExt for A {}

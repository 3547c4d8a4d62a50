//! The axes in another order.

use smallvec::SmallVec;

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::elementwise::for_each_row;
use crate::ops::Axes;
use crate::ops::axes::axis;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::role::Role;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The axes of `x` in another order: axis `k` of the result is axis `axes[k]` of `x`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Permute {
    /// Which axis of `x` each axis of the result is.
    pub axes: SmallVec<[usize; 4]>,
}

impl Permute {
    /// The permutation that undoes this one.
    #[inline]
    fn inverse(&self) -> Permute {
        let mut axes = self.axes.clone();
        for (k, axis) in self.axes.iter().enumerate() {
            axes[*axis] = k;
        }
        Permute { axes }
    }

    /// Whether this exchanges the last two axes and nothing else.
    #[inline]
    fn is_transpose(&self) -> bool {
        let r = self.axes.len();
        r >= 2 && (0..r - 2).all(|k| self.axes[k] == k) && self.axes[r - 2] == r - 1
    }
}

impl Op for Permute {
    #[inline]
    fn name(&self) -> String {
        "permute".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        match self.is_transpose() {
            true => format!("{}ᵀ", args[0]),
            false => format!("permute({}, {:?})", args[0], self.axes),
        }
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..x.rank()) {
            return Err(Error::shape(
                "permute",
                format!("{:?} does not order the {} axes of {x}", self.axes, x.rank()),
            ));
        }
        Ok(self.axes.iter().map(|k| x[*k]).collect())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        if self.is_transpose() {
            return a[0].transposed().into();
        }
        let (x, strides) = (&a[0], a[0].shape().strides());
        let shape: Shape = self.axes.iter().map(|k| x.shape()[*k]).collect();
        let steps: SmallVec<[usize; 4]> = self.axes.iter().map(|k| strides[*k]).collect();
        let (width, step) = (shape.last().copied().unwrap_or(1), steps.last().copied().unwrap_or(1));
        let data = x.data();
        let mut out = Buffer::room(x.len());
        for_each_row(&shape, [&steps[..]], |[at]| out.extend((0..width).map(|j| data[at + j * step])));
        Tensor::from_parts(shape, out).into()
    }

    #[inline]
    fn role(&self, _operands: usize) -> Role {
        if self.is_transpose() { Role::Transposed } else { Role::Called }
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.inverse(), &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
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
        let case = |axes: &[usize], x: &[usize]| Case::of(Permute { axes: axes.into() }).real(x);
        vec![
            case(&[1, 0], &[2, 3]),
            case(&[0, 2, 1], &[2, 3, 5]),
            case(&[2, 0, 1], &[2, 3, 5]),
            case(&[1, 0], &[0, 3]),
            case(&[], &[]),
        ]
    }
}

/// The methods of [`Permute`].
pub trait PermuteExt: Algebra {
    /// The axes in another order: axis `k` of the result is axis `axes[k]` of this value. They may count from the end.
    ///
    /// # Panics
    /// If `axes` does not name each axis once.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 3, 5]);
    /// assert_eq!(x.permute([2, 0, 1]).shape(), &[5, 2, 3]);
    /// ```
    #[track_caller]
    fn permute(&self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into().in_order("permute", self.shape().rank()).or_raise();
        Self::apply(Permute { axes }, &[Arg::Real(self)]).real()
    }

    /// Two axes exchanged.
    ///
    /// # Panics
    /// If an axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::<f64>::zeros([2, 3, 5]).transpose(0, -1).shape(), &[5, 3, 2]);
    /// ```
    #[track_caller]
    fn transpose(&self, first: isize, second: isize) -> Self {
        let rank = self.shape().rank();
        let mut axes: SmallVec<[usize; 4]> = (0..rank).collect();
        axes.swap(axis("transpose", first, rank).or_raise(), axis("transpose", second, rank).or_raise());
        Self::apply(Permute { axes }, &[Arg::Real(self)]).real()
    }

    /// One axis moved to another place; the others keep their order.
    ///
    /// # Panics
    /// If an axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::<f64>::zeros([2, 3, 5]).move_axis(0, -1).shape(), &[3, 5, 2]);
    /// ```
    #[track_caller]
    fn move_axis(&self, from: isize, to: isize) -> Self {
        let rank = self.shape().rank();
        let (from, to) = (axis("move_axis", from, rank).or_raise(), axis("move_axis", to, rank).or_raise());
        let mut axes: SmallVec<[usize; 4]> = (0..rank).filter(|k| *k != from).collect();
        axes.insert(to, from);
        Self::apply(Permute { axes }, &[Arg::Real(self)]).real()
    }

    /// The last two axes exchanged: the transpose of a matrix, or of each matrix of a batch. On numbers this is a view.
    ///
    /// # Panics
    /// If the rank is below 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0]]);
    /// assert_eq!(x.t(), Tensor::from([[1.0], [2.0], [3.0]]));
    /// ```
    #[track_caller]
    fn t(&self) -> Self {
        let _called = called("t");
        let r = self.shape().rank();
        if r < 2 {
            Error::shape("t", format!("a tensor of shape {} has fewer than two axes", self.shape())).raise()
        }
        let mut axes: SmallVec<[usize; 4]> = (0..r).collect();
        axes.swap(r - 2, r - 1);
        Self::apply(Permute { axes }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> PermuteExt for A {}

/// [`PermuteExt::transpose`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Transpose(isize, isize);

impl Function for Transpose {
    const NAME: &'static str = "transpose";
    const TEXT: &'static str = "two axes exchanged";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].transpose(self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |first, second, x: &[usize]| (Transpose(first, second), Case::function().real(x));
        vec![case(0, 1, &[2, 3]), case(0, -1, &[2, 3, 5]), case(0, 0, &[2, 3]), case(-2, -1, &[2, 0, 3])]
    }
}

/// [`PermuteExt::move_axis`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MoveAxis(isize, isize);

impl Function for MoveAxis {
    const NAME: &'static str = "move_axis";
    const TEXT: &'static str = "one axis moved to another place";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].move_axis(self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |from, to, x: &[usize]| (MoveAxis(from, to), Case::function().real(x));
        vec![case(0, -1, &[2, 3, 5]), case(2, 0, &[2, 3, 5]), case(0, 1, &[2, 3])]
    }
}

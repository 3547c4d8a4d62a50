//! Entries written at given positions of an axis.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::gather::{beside_positions, fits, for_each_position, from_either_end};
use crate::ops::{Gather, LastWrites, Select};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::{IndexOperand, Operand};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `x` with `source[i, j, …]` written at `[i, index[i, j, …], …]` along an axis. Of several elements written to one
/// place the last in row-major order stays, and gets the gradient.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Scatter {
    /// The axis.
    pub axis: usize,
}

impl Scatter {
    #[track_caller]
    fn of<A: Algebra>(&self, x: &A, index: &A::Index, source: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(x), Arg::Index(index), Arg::Real(source)]).real()
    }
}

impl Op for Scatter {
    #[inline]
    fn name(&self) -> String {
        "scatter".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("scatter({}, {}, {}, axis {})", args[0], args[1], args[2], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Index, Kind::Real]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        fits("scatter", self.axis, args[0], args[1])?;
        if args[1] != args[2] {
            return Err(Error::shape("scatter", format!("{} numbers for positions of shape {}", args[2], args[1])));
        }
        Ok(args[0].clone())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        from_either_end("scatter", self.axis, a.index(1), Tensor::shape(&a[0])[self.axis])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let mut y: Tensor<F> = a[0].clone();
        let (shape, source) = (Tensor::shape(&a[0]), a[2].data());
        let out = y.data_mut();
        for_each_position(shape, self.axis, a.index(1), |flat, at| out[at] = source[flat]);
        y.into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg != 1
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let index = a.index(1);
        if arg == 0 {
            return self.of(&g, index, &g.full(A::shape_of_index(index), 0.0));
        }
        let last = A::apply(LastWrites { axis: self.axis, shape: a[0].shape() }, &[Arg::Index(index)]).mask();
        let taken = A::apply(Gather { axis: self.axis }, &[Arg::Real(&g), Arg::Index(index)]).real();
        Select::of(&last, &taken, &g.full(Shape::scalar(), 0.0))
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let index = a.index(1);
        match arg {
            0 => self.of(&d, index, &d.full(A::shape_of_index(index), 0.0)),
            _ => self.of(&d.full(y.shape(), 0.0), index, &d),
        }
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
        let case = |axis, x: &[usize], index: Tensor<i64>| {
            let shape = index.shape().clone();
            Case::of(Scatter { axis }).real(x).exactly(index).real(shape)
        };
        vec![
            case(1, &[2, 3], Tensor::from([[2, 0], [1, 2]])),
            case(1, &[2, 3], Tensor::from([[2, 0, 2, 2], [1, 1, 1, 1]])),
            case(1, &[2, 3], Tensor::from([[-1, 0, 2], [-2, 1, -3]])),
            case(0, &[5, 2], Tensor::from([[3, 0]])),
            case(0, &[3], Tensor::new([0], vec![])),
        ]
    }
}

/// The method of [`Scatter`].
pub trait ScatterExt: Algebra {
    /// This value with `source[i, j]` written at `[i, index[i, j]]`, for axis 1. A negative position counts from the end; of a
    /// source that is longer than the positions, what has no position is left out, as in PyTorch, and its gradient is 0.
    ///
    /// Of several elements written to one place the last stays and gets the gradient; in PyTorch which one stays is not
    /// defined, and all of them get it.
    ///
    /// # Panics
    /// If the shapes do not fit, or a position is outside the axis.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let y = x.scatter(1, Tensor::from([[2], [0]]), Tensor::from([[10.0], [20.0]]));
    /// assert_eq!(y, Tensor::from([[1.0, 2.0, 10.0], [20.0, 5.0, 6.0]]));
    /// let y = x.scatter(1, Tensor::from([[-1]]), Tensor::from([[10.0, 11.0], [20.0, 21.0]]));
    /// assert_eq!(y, Tensor::from([[1.0, 2.0, 10.0], [4.0, 5.0, 6.0]]));
    /// ```
    #[track_caller]
    fn scatter(&self, at: isize, index: impl IndexOperand<Self>, source: impl Operand<Self>) -> Self {
        let _called = called("scatter");
        let axis = axis("scatter", at, self.shape().rank()).or_raise();
        let index = index.beside(self);
        let source = beside_positions::<Self>(&source.beside(self), &index);
        Scatter { axis }.of(self, &index, &source)
    }
}

impl<A: Algebra> ScatterExt for A {}

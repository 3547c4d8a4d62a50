//! Sums at given positions of an axis.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::running::RunningSums;
use crate::ops::Gather;
use crate::ops::axes::axis;
use crate::ops::gather::{beside_positions, fits, for_each_position, from_either_end};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::IndexOperand;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Zeros of a given shape, with `x[i, j, …]` added at `[i, index[i, j, …], …]` along an axis. [`Gather`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ScatterAdd {
    /// The axis.
    pub axis: usize,
    /// The shape of the result.
    pub shape: Shape,
}

impl Op for ScatterAdd {
    #[inline]
    fn name(&self) -> String {
        "scatter_add".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("scatter_add({}, {}, axis {} of {})", args[0], args[1], self.axis, self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        fits("scatter_add", self.axis, &self.shape, args[1])?;
        if args[0] != args[1] {
            return Err(Error::shape("scatter_add", format!("{} numbers for positions of shape {}", args[0], args[1])));
        }
        Ok(self.shape.clone())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        from_either_end("scatter_add", self.axis, a.index(1), self.shape[self.axis])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let x = a[0].data();
        let mut sums = RunningSums::new(self.shape.len_elements());
        for_each_position(&self.shape, self.axis, a.index(1), |flat, at| sums.add(at, x[flat]));
        Tensor::from_parts(self.shape.clone(), sums.values()).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(Gather { axis: self.axis }, &[Arg::Real(&g), Arg::Index(a.index(1))]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d), Arg::Index(a.index(1))]).real()
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, shape: &[usize], index: Tensor<i64>| {
            let x = index.shape().clone();
            Case::of(ScatterAdd { axis, shape: shape.into() }).real(x).exactly(index)
        };
        vec![
            case(1, &[2, 3], Tensor::from([[2, 0, 2, 1, 1], [0, 0, 0, 1, 2]])),
            case(0, &[3, 2], Tensor::from([[2, 0], [2, 1]])),
            case(1, &[2, 3], Tensor::from([[-1, 0, 2, 1], [-3, -2, 0, 1]])),
            case(1, &[3, 5], Tensor::from([[4], [0]])),
        ]
    }
}

/// The method of [`ScatterAdd`].
pub trait ScatterAddExt: Algebra {
    /// Zeros of shape `shape`, with each element of this value added at its position of an axis; a negative one counts from the
    /// end. Elements beyond those that have a position are left out, as in PyTorch.
    ///
    /// # Panics
    /// If the shapes do not fit, or a position is outside the axis.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0, 4.0]);
    /// assert_eq!(x.scatter_add([2], 0, Tensor::from([1, 0, 1])).data(), [2.0, 5.0]);
    /// assert_eq!(x.scatter_add([2], 0, Tensor::from([-1, -1])).data(), [0.0, 3.0]);
    /// ```
    #[track_caller]
    fn scatter_add(&self, shape: impl Into<Shape>, at: isize, index: impl IndexOperand<Self>) -> Self {
        let _called = called("scatter_add");
        let shape = shape.into();
        let axis = axis("scatter_add", at, shape.rank()).or_raise();
        let index = index.beside(self);
        Self::apply(ScatterAdd { axis, shape }, &[Arg::Real(&beside_positions(self, &index)), Arg::Index(&index)])
            .real()
    }
}

impl<A: Algebra> ScatterAddExt for A {}

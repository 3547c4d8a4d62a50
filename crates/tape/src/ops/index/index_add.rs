//! Whole entries added at positions of an axis.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::running::RunningSums;
use crate::ops::IndexSelect;
use crate::ops::axes::axis;
use crate::ops::gather::in_range;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::IndexOperand;
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Zeros, with each entry of `x` added at its position of an axis of length `len`. The axes of `x` from `axis` on that
/// the positions have become that one axis. [`IndexSelect`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct IndexAdd {
    /// The axis of the result.
    pub axis: usize,
    /// The length of that axis.
    pub len: usize,
}

impl Op for IndexAdd {
    #[inline]
    fn name(&self) -> String {
        "index_add".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("index_add({}, {}, axis {} of length {})", args[0], args[1], self.axis, self.len)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (x, index) = (args[0], args[1]);
        let end = self.axis.saturating_add(index.rank());
        if end > x.rank() || x[self.axis..end] != index[..] {
            let message = format!("positions of shape {index} for the axes of {x} from axis {}", self.axis);
            return Err(Error::shape("index_add", message));
        }
        Ok(x[..self.axis].iter().chain([&self.len]).chain(&x[end..]).copied().collect())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        in_range("index_add", self.axis, a.index(1), self.len)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, index) = (&a[0], a.index(1));
        let from = Tensor::shape(x);
        let end = self.axis + index.rank();
        let blocks = product(&from[..self.axis]);
        let width = product(&from[end..]);
        let shape = from[..self.axis].iter().chain([&self.len]).chain(&from[end..]).copied().collect();
        let mut sums = RunningSums::new(product(&[blocks, self.len, width]));
        for block in 0..blocks {
            for (k, i) in index.data().iter().enumerate() {
                let row = &x.data()[(block * index.len() + k) * width..][..width];
                sums.add_row((block * self.len + *i as usize) * width, row);
            }
        }
        Tensor::from_parts(shape, sums.values()).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(IndexSelect { axis: self.axis }, &[Arg::Real(&g), Arg::Index(a.index(1))]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d), Arg::Index(a.index(1))]).real()
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
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
        let case = |axis, len, x: &[usize], index: Tensor<i64>| Case::of(IndexAdd { axis, len }).real(x).exactly(index);
        vec![
            case(1, 3, &[2, 5], Tensor::from([2, 0, 2, 1, 1])),
            case(0, 3, &[2, 3, 5], Tensor::from([[2, 0, 1], [1, 1, 2]])),
            case(1, 2, &[2], Tensor::from(1)),
            case(0, 3, &[0, 2], Tensor::new([0], vec![])),
        ]
    }
}

/// The method of [`IndexAdd`].
pub trait IndexAddExt: Algebra {
    /// Zeros, with each entry of this value added at its position of an axis of length `len`. PyTorch's
    /// `y.index_add(axis, index, x)` is `y + x.index_add(axis, len, index)`.
    ///
    /// # Panics
    /// If the positions do not fit the axis, or one is not below `len`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.index_add(0, 2, Tensor::from([1, 0, 1])), Tensor::from([[3.0, 4.0], [6.0, 8.0]]));
    /// ```
    #[track_caller]
    fn index_add(&self, at: isize, len: usize, index: impl IndexOperand<Self>) -> Self {
        let _called = called("index_add");
        let index = index.beside(self);
        let rank = (self.shape().rank() + 1).saturating_sub(Self::shape_of_index(&index).rank());
        let axis = axis("index_add", at, rank).or_raise();
        Self::apply(IndexAdd { axis, len }, &[Arg::Real(self), Arg::Index(&index)]).real()
    }
}

impl<A: Algebra> IndexAddExt for A {}

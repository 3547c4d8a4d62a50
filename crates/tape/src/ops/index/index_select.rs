//! Whole entries of an axis, by position.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::gather::in_range;
use crate::ops::{IndexAdd, PermuteExt, StopGradientExt, select};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::IndexOperand;
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;
use crate::tensor::sizes::signed;

/// `y[…, i…, …] = x[…, index[i…], …]`: the entries of an axis at given positions. The positions may have any shape,
/// which takes the place of the axis. [`IndexAdd`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct IndexSelect {
    /// The axis.
    pub axis: usize,
}

impl Op for IndexSelect {
    #[inline]
    fn name(&self) -> String {
        "index_select".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("index_select({}, {}, axis {})", args[0], args[1], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (x, index) = (args[0], args[1]);
        if self.axis >= x.rank() {
            return Err(Error::shape("index_select", format!("axis {} of a tensor of rank {}", self.axis, x.rank())));
        }
        Ok(x[..self.axis].iter().chain(&index[..]).chain(&x[self.axis + 1..]).copied().collect())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        in_range("index_select", self.axis, a.index(1), Tensor::shape(&a[0])[self.axis])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, index) = (&a[0], a.index(1));
        let from = Tensor::shape(x);
        let (n, width) = (from[self.axis], product(&from[self.axis + 1..]));
        let blocks = product(&from[..self.axis]);
        let shape = from[..self.axis].iter().chain(&index.shape()[..]).chain(&from[self.axis + 1..]).copied().collect();
        let mut out = Buffer::room(blocks * index.len() * width);
        for block in 0..blocks {
            for i in index.data() {
                out.extend_from_slice(&x.data()[(block * n + *i as usize) * width..][..width]);
            }
        }
        Tensor::from_parts(shape, out).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let add = IndexAdd { axis: self.axis, len: a[0].shape()[self.axis] };
        A::apply(add, &[Arg::Real(&g), Arg::Index(a.index(1))]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d), Arg::Index(a.index(1))]).real()
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
        let case = |axis, x: &[usize], index: Tensor<i64>| Case::of(IndexSelect { axis }).real(x).exactly(index);
        vec![
            case(1, &[2, 3], Tensor::from([2, 0, 2, 1, 1])),
            case(0, &[3, 2], Tensor::from([[2, 0, 1], [1, 1, 2]])),
            case(1, &[2, 3, 5], Tensor::from([2])),
            case(0, &[5, 2], Tensor::from(3)),
            case(0, &[3], Tensor::new([0], vec![])),
        ]
    }
}

/// The methods of [`IndexSelect`].
pub trait IndexSelectExt: Algebra {
    /// The entries of an axis at given positions. The positions may have any shape, which takes the place of the axis:
    /// `x[:, index]` in NumPy. PyTorch's `index_select` takes one axis of positions.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[a…, n, b…]` |
    /// | `index` | `[i…]`, positions below `n` |
    /// | result | `[a…, i…, b…]` |
    ///
    /// # Panics
    /// If the axis is out of range, or a position is outside it.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.index_select(-1, Tensor::from([2, 0])), Tensor::from([[3.0, 1.0], [6.0, 4.0]]));
    /// ```
    #[track_caller]
    fn index_select(&self, at: isize, index: impl IndexOperand<Self>) -> Self {
        let axis = axis("index_select", at, self.shape().rank()).or_raise();
        let index = index.beside(self);
        Self::apply(IndexSelect { axis }, &[Arg::Real(self), Arg::Index(&index)]).real()
    }

    /// Each position's row of this table of vectors: an embedding.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[n, d]` |
    /// | `index` | `[i…]`, positions below `n` |
    /// | result | `[i…, d]` |
    ///
    /// # Panics
    /// If the table is not of rank 2, or a position is outside it.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let table = Tensor::from([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]);
    /// assert_eq!(table.embedding(Tensor::from([2, 0, 2])), Tensor::from([[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]]));
    /// ```
    #[track_caller]
    fn embedding(&self, index: impl IndexOperand<Self>) -> Self {
        let _called = called("embedding");
        let table = self.shape();
        if table.rank() != 2 {
            Error::shape("embedding", format!("a table [n, d] is needed, not {table}; `index_select` takes others"))
                .raise()
        }
        self.index_select(0, index)
    }

    /// [`embedding`](Self::embedding) whose row `padding` gets no gradient: PyTorch's `padding_idx`.
    ///
    /// # Panics
    /// As `embedding`, and if there is no row `padding`; it may count from the end.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let table = tape.var(Tensor::from([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]));
    /// let y = table.embedding_padded(Tensor::from([2, 0, 2]), 2).sum();
    /// assert_eq!((y.item(), y.backward()[table].data()), (19.0, &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0][..]));
    /// ```
    #[track_caller]
    fn embedding_padded(&self, index: impl IndexOperand<Self>, padding: isize) -> Self {
        let _called = called("embedding_padded");
        let table = self.shape();
        if table.rank() != 2 {
            Error::shape("embedding_padded", format!("a table [n, d] is needed, not {table}")).raise()
        }
        let n = table[0];
        let row = if padding < 0 { padding + signed(n) } else { padding };
        if !(0..signed(n)).contains(&row) {
            Error::shape("embedding_padded", format!("padding is row {padding} of {n}")).raise()
        }
        let still = (0..signed(n)).map(|k| k == row).collect();
        select(Tensor::new([n, 1], still), &self.stop_gradient(), self).embedding(index)
    }

    /// All windows of `size` entries of an axis, `step` apart: the axis becomes their number, and their entries are a
    /// new last axis. PyTorch's `Tensor.unfold`.
    ///
    /// # Panics
    /// If the axis is out of range or shorter than a window, or the step is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]);
    /// assert_eq!(x.sliding(0, 3, 2), Tensor::from([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]));
    /// ```
    #[track_caller]
    fn sliding(&self, at: isize, size: usize, step: usize) -> Self {
        let _called = called("sliding");
        let shape = self.shape();
        let axis = axis("sliding", at, shape.rank()).or_raise();
        if step == 0 || size > shape[axis] {
            let message = format!("windows of {size} entries, {step} apart, on axis {axis} of {shape}");
            Error::shape("sliding", message).raise()
        }
        let count = (shape[axis] - size) / step + 1;
        let index = (0..count).flat_map(|i| (0..size).map(move |k| (i * step + k) as i64));
        let index = Tensor::made("sliding", Shape::from([count, size]), index).or_raise();
        let windows = self.index_select(signed(axis), index);
        windows.move_axis(signed(axis) + 1, -1)
    }
}

impl<A: Algebra> IndexSelectExt for A {}

/// [`IndexSelectExt::embedding`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Embedding;

impl Function for Embedding {
    const NAME: &'static str = "embedding";
    const TEXT: &'static str = "the rows of a table at given positions";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].embedding(a.index(1).clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |x: &[usize], index: Tensor<i64>| (Embedding, Case::function().real(x).exactly(index));
        vec![case(&[5, 3], Tensor::from([[4, 0], [4, 1]])), case(&[5, 3], Tensor::from(2))]
    }
}

/// [`IndexSelectExt::sliding`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Sliding(isize, usize, usize);

impl Function for Sliding {
    const NAME: &'static str = "sliding";
    const TEXT: &'static str = "all windows of an axis, as a new last axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].sliding(self.0, self.1, self.2)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, size, step, x: &[usize]| (Sliding(axis, size, step), Case::function().real(x));
        vec![case(0, 3, 1, &[5, 2]), case(-1, 2, 3, &[2, 5]), case(1, 3, 1, &[2, 3, 2])]
    }
}

/// [`IndexSelectExt::embedding_padded`], as the tests of all functions see it: a row that does not learn is a constant, and
/// is none of those asked for here.
#[derive(Clone, Debug)]
pub struct EmbeddingPadded(isize);

impl Function for EmbeddingPadded {
    const NAME: &'static str = "embedding_padded";
    const TEXT: &'static str = "index_select along axis 0, of which one row gets no gradient";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].embedding_padded(a.index(1).clone(), self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case =
            |padding, index: Tensor<i64>| (EmbeddingPadded(padding), Case::function().real([3, 2]).exactly(index));
        vec![case(1, Tensor::from([2, 0, 2])), case(-1, Tensor::from([[1, 0]]))]
    }
}

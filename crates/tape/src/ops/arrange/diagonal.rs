//! Diagonals: every (m + 1)-th element of a matrix of m columns.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::{PermuteExt, ReshapeExt, SliceExt, SumExt, Unslice};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::shape::{Shape, product};
use crate::tensor::ceiling::possible;
use crate::tensor::sizes::signed;

/// The methods about diagonals.
pub trait DiagonalExt: Algebra {
    /// The diagonal of the last two axes: elements `[…, i, i + offset]`, along a new last axis.
    ///
    /// # Panics
    /// If the rank is below 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.diagonal(0).data(), [1.0, 5.0]);
    /// assert_eq!(x.diagonal(1).data(), [2.0, 6.0]);
    /// assert_eq!(x.diagonal(-1).data(), [4.0]);
    /// ```
    #[track_caller]
    fn diagonal(&self, offset: isize) -> Self {
        let _called = called("diagonal");
        let shape = self.shape();
        let Some(batch) = shape.rank().checked_sub(2) else {
            Error::shape("diagonal", format!("a tensor of shape {shape} has fewer than two axes")).raise()
        };
        let (n, m) = (shape[batch], shape[batch + 1]);
        let (row, column) = (offset.min(0).unsigned_abs(), offset.max(0).unsigned_abs());
        let length = n.saturating_sub(row).min(m.saturating_sub(column));
        let mut flat = Shape::from(&shape[..batch]);
        flat.push(product(&[n, m]));
        let flat = ReshapeExt::reshape(self, flat);
        let first = if length == 0 { 0 } else { row * m + column };
        let end = if length == 0 { 0 } else { first + (length - 1) * (m + 1) + 1 };
        flat.slice_step(signed(batch), first..end, signed(m + 1))
    }

    /// The diagonal of any two axes, along a new last axis: PyTorch's `diagonal(offset, dim1, dim2)`.
    ///
    /// # Panics
    /// If an axis is out of range, or both are the same.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 3, 5]);
    /// assert_eq!(x.diagonal_of(0, 0, 2).shape(), &[3, 2]);
    /// ```
    #[track_caller]
    fn diagonal_of(&self, offset: isize, first: isize, second: isize) -> Self {
        let _called = called("diagonal_of");
        let rank = self.shape().rank();
        let (first, second) =
            (axis("diagonal_of", first, rank).or_raise(), axis("diagonal_of", second, rank).or_raise());
        if first == second {
            Error::shape("diagonal_of", format!("axis {first} is named twice")).raise()
        }
        let order: Vec<usize> = (0..rank).filter(|k| *k != first && *k != second).chain([first, second]).collect();
        self.permute(&order[..]).diagonal(offset)
    }

    /// Square matrices of zeros with the last axis of this value as their diagonal: elements `[…, i, i + offset]`.
    ///
    /// # Panics
    /// If the rank is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0]).diag_embed(0), Tensor::from([[1.0, 0.0], [0.0, 2.0]]));
    /// assert_eq!(Tensor::from([1.0]).diag_embed(1), Tensor::from([[0.0, 1.0], [0.0, 0.0]]));
    /// ```
    #[track_caller]
    fn diag_embed(&self, offset: isize) -> Self {
        let _called = called("diag_embed");
        let shape = self.shape();
        let Some(axis) = shape.rank().checked_sub(1) else {
            Error::shape("diag_embed", "a tensor of rank 0 has no last axis").raise()
        };
        let n = shape[axis].saturating_add(offset.unsigned_abs());
        let (row, column) = (offset.min(0).unsigned_abs(), offset.max(0).unsigned_abs());
        let mut square = Shape::from(&shape[..axis]);
        square.push(n);
        square.push(n);
        possible(&|| "diag_embed".into(), &square).or_raise();
        let whole = Unslice { axis, start: row * n + column, step: n + 1, len: n * n };
        ReshapeExt::reshape(&Self::apply(whole, &[Arg::Real(self)]).real(), square)
    }

    /// The sum of the diagonal of the last two axes. PyTorch's `trace` is that of a matrix alone.
    ///
    /// # Panics
    /// If the rank is below 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).trace().item(), 5.0);
    /// ```
    #[track_caller]
    fn trace(&self) -> Self {
        let _called = called("trace");
        self.diagonal(0).sum_over(-1)
    }
}

impl<A: Algebra> DiagonalExt for A {}

/// [`DiagonalExt::diagonal_of`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Diagonal(isize, isize, isize);

impl Function for Diagonal {
    const NAME: &'static str = "diagonal";
    const TEXT: &'static str = "x[…, i, i + offset]";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].diagonal_of(self.0, self.1, self.2)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |offset, first, second, x: &[usize]| (Diagonal(offset, first, second), Case::function().real(x));
        vec![
            case(0, -2, -1, &[3, 5]),
            case(1, 0, 1, &[3, 2]),
            case(-1, 0, 2, &[3, 2, 5]),
            case(2, 1, 0, &[3, 5]),
            case(7, 0, 1, &[2, 3]),
            case(0, 0, 1, &[0, 3]),
        ]
    }
}

/// [`DiagonalExt::diag_embed`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct DiagEmbed(isize);

impl Function for DiagEmbed {
    const NAME: &'static str = "diag_embed";
    const TEXT: &'static str = "matrices with x as their diagonal";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].diag_embed(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |offset, x: &[usize]| (DiagEmbed(offset), Case::function().real(x));
        vec![case(0, &[3]), case(1, &[2, 3]), case(-2, &[3]), case(0, &[0]), case(1, &[0])]
    }
}

/// [`DiagonalExt::trace`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Trace;

impl Function for Trace {
    const NAME: &'static str = "trace";
    const TEXT: &'static str = "Σ x[…, i, i]";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].trace()
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        [&[3, 3][..], &[2, 3], &[2, 3, 5], &[0, 0]].map(|x| (Trace, Case::function().real(x))).to_vec()
    }
}

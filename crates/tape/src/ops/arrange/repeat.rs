//! A tensor repeated along its axes: broadcasting between reshapes.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::{BroadcastToExt, ReshapeExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::{Shape, product};
use crate::tensor::ceiling::possible;

/// The methods that repeat a tensor.
pub trait RepeatExt: Algebra {
    /// The whole tensor again and again, `counts[k]` times along axis `k`. There may be more counts than axes: the
    /// first ones make new axes.
    ///
    /// # Panics
    /// If there are fewer counts than axes; [`tile`](Self::tile) takes them.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(x.repeat([2, 2]), Tensor::from([[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]));
    /// assert_eq!(x.repeat([3, 1, 1]).shape(), &[3, 1, 2]);
    /// ```
    #[track_caller]
    fn repeat(&self, counts: impl AsRef<[usize]>) -> Self {
        let _called = called("repeat");
        let (shape, counts) = (self.shape(), counts.as_ref());
        if counts.len() < shape.rank() {
            Error::shape("repeat", format!("{counts:?} has fewer counts than {shape} has axes")).raise()
        }
        let new = counts.len() - shape.rank();
        let length = |k: usize| if k < new { 1 } else { shape[k - new] };
        let (mut apart, mut wide, mut joined) = (Shape::scalar(), Shape::scalar(), Shape::scalar());
        for (k, count) in counts.iter().enumerate() {
            apart.push(1);
            apart.push(length(k));
            wide.push(*count);
            wide.push(length(k));
            joined.push(product(&[*count, length(k)]));
        }
        possible(&|| "repeat".into(), &joined).or_raise();
        let repeated = ReshapeExt::reshape(self, apart).broadcast_to(wide);
        ReshapeExt::reshape(&repeated, joined)
    }

    /// As [`repeat`](Self::repeat), where fewer counts than axes are those of the last axes: NumPy's and PyTorch's
    /// `tile`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tile([2]), Tensor::from([[1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.0]]));
    /// ```
    #[track_caller]
    fn tile(&self, counts: impl AsRef<[usize]>) -> Self {
        let _called = called("tile");
        let counts = counts.as_ref();
        let missing = self.shape().rank().saturating_sub(counts.len());
        self.repeat([&vec![1; missing], counts].concat())
    }

    /// Each entry of an axis `count` times in a row.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0]).repeat_interleave(0, 2).data(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    fn repeat_interleave(&self, at: isize, count: usize) -> Self {
        let _called = called("repeat_interleave");
        let shape = self.shape();
        let axis = axis("repeat_interleave", at, shape.rank()).or_raise();
        let lengths = |n: usize| {
            let before = shape[..=axis].iter().copied();
            before.chain([n]).chain(shape[axis + 1..].iter().copied()).collect::<Shape>()
        };
        let joined = shape.with(axis, product(&[shape[axis], count]));
        possible(&|| "repeat_interleave".into(), &joined).or_raise();
        let repeated = ReshapeExt::reshape(self, lengths(1)).broadcast_to(lengths(count));
        ReshapeExt::reshape(&repeated, joined)
    }
}

impl<A: Algebra> RepeatExt for A {}

/// [`RepeatExt::repeat`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Repeat(Vec<usize>);

impl Function for Repeat {
    const NAME: &'static str = "repeat";
    const TEXT: &'static str = "x again and again along each axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].repeat(&self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |counts: &[usize], x: &[usize]| (Repeat(counts.to_vec()), Case::function().real(x));
        vec![case(&[2, 3], &[2, 3]), case(&[3, 1, 2], &[2, 3]), case(&[2], &[]), case(&[0, 2], &[2, 3])]
    }
}

/// [`RepeatExt::tile`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Tile(Vec<usize>);

impl Function for Tile {
    const NAME: &'static str = "tile";
    const TEXT: &'static str = "x again and again along its last axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].tile(&self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |counts: &[usize], x: &[usize]| (Tile(counts.to_vec()), Case::function().real(x));
        vec![case(&[2], &[2, 3]), case(&[3, 1, 2], &[2, 3])]
    }
}

/// [`RepeatExt::repeat_interleave`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct RepeatInterleave(isize, usize);

impl Function for RepeatInterleave {
    const NAME: &'static str = "repeat_interleave";
    const TEXT: &'static str = "each entry of an axis several times in a row";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].repeat_interleave(self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, count, x: &[usize]| (RepeatInterleave(axis, count), Case::function().real(x));
        vec![case(0, 2, &[2, 3]), case(-1, 3, &[2, 3]), case(0, 0, &[2, 3])]
    }
}

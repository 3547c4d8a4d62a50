//! An axis in parts: slices.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::SliceExt;
use crate::ops::axes::axis;
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::tensor::sizes::signed;

/// The methods that cut an axis in parts.
pub trait SplitExt: Algebra {
    /// Parts of `size` entries of an axis; the last may be shorter.
    ///
    /// # Panics
    /// If the axis is out of range or the size is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let parts = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]).split(0, 2);
    /// assert_eq!(parts[2].data(), [5.0]);
    /// assert_eq!(parts.len(), 3);
    /// ```
    #[track_caller]
    fn split(&self, at: isize, size: usize) -> Vec<Self> {
        let _called = called("split");
        let shape = self.shape();
        let axis = axis("split", at, shape.rank()).or_raise();
        if size == 0 {
            Error::shape("split", format!("parts of 0 entries of axis {axis} of {shape}")).raise()
        }
        let mut parts = Vec::new();
        for start in (0..shape[axis].max(1)).step_by(size) {
            parts.push(self.slice(signed(axis), start..start.saturating_add(size).min(shape[axis])));
        }
        parts
    }

    /// Parts of given sizes, which add up to the length of the axis.
    ///
    /// # Panics
    /// If the axis is out of range or the sizes do not add up.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let parts = Tensor::from([1.0, 2.0, 3.0]).split_sizes(0, &[2, 1]);
    /// assert_eq!((parts[0].data(), parts[1].data()), (&[1.0, 2.0][..], &[3.0][..]));
    /// ```
    #[track_caller]
    fn split_sizes(&self, at: isize, sizes: &[usize]) -> Vec<Self> {
        let _called = called("split_sizes");
        let shape = self.shape();
        let axis = axis("split", at, shape.rank()).or_raise();
        let sum = sizes.iter().fold(0_usize, |sum, size| sum.saturating_add(*size));
        if sum != shape[axis] {
            let message = format!("sizes {sizes:?} add up to {sum}, axis {axis} of {shape} has length {}", shape[axis]);
            Error::shape("split", message).raise()
        }
        let mut start = 0;
        let mut part = |size: &usize| {
            start += size;
            self.slice(signed(axis), start - size..start)
        };
        sizes.iter().map(&mut part).collect()
    }

    /// At most `count` parts of equal size, the last of which may be shorter: PyTorch's rule, by which 5 entries in 4
    /// chunks are 3 parts.
    ///
    /// # Panics
    /// If the axis is out of range or the count is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let parts = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]).chunk(0, 4);
    /// assert_eq!(parts.iter().map(Tensor::len).collect::<Vec<_>>(), [2, 2, 1]);
    /// ```
    #[track_caller]
    fn chunk(&self, at: isize, count: usize) -> Vec<Self> {
        let _called = called("chunk");
        let shape = self.shape();
        let axis = axis("chunk", at, shape.rank()).or_raise();
        if count == 0 {
            Error::shape("chunk", format!("axis {axis} of {shape} in 0 parts")).raise()
        }
        self.split(signed(axis), shape[axis].div_ceil(count).max(1))
    }

    /// `length` entries of an axis from `start`, which may count from the end.
    ///
    /// # Panics
    /// If the axis is out of range or has fewer entries.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).narrow(0, -2, 2).data(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    fn narrow(&self, at: isize, start: isize, length: usize) -> Self {
        let _called = called("narrow");
        let shape = self.shape();
        let axis = axis("narrow", at, shape.rank()).or_raise();
        let first = if start < 0 { start + signed(shape[axis]) } else { start };
        if first < 0 || length > shape[axis] || first as usize > shape[axis] - length {
            let message =
                format!("{length} entries from {start} of axis {axis} of {shape}, which has length {}", shape[axis]);
            Error::shape("narrow", message).raise()
        }
        self.slice(signed(axis), first as usize..first as usize + length)
    }
}

impl<A: Algebra> SplitExt for A {}

/// [`SplitExt::split`], as the tests of all functions see it: one of the parts.
#[derive(Clone, Debug)]
pub struct Split {
    axis: isize,
    size: usize,
    part: usize,
}

impl Function for Split {
    const NAME: &'static str = "split";
    const TEXT: &'static str = "parts of an axis of a given size";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].split(self.axis, self.size).swap_remove(self.part)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, size, part, x: &[usize]| (Split { axis, size, part }, Case::function().real(x));
        vec![case(0, 2, 2, &[5, 3]), case(-1, 2, 0, &[2, 3]), case(0, 2, 0, &[0, 3])]
    }
}

/// [`SplitExt::chunk`], as the tests of all functions see it: one of the parts.
#[derive(Clone, Debug)]
pub struct Chunk {
    axis: isize,
    count: usize,
    part: usize,
}

impl Function for Chunk {
    const NAME: &'static str = "chunk";
    const TEXT: &'static str = "an axis in equal parts";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].chunk(self.axis, self.count).swap_remove(self.part)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, count, part, x: &[usize]| (Chunk { axis, count, part }, Case::function().real(x));
        vec![case(0, 4, 2, &[5, 3]), case(1, 3, 1, &[2, 3])]
    }
}

/// [`SplitExt::narrow`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Narrow {
    axis: isize,
    start: isize,
    length: usize,
}

impl Function for Narrow {
    const NAME: &'static str = "narrow";
    const TEXT: &'static str = "entries of an axis from a place on";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].narrow(self.axis, self.start, self.length)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, start, length, x: &[usize]| (Narrow { axis, start, length }, Case::function().real(x));
        vec![case(0, 1, 3, &[5, 2]), case(-1, -2, 2, &[2, 3]), case(0, 1, 0, &[2, 3])]
    }
}

/// [`SplitExt::split_sizes`], as the tests of all functions see it: one of the parts.
#[derive(Clone, Debug)]
pub struct SplitSizes {
    axis: isize,
    sizes: Vec<usize>,
    part: usize,
}

impl Function for SplitSizes {
    const NAME: &'static str = "split_sizes";
    const TEXT: &'static str = "parts of an axis of given sizes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].split_sizes(self.axis, &self.sizes).swap_remove(self.part)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, sizes: &[usize], part, x: &[usize]| {
            (SplitSizes { axis, sizes: sizes.to_vec(), part }, Case::function().real(x))
        };
        vec![case(0, &[1, 4], 1, &[5, 2]), case(-1, &[2, 0, 1], 0, &[2, 3]), case(-1, &[2, 0, 1], 1, &[2, 3])]
    }
}

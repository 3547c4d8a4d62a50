//! Parts of an axis, and their place in a whole.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::{FlipExt, ReshapeExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;
use crate::tensor::sizes::signed;

/// Every `step`-th entry of an axis from `start` to before `end`. [`Unslice`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Slice {
    /// The axis.
    pub axis: usize,
    /// The first entry.
    pub start: usize,
    /// One past the last entry that may be taken.
    pub end: usize,
    /// The distance between entries.
    pub step: usize,
}

/// The entries of `x` at every `step`-th place of an axis of length `len`, from `start`; zeros elsewhere. [`Slice`] is
/// its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Unslice {
    /// The axis.
    pub axis: usize,
    /// Where the first entry stands.
    pub start: usize,
    /// The distance between entries.
    pub step: usize,
    /// The length of the axis in the result.
    pub len: usize,
}

/// A shape as blocks around an axis: how many blocks, and how many elements in one entry of the axis.
#[inline]
fn around(shape: &Shape, axis: usize) -> (usize, usize) {
    (product(&shape[..axis]), product(&shape[axis + 1..]))
}

impl Op for Slice {
    #[inline]
    fn name(&self) -> String {
        "slice".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let step = if self.step == 1 { String::new() } else { format!(":{}", self.step) };
        format!("{}[axis {}: {}:{}{step}]", args[0], self.axis, self.start, self.end)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        let Slice { axis, start, end, step } = *self;
        if axis >= x.rank() {
            return Err(Error::shape("slice", format!("axis {axis} of a tensor of rank {}", x.rank())));
        }
        if step == 0 {
            return Err(Error::shape("slice", "the step is 0"));
        }
        if start > end || end > x[axis] {
            return Err(Error::shape(
                "slice",
                format!("{start}..{end} of axis {axis} of {x}, which has length {}", x[axis]),
            ));
        }
        Ok(x.with(axis, (end - start).div_ceil(step)))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let x = &a[0];
        let (blocks, width) = around(x.shape(), self.axis);
        let taken: Vec<usize> = (self.start..self.end).step_by(self.step).collect();
        let n = x.shape()[self.axis];
        let mut out = Buffer::room(blocks * taken.len() * width);
        for block in 0..blocks {
            for i in &taken {
                out.extend_from_slice(&x.data()[(block * n + i) * width..][..width]);
            }
        }
        Tensor::from_parts(x.shape().with(self.axis, taken.len()), out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let Slice { axis, start, step, .. } = *self;
        let len = a[0].shape()[axis];
        A::apply(Unslice { axis, start, step, len }, &[Arg::Real(&g)]).real()
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
        let case = |axis, start, end, step, x: &[usize]| Case::of(Slice { axis, start, end, step }).real(x);
        vec![case(1, 1, 3, 1, &[2, 3]), case(0, 0, 5, 2, &[5, 3]), case(1, 1, 3, 3, &[2, 3, 5]), case(0, 2, 2, 1, &[3])]
    }
}

impl Op for Unslice {
    #[inline]
    fn name(&self) -> String {
        "unslice".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("unslice({}, axis {} from {} by {} of {})", args[0], self.axis, self.start, self.step, self.len)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        let Unslice { axis, start, step, len } = *self;
        if axis >= x.rank() || step == 0 {
            return Err(Error::shape("unslice", format!("axis {axis} by step {step} of {x}")));
        }
        let last = x[axis].checked_sub(1).map(|n| n.saturating_mul(step).saturating_add(start));
        if last.is_some_and(|last| last >= len) {
            let n = x[axis];
            return Err(Error::shape("unslice", format!("{n} entries from {start} by {step} do not fit in {len}")));
        }
        Ok(x.with(axis, len))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let x = &a[0];
        let (blocks, width) = around(x.shape(), self.axis);
        let n = x.shape()[self.axis];
        let mut out = Buffer::filled(blocks * self.len * width, F::zero());
        for block in 0..blocks {
            for i in 0..n {
                let to = (block * self.len + self.start + i * self.step) * width;
                out[to..to + width].copy_from_slice(&x.data()[(block * n + i) * width..][..width]);
            }
        }
        Tensor::from_parts(x.shape().with(self.axis, self.len), out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let Unslice { axis, start, step, .. } = *self;
        let n = a[0].shape()[axis];
        let end = if n == 0 { start.min(self.len) } else { start + (n - 1) * step + 1 };
        A::apply(Slice { axis, start: start.min(end), end, step }, &[Arg::Real(&g)]).real()
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
        let case = |axis, start, step, len, x: &[usize]| Case::of(Unslice { axis, start, step, len }).real(x);
        vec![case(1, 1, 1, 5, &[2, 3]), case(0, 0, 2, 5, &[2, 3]), case(1, 2, 3, 9, &[2, 2, 3]), case(0, 1, 1, 3, &[0])]
    }
}

/// A range of entries of an axis: `1..3`, `..-1`, `-3..`, `..`. Ends may count from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: Option<isize>,
    end: Option<isize>,
}

impl Span {
    /// The first entry and the one past the last, on an axis of length `n`.
    #[inline]
    fn resolve(&self, axis: usize, n: usize) -> Result<(usize, usize), Error> {
        let place = |at: Option<isize>, open: usize| match at {
            None => Ok(open),
            Some(at) if at >= 0 => Ok(at as usize),
            Some(at) => n
                .checked_sub(at.unsigned_abs())
                .ok_or_else(|| Error::shape("slice", format!("entry {at} of axis {axis}, which has length {n}"))),
        };
        Ok((place(self.start, 0)?, place(self.end, n)?))
    }
}

impl From<RangeFull> for Span {
    #[inline]
    fn from(_: RangeFull) -> Self {
        Span { start: None, end: None }
    }
}

macro_rules! span_from {
    ($($t:ty)*) => { $(
        impl From<Range<$t>> for Span {
            fn from(range: Range<$t>) -> Self {
                Span { start: Some(signed(range.start)), end: Some(signed(range.end)) }
            }
        }
        impl From<RangeFrom<$t>> for Span {
            fn from(range: RangeFrom<$t>) -> Self {
                Span { start: Some(signed(range.start)), end: None }
            }
        }
        impl From<RangeTo<$t>> for Span {
            fn from(range: RangeTo<$t>) -> Self {
                Span { start: None, end: Some(signed(range.end)) }
            }
        }
    )* };
}
span_from! { i32 isize usize }

/// The methods of [`Slice`].
pub trait SliceExt: Algebra {
    /// The entries `range` of an axis, which may count from the end, as may the ends of the range.
    ///
    /// A range that reaches beyond the axis is an error, and is not cut as in NumPy and PyTorch: a slice has the length
    /// that it says.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.slice(-1, 1..3), Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    /// assert_eq!(x.slice(1, ..-1), Tensor::from([[1.0, 2.0], [4.0, 5.0]]));
    /// ```
    #[track_caller]
    fn slice(&self, axis: isize, range: impl Into<Span>) -> Self {
        let _called = called("slice");
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th of the entries `range` of an axis. A negative step begins at the last entry of the range and goes
    /// backwards: `slice_step(0, .., -1)` is NumPy's `x[::-1]`.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds, or the step is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]);
    /// assert_eq!(x.slice_step(0, 1.., 2).data(), [2.0, 4.0]);
    /// assert_eq!(x.slice_step(0, ..4, -2).data(), [4.0, 2.0]);
    /// ```
    #[track_caller]
    fn slice_step(&self, at: isize, range: impl Into<Span>, step: isize) -> Self {
        let _called = called("slice_step");
        let shape = self.shape();
        let axis = axis("slice", at, shape.rank()).or_raise();
        let (start, end) = range.into().resolve(axis, shape[axis]).or_raise();
        if step >= 0 {
            return Self::apply(Slice { axis, start, end, step: step as usize }, &[Arg::Real(self)]).real();
        }
        let part = Self::apply(Slice { axis, start, end, step: 1 }, &[Arg::Real(self)]).real().flip(axis);
        let step = step.unsigned_abs();
        if step == 1 {
            return part;
        }
        Self::apply(Slice { axis, start: 0, end: end - start, step }, &[Arg::Real(&part)]).real()
    }

    /// Entry `i` of an axis, which is removed; both may count from the end. PyTorch's `x.select(axis, i)`, and `x[i]`
    /// for axis 0.
    ///
    /// # Panics
    /// If the axis or the entry is out of bounds.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.at(0, -1).data(), [3.0, 4.0]);
    /// ```
    #[track_caller]
    fn at(&self, at: isize, i: isize) -> Self {
        let _called = called("at");
        let shape = self.shape();
        let axis = axis("at", at, shape.rank()).or_raise();
        let entry = if i < 0 { i + signed(shape[axis]) } else { i };
        if !(0..signed(shape[axis])).contains(&entry) {
            Error::shape("at", format!("entry {i} of axis {axis} of {shape}, which has length {}", shape[axis])).raise()
        }
        let part = self.slice(signed(axis), entry..entry + 1);
        ReshapeExt::reshape(&part, shape.without(axis))
    }
}

impl<A: Algebra> SliceExt for A {}

/// [`SliceExt::slice_step`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SliceStep(isize, Span, isize);

impl Function for SliceStep {
    const NAME: &'static str = "slice_step";
    const TEXT: &'static str = "every step-th entry of a range, backwards too";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].slice_step(self.0, self.1, self.2)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, span: Span, step, x: &[usize]| (SliceStep(axis, span, step), Case::function().real(x));
        vec![
            case(0, (..).into(), -1, &[5, 2]),
            case(-1, (-4..-1).into(), -2, &[2, 5]),
            case(0, (1..).into(), 3, &[5]),
            case(0, (..-1).into(), -3, &[3, 2]),
        ]
    }
}

/// [`SliceExt::at`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct At(isize, isize);

impl Function for At {
    const NAME: &'static str = "at";
    const TEXT: &'static str = "one entry of an axis, which is removed";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].at(self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, i, x: &[usize]| (At(axis, i), Case::function().real(x));
        vec![case(1, -1, &[2, 3]), case(0, 0, &[3]), case(1, 2, &[2, 3, 5]), case(1, 0, &[0, 3])]
    }
}

//! Parts of an axis, and their place in a whole.

use crate::algebra::{Algebra, Arg, Args};
use crate::buffer::Buffer;
use crate::case::Case;
use crate::error::Error;
use crate::float::Float;
use crate::op::{Op, Value};
use crate::ops::axes::axis;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Every `step`-th entry of an axis from `start` to before `end`. [`Unslice`] is its rule.
#[derive(Clone, Debug, PartialEq)]
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
fn around(shape: &Shape, axis: usize) -> (usize, usize) {
    (shape[..axis].iter().product(), shape[axis + 1..].iter().product())
}

impl Op for Slice {
    fn name(&self) -> String {
        "slice".into()
    }

    fn text(&self, args: &[&str]) -> String {
        let step = if self.step == 1 { String::new() } else { format!(":{}", self.step) };
        format!("{}[axis {}: {}:{}{step}]", args[0], self.axis, self.start, self.end)
    }

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

    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, start, end, step, x: &[usize]| Case::of(Slice { axis, start, end, step }).real(x);
        vec![case(1, 1, 3, 1, &[2, 3]), case(0, 0, 5, 2, &[5, 3]), case(1, 1, 3, 3, &[2, 3, 5]), case(0, 2, 2, 1, &[3])]
    }
}

impl Op for Unslice {
    fn name(&self) -> String {
        "unslice".into()
    }

    fn text(&self, args: &[&str]) -> String {
        format!("unslice({}, axis {} from {} by {} of {})", args[0], self.axis, self.start, self.step, self.len)
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        let Unslice { axis, start, step, len } = *self;
        if axis >= x.rank() || step == 0 {
            return Err(Error::shape("unslice", format!("axis {axis} by step {step} of {x}")));
        }
        if x[axis] > 0 && start + (x[axis] - 1) * step >= len {
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

    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, start, step, len, x: &[usize]| Case::of(Unslice { axis, start, step, len }).real(x);
        vec![case(1, 1, 1, 5, &[2, 3]), case(0, 0, 2, 5, &[2, 3]), case(1, 2, 3, 9, &[2, 2, 3]), case(0, 1, 1, 3, &[0])]
    }
}

/// The methods of [`Slice`].
pub trait SliceExt: Algebra {
    /// The entries `range` of an axis, which may count from the end.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.slice(-1, 1..3), Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    /// ```
    #[track_caller]
    fn slice(&self, axis: isize, range: std::ops::Range<usize>) -> Self {
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th of the entries `range` of an axis.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds, or the step is 0.
    #[track_caller]
    fn slice_step(&self, at: isize, range: std::ops::Range<usize>, step: usize) -> Self {
        let axis = axis("slice", at, self.shape().rank()).unwrap_or_else(|e| e.raise());
        let (start, end) = (range.start, range.end);
        Self::apply(Slice { axis, start, end, step }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> SliceExt for A {}

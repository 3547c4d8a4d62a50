//! Elements in order: what stands at the positions of [`ArgSort`](super::ArgSort).

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::{ArgSort, ArgSortExt, GatherExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};

/// The methods that put elements in order. Each element's gradient goes to the place that it came from.
pub trait SortExt: Algebra {
    /// The elements in order along an axis, and the positions that they came from. Equal elements keep their order;
    /// NaN is the largest.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (y, positions) = Tensor::from([3.0, 1.0, 2.0]).sort(0, false);
    /// assert_eq!((y.data(), positions.data()), (&[1.0, 2.0, 3.0][..], &[1, 2, 0][..]));
    /// ```
    #[track_caller]
    fn sort(&self, axis: isize, descending: bool) -> (Self, Self::Index) {
        let _called = called("sort");
        let positions = self.arg_sort(axis, descending);
        if self.shape().rank() == 0 {
            return (self.clone(), positions);
        }
        (self.gather(axis, positions.clone()), positions)
    }

    /// The `k` largest elements along an axis, or the smallest, in order, and the positions that they came from.
    ///
    /// # Panics
    /// If the axis is out of range or has fewer than `k` entries.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (y, positions) = Tensor::from([3.0, 1.0, 2.0]).topk(2, 0, true);
    /// assert_eq!((y.data(), positions.data()), (&[3.0, 2.0][..], &[0, 2][..]));
    /// ```
    #[track_caller]
    fn topk(&self, k: usize, at: isize, largest: bool) -> (Self, Self::Index) {
        let _called = called("topk");
        if self.shape().rank() == 0 && k == 1 {
            return self.sort(at, largest);
        }
        let shape = self.shape();
        let axis = axis("topk", at, shape.rank()).or_raise();
        if k > shape[axis] {
            Error::shape("topk", format!("{k} of the {} entries along axis {axis} of {shape}", shape[axis])).raise()
        }
        let op = ArgSort { axis, descending: largest, count: k };
        let positions = Self::apply(op, &[Arg::Real(self)]).index();
        (self.gather(at, positions.clone()), positions)
    }
}

impl<A: Algebra> SortExt for A {}

/// The values of [`SortExt::sort`], as the tests of all functions see them.
#[derive(Clone, Debug)]
pub struct Sort(isize, bool);

impl Function for Sort {
    const NAME: &'static str = "sort";
    const TEXT: &'static str = "gather(x, arg_sort(x))";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].sort(self.0, self.1).0
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, descending, x: &[usize]| (Sort(axis, descending), Case::function().real(x));
        vec![case(1, false, &[2, 3]), case(0, true, &[3, 2, 5]), case(-1, false, &[5]), case(1, false, &[2, 0])]
    }
}

/// The values of [`SortExt::topk`], as the tests of all functions see them.
#[derive(Clone, Debug)]
pub struct TopK(usize, isize, bool);

impl Function for TopK {
    const NAME: &'static str = "topk";
    const TEXT: &'static str = "gather(x, the first k of arg_sort(x))";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].topk(self.0, self.1, self.2).0
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |k, axis, largest, x: &[usize]| (TopK(k, axis, largest), Case::function().real(x));
        vec![case(2, 1, true, &[2, 3]), case(1, 0, false, &[3, 2, 5]), case(5, -1, true, &[5]), case(0, 0, true, &[3])]
    }
}

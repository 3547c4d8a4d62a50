//! The order of the elements along an axis.

use std::cmp::Ordering;

use crate::error::{Error, OrRaise};
use crate::ops::axes::{axis, existing};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The positions along an axis that put its elements in order, or the first few of them. Equal elements keep their
/// order, and NaN counts as larger than every number, as in PyTorch. Positions have no derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ArgSort {
    /// The axis.
    pub axis: usize,
    /// Whether the largest comes first.
    pub descending: bool,
    /// How many positions are kept.
    pub count: usize,
}

/// The order of numbers, with NaN as the largest.
fn order<F: Float>(a: F, b: F) -> Ordering {
    let nan = num_traits::Float::is_nan;
    a.partial_cmp(&b).unwrap_or_else(|| nan(a).cmp(&nan(b)))
}

impl Op for ArgSort {
    #[inline]
    fn name(&self) -> String {
        "arg_sort".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let order = if self.descending { "descending" } else { "ascending" };
        format!("arg_sort({}, axis {}, {} {order})", args[0], self.axis, self.count)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        existing("arg_sort", self.axis, args[0].rank())?;
        if self.count > args[0][self.axis] {
            let message = format!("{} of the {} entries along axis {}", self.count, args[0][self.axis], self.axis);
            return Err(Error::shape("arg_sort", message));
        }
        Ok(args[0].with(self.axis, self.count))
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let (n, width) = (shape[self.axis], product(&shape[self.axis + 1..]));
        let blocks = product(&shape[..self.axis]);
        let mut out = vec![0; blocks * self.count * width];
        let mut positions: Vec<usize> = Vec::with_capacity(n);
        for block in 0..blocks {
            for j in 0..width {
                let at = |i: usize| x.data()[(block * n + i) * width + j];
                positions.clear();
                positions.extend(0..n);
                match self.descending {
                    false => positions.sort_by(|p, q| order(at(*p), at(*q))),
                    true => positions.sort_by(|p, q| order(at(*q), at(*p))),
                }
                for (i, position) in positions.iter().take(self.count).enumerate() {
                    out[(block * self.count + i) * width + j] = *position as i64;
                }
            }
        }
        Tensor::new(shape.with(self.axis, self.count), out).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        let n = args[0].get(self.axis).copied().unwrap_or(1).max(1);
        work([args[0].len_elements(), n.ilog2() as usize + 1])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, descending, count, x: &[usize]| Case::of(ArgSort { axis, descending, count }).real(x);
        vec![
            case(1, false, 3, &[2, 3]),
            case(0, true, 2, &[3, 2, 5]),
            case(0, false, 0, &[0]),
            case(1, true, 0, &[2, 3]),
        ]
    }
}

/// The method of [`ArgSort`].
pub trait ArgSortExt: Algebra {
    /// The positions along an axis that put its elements in order. Equal elements keep their order; NaN is the largest.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([3.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(x.arg_sort(0, false).data(), [1, 3, 0, 2]);
    /// assert_eq!(x.arg_sort(0, true).data(), [0, 2, 3, 1]);
    /// ```
    #[track_caller]
    fn arg_sort(&self, at: isize, descending: bool) -> Self::Index {
        if self.shape().rank() == 0 && matches!(at, 0 | -1) {
            // Of one number there is one order.
            return self.index(Tensor::from(0));
        }
        let axis = axis("arg_sort", at, self.shape().rank()).or_raise();
        let count = self.shape()[axis];
        Self::apply(ArgSort { axis, descending, count }, &[Arg::Real(self)]).index()
    }
}

impl<A: Algebra> ArgSortExt for A {}

//! Where the largest entry of each window is.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::windows::for_each_index;
use crate::ops::max_pool::{AdaptiveMaxPool, MaxPool};
use crate::ops::pool::{adaptive, adaptive_counts};
use crate::ops::{AnyOp, PerAxis, Pool};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::ceiling::check_bytes;
use crate::tensor::float::Float;

/// The position in its image of the largest entry of each window: the first of several, or the last NaN, as in
/// PyTorch. Padding is never the largest. Positions have no derivative.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum ArgMaxPool {
    /// Of windows of a fixed size.
    Sliding(Pool),
    /// Of as many windows as given for each axis, which cover the image.
    Adaptive(PerAxis),
}

impl ArgMaxPool {
    /// The number of windows along each spatial axis.
    #[inline]
    pub(crate) fn counts(&self, x: &Shape) -> Result<PerAxis, Error> {
        match self {
            ArgMaxPool::Sliding(pool) => pool.counts("max_pool", x),
            ArgMaxPool::Adaptive(sizes) => adaptive_counts("adaptive_max_pool", sizes, x),
        }
    }

    /// Where the entries of window `i` of `count` lie along spatial axis `k` of length `len`.
    #[inline]
    fn places(&self, k: usize, i: usize, count: usize, len: usize) -> Places {
        match self {
            ArgMaxPool::Sliding(pool) => {
                let window = pool.window(k);
                let on = window.entries_on(i, len);
                let first = window.at(i, on.start, len).unwrap_or(0);
                Places { first, step: window.dilation, count: on.len() }
            }
            ArgMaxPool::Adaptive(_) => {
                let range = adaptive(i, count, len);
                Places { first: range.start, step: 1, count: range.len() }
            }
        }
    }
}

/// Places along an axis: `first`, `first + step`, …, so many of them.
struct Places {
    first: usize,
    step: usize,
    count: usize,
}

impl Op for ArgMaxPool {
    #[inline]
    fn name(&self) -> String {
        "arg_max_pool".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    /// `[batch, channels, windows]`
    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let counts = self.counts(args[0])?;
        Ok(Shape::from([args[0][0], args[0][1], product(&counts)]))
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let counts = self.counts(shape).or_raise();
        let lengths = &shape[2..];
        let along: Vec<Vec<Places>> = (0..lengths.len())
            .map(|k| (0..counts[k]).map(|i| self.places(k, i, counts[k], lengths[k])).collect())
            .collect();
        // A window over several axes has the product of its entries along each.
        let all: Shape = along.iter().map(|windows| windows.iter().map(|places| places.count).sum()).collect();
        check_bytes("max_pool", work([all.len_elements(), size_of::<usize>()])).or_raise();
        // Where the entries of each window lie is the same in every image: `entries[ends[i - 1]..ends[i]]` for window `i`.
        let (mut entries, mut ends) = (Vec::new(), Vec::new());
        for_each_index(&counts, |window| {
            let lists: Vec<&Places> = window.iter().zip(&along).map(|(i, axis)| &axis[*i]).collect();
            let sizes: Vec<usize> = lists.iter().map(|places| places.count).collect();
            for_each_index(&sizes, |entry| {
                let axes = entry.iter().zip(&lists).zip(lengths);
                entries.push(axes.fold(0, |at, ((j, places), n)| at * n + places.first + j * places.step));
            });
            ends.push(entries.len());
        });
        let mut out = Vec::with_capacity(shape[0] * shape[1] * ends.len());
        for image in x.data().chunks_exact(product(lengths).max(1)) {
            let mut begin = 0;
            for end in &ends {
                let window = &entries[begin..*end];
                // The shape rule rejects windows without entries.
                let (mut at, mut largest) = (window[0], image[window[0]]);
                for k in &window[1..] {
                    let x = image[*k];
                    if x > largest || num_traits::Float::is_nan(x) {
                        (at, largest) = (*k, x);
                    }
                }
                out.push(at as i64);
                begin = *end;
            }
        }
        Tensor::new([shape[0], shape[1], product(&counts)], out).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let sliding = MaxPool::cases().into_iter().map(|(f, case)| (f.op(), case));
        let adaptive = AdaptiveMaxPool::cases().into_iter().map(|(f, case)| (f.op(), case));
        sliding.chain(adaptive).map(|(op, case)| Case { op: Some(AnyOp::new(op)), ..case }).collect()
    }
}

/// The methods of [`ArgMaxPool`].
pub trait ArgMaxPoolExt: Algebra {
    /// The position of the largest entry of each window in its image, as PyTorch's `return_indices` gives it, but with
    /// the windows along one axis: `[batch, channels, windows]`. The first of several that are equal.
    ///
    /// # Panics
    /// If the windows do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 2.0, 5.0, 0.0, 3.0, 4.0, 6.0, 7.0]);
    /// assert_eq!(x.arg_max_pool(Pool::new(2)).data(), [5, 7]);
    /// ```
    #[track_caller]
    fn arg_max_pool(&self, pool: Pool) -> Self::Index {
        let _called = called("arg_max_pool");
        Self::apply(ArgMaxPool::Sliding(pool), &[Arg::Real(self)]).index()
    }
}

impl<A: Algebra> ArgMaxPoolExt for A {}

//! The largest entry of each window.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::conv::{in_batch, out_of_batch};
use crate::ops::{ArgMaxPool, GatherExt, PerAxis, Pool, ReshapeExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;

/// The methods that pool by maximum: [`ArgMaxPool`], then [`gather`](GatherExt::gather). The gradient goes to the largest
/// entry, the first of several.
pub trait MaxPoolExt: Algebra {
    /// The largest entry of each window of an image `[batch, channels, …]`, over any number of spatial axes, or of one image
    /// `[channels, height, width]`; [`Pool::over`] says how many axes are meant. A window with NaN gives NaN.
    ///
    /// # Panics
    /// If the windows do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 5], vec![1.0, 5.0, 2.0, 4.0, 3.0]);
    /// assert_eq!(x.max_pool(Pool::new(3).stride(2).padding(1).over(1)).data(), [5.0, 5.0, 4.0]);
    /// ```
    #[track_caller]
    fn max_pool(&self, pool: Pool) -> Self {
        let _called = called("max_pool");
        let (pool, rank) = pool.in_batch("max_pool", &self.shape()).or_raise();
        let (x, alone) = in_batch(self, rank);
        out_of_batch(largest(&x, ArgMaxPool::Sliding(pool)), alone)
    }

    /// [`max_pool`](Self::max_pool) over one spatial axis: windows of `size`, `stride` apart.
    ///
    /// # Panics
    /// If the rank is neither 3 nor 2, or no window fits.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 4], vec![1.0, 2.0, 5.0, 0.0]);
    /// assert_eq!(x.max_pool1d(2, 2).data(), [2.0, 5.0]);
    /// ```
    #[track_caller]
    fn max_pool1d(&self, size: usize, stride: usize) -> Self {
        let _called = called("max_pool1d");
        expect("max_pool1d", &self.shape(), 1);
        self.max_pool(Pool::new(size).stride(stride).over(1))
    }

    /// [`max_pool`](Self::max_pool) over two spatial axes: windows of `size` (a side, or height and width), `stride`
    /// apart.
    ///
    /// # Panics
    /// If the rank is neither 4 nor 3, or no window fits.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 2.0, 5.0, 0.0, 3.0, 4.0, 6.0, 7.0]);
    /// assert_eq!(x.max_pool2d(2, 2).data(), [4.0, 7.0]);
    /// ```
    #[track_caller]
    fn max_pool2d(&self, size: impl Into<PerAxis>, stride: impl Into<PerAxis>) -> Self {
        let _called = called("max_pool2d");
        expect("max_pool2d", &self.shape(), 2);
        self.max_pool(Pool::new(size).stride(stride).over(2))
    }

    /// The largest entry of each of as many windows as given along each axis. They cover the image: window `i` of `k`
    /// along an axis of length `n` lies from `⌊i·n/k⌋` to `⌈(i + 1)·n/k⌉`.
    ///
    /// # Panics
    /// If there is no spatial axis or entry, or not a number for each axis.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 5], vec![1.0, 2.0, 5.0, 0.0, 3.0]);
    /// assert_eq!(x.adaptive_max_pool(2).data(), [5.0, 5.0]);
    /// ```
    #[track_caller]
    fn adaptive_max_pool(&self, sizes: impl Into<PerAxis>) -> Self {
        let _called = called("adaptive_max_pool");
        largest(self, ArgMaxPool::Adaptive(sizes.into()))
    }
}

impl<A: Algebra> MaxPoolExt for A {}

/// Rejects images with another number of spatial axes; the batch axis may be missing.
#[track_caller]
#[inline]
pub(crate) fn expect(op: &str, x: &Shape, axes: usize) {
    if ![axes + 1, axes + 2].contains(&x.rank()) {
        Error::shape(op, format!("an image of rank {} is needed, not {x}", axes + 2)).raise()
    }
}

#[track_caller]
fn largest<A: Algebra>(x: &A, op: ArgMaxPool) -> A {
    let shape = x.shape();
    let counts = op.counts(&shape).or_raise();
    let index = A::apply(op, &[Arg::Real(x)]).index();
    let pooled_shape: Shape = shape[..2].iter().chain(counts.iter()).copied().collect();
    ReshapeExt::reshape(&x.flatten(2).gather(2, index), pooled_shape)
}

/// [`MaxPoolExt::max_pool`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MaxPool(Pool);

impl MaxPool {
    #[inline]
    pub(crate) fn op(self) -> ArgMaxPool {
        ArgMaxPool::Sliding(self.0)
    }
}

impl Function for MaxPool {
    const NAME: &'static str = "max_pool";
    const TEXT: &'static str = "gather(x, arg_max_pool(x))";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].max_pool(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |pool: Pool, x: &[usize]| (MaxPool(pool), Case::function().real(x));
        vec![
            case(Pool::new(2), &[2, 3, 4, 6]),
            case(Pool::new(3).stride(2).padding(1), &[1, 2, 5, 7]),
            case(Pool::new([2, 3]).stride([1, 2]).padding([0, 1]).dilation([2, 1]), &[1, 2, 5, 4]),
            case(Pool::new(2).over(1), &[2, 3, 5]),
            case(Pool::new(2), &[3, 4, 5]),
            case(Pool::new(2).stride(3).ceil(true).over(1), &[1, 2, 6]),
            case(Pool::new(3).stride(2).padding(1).ceil(true), &[1, 1, 4, 3]),
            case(Pool::new(1).stride(2).over(1), &[2, 1, 5]),
            case(Pool::new(2), &[0, 3, 4, 2]),
        ]
    }
}

/// [`MaxPoolExt::adaptive_max_pool`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct AdaptiveMaxPool(PerAxis);

impl AdaptiveMaxPool {
    #[inline]
    pub(crate) fn op(self) -> ArgMaxPool {
        ArgMaxPool::Adaptive(self.0)
    }
}

impl Function for AdaptiveMaxPool {
    const NAME: &'static str = "adaptive_max_pool";
    const TEXT: &'static str = "gather(x, arg_max_pool(x)), windows that cover the image";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].adaptive_max_pool(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |sizes: &[usize], x: &[usize]| (AdaptiveMaxPool(sizes.into()), Case::function().real(x));
        vec![case(&[3], &[2, 1, 7]), case(&[2, 3], &[1, 2, 5, 4]), case(&[4], &[1, 2, 2]), case(&[2], &[0, 1, 3])]
    }
}

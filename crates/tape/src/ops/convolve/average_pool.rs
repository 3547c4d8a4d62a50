//! The mean of each window. A mean over a box is a mean along each axis in turn.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::conv::{in_batch, out_of_batch};
use crate::ops::max_pool::expect;
use crate::ops::pool::adaptive_counts;
use crate::ops::{PerAxis, Pool, Resample, Scheme};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};

/// The methods that pool by mean.
pub trait AveragePoolExt: Algebra {
    /// The mean of each window of an image `[batch, channels, …]`, over any number of spatial axes, or of one image
    /// `[channels, height, width]`; [`Pool::over`] says how many axes are meant. It is a [`Resample`] along each. Zeros of the padding count as entries unless [`Pool::count_padding`] says otherwise; what lies beyond the
    /// padding, where only ceil mode reaches, never counts.
    ///
    /// # Panics
    /// If the windows do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 4], vec![1.0, 5.0, 3.0, 4.0]);
    /// assert_eq!(x.average_pool(Pool::new(2).padding(1).over(1)).data(), [0.5, 4.0, 2.0]);
    /// assert_eq!(x.average_pool(Pool::new(2).padding(1).count_padding(false).over(1)).data(), [1.0, 4.0, 4.0]);
    /// ```
    #[track_caller]
    fn average_pool(&self, pool: Pool) -> Self {
        let _called = called("average_pool");
        let (pool, rank) = pool.in_batch("average_pool", &self.shape()).or_raise();
        let (x, alone) = in_batch(self, rank);
        let counts = pool.counts("average_pool", &x.shape()).or_raise();
        let y = match pool.divisor {
            None => {
                let count_padding = pool.count_padding;
                along_each(&x, &counts, |k, _, _| Scheme::Average { window: pool.window(k), count_padding })
            }
            Some(0) => Error::shape("average_pool", "the divisor is 0").raise(),
            Some(divisor) => along_each(&x, &counts, |k, _, _| Scheme::Sum { window: pool.window(k) }) / divisor as f64,
        };
        out_of_batch(y, alone)
    }

    /// [`average_pool`](Self::average_pool) over one spatial axis: windows of `size`, `stride` apart.
    ///
    /// # Panics
    /// If the rank is neither 3 nor 2, or no window fits.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 4], vec![1.0, 2.0, 5.0, 0.0]);
    /// assert_eq!(x.average_pool1d(2, 2).data(), [1.5, 2.5]);
    /// ```
    #[track_caller]
    fn average_pool1d(&self, size: usize, stride: usize) -> Self {
        let _called = called("average_pool1d");
        expect("average_pool1d", &self.shape(), 1);
        self.average_pool(Pool::new(size).stride(stride).over(1))
    }

    /// [`average_pool`](Self::average_pool) over two spatial axes: windows of `size` (a side, or height and width),
    /// `stride` apart.
    ///
    /// # Panics
    /// If the rank is neither 4 nor 3, or no window fits.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 2.0, 5.0, 0.0, 3.0, 4.0, 6.0, 7.0]);
    /// assert_eq!(x.average_pool2d(2, 2).data(), [2.5, 4.5]);
    /// ```
    #[track_caller]
    fn average_pool2d(&self, size: impl Into<PerAxis>, stride: impl Into<PerAxis>) -> Self {
        let _called = called("average_pool2d");
        expect("average_pool2d", &self.shape(), 2);
        self.average_pool(Pool::new(size).stride(stride).over(2))
    }

    /// The mean of each of as many windows as given along each axis. They cover the image: window `i` of `k` along an
    /// axis of length `n` lies from `⌊i·n/k⌋` to `⌈(i + 1)·n/k⌉`.
    ///
    /// # Panics
    /// If there is no spatial axis or entry, or not a number for each axis.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 5], vec![1.0, 2.0, 6.0, 0.0, 3.0]);
    /// assert_eq!(x.adaptive_average_pool(2).data(), [3.0, 3.0]);
    /// assert!((x.adaptive_average_pool(1).item() - 2.4_f64).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn adaptive_average_pool(&self, sizes: impl Into<PerAxis>) -> Self {
        let _called = called("adaptive_average_pool");
        let counts = adaptive_counts("adaptive_average_pool", &sizes.into(), &self.shape()).or_raise();
        along_each(self, &counts, |_, _, _| Scheme::AdaptiveAverage)
    }
}

impl<A: Algebra> AveragePoolExt for A {}

/// A [`Resample`] along each spatial axis, to the lengths `to`; `scheme` gets the axis and its two lengths.
#[track_caller]
pub(crate) fn along_each<A: Algebra>(x: &A, to: &[usize], scheme: impl Fn(usize, usize, usize) -> Scheme) -> A {
    let shape = x.shape();
    // The last axis first, so that what follows has longer runs to work on.
    let mut y = x.clone();
    for (k, to) in to.iter().copied().enumerate().rev() {
        let from = shape[k + 2];
        let op = Resample { axis: k + 2, scheme: scheme(k, from, to), from, to, transposed: false };
        y = A::apply(op, &[Arg::Real(&y)]).real();
    }
    y
}

/// [`AveragePoolExt::average_pool`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct AveragePool(Pool);

impl Function for AveragePool {
    const NAME: &'static str = "average_pool";
    const TEXT: &'static str = "the mean of each window, axis by axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].average_pool(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |pool: Pool, x: &[usize]| (AveragePool(pool), Case::function().real(x));
        vec![
            case(Pool::new(2), &[2, 3, 4, 6]),
            case(Pool::new([3, 2]).stride([2, 1]).padding([1, 0]), &[1, 2, 5, 4]),
            case(Pool::new(2).stride(3).over(1), &[2, 1, 7]),
            case(Pool::new(2).stride(3).divisor(3), &[2, 5, 7]),
            case(Pool::new(3).stride(2).padding(1).ceil(true), &[1, 2, 4, 3]),
            case(Pool::new(3).stride(2).padding(1).ceil(true).count_padding(false), &[1, 2, 4, 3]),
            case(Pool::new(2).over(1), &[0, 1, 4]),
        ]
    }
}

/// [`AveragePoolExt::adaptive_average_pool`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct AdaptiveAveragePool(PerAxis);

impl Function for AdaptiveAveragePool {
    const NAME: &'static str = "adaptive_average_pool";
    const TEXT: &'static str = "the mean of each window, axis by axis, windows that cover the image";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].adaptive_average_pool(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |sizes: &[usize], x: &[usize]| (AdaptiveAveragePool(sizes.into()), Case::function().real(x));
        vec![case(&[3], &[2, 1, 7]), case(&[2, 3], &[1, 2, 5, 4]), case(&[4], &[1, 2, 2]), case(&[2], &[0, 1, 3])]
    }
}

//! Pooling layers: what is taken of each window of a signal, an image or a volume.

use std::fmt::Debug;
use std::marker::PhantomData;

use wengert_tape::ops::PerAxis;
use wengert_tape::prelude::*;

use super::{Described, in_batch, out_of_batch, shape_in_batch};
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// What is taken of a window: [`Largest`] or [`Mean`].
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::{Largest, Mean, Sliding, Taken};
/// fn halved<T: Taken>(x: &Tensor) -> Tensor {
///     Module::<f64>::forward(&Sliding::<T, 1>::new(2), x)
/// }
/// let x = Tensor::from([[[1.0, 3.0, 0.0, 2.0]]]);
/// assert_eq!(halved::<Largest>(&x).data(), [3.0, 2.0]);
/// assert_eq!(halved::<Mean>(&x).data(), [2.0, 1.0]);
/// ```
pub trait Taken: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// What the name of such a layer begins with.
    #[doc(hidden)]
    const NAME: &'static str;
    /// Of windows of one size.
    #[doc(hidden)]
    #[track_caller]
    fn sliding<A: Algebra>(x: &A, pool: Pool) -> A;
    /// Of windows that cover the image.
    #[doc(hidden)]
    #[track_caller]
    fn adaptive<A: Algebra>(x: &A, sizes: PerAxis) -> A;
}

/// The largest entry; the gradient goes to it, or to the first of several.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::{Adaptive, Largest};
/// let x = Tensor::from([[[1.0, 3.0, 0.0]]]);
/// assert_eq!(Module::<f64>::forward(&Adaptive::<Largest, 1>::new(1), &x).item(), 3.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Largest;

/// The mean of the entries.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::{Adaptive, Mean};
/// let x = Tensor::from([[[1.0, 5.0, 0.0, 2.0]]]);
/// assert_eq!(Module::<f64>::forward(&Adaptive::<Mean, 1>::new(1), &x).item(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mean;

impl Taken for Largest {
    const NAME: &'static str = "max_pool";
    #[track_caller]
    fn sliding<A: Algebra>(x: &A, pool: Pool) -> A {
        x.max_pool(pool)
    }
    #[track_caller]
    fn adaptive<A: Algebra>(x: &A, sizes: PerAxis) -> A {
        x.adaptive_max_pool(sizes)
    }
}

impl Taken for Mean {
    const NAME: &'static str = "avg_pool";
    #[track_caller]
    fn sliding<A: Algebra>(x: &A, pool: Pool) -> A {
        x.average_pool(pool)
    }
    #[track_caller]
    fn adaptive<A: Algebra>(x: &A, sizes: PerAxis) -> A {
        x.adaptive_average_pool(sizes)
    }
}

/// What is taken of windows of one size, over `D` axes: PyTorch's `MaxPool1d` to `3d` and `AvgPool1d` to `3d`, with all
/// their options but `divisor_override`.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` with `D` more axes, or one sample without the batch axis |
/// | result | `[batch, channels, …]`, each length `⌊(n + 2·padding − dilation·(size − 1) − 1) / stride⌋ + 1`, or with `⌈ ⌉` where [`Pool::ceil`] says so |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 2.0, 4.0, 0.0, 3.0, 0.0, 5.0, 7.0]);
/// let largest = Module::<f64>::forward(&MaxPool2d::new(2), &x);
/// assert_eq!(largest.data(), [3.0, 7.0]);
/// let mean = Module::<f64>::forward(&AvgPool2d::from(Pool::new([2, 3]).stride(1)), &x);
/// assert_eq!(mean.shape(), &[1, 1, 1, 2]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sliding<T, const D: usize> {
    /// Where the windows lie.
    pub pool: Pool,
    taken: PhantomData<T>,
}

/// [`Sliding`]: the largest entry of windows of signals `[batch, channels, length]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&MaxPool1d::new(2), &x).data(), [3.0, 0.0, 5.0, 7.0]);
/// ```
pub type MaxPool1d = Sliding<Largest, 1>;
/// [`Sliding`]: the largest entry of windows of images `[batch, channels, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&MaxPool2d::new(2), &x).data(), [5.0, 7.0]);
/// ```
pub type MaxPool2d = Sliding<Largest, 2>;
/// [`Sliding`]: the largest entry of windows of volumes `[batch, channels, depth, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 2, 2], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&MaxPool3d::new(2), &x).data(), [7.0]);
/// ```
pub type MaxPool3d = Sliding<Largest, 3>;
/// [`Sliding`]: the mean of windows of signals.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AvgPool1d::new(2), &x).data(), [2.0, -1.0, 5.0, 3.0]);
/// ```
pub type AvgPool1d = Sliding<Mean, 1>;
/// [`Sliding`]: the mean of windows of images.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AvgPool2d::new(2), &x).data(), [3.5, 1.0]);
/// ```
pub type AvgPool2d = Sliding<Mean, 2>;
/// [`Sliding`]: the mean of windows of volumes.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 2, 2], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AvgPool3d::new(2), &x).data(), [2.25]);
/// ```
pub type AvgPool3d = Sliding<Mean, 3>;

impl<T, const D: usize> From<Pool> for Sliding<T, D> {
    fn from(pool: Pool) -> Self {
        Sliding { pool, taken: PhantomData }
    }
}

impl<T, const D: usize> Sliding<T, D> {
    /// Windows of this size, one length for all axes or one for each, side by side. Other options come with a [`Pool`]:
    /// `MaxPool2d::from(Pool::new(3).stride(2).padding(1))`.
    pub fn new(size: impl Into<PerAxis>) -> Self {
        Pool::new(size).into()
    }

    /// The same windows, `stride` apart.
    pub fn stride(self, stride: impl Into<PerAxis>) -> Self {
        self.pool.stride(stride).into()
    }
}

impl<F: Float, T: Taken, const D: usize> crate::Parameters<F> for Sliding<T, D> {
    parameters! { F: }

    fn description(&self) -> Option<Description> {
        let Pool { size, stride, padding, dilation, ceil, count_padding, divisor, axes: _ } = &self.pool;
        let windows = Description::new(format!("{}{D}d", T::NAME)).wholes("size", size).wholes("stride", stride);
        let windows = windows.wholes("padding", padding).wholes("dilation", dilation);
        let windows = windows.flag("ceil", *ceil).flag("count_padding", *count_padding);
        Some(divisor.iter().fold(windows, |windows, divisor| windows.whole("divisor", *divisor)))
    }
}

impl<F: Float, T: Taken, const D: usize> Module<F> for Sliding<T, D> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = Module::<F>::output_shape(self, &x.shape()) {
            e.raise()
        }
        let (x, single) = in_batch(x, D + 2);
        out_of_batch(T::sliding(&x, self.pool.over(D)), single)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let name = format!("{}{D}d", T::NAME);
        shape_in_batch(x, D + 2, |x| {
            expect::<D>(&name, x)?;
            let counts = self.pool.counts(&name, x)?;
            Ok(x[..2].iter().chain(counts.iter()).copied().collect())
        })
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let smallest = (0..D).map(|k| {
            let window = self.pool.window(k);
            (window.dilation * window.size.saturating_sub(1) + 1).saturating_sub(2 * window.padding)
        });
        Some(at_least(x, smallest))
    }
}

impl<F: Float, T: Taken, const D: usize> Described<F> for Sliding<T, D> {
    fn build(description: &Description, _weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let axes = |name: &str, least: usize| description.get_axes(name, D, least);
        let pool = Pool::new(axes("size", 1)?).stride(axes("stride", 1)?).padding(axes("padding", 0)?);
        let pool = pool.dilation(axes("dilation", 1)?).ceil(description.get_flag("ceil")?);
        let pool = pool.count_padding(description.get_flag("count_padding")?);
        let divisor = match description.get_whole("divisor") {
            Ok(_) => Some(description.get_positive("divisor")?),
            Err(_) => None,
        };
        Ok(Pool { divisor, ..pool }.into())
    }
}

/// What is taken of as many windows as given along each of `D` axes, whatever the lengths of the input: PyTorch's
/// `AdaptiveMaxPool1d` to `3d` and `AdaptiveAvgPool1d` to `3d`. Window `i` of `k` along an axis of length `n` lies from
/// `⌊i·n/k⌋` to `⌈(i + 1)·n/k⌉`.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` with `D` more axes, or one sample without the batch axis |
/// | result | `[batch, channels, …]`, the lengths as given |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// // Whatever the size of the images, each channel becomes one number.
/// let together = AdaptiveAvgPool2d::new(1);
/// assert_eq!(Module::<f32>::forward(&together, &Shape::from([10, 8, 7, 5])), [10, 8, 1, 1]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Adaptive<T, const D: usize> {
    /// The number of windows along each axis, or one for all.
    pub sizes: PerAxis,
    taken: PhantomData<T>,
}

/// [`Adaptive`]: the largest entries of a signal.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AdaptiveMaxPool1d::new(1), &x).data(), [3.0, 7.0]);
/// ```
pub type AdaptiveMaxPool1d = Adaptive<Largest, 1>;
/// [`Adaptive`]: the largest entries of an image.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AdaptiveMaxPool2d::new(1), &x).data(), [7.0]);
/// ```
pub type AdaptiveMaxPool2d = Adaptive<Largest, 2>;
/// [`Adaptive`]: the largest entries of a volume.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 2, 2], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AdaptiveMaxPool3d::new(1), &x).data(), [7.0]);
/// ```
pub type AdaptiveMaxPool3d = Adaptive<Largest, 3>;
/// [`Adaptive`]: the means of a signal.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AdaptiveAvgPool1d::new(1), &x).data(), [0.5, 4.0]);
/// ```
pub type AdaptiveAvgPool1d = Adaptive<Mean, 1>;
/// [`Adaptive`]: the means of an image.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AdaptiveAvgPool2d::new(1), &x).data(), [2.25]);
/// ```
pub type AdaptiveAvgPool2d = Adaptive<Mean, 2>;
/// [`Adaptive`]: the means of a volume.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 2, 2], vec![1.0, 3.0, 0.0, -2.0, 5.0, 5.0, -1.0, 7.0]);
/// assert_eq!(Module::<f64>::forward(&AdaptiveAvgPool3d::new(1), &x).data(), [2.25]);
/// ```
pub type AdaptiveAvgPool3d = Adaptive<Mean, 3>;

impl<T, const D: usize> Adaptive<T, D> {
    /// As many windows along each axis: one number for all axes or one for each.
    pub fn new(sizes: impl Into<PerAxis>) -> Self {
        Adaptive { sizes: sizes.into(), taken: PhantomData }
    }
}

impl<F: Float, T: Taken, const D: usize> crate::Parameters<F> for Adaptive<T, D> {
    parameters! { F: }

    fn description(&self) -> Option<Description> {
        Some(Description::new(format!("adaptive_{}{D}d", T::NAME)).wholes("sizes", &self.sizes))
    }
}

impl<F: Float, T: Taken, const D: usize> Module<F> for Adaptive<T, D> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = Module::<F>::output_shape(self, &x.shape()) {
            e.raise()
        }
        let (x, single) = in_batch(x, D + 2);
        out_of_batch(T::adaptive(&x, self.sizes), single)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let name = format!("adaptive_{}{D}d", T::NAME);
        shape_in_batch(x, D + 2, |x| {
            expect::<D>(&name, x)?;
            if x[2..].contains(&0) {
                return Err(Error::shape(&name, format!("an image of shape {x} has no entries")));
            }
            let sizes: &[usize] = match self.sizes[..] {
                [all] => &[all; D],
                ref each if each.len() == D => each,
                ref other => return Err(Error::shape(&name, format!("{} lengths for {D} axes", other.len()))),
            };
            Ok(x[..2].iter().chain(sizes).copied().collect())
        })
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        Some(at_least(x, [1; D].into_iter()))
    }
}

impl<F: Float, T: Taken, const D: usize> Described<F> for Adaptive<T, D> {
    fn build(description: &Description, _weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        Ok(Adaptive::new(description.get_axes("sizes", D, 1)?))
    }
}

/// Rejects what does not have `D` axes beside batch and channels.
pub(super) fn expect<const D: usize>(name: &str, x: &Shape) -> Result<(), Error> {
    let wanted = ["", "length", "height, width", "depth, height, width"].get(D).unwrap_or(&"…");
    match x.rank() == D + 2 {
        true => Ok(()),
        false => Err(Error::shape(name, format!("inputs [batch, channels, {wanted}] are needed, not {x}"))),
    }
}

/// A shape `[batch, channels, …]` with axes no shorter than given, otherwise as `x`.
pub(super) fn at_least(x: &Shape, smallest: impl Iterator<Item = usize>) -> Shape {
    let at = |k: usize| x.get(k).copied().unwrap_or(1).max(1);
    [at(0), at(1)].into_iter().chain(smallest.enumerate().map(|(k, n)| at(k + 2).max(n))).collect()
}

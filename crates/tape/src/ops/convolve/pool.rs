//! Where the windows of pooling lie.

use crate::error::Error;
use crate::kernels::windows::Window;
use crate::ops::PerAxis;
use crate::shape::Shape;

use super::per_axis::MOST;

/// The windows of max- and average-pooling, over any number of spatial axes.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let x = Tensor::new([1, 1, 5], vec![1.0, 5.0, 2.0, 5.0, 3.0]);
/// let pool = Pool::new(2).over(1);
/// assert_eq!(x.max_pool(pool).data(), [5.0, 5.0]);
/// assert_eq!(x.max_pool(pool.ceil(true)).data(), [5.0, 5.0, 3.0]);
/// assert_eq!(x.average_pool(pool.padding(1).count_padding(false)).data(), [1.0, 3.5, 4.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Pool {
    /// The entries of a window.
    pub size: PerAxis,
    /// The distance between neighbouring windows.
    pub stride: PerAxis,
    /// How far windows may begin before the image and end after it: at most half the size.
    pub padding: PerAxis,
    /// The distance between neighbouring entries of a window.
    pub dilation: PerAxis,
    /// Whether a last window may reach beyond the padding, rather than entries be left out. It begins inside the image
    /// or the padding before it.
    pub ceil: bool,
    /// For averages: whether zeros of the padding count as entries.
    pub count_padding: bool,
    /// For averages: what the sum of a window is divided by, if not by the number of its entries.
    #[cfg_attr(feature = "json", serde(default))]
    pub divisor: Option<usize>,
    /// How many axes are pooled: those behind the channels. `None` is as many as there are numbers for, or else two of
    /// `[channels, height, width]` and all behind the channels of `[batch, channels, …]`.
    #[cfg_attr(feature = "json", serde(skip))]
    pub axes: Option<usize>,
}

impl Pool {
    /// Windows side by side, without padding: PyTorch's defaults, counted padding among them.
    pub fn new(size: impl Into<PerAxis>) -> Self {
        let size = size.into();
        let stride = size;
        let (padding, dilation) = (0.into(), 1.into());
        Pool { size, stride, padding, dilation, ceil: false, count_padding: true, divisor: None, axes: None }
    }

    /// The same windows, `stride` apart.
    pub fn stride(self, stride: impl Into<PerAxis>) -> Self {
        Pool { stride: stride.into(), ..self }
    }

    /// The same windows, over an image with padding.
    pub fn padding(self, padding: impl Into<PerAxis>) -> Self {
        Pool { padding: padding.into(), ..self }
    }

    /// Spread windows.
    pub fn dilation(self, dilation: impl Into<PerAxis>) -> Self {
        Pool { dilation: dilation.into(), ..self }
    }

    /// Whether a last window may reach beyond the padding.
    #[inline]
    pub fn ceil(self, ceil: bool) -> Self {
        Pool { ceil, ..self }
    }

    /// For averages: whether zeros of the padding count as entries.
    #[inline]
    pub fn count_padding(self, count_padding: bool) -> Self {
        Pool { count_padding, ..self }
    }

    /// For averages: the sum of each window divided by this number: PyTorch's `divisor_override`.
    #[inline]
    pub fn divisor(self, divisor: usize) -> Self {
        Pool { divisor: Some(divisor), ..self }
    }

    /// Windows over this many axes, which tells a signal `[batch, channels, length]`, over 1, from an image `[channels,
    /// height, width]`, over 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 4, 6]);
    /// assert_eq!(x.max_pool(Pool::new(2)).shape(), &[2, 2, 3]);
    /// assert_eq!(x.max_pool(Pool::new(2).over(1)).shape(), &[2, 4, 3]);
    /// ```
    #[inline]
    pub fn over(self, axes: usize) -> Self {
        Pool { axes: Some(axes), ..self }
    }

    /// The same windows for images with a batch axis, and the rank of a batch.
    #[inline]
    pub(crate) fn in_batch(self, op: &str, x: &Shape) -> Result<(Self, usize), Error> {
        let numbers = [&self.size, &self.stride, &self.padding, &self.dilation].map(|given| given.len());
        let given = numbers.into_iter().max().filter(|n| *n > 1);
        let axes = self.axes.or(given).unwrap_or(if x.rank() == 3 { 2 } else { x.rank().saturating_sub(2) });
        if self.axes.or(given).is_some() && ![axes + 1, axes + 2].contains(&x.rank()) {
            return Err(Error::shape(op, format!("{x} is no image with {axes} spatial axes")));
        }
        Ok((Pool { axes: None, ..self }, axes + 2))
    }

    /// The windows along spatial axis `k`.
    #[inline]
    pub fn window(&self, k: usize) -> Window {
        let Pool { size, stride, padding, dilation, .. } = self;
        Window { size: size.at(k), stride: stride.at(k), padding: padding.at(k), dilation: dilation.at(k) }
    }

    /// How many windows lie along each spatial axis of images of shape `x`.
    ///
    /// # Errors
    /// If the windows do not fit; the message begins with `op`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let counts = Pool::new(3).stride([1, 2]).counts("pool", &Shape::from([10, 8, 5, 7]))?;
    /// assert_eq!(counts[..], [3, 3]);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn counts(&self, op: &str, x: &Shape) -> Result<PerAxis, Error> {
        let error = |message: String| Err(Error::shape(op, message));
        let axes = spatial(op, x)?;
        let Pool { size, stride, padding, dilation, .. } = self;
        for (name, given) in [("size", size), ("stride", stride), ("padding", padding), ("dilation", dilation)] {
            if ![1, axes].contains(&given.len()) {
                return error(format!("{} numbers of {name} for {axes} spatial axes", given.len()));
            }
        }
        let mut counts = Vec::new();
        for k in 0..axes {
            let (window, len) = (self.window(k), x[k + 2]);
            let Window { size, stride, padding, dilation } = window;
            if size == 0 || stride == 0 || dilation == 0 {
                return error(format!("size {size}, stride {stride} and dilation {dilation} must be at least 1"));
            }
            if padding > size / 2 {
                return error(format!("padding {padding} is more than half of size {size}"));
            }
            let count = if self.ceil { window.count_ceil(len) } else { window.count(len) };
            let Some(count) = count else {
                return error(format!("windows of {size} do not fit in {x} padded by {padding} along axis {}", k + 2));
            };
            if count > 0 && !window.all_meet(len) {
                return error(format!("window 0 along axis {} of {x} has all its entries in the padding", k + 2));
            }
            counts.push(count);
        }
        Ok(counts.into())
    }
}

/// Where adaptive window `i` of `count` lies on an axis of length `len`: from `⌊i·len/count⌋` to `⌈(i + 1)·len/count⌉`.
#[inline]
pub(crate) fn adaptive(i: usize, count: usize, len: usize) -> std::ops::Range<usize> {
    // The products are of two lengths, and may be greater than either type of length.
    let place = |i: usize| i as u128 * len as u128;
    (place(i) / count as u128) as usize..place(i + 1).div_ceil(count as u128) as usize
}

/// The number of windows for each spatial axis of images of shape `x` that `sizes` asks for.
#[inline]
pub(crate) fn adaptive_counts(op: &str, sizes: &PerAxis, x: &Shape) -> Result<PerAxis, Error> {
    let axes = spatial(op, x)?;
    if ![1, axes].contains(&sizes.len()) {
        return Err(Error::shape(op, format!("{} lengths for {axes} spatial axes", sizes.len())));
    }
    if x[2..].contains(&0) {
        return Err(Error::shape(op, format!("an image of shape {x} has no entries")));
    }
    Ok((0..axes).map(|k| sizes.at(k)).collect())
}

/// The number of spatial axes.
#[inline]
pub(crate) fn spatial(op: &str, x: &Shape) -> Result<usize, Error> {
    match x.rank() {
        0..3 => Err(Error::shape(op, format!("an image [batch, channels, …] is needed, not {x}"))),
        rank if rank - 2 > MOST => Err(Error::shape(op, format!("at most {MOST} spatial axes, not those of {x}"))),
        rank => Ok(rank - 2),
    }
}

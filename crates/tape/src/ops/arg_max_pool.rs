//! Max-pooling: where the largest entry of each window is, and what it is.

use smallvec::SmallVec;

use crate::algebra::{Algebra, Arg, Args};
use crate::case::{Case, Function};
use crate::error::Error;
use crate::float::Float;
use crate::kernels::reduce::exceeds;
use crate::kernels::windows::{Window, for_each_index};
use crate::op::{Kind, Op, Value};
use crate::ops::{GatherExt, ReshapeExt};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The position in its image of the largest entry of each window; the first of several. Padding is never the largest.
/// Positions have no derivative.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ArgMaxPool {
    /// The windows along each spatial axis.
    pub windows: SmallVec<[Window; 2]>,
}

/// How many windows there are along each spatial axis of an image, or what does not fit.
pub(crate) fn counts(op: &str, windows: &[Window], x: &Shape) -> Result<SmallVec<[usize; 2]>, Error> {
    if x.rank() != windows.len() + 2 {
        return Err(Error::shape(op, format!("{} spatial axes are needed, {x} has another rank", windows.len())));
    }
    let count = |(w, len): (&Window, &usize)| {
        let Window { size, stride, padding, dilation } = *w;
        if size == 0 || stride == 0 || dilation == 0 || 2 * padding > size {
            let message = format!(
                "size {size}, stride {stride}, dilation {dilation} must be at least 1, padding {padding} at most half the size"
            );
            return Err(Error::shape(op, message));
        }
        w.count(*len)
            .ok_or_else(|| Error::shape(op, format!("windows of {size} do not fit in {x} padded by {padding}")))
    };
    windows.iter().zip(&x[2..]).map(count).collect()
}

impl Op for ArgMaxPool {
    fn name(&self) -> String {
        "arg_max_pool".into()
    }

    /// `[batch, channels, windows]`
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let counts = counts("max_pool", &self.windows, args[0])?;
        Ok(Shape::from([args[0][0], args[0][1], counts.iter().product()]))
    }

    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let counts = counts("max_pool", &self.windows, shape).unwrap_or_else(|e| e.raise());
        let lengths = &shape[2..];
        let plane: usize = lengths.iter().product();
        let sizes: SmallVec<[usize; 2]> = self.windows.iter().map(|w| w.size).collect();
        // Where the entries of each window lie is the same in every image: `entries[ends[i - 1]..ends[i]]` for window `i`.
        let (mut entries, mut ends) = (Vec::new(), Vec::new());
        for_each_index(&counts, |window| {
            for_each_index(&sizes, |entry| {
                let mut axes = self.windows.iter().zip(window).zip(entry).zip(lengths);
                entries.extend(axes.try_fold(0, |at, (((w, i), k), n)| Some(at * n + w.at(*i, *k, *n)?)));
            });
            ends.push(entries.len());
        });
        let mut out = Vec::with_capacity(shape[0] * shape[1] * ends.len());
        for image in x.data().chunks_exact(plane.max(1)) {
            let mut begin = 0;
            for end in &ends {
                let window = entries[begin..*end].iter().copied();
                // The shape rule keeps the padding below half a window, so every window has an entry in the image.
                let best = window.reduce(|best, at| if exceeds(image[at], image[best]) { at } else { best });
                out.push(best.unwrap_or(0) as i64);
                begin = *end;
            }
        }
        Tensor::new([shape[0], shape[1], counts.iter().product()], out).into()
    }

    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        MaxPool::cases()
            .into_iter()
            .map(|(pool, case)| Case { op: Some(crate::ops::AnyOp::new(ArgMaxPool { windows: pool.windows })), ..case })
            .collect()
    }
}

/// The methods that pool.
pub trait MaxPoolExt: Algebra {
    /// The largest entry of each window: [`ArgMaxPool`], then [`gather`](GatherExt::gather). The gradient goes to that
    /// entry, the first of several.
    ///
    /// `self` is `[batch, channels, height, width]`; the windows are squares of `size`, `stride` apart.
    ///
    /// # Panics
    /// If the rank is not 4 or no window fits.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 2.0, 5.0, 0.0, 3.0, 4.0, 6.0, 7.0]);
    /// assert_eq!(x.max_pool2d(2, 2).data(), [4.0, 7.0]);
    /// ```
    #[track_caller]
    fn max_pool2d(&self, size: usize, stride: usize) -> Self {
        self.max_pool(&[Window { size, stride, padding: 0, dilation: 1 }; 2])
    }

    /// The largest entry of each window, with a window for each spatial axis.
    ///
    /// # Panics
    /// If the rank is not two more than the number of windows, or no window fits.
    #[track_caller]
    fn max_pool(&self, windows: &[Window]) -> Self {
        let shape = self.shape();
        let counts = counts("max_pool", windows, &shape).unwrap_or_else(|e| e.raise());
        let index = Self::apply(ArgMaxPool { windows: windows.into() }, &[Arg::Real(self)]).index();
        let pooled = self.flatten(2).gather(2, index);
        let pooled_shape: Shape = shape[..2].iter().copied().chain(counts).collect();
        ReshapeExt::reshape(&pooled, pooled_shape)
    }
}

impl<A: Algebra> MaxPoolExt for A {}

/// [`MaxPoolExt::max_pool`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MaxPool {
    windows: SmallVec<[Window; 2]>,
}

impl Function for MaxPool {
    const NAME: &'static str = "max_pool";
    const TEXT: &'static str = "gather(x, arg_max_pool(x))";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].max_pool(&self.windows)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |windows: &[(usize, usize, usize, usize)], x: &[usize]| {
            let window = |(size, stride, padding, dilation): &(usize, usize, usize, usize)| Window {
                size: *size,
                stride: *stride,
                padding: *padding,
                dilation: *dilation,
            };
            (MaxPool { windows: windows.iter().map(window).collect() }, Case::function().real(x))
        };
        vec![
            case(&[(2, 2, 0, 1); 2], &[2, 3, 4, 6]),
            case(&[(3, 2, 1, 1); 2], &[1, 2, 5, 7]),
            case(&[(2, 1, 0, 2), (3, 2, 1, 1)], &[1, 2, 5, 4]),
            case(&[(2, 2, 0, 1)], &[2, 3, 5]),
        ]
    }
}

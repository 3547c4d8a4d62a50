//! The windows of an image laid out as columns.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::windows::{self, Window, Windows, entries};
use crate::ops::Fold;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The windows of images `[n, c, s…]` as columns `[n, c · k, l]`: `k` entries in a window, `l` windows, zeros where one
/// reaches into the padding. [`Fold`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Unfold {
    /// The windows along each spatial axis.
    pub windows: Windows,
}

/// How many windows lie along each spatial axis of images whose axes from the third on have these lengths.
#[inline]
pub(crate) fn counts(op: &str, windows: &[Window], lengths: &[usize]) -> Result<Shape, Error> {
    if windows.is_empty() || windows.len() != lengths.len() {
        let message = format!("{} windows for {} spatial axes", windows.len(), lengths.len());
        return Err(Error::shape(op, message));
    }
    let count = |(w, n): (&Window, &usize)| {
        if w.stride == 0 || w.dilation == 0 || w.size == 0 {
            let message = format!("size {}, stride {}, dilation {}: none may be 0", w.size, w.stride, w.dilation);
            return Err(Error::shape(op, message));
        }
        w.count(*n).ok_or_else(|| {
            let span = w.span().unwrap_or(usize::MAX);
            let message = format!("a window of {span} entries on an axis of length {n} with padding {}", w.padding);
            Error::shape(op, message)
        })
    };
    windows.iter().zip(lengths).map(count).collect()
}

/// The shape of the columns of images of shape `x`.
#[inline]
fn columns(x: &Shape, windows: &[Window], counts: &Shape) -> Shape {
    Shape::from([x[0], product(&[x[1], entries(windows)]), counts.len_elements()])
}

impl Op for Unfold {
    #[inline]
    fn name(&self) -> String {
        "unfold".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        if x.rank() < 3 {
            return Err(Error::shape("unfold", format!("images of shape {x}; [batch, channels, lengths…] is needed")));
        }
        let counts = counts("unfold", &self.windows, &x[2..])?;
        Ok(columns(x, &self.windows, &counts))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let x = Tensor::shape(&a[0]);
        let lengths = &x[2..];
        let counts = counts("unfold", &self.windows, lengths).or_raise();
        let shape = columns(x, &self.windows, &counts);
        let (image, matrix) = (product(lengths), product(&[entries(&self.windows), counts.len_elements()]));
        let mut out = Buffer::filled(shape.len_elements(), F::zero());
        for (k, out) in out.chunks_exact_mut(matrix).enumerate() {
            windows::unfold(&a[0].data()[k * image..][..image], &self.windows, lengths, &counts, out);
        }
        Tensor::from_parts(shape, out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let lengths = Shape::from(&a[0].shape()[2..]);
        A::apply(Fold { windows: self.windows.clone(), lengths }, &[Arg::Real(&g)]).real()
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
        let case = |windows: &[[usize; 4]], x: &[usize]| {
            let windows = windows.iter().map(|[size, stride, padding, dilation]| Window {
                size: *size,
                stride: *stride,
                padding: *padding,
                dilation: *dilation,
            });
            Case::of(Unfold { windows: windows.collect() }).real(x)
        };
        vec![
            case(&[[3, 1, 0, 1], [2, 1, 0, 1]], &[2, 1, 5, 3]),
            case(&[[2, 3, 1, 2], [3, 2, 1, 1]], &[1, 2, 5, 4]),
            case(&[[2, 1, 0, 1]], &[2, 3, 5]),
            case(&[[2, 1, 0, 1]], &[0, 3, 5]),
            case(&[[5, 7, 0, 1]], &[1, 1, 5]),
        ]
    }
}

/// The method of [`Unfold`].
pub trait UnfoldExt: Algebra {
    /// The windows of images as columns: PyTorch's `unfold`, over any number of spatial axes.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[n, c, s…]` |
    /// | `windows` | one for each spatial axis |
    /// | result | `[n, c · k, l]`, `k` entries in a window, `l` windows |
    ///
    /// # Panics
    /// If the windows do not fit, or a size, stride or dilation is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{Window, prelude::*};
    /// let x = Tensor::from([[[1.0, 2.0, 3.0]]]);
    /// let pairs = [Window { size: 2, stride: 1, padding: 0, dilation: 1 }];
    /// assert_eq!(x.unfold(&pairs), Tensor::from([[[1.0, 2.0], [2.0, 3.0]]]));
    /// assert_eq!(x.unfold(&pairs).fold(&pairs, &[3]), Tensor::from([[[1.0, 4.0, 3.0]]]));
    /// ```
    #[track_caller]
    fn unfold(&self, windows: &[Window]) -> Self {
        let _called = called("unfold");
        Self::apply(Unfold { windows: windows.into() }, &[Arg::Real(self)]).real()
    }

    /// Columns added to the images that they are windows of: the transpose of [`unfold`](Self::unfold), PyTorch's
    /// `fold`.
    ///
    /// # Panics
    /// If the columns are not those of images with such lengths.
    #[track_caller]
    fn fold(&self, windows: &[Window], lengths: &[usize]) -> Self {
        let _called = called("fold");
        Self::apply(Fold { windows: windows.into(), lengths: lengths.into() }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> UnfoldExt for A {}
